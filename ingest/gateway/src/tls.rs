//! The server's certificate, read again when its files change.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject};
use tokio_rustls::TlsAcceptor;

use crate::{Error, Tls};

/// What takes handshakes, and of which state of the files it was made.
pub(crate) struct Certificate {
    tls: Tls,
    stamp: [Option<SystemTime>; 2],
    acceptor: TlsAcceptor,
}

impl Certificate {
    pub(crate) fn load(tls: &Tls) -> Result<Certificate, Error> {
        let stamp = stamp(tls);
        Ok(Certificate {
            tls: tls.clone(),
            stamp,
            acceptor: acceptor(tls)?,
        })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Reads the files again if they have changed. Where they can't be used, what was read before
    /// stays, and they are tried again the next time.
    pub(crate) fn refresh(&mut self) {
        if stamp(&self.tls) == self.stamp {
            return;
        }
        match Certificate::load(&self.tls) {
            Ok(fresh) => {
                *self = fresh;
                tracing::info!("the certificate was read again");
            }
            Err(error) => tracing::warn!(%error, "the new certificate can't be used"),
        }
    }
}

fn stamp(tls: &Tls) -> [Option<SystemTime>; 2] {
    let modified = |path: &Path| {
        std::fs::metadata(path)
            .and_then(|data| data.modified())
            .ok()
    };
    [modified(&tls.cert_file), modified(&tls.key_file)]
}

fn acceptor(tls: &Tls) -> Result<TlsAcceptor, Error> {
    let read =
        |what, path: &Path| std::fs::read(path).map_err(|source| Error::File { what, source });
    let refused = |what| move |source: pem::Error| Error::Pem { what, source };
    let what = "tls.cert_file";
    let chain = CertificateDer::pem_slice_iter(&read(what, &tls.cert_file)?)
        .collect::<Result<Vec<_>, _>>()
        .map_err(refused(what))?;
    if chain.is_empty() {
        return Err(refused(what)(pem::Error::NoItemsFound));
    }
    let what = "tls.key_file";
    let key = PrivateKeyDer::from_pem_slice(&read(what, &tls.key_file)?).map_err(refused(what))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(Error::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
