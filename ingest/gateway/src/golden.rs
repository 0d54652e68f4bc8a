//! The conformance kit: uploads that are sent as they stand, and what each must be answered.
//!
//! Whoever writes an SDK finds in `ingest/gateway/golden` what the gateway takes; whoever puts a
//! proxy in front of it sees what the proxy changes. All of it is of the test environment, so that
//! none of it counts.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::{CertificateDer, ServerName};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How long one upload may take.
const LONGEST: Duration = Duration::from_secs(30);

/// The app of every golden upload: the key that is shown must be good for it.
pub const APP: &str = "golden";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../golden/", $name, ".toml")))),*]
    };
}

/// Every file, by its name.
const FILES: &[(&str, &str)] = files![
    "json",
    "json-gzip",
    "json-zstd",
    "json-numbered",
    "avro",
    "avro-zstd-padded",
    "forget",
    "forget-of-one-app",
    "no-key",
    "unknown-key",
    "another-app",
    "another-environment",
    "no-consent",
    "unknown-field",
    "unfit-field",
    "no-events",
    "too-many-events",
    "bad-identifier",
    "avro-cut-off",
    "avro-of-no-schema",
    "gzip-that-is-none",
    "zstd-cut-off",
    "zstd-bomb",
    "too-large",
    "another-encoding",
    "another-type",
    "forget-in-avro",
    "no-such-path",
];

/// One upload, and what it must be answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upload {
    /// What it shows, in a sentence.
    pub about: String,
    /// The method.
    #[serde(default = "post")]
    pub method: String,
    /// The path.
    #[serde(default = "batch")]
    pub path: String,
    /// Which key is shown.
    #[serde(default)]
    pub key: Key,
    /// The other headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body, where it is text.
    body: Option<String>,
    /// The body in hexadecimal digits, where it is not.
    body_hex: Option<String>,
    /// To how many bytes the body is filled up with blanks.
    #[serde(default)]
    pad_to: usize,
    /// What it must be answered.
    pub wanted: Wanted,
}

/// Which key an upload shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Key {
    /// The one that is good.
    #[default]
    Good,
    /// One that nobody has.
    Unknown,
    /// None.
    None,
}

/// What an upload must be answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The status.
    pub status: u16,
    /// The reason in the body; none of a body that has none.
    pub reason: Option<String>,
    /// Whether the answer has no body at all.
    #[serde(default)]
    pub empty: bool,
    /// Whether it holds only where keys are by app: a token is good for every app.
    #[serde(default)]
    pub keys_by_app: bool,
}

/// What became of an upload.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The file's name.
    pub name: &'static str,
    /// What it shows.
    pub about: String,
    /// What was wrong with the answer; `None` where it was the one that is wanted.
    pub wrong: Option<String>,
}

/// Why uploads can't be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The address is none of a gateway.
    #[error("the address is written https://host, https://host:port or http://127.0.0.1:port")]
    Url,
    /// The authorities can't be used.
    #[error("using the certificates of the authorities")]
    Roots(#[source] rustls::Error),
    /// Nothing could be sent at all.
    #[error(
        "{host}:{port} can't be reached: {why}; is the gateway up, is the address right, and does --ca-file name the authority of its certificate?"
    )]
    Away {
        /// The host of the address.
        host: String,
        /// Its port.
        port: u16,
        /// What the system or TLS says.
        why: String,
    },
    /// A file of the kit is not of its form.
    #[error("reading {0}.toml of the kit")]
    File(&'static str),
}

fn post() -> String {
    "POST".to_owned()
}

fn batch() -> String {
    "/v1/batch".to_owned()
}

/// Every upload, with the name of its file.
///
/// # Errors
/// Where a file is not of its form.
pub fn uploads() -> Result<Vec<(&'static str, Upload)>, CheckError> {
    let read = |(name, text): &(&'static str, &str)| {
        let upload = toml::from_str(text).map_err(|_| CheckError::File(name))?;
        Ok((*name, upload))
    };
    FILES.iter().map(read).collect()
}

impl Upload {
    /// The body as it is sent.
    pub fn body(&self) -> Vec<u8> {
        let mut body = match (&self.body, &self.body_hex) {
            (Some(text), _) => text.trim_end_matches('\n').as_bytes().to_vec(),
            (None, Some(digits)) => {
                let digits: String = digits.split_whitespace().collect();
                hex::decode(digits).unwrap_or_default()
            }
            (None, None) => Vec::new(),
        };
        body.resize(body.len().max(self.pad_to), b' ');
        body
    }
}

/// A gateway that is to be checked.
pub struct Target {
    host: String,
    port: u16,
    tls: Option<TlsConnector>,
}

/// A connection to it.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Target {
    /// The gateway at this address; `roots` are the authorities that are believed, in DER.
    ///
    /// # Errors
    /// Where the address or the certificates can't be used.
    pub fn new(url: &str, roots: Vec<CertificateDer<'static>>) -> Result<Target, CheckError> {
        let url: axum::http::Uri = url.parse().map_err(|_| CheckError::Url)?;
        let host = url.host().ok_or(CheckError::Url)?.to_owned();
        let is_tls = match url.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(CheckError::Url),
        };
        let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let tls = is_tls.then(|| connector(roots)).transpose()?;
        Ok(Target { host, port, tls })
    }

    /// Sends every upload, one after the other, each on a connection of its own.
    ///
    /// # Errors
    /// Where the kit can't be read, or no connection comes about. An answer that is wrong is an outcome, and
    /// so is none.
    pub async fn check(&self, key: &str) -> Result<Vec<Outcome>, CheckError> {
        let reached = tokio::time::timeout(LONGEST, self.connect()).await;
        let reached = reached.unwrap_or_else(|_| Err(format!("no answer within {LONGEST:?}")));
        reached.map_err(|why| CheckError::Away {
            host: self.host.clone(),
            port: self.port,
            why,
        })?;
        let mut outcomes = Vec::new();
        for (name, upload) in uploads()? {
            let answered = tokio::time::timeout(LONGEST, self.send(&upload, key)).await;
            let wrong = match answered {
                Ok(Ok((status, body))) => upload.wanted.judge(status, &body),
                Ok(Err(error)) => Some(format!("no answer: {error}")),
                Err(_) => Some(format!("no answer within {LONGEST:?}")),
            };
            outcomes.push(Outcome {
                name,
                about: upload.about,
                wrong,
            });
        }
        Ok(outcomes)
    }

    async fn send(&self, upload: &Upload, key: &str) -> Result<(StatusCode, Bytes), String> {
        let request = self.request(upload, key)?;
        match self.connect().await? {
            Stream::Plain(stream) => exchange(stream, request).await,
            Stream::Tls(stream) => exchange(*stream, request).await,
        }
    }

    async fn connect(&self) -> Result<Stream, String> {
        let said = |error: &dyn std::error::Error| crate::seldom::causes(error);
        let stream = TcpStream::connect((self.host.as_str(), self.port));
        let stream = stream.await.map_err(|error| said(&error))?;
        let Some(connector) = &self.tls else {
            return Ok(Stream::Plain(stream));
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|error| said(&error))?;
        let stream = connector.connect(name, stream).await;
        let stream = stream.map_err(|error| said(&error))?;
        Ok(Stream::Tls(Box::new(stream)))
    }

    fn request(&self, upload: &Upload, key: &str) -> Result<Request<Full<Bytes>>, String> {
        let mut request = Request::builder()
            .method(upload.method.as_str())
            .uri(upload.path.as_str())
            .header(header::HOST, format!("{}:{}", self.host, self.port))
            .header(header::CONNECTION, "close");
        let shown = match upload.key {
            Key::Good => Some(key),
            Key::Unknown => Some("this-is-the-key-of-nobody"),
            Key::None => None,
        };
        if let Some(shown) = shown {
            request = request.header(header::AUTHORIZATION, format!("Bearer {shown}"));
        }
        if !upload.headers.contains_key("kaiku-environment") {
            request = request.header("kaiku-environment", "test");
        }
        for (name, value) in &upload.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(upload.body())));
        request.map_err(|error| error.to_string())
    }
}

impl Wanted {
    /// What is wrong with an answer.
    fn judge(&self, status: StatusCode, body: &[u8]) -> Option<String> {
        let said: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        let reason = said
            .as_ref()
            .and_then(|said| said["reason"].as_str())
            .filter(|reason| reason.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        let is_right = status.as_u16() == self.status
            && reason == self.reason.as_deref()
            && (!self.empty || body.is_empty());
        // A token is good for every app: then the upload is taken.
        let is_token = self.keys_by_app && status == StatusCode::ACCEPTED;
        (!is_right && !is_token).then(|| {
            let shown = |reason: Option<&str>| reason.unwrap_or("no reason").to_owned();
            let wanted = shown(self.reason.as_deref());
            let got = shown(reason);
            let bytes = body.len();
            format!(
                "wanted {} ({wanted}), got {status} ({got}, a body of {bytes} bytes)",
                self.status
            )
        })
    }
}

fn connector(roots: Vec<CertificateDer<'static>>) -> Result<TlsConnector, CheckError> {
    let mut store = rustls::RootCertStore::empty();
    for root in roots {
        store.add(root).map_err(CheckError::Roots)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(CheckError::Roots)?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let said = |error: hyper::Error| crate::seldom::causes(&error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
    // It ends with the exchange; what goes wrong with it is told there.
    let driver = tokio::spawn(connection);
    let answered = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, body))
    };
    let answered = answered.await.map_err(said);
    driver.abort();
    answered
}
