//! Where the gateway listens, whom it lets in, and how much of everything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The settings of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key. Without them it speaks plain HTTP, on loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// File of bearer tokens, one a line; blank lines and those that begin with `#` are passed
    /// over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_file: Option<PathBuf>,
    /// Takes requests without a token, where there is no `tokens_file`. Whoever reaches the
    /// gateway can then invent devices.
    pub anonymous: bool,
    /// Allows plain HTTP to other machines. Never set it where people's data flows.
    pub insecure: bool,
    /// How long the broker may take to confirm a record. Behind that the answer is 503.
    #[serde(with = "humantime_serde")]
    pub ack_time: Duration,
    /// After how long a client is asked to try again, where it is.
    #[serde(with = "humantime_serde")]
    pub retry_after: Duration,
    /// How long requests that are under way may take when the gateway stops.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// How much of everything.
    pub limits: Limits,
}

/// The two files of a TLS server, in PEM. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and those between it and its authority.
    pub cert_file: PathBuf,
    /// The private key, not encrypted.
    pub key_file: PathBuf,
}

/// How much the gateway takes at once, and how long it waits for each part of a request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Connections at once. A few more get 429, others are closed.
    pub connections: usize,
    /// Requests at once whose body is in memory; others get 429.
    pub requests: usize,
    /// How long a TLS handshake may take.
    #[serde(with = "humantime_serde")]
    pub handshake_time: Duration,
    /// How long the head of a request may take, from the moment when it could begin.
    #[serde(with = "humantime_serde")]
    pub header_time: Duration,
    /// How long a body may take.
    #[serde(with = "humantime_serde")]
    pub body_time: Duration,
    /// How long a connection may live.
    #[serde(with = "humantime_serde")]
    pub connection_time: Duration,
    /// Bytes of a body as it is sent.
    pub body_bytes: usize,
    /// Bytes of a body after decompression.
    pub plain_bytes: usize,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            tls: None,
            tokens_file: None,
            anonymous: false,
            insecure: false,
            ack_time: Duration::from_secs(10),
            retry_after: Duration::from_secs(60),
            grace: Duration::from_secs(15),
            limits: Limits::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connections: 1024,
            requests: 128,
            handshake_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            connection_time: Duration::from_secs(300),
            body_bytes: 64 * 1024,
            plain_bytes: 1024 * 1024,
        }
    }
}

impl Config {
    /// Everything that keeps these settings from being used, each a sentence that says what to
    /// do. It reads no file.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.tls.is_none() && !self.listen.ip().is_loopback() && !self.insecure {
            problems.push(
                "gateway.listen is reachable from other machines without TLS: set gateway.tls, or \
                 listen on 127.0.0.1 behind a proxy, or set gateway.insecure = true"
                    .to_owned(),
            );
        }
        match (&self.tokens_file, self.anonymous) {
            (None, false) => problems.push(
                "gateway.tokens_file is not set: name a file of tokens, or set gateway.anonymous = \
                 true to take requests from everybody"
                    .to_owned(),
            ),
            (Some(_), true) => problems.push(
                "gateway.tokens_file and gateway.anonymous = true exclude each other: remove one"
                    .to_owned(),
            ),
            _ => {}
        }
        let limits = &self.limits;
        for (name, number) in [
            ("connections", limits.connections),
            ("requests", limits.requests),
            ("body_bytes", limits.body_bytes),
            ("plain_bytes", limits.plain_bytes),
        ] {
            if number == 0 || number > 1 << 30 {
                problems.push(format!("gateway.limits.{name} is 1 to {}", 1 << 30));
            }
        }
        for (name, time) in [
            ("ack_time", self.ack_time),
            ("limits.handshake_time", limits.handshake_time),
            ("limits.header_time", limits.header_time),
            ("limits.body_time", limits.body_time),
            ("limits.connection_time", limits.connection_time),
        ] {
            if time.is_zero() || time > Duration::from_secs(86_400) {
                problems.push(format!(
                    "gateway.{name} is more than \"0s\" and at most \"1day\""
                ));
            }
        }
        problems
    }

    /// Settings for the producer behind this gateway: it gives a record up when the gateway does.
    pub fn producer(&self) -> kaiku_ingest::Config {
        kaiku_ingest::Config {
            delivery_timeout: self.ack_time.max(Duration::from_secs(1)),
            linger: Duration::from_millis(5),
            ..kaiku_ingest::Config::default()
        }
    }
}
