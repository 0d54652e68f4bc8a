//! The server's certificate and its TLS settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use rustls::server::NoServerSessionStorage;
use tokio_rustls::TlsAcceptor;

use crate::watched::Watched;
use crate::{Error, Tls};

/// What takes handshakes, made anew when its files have changed.
pub(crate) fn watched(tls: &Tls) -> Result<Watched<TlsAcceptor>, Error> {
    let files: Vec<PathBuf> = vec![tls.cert_file.clone(), tls.key_file.clone()];
    let tls = tls.clone();
    Watched::new("certificate", files, move |_| acceptor(&tls))
}

fn acceptor(tls: &Tls) -> Result<TlsAcceptor, Error> {
    let read = |what, path: &Path| {
        std::fs::read(path).map_err(|source| Error::File {
            what,
            path: path.to_owned(),
            source,
        })
    };
    let refused = |what| move |source: pem::Error| Error::Pem { what, source };
    let chain = certificates(&read("tls.cert_file", &tls.cert_file)?, "tls.cert_file")?;
    let what = "tls.key_file";
    let key = PrivateKeyDer::from_pem_slice(&read(what, &tls.key_file)?).map_err(refused(what))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(Error::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // No session is resumed. What a server hands out for that and is shown again links the
    // connections of a device, across addresses and, with every upload, for its life. And it would
    // help nobody: a device comes once a day, and with an ECDSA key a full handshake costs the
    // server as much as a resumed one.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The certificates of a PEM text; an error calls it `what`.
///
/// # Errors
/// Where there is none, or one can't be read.
pub fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let refused = |source| Error::Pem { what, source };
    let all = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    match all.map_err(refused)? {
        none if none.is_empty() => Err(refused(pem::Error::NoItemsFound)),
        all => Ok(all),
    }
}
