//! Where the registry is, and with what it is asked.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::Error;

/// Where systems keep the certificates that they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The settings of a schema registry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its address, `https://host:port` with an optional path.
    pub url: String,
    /// PEM certificates of the authorities to trust; the system's where none is set.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// User for basic authentication.
    #[serde(default)]
    pub username: Option<String>,
    /// File that holds the password, with nothing else than a line end behind it.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// How long one question may take, from the connection to the last byte.
    #[serde(default = "default_timeout", with = "humantime_serde")]
    pub timeout: Duration,
    /// Allows plain http to another machine. Certificates are checked in any case.
    #[serde(default)]
    pub insecure: bool,
}

fn default_timeout() -> Duration {
    Duration::from_secs(5)
}

impl Config {
    /// Settings with nothing but an address.
    pub fn new(url: impl Into<String>) -> Config {
        Config {
            url: url.into(),
            ca_file: None,
            username: None,
            password_file: None,
            timeout: default_timeout(),
            insecure: false,
        }
    }

    /// Everything that keeps this from being used, each a sentence; the files that it names are read, and
    /// nothing is connected to.
    pub fn problems(&self) -> Vec<String> {
        let base = self.base();
        // Certificates are read where the address needs them.
        let is_secure = base.as_ref().is_ok_and(|base| base.scheme() == "https");
        let authorities = is_secure.then(|| self.authorities());
        let errors = [
            base.err(),
            self.authorization().err(),
            authorities.and_then(Result::err),
        ];
        let sentences = errors.into_iter().flatten().map(|error| match &error {
            Error::File { source, .. } => format!("{error} ({source})"),
            _ => error.to_string(),
        });
        sentences.collect()
    }

    /// The address, checked.
    pub(crate) fn base(&self) -> Result<Url, Error> {
        let url = Url::parse(&self.url).map_err(|_| Error::Address)?;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Error::Address),
        };
        let extras = !url.username().is_empty()
            || url.password().is_some()
            || url.query().is_some()
            || url.fragment().is_some();
        let host = url.host().ok_or(Error::Address)?;
        if extras {
            return Err(Error::Address);
        }
        if !secure && !self.insecure && !is_loopback(&host) {
            return Err(Error::Plaintext);
        }
        Ok(url)
    }

    /// The value of the `Authorization` header, if there is to be one.
    pub(crate) fn authorization(&self) -> Result<Option<String>, Error> {
        use base64::Engine as _;
        let (user, file) = match (&self.username, &self.password_file) {
            (None, None) => return Ok(None),
            (Some(user), Some(file)) => (user, file),
            _ => return Err(Error::Credentials),
        };
        let password = std::fs::read_to_string(file).map_err(|source| Error::File {
            what: "password_file",
            source,
        })?;
        let pair = format!("{user}:{}", password.trim_end_matches(['\r', '\n']));
        Ok(Some(format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(pair)
        )))
    }

    /// The authorities to trust.
    pub(crate) fn authorities(&self) -> Result<Vec<ureq::tls::Certificate<'static>>, Error> {
        let system = || {
            SYSTEM_BUNDLES
                .iter()
                .map(Path::new)
                .find(|path| path.exists())
        };
        let path = self
            .ca_file
            .as_deref()
            .or_else(system)
            .ok_or(Error::Certificates)?;
        let pem = std::fs::read(path).map_err(|source| Error::File {
            what: "ca_file",
            source,
        })?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .filter_map(Result::ok)
            .map(|der| ureq::tls::Certificate::from_der(&der).to_owned())
            .collect();
        if found.is_empty() {
            Err(Error::Certificates)
        } else {
            Ok(found)
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}
