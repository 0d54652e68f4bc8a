//! A Kafka cluster whose settings were checked: the only thing that clients are made of.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::config::ClientConfig;

use crate::config::{KafkaConfig, Sasl, Tls};
use crate::error::Error;
use crate::problems;
use crate::topics::Topics;

/// Settings that can be used, their secrets read: no client can fail for them again. Clones share
/// one.
#[derive(Clone)]
pub struct Cluster(Arc<Checked>);

struct Checked {
    brokers: String,
    topics: Topics,
    base: ClientConfig,
    in_process: bool,
    must_stay_here: bool,
}

/// What a reader may see of open transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Records that are committed, up to the first open transaction.
    Committed,
    /// Everything, to the high watermark.
    Uncommitted,
}

impl Cluster {
    /// Checks the settings, and reads the files that they name, once. Asks no broker.
    ///
    /// # Errors
    /// [`Error::Settings`] with every problem, or [`Error::ReadSecret`].
    pub fn new(config: &KafkaConfig) -> Result<Cluster, Error> {
        let problems = Cluster::problems(config);
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let mut base = ClientConfig::new();
        base.set("bootstrap.servers", config.brokers.to_string())
            .set("security.protocol", security_protocol(config))
            .set("socket.keepalive.enable", "true")
            .set("socket.timeout.ms", "30000")
            .set("socket.connection.setup.timeout.ms", "15000")
            .set("reconnect.backoff.ms", "100")
            .set("reconnect.backoff.max.ms", "5000")
            .set("log.connection.close", "false")
            // A producer that still writes to a month when its topic goes would bring the name back.
            .set("allow.auto.create.topics", "false");
        if let Some(tls) = &config.tls {
            write_tls(tls, &mut base);
        }
        if let Some(sasl) = &config.sasl {
            write_sasl(sasl, &mut base)?;
        }
        Ok(Cluster(Arc::new(Checked {
            brokers: config.brokers.to_string(),
            topics: Topics {
                prefix: config.prefix.clone(),
            },
            base,
            in_process: config.in_process,
            must_stay_here: problems::must_stay_here(config) && !config.in_process,
        })))
    }

    /// Everything that keeps these settings from being used, all at once, each a sentence that says
    /// what to do. Reads the files they name; asks no broker.
    pub fn problems(config: &KafkaConfig) -> Vec<String> {
        problems::of(config)
    }

    /// The configuration that every client starts from: addresses, TLS, SASL, and defaults that
    /// suit a stage. `role` names the part of the program in the broker's logs and quotas
    /// (`client.id` is `kaiku-<role>`).
    pub fn client(&self, role: &str) -> ClientConfig {
        let mut client = self.0.base.clone();
        client.set("client.id", format!("kaiku-{role}"));
        client
    }

    /// The configuration of a consumer that belongs to no group, starts where it is told and is
    /// told of the end of a partition.
    pub fn reader(&self, role: &str, isolation: Isolation) -> ClientConfig {
        let mut client = self.consumer(role, "kaiku-none", isolation);
        client.set("enable.partition.eof", "true");
        client
    }

    /// The configuration of a member of a group, which reads committed, and is given its partitions
    /// eagerly: all are taken back before any moves. Where it may be silent for longer than `session`,
    /// others get them.
    pub fn member(&self, role: &str, group: &str, session: Duration) -> ClientConfig {
        let heartbeat = session / 4;
        let mut client = self.consumer(role, group, Isolation::Committed);
        client
            .set("partition.assignment.strategy", "range")
            .set("session.timeout.ms", session.as_millis().to_string())
            .set("heartbeat.interval.ms", heartbeat.as_millis().to_string());
        client
    }

    /// A consumer that starts where it is told, or not at all, and commits only what it is told.
    fn consumer(&self, role: &str, group: &str, isolation: Isolation) -> ClientConfig {
        let mut client = self.client(role);
        client
            .set("group.id", group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", isolation.as_str());
        client
    }

    /// Whether nothing may be sent to a broker that is not on this machine: there is no TLS, and nobody
    /// has allowed to go without.
    pub fn must_stay_here(&self) -> bool {
        self.0.must_stay_here
    }

    /// The names of its topics.
    pub fn topics(&self) -> &Topics {
        &self.0.topics
    }

    /// What stands in front of the name of every topic.
    pub fn prefix(&self) -> &str {
        &self.0.topics.prefix
    }

    /// The addresses, with commas between them.
    pub fn brokers(&self) -> &str {
        &self.0.brokers
    }

    /// The same cluster, with another prefix for the topics.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> Cluster {
        Cluster(Arc::new(Checked {
            brokers: self.0.brokers.clone(),
            topics: Topics {
                prefix: prefix.to_owned(),
            },
            base: self.0.base.clone(),
            in_process: self.0.in_process,
            must_stay_here: self.0.must_stay_here,
        }))
    }

    /// True for [`crate::MockBroker`], which knows no admin requests.
    pub(crate) fn is_in_process(&self) -> bool {
        self.0.in_process
    }
}

impl Isolation {
    /// Kafka's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Isolation::Committed => "read_committed",
            Isolation::Uncommitted => "read_uncommitted",
        }
    }
}

/// Addresses and prefix; no secret.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster")
            .field("brokers", &self.0.brokers)
            .field("prefix", &self.0.topics.prefix)
            .finish_non_exhaustive()
    }
}

fn security_protocol(config: &KafkaConfig) -> &'static str {
    match (&config.tls, &config.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    }
}

fn write_tls(tls: &Tls, config: &mut ClientConfig) {
    config
        .set("enable.ssl.certificate.verification", "true")
        .set("ssl.endpoint.identification.algorithm", "https");
    // OpenSSL is linked in, and doesn't know where this system keeps its authorities: librdkafka
    // looks for them.
    let authorities = tls
        .ca_file
        .as_deref()
        .map_or("probe".into(), Path::to_string_lossy);
    config.set("ssl.ca.location", authorities);
    if let Some(file) = &tls.cert_file {
        config.set("ssl.certificate.location", file.to_string_lossy());
    }
    if let Some(file) = &tls.key_file {
        config.set("ssl.key.location", file.to_string_lossy());
    }
}

fn write_sasl(sasl: &Sasl, config: &mut ClientConfig) -> Result<(), Error> {
    config
        .set("sasl.mechanisms", sasl.mechanism.name())
        .set("sasl.username", &sasl.username)
        .set("sasl.password", read_secret(&sasl.password_file)?);
    Ok(())
}

/// The secret in a file, without the line end that editors leave behind it.
fn read_secret(path: &Path) -> Result<String, Error> {
    let text = std::fs::read_to_string(path).map_err(|source| Error::ReadSecret {
        path: path.to_path_buf(),
        source,
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rdkafka::producer::BaseProducer;

    use super::*;
    use crate::config::Mechanism;

    fn with_password(
        mechanism: Mechanism,
        password: &str,
    ) -> (KafkaConfig, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{password}\n")).unwrap();
        let mut config = KafkaConfig::at("127.0.0.1:1");
        config.sasl = Some(Sasl {
            mechanism,
            username: "kaiku".into(),
            password_file: file.path().to_path_buf(),
        });
        (config, file)
    }

    #[test]
    fn a_secret_is_read_from_its_file_and_never_shown() {
        let (config, _file) = with_password(Mechanism::ScramSha512, "the-pass-word");
        let cluster = Cluster::new(&config).unwrap();
        let client = cluster.client("test");
        assert_eq!(client.get("sasl.password"), Some("the-pass-word"));
        assert_eq!(client.get("security.protocol"), Some("sasl_plaintext"));
        for shown in [
            format!("{config:?}"),
            format!("{cluster:?}"),
            format!("{client:?}"),
            toml::to_string(&config).unwrap(),
        ] {
            assert!(!shown.contains("the-pass-word"), "{shown}");
        }
    }

    #[test]
    fn a_secret_is_read_once() {
        let (config, file) = with_password(Mechanism::ScramSha512, "the-pass-word");
        let cluster = Cluster::new(&config).unwrap();
        drop(file);
        let client = cluster.client("test");
        assert_eq!(client.get("sasl.password"), Some("the-pass-word"));
        assert!(Cluster::new(&config).is_err(), "its file is gone");
    }

    #[test]
    fn librdkafka_takes_every_mechanism_and_tls() {
        for mechanism in [
            Mechanism::Plain,
            Mechanism::ScramSha256,
            Mechanism::ScramSha512,
        ] {
            for tls in [None, Some(Tls::default())] {
                let (mut config, _file) = with_password(mechanism, "secret");
                config.insecure = tls.is_none();
                config.tls = tls;
                let cluster = Cluster::new(&config).unwrap();
                cluster.client("test").create::<BaseProducer>().unwrap();
            }
        }
    }
}
