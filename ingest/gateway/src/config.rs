//! Where the gateway listens, whom it lets in, and how much of everything.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Network;

/// The longest that any time may be set to.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The settings of the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key. Without them it speaks plain HTTP, on loopback only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// File of bearer tokens that are good for every app, one a line; blank lines and those that
    /// begin with `#` are passed over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens_file: Option<PathBuf>,
    /// File of keys, by app and service: TOML, with hashes alone. Read again when it changes, as
    /// `tokens_file` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys_file: Option<PathBuf>,
    /// File of what is answered 202 and dropped: TOML, read again when it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switches_file: Option<PathBuf>,
    /// Folder of the signed files of suggestions, `APP.suggestions`, which anybody may fetch; read again when one of
    /// them changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommendations_dir: Option<PathBuf>,
    /// Proxies whose X-Forwarded-For is believed, as addresses or networks.
    pub trusted_proxies: Vec<Network>,
    /// Takes requests without a key, where there is neither file. Whoever reaches the
    /// gateway can then invent devices.
    pub anonymous: bool,
    /// Allows plain HTTP to other machines. Never set it where people's data flows.
    pub insecure: bool,
    /// How long the broker may take to confirm a record. Behind that the answer is 503.
    #[serde(with = "humantime_serde")]
    pub ack_time: Duration,
    /// After how long a client is asked to try again, where it is; each is told half to one and a
    /// half times as long.
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
    /// Connections at once. For one more, an idle one is closed; where none is idle, a few more get
    /// 429, and others are closed.
    pub connections: usize,
    /// Connections at once of one address, 64 bits of an IPv6 address; 0 is no limit.
    pub connections_per_address: u32,
    /// Requests of one address in ten minutes; 0 is no limit.
    pub requests_per_address: u32,
    /// Whole bodies at once that are decoded; others wait, and get 429 after two seconds.
    pub requests: usize,
    /// Bytes of all bodies together that are in memory as they were sent; others get 429.
    pub bodies_bytes: usize,
    /// How long a TLS handshake may take.
    #[serde(with = "humantime_serde")]
    pub handshake_time: Duration,
    /// How long a connection may be open without a request.
    #[serde(with = "humantime_serde")]
    pub idle_time: Duration,
    /// How long the head of a request may take, from its first byte.
    #[serde(with = "humantime_serde")]
    pub header_time: Duration,
    /// Bytes a second that a body must bring, behind its first two seconds; 0 is no limit.
    pub body_rate: u32,
    /// How long a body may take.
    #[serde(with = "humantime_serde")]
    pub body_time: Duration,
    /// How long a connection may live.
    #[serde(with = "humantime_serde")]
    pub connection_time: Duration,
    /// How long what a client still sends is read and dropped behind the last answer of its
    /// connection, so that the answer arrives.
    #[serde(with = "humantime_serde")]
    pub linger_time: Duration,
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
            keys_file: None,
            switches_file: None,
            recommendations_dir: None,
            trusted_proxies: Vec::new(),
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
            connections: 16_384,
            connections_per_address: 256,
            requests_per_address: 12_000,
            requests: 128,
            bodies_bytes: 64 << 20,
            handshake_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(10),
            header_time: Duration::from_secs(10),
            body_rate: 1024,
            body_time: Duration::from_secs(20),
            connection_time: Duration::from_secs(300),
            linger_time: Duration::from_secs(2),
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
        let has_keys = self.tokens_file.is_some() || self.keys_file.is_some();
        match (has_keys, self.anonymous) {
            (false, false) => problems.push(
                "gateway.keys_file is not set, nor is gateway.tokens_file: name a file of keys, or \
                 set gateway.anonymous = true to take requests from everybody"
                    .to_owned(),
            ),
            (true, true) => problems.push(
                "a file of keys or tokens and gateway.anonymous = true exclude each other: remove \
                 one"
                .to_owned(),
            ),
            _ => {}
        }
        self.limits.judge(&mut problems);
        if self.ack_time.is_zero() || self.ack_time > LONGEST {
            problems.push(wrong_time("ack_time"));
        }
        problems
    }

    /// What is wrong with the files that these settings name, each read as the gateway reads it.
    pub fn unusable_files(&self) -> Vec<crate::Error> {
        let certificate = self.tls.as_ref().map(|tls| crate::tls::watched(tls).err());
        let keys = crate::keys::Keys::load(self, None).err();
        let switches = crate::switches::Switches::load(self).err();
        let suggested = crate::suggested::Suggested::load(self).err();
        [certificate.flatten(), keys, switches, suggested]
            .into_iter()
            .flatten()
            .collect()
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

impl Limits {
    fn judge(&self, problems: &mut Vec<String>) {
        for (name, number) in [
            ("connections", self.connections),
            ("requests", self.requests),
            ("bodies_bytes", self.bodies_bytes),
            ("body_bytes", self.body_bytes),
            ("plain_bytes", self.plain_bytes),
        ] {
            if number == 0 || number > 1 << 30 {
                problems.push(format!("gateway.limits.{name} is 1 to {}", 1 << 30));
            }
        }
        if self.bodies_bytes < self.body_bytes {
            problems.push(
                "gateway.limits.bodies_bytes is at least limits.body_bytes, for one body to fit"
                    .to_owned(),
            );
        }
        for (name, time) in [
            ("handshake_time", self.handshake_time),
            ("idle_time", self.idle_time),
            ("header_time", self.header_time),
            ("body_time", self.body_time),
            ("linger_time", self.linger_time),
            ("connection_time", self.connection_time),
        ] {
            if time.is_zero() || time > LONGEST {
                problems.push(wrong_time(&format!("limits.{name}")));
            }
        }
    }
}

fn wrong_time(name: &str) -> String {
    format!("gateway.{name} is more than \"0s\" and at most \"1day\"")
}
