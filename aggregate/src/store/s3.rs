//! How a store by an `s3://` URL is reached: its settings, over the usual `AWS_*` variables of the
//! environment.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

#[cfg(feature = "s3")]
mod client;

/// How a store by an `s3://` URL is reached. What is left out comes from the environment: `AWS_REGION`,
/// `AWS_ENDPOINT_URL`, `AWS_ACCESS_KEY_ID` and the others that Amazon's own tools know.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct S3Config {
    /// Where the API of another than Amazon is, `https://host:port`.
    pub endpoint: Option<String>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Who we say we are; with it, nothing of the environment's credentials is used.
    pub access_key_id: Option<String>,
    /// File that holds the secret of that key, with nothing else than a line end behind it.
    pub secret_access_key_file: Option<PathBuf>,
    /// How long one request may take, from the connection to the last byte.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// Allows plain http to another machine.
    pub insecure: bool,
}

impl Default for S3Config {
    fn default() -> S3Config {
        S3Config {
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key_file: None,
            timeout: Duration::from_secs(30),
            insecure: false,
        }
    }
}

impl S3Config {
    /// Everything that is wrong with these settings of the store `name`, a sentence each that says what
    /// to do. The environment and the file of the secret are looked at when the store is opened.
    pub(crate) fn problems(&self, name: &str, place: &str) -> Vec<String> {
        if !super::is_url(place) {
            let is_set = *self != S3Config::default();
            let unused = format!(
                "{name}_s3 is set, and {name} is a folder: take one of them away, or name an s3:// URL"
            );
            return is_set.then_some(unused).into_iter().collect();
        }
        let mut problems = Vec::new();
        if let Err(reason) = target(place).and_then(|_| built()) {
            problems.push(format!("{name} ({}): {reason}", shown(place)));
        }
        if self.access_key_id.is_some() != self.secret_access_key_file.is_some() {
            problems.push(format!(
                "{name}_s3.access_key_id and {name}_s3.secret_access_key_file are needed together"
            ));
        }
        if self.timeout.is_zero() {
            problems.push(format!("{name}_s3.timeout must not be 0"));
        }
        if let Some(Err(reason)) = self
            .endpoint
            .as_deref()
            .map(|endpoint| check_endpoint(endpoint, self.insecure))
        {
            problems.push(format!("{name}_s3.endpoint {reason}"));
        }
        problems
    }
}

/// What an `s3://` URL names.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "s3"), allow(dead_code))]
pub(super) struct Target {
    pub(super) bucket: String,
    /// What stands in front of every name in it, without slashes around it.
    pub(super) prefix: String,
}

/// Reads a URL; on an error it says what to do, and repeats nothing of the URL.
pub(super) fn target(place: &str) -> Result<Target, String> {
    let wanted = "name a folder, or s3://BUCKET/PREFIX with nothing else in it".to_owned();
    let url = Url::parse(place).map_err(|error| format!("{error}: {wanted}"))?;
    let has_extras = !url.username().is_empty()
        || url.password().is_some()
        || url.port().is_some()
        || url.query().is_some()
        || url.fragment().is_some();
    match url.host_str() {
        Some(bucket) if url.scheme() == "s3" && !has_extras => Ok(Target {
            bucket: bucket.to_owned(),
            prefix: url.path().trim_matches('/').to_owned(),
        }),
        _ => Err(wanted),
    }
}

/// A URL as it may be shown: without what might be a password in it.
pub(super) fn shown(place: &str) -> String {
    match (place.split_once("://"), place.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => place.to_owned(),
    }
}

/// Whether this build has the client; else what to do.
pub(super) fn built() -> Result<(), String> {
    has_client(cfg!(feature = "s3"))
}

fn has_client(is_built: bool) -> Result<(), String> {
    let missing = "this build reaches folders only: build kaiku with --features s3 (cargo build --release \
                   --features s3), or name a folder";
    is_built.then_some(()).ok_or_else(|| missing.to_owned())
}

/// Whether an endpoint may be used: TLS, or this machine, or it was allowed.
pub(super) fn check_endpoint(endpoint: &str, is_insecure: bool) -> Result<(), String> {
    let url = Url::parse(endpoint);
    let url = url.map_err(|error| format!("is no URL ({error}): write https://host:port"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user in it: write https://host:port".to_owned());
    }
    let is_here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here || is_insecure => Ok(()),
        "http" => {
            Err("is plain http to another machine: use https, or set insecure = true".to_owned())
        }
        _ => Err("is neither https nor http: write https://host:port".to_owned()),
    }
}

/// Opens the bucket of a URL; on an error it says what to do.
#[cfg(feature = "s3")]
pub(super) fn open(
    place: &str,
    config: &S3Config,
) -> Result<std::sync::Arc<dyn object_store::ObjectStore>, String> {
    client::open(&target(place)?, config, std::env::vars())
}

/// Says what to build.
#[cfg(not(feature = "s3"))]
pub(super) fn open(
    place: &str,
    _: &S3Config,
) -> Result<std::sync::Arc<dyn object_store::ObjectStore>, String> {
    target(place)?;
    Err(built().err().unwrap_or_default())
}

#[cfg(test)]
mod tests;
