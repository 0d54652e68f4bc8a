//! The `[kafka]` section of the settings, as it is written. Clients are made of a checked
//! [`crate::Cluster`], and not of this.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How to reach Kafka. Plaintext is accepted towards this machine only, unless `insecure = true`; a
/// secret is only ever named by its file, so that neither the settings nor a `Debug` of them hold
/// one.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Addresses to start from, each `host:port`: a list, or one string with commas.
    pub brokers: Brokers,
    /// TLS towards the brokers; an empty table means TLS with the system's certificate authorities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Who we say we are; without it, only a client certificate says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,
    /// Allows identities and passwords to cross a network unencrypted. Never set it where people's
    /// data flows.
    pub insecure: bool,
    /// Put in front of every topic name as it stands, for throw-away topics.
    pub prefix: String,
    /// True for [`crate::MockBroker`], which knows no admin requests; no settings file can say so.
    #[serde(skip)]
    pub(crate) in_process: bool,
}

/// The addresses of brokers, from a list or from one string with commas.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "OneOrMany", into = "Vec<String>")]
pub struct Brokers(Vec<String>);

/// Encryption towards the brokers, in PEM files. The brokers' certificates are always verified,
/// name included.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Certificate authorities that may vouch for a broker; without it, those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, where the brokers want one; goes together with `key_file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// The private key of `cert_file`, not encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
}

/// A name and a password towards the brokers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sasl {
    /// How the password is shown to the broker.
    pub mechanism: Mechanism,
    /// The user's name.
    pub username: String,
    /// A file that holds the password and nothing else; a line end behind it is taken away.
    pub password_file: PathBuf,
}

/// The SASL mechanisms that are built in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Mechanism {
    /// The password itself, RFC 4616: only ever sensible inside TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// A challenge over SHA-256, RFC 7677.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// A challenge over SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl Default for KafkaConfig {
    fn default() -> Self {
        KafkaConfig::at("127.0.0.1:9092")
    }
}

impl KafkaConfig {
    /// Plain settings for a broker at `brokers` (`host:port`, several with commas).
    pub fn at(brokers: &str) -> KafkaConfig {
        KafkaConfig {
            brokers: Brokers::from(brokers),
            tls: None,
            sasl: None,
            insecure: false,
            prefix: String::new(),
            in_process: false,
        }
    }

    /// The same settings with another prefix for the topics.
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> KafkaConfig {
        prefix.clone_into(&mut self.prefix);
        self
    }
}

impl Mechanism {
    /// The name that Kafka knows it by.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

impl Brokers {
    /// Each address, as it was written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// True where no address was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for Brokers {
    fn from(text: &str) -> Brokers {
        let addresses = text
            .split(',')
            .map(str::trim)
            .filter(|address| !address.is_empty());
        Brokers(addresses.map(str::to_owned).collect())
    }
}

impl From<Brokers> for Vec<String> {
    fn from(brokers: Brokers) -> Vec<String> {
        brokers.0
    }
}

impl fmt::Display for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "an address as `host:port`, several with commas, or a list of them"
)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Brokers {
    fn from(given: OneOrMany) -> Brokers {
        match given {
            OneOrMany::One(text) => Brokers::from(text.as_str()),
            OneOrMany::Many(list) => Brokers::from(list.join(",").as_str()),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_a_list_or_a_string_with_commas() {
        let one: KafkaConfig = toml::from_str(r#"brokers = "a:1, b:2,""#).unwrap();
        let many: KafkaConfig = toml::from_str(r#"brokers = ["a:1", "b:2"]"#).unwrap();
        assert_eq!(one.brokers, many.brokers);
        assert_eq!(one.brokers.to_string(), "a:1,b:2");
    }

    #[test]
    fn a_field_that_does_not_exist_is_refused() {
        let misspelt = toml::from_str::<KafkaConfig>("broker = \"a:1\"").unwrap_err();
        assert!(
            misspelt.to_string().contains("unknown field `broker`"),
            "{misspelt}"
        );
        let secret = "[sasl]\nmechanism = \"PLAIN\"\nusername = \"u\"\npassword_file = \"f\"\n\
                      password = \"p\"";
        assert!(
            toml::from_str::<KafkaConfig>(secret).is_err(),
            "a password in the settings was accepted"
        );
        assert!(
            toml::from_str::<KafkaConfig>("in_process = true").is_err(),
            "the mock is not for settings files"
        );
    }
}
