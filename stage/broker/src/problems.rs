//! What keeps a `[kafka]` section from being used: every reason at once, each with what to do about
//! it.

use std::net::IpAddr;
use std::path::Path;

use crate::config::{KafkaConfig, Mechanism, Sasl, Tls};

/// Kafka takes topic names of up to 249 characters; the longest of ours, `enrich.state.YYYY-MM`,
/// has 20.
const LONGEST_PREFIX: usize = 249 - 20;

/// Every reason why `config` can't be used.
pub(crate) fn of(config: &KafkaConfig) -> Vec<String> {
    let mut problems = Vec::new();
    addresses(config, &mut problems);
    prefix(&config.prefix, &mut problems);
    if let Some(tls) = &config.tls {
        certificates(tls, &mut problems);
    }
    if let Some(sasl) = &config.sasl {
        credentials(sasl, &mut problems);
        if must_stay_here(config) && sasl.mechanism == Mechanism::Plain {
            problems.push(
                "kafka.sasl.mechanism is PLAIN, which sends the password as it is, and there is no TLS: add a \
                 [kafka.tls] section (it may be empty), take SCRAM-SHA-512, or set kafka.insecure = true"
                    .into(),
            );
        }
    }
    problems
}

fn addresses(config: &KafkaConfig, problems: &mut Vec<String>) {
    if config.brokers.is_empty() {
        problems
            .push("kafka.brokers names no broker: give at least one address as `host:port`".into());
    }
    let in_clear = must_stay_here(config);
    for address in config.brokers.iter() {
        match host(address) {
            Err(problem) => problems.push(problem),
            Ok(host) if in_clear && !is_loopback(host) => problems.push(format!(
                "kafka.brokers names `{address}`, which is not on this machine, and there is no \
                 TLS: add a [kafka.tls] section (it may be empty), or set kafka.insecure = true \
                 if identities may cross that network in clear"
            )),
            Ok(_) => {}
        }
    }
}

/// Whether identities would cross a network in clear, which nobody has allowed.
pub(crate) fn must_stay_here(config: &KafkaConfig) -> bool {
    config.tls.is_none() && !config.insecure
}

/// The host of `host:port`, with IPv6 addresses in brackets.
fn host(address: &str) -> Result<&str, String> {
    let malformed = || format!("kafka.brokers names `{address}`: write an address as `host:port`");
    if let Some((scheme, _)) = address.split_once("://") {
        return Err(format!(
            "kafka.brokers names `{address}`: write `host:port` without `{scheme}://`, and use \
             [kafka.tls] for TLS"
        ));
    }
    let (host, port) = address.rsplit_once(':').ok_or_else(malformed)?;
    let bare = host
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'));
    let port_is_right = port.parse::<u16>().is_ok_and(|number| number != 0);
    let host_is_right =
        !host.is_empty() && (bare.is_some() || !host.contains([':', '[', ']', '/', ' ']));
    if port_is_right && host_is_right {
        Ok(bare.unwrap_or(host))
    } else {
        Err(malformed())
    }
}

pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn prefix(prefix: &str, problems: &mut Vec<String>) {
    if !prefix
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    {
        problems.push(format!(
            "kafka.prefix is `{prefix}`: use only letters without accents, digits, `.`, `_` and `-`, \
             as Kafka does"
        ));
    }
    if prefix.len() > LONGEST_PREFIX {
        problems.push(format!(
            "kafka.prefix is too long: {LONGEST_PREFIX} characters are the most"
        ));
    }
}

fn certificates(tls: &Tls, problems: &mut Vec<String>) {
    let named = [
        ("kafka.tls.ca_file", &tls.ca_file, "CERTIFICATE-----"),
        ("kafka.tls.cert_file", &tls.cert_file, "CERTIFICATE-----"),
        ("kafka.tls.key_file", &tls.key_file, "PRIVATE KEY-----"),
    ];
    for (name, file, mark) in named {
        let Some(file) = file else { continue };
        match read(name, file) {
            Err(problem) => problems.push(problem),
            Ok(text) if !text.contains(mark) => {
                let what = mark.trim_end_matches('-').to_ascii_lowercase();
                let file = file.display();
                problems.push(format!("{name} ({file}) holds no {what}: give a PEM file"));
            }
            Ok(text) if text.contains("ENCRYPTED") => problems.push(format!(
                "{name} ({}) is encrypted: give the key without a passphrase, readable by this \
                 service alone",
                file.display()
            )),
            Ok(_) => {}
        }
    }
    match (&tls.cert_file, &tls.key_file) {
        (Some(_), None) => problems
            .push("kafka.tls.cert_file stands without kafka.tls.key_file: add its key".into()),
        (None, Some(_)) => {
            problems.push(
                "kafka.tls.key_file stands without kafka.tls.cert_file: add its certificate".into(),
            );
        }
        _ => {}
    }
}

fn credentials(sasl: &Sasl, problems: &mut Vec<String>) {
    if sasl.username.is_empty() {
        problems.push("kafka.sasl.username is empty: give the user's name".into());
    }
    match read("kafka.sasl.password_file", &sasl.password_file) {
        Err(problem) => problems.push(problem),
        Ok(text) => {
            let secret = text.trim_end_matches(['\r', '\n']);
            let file = sasl.password_file.display();
            if secret.is_empty() {
                problems.push(format!(
                    "kafka.sasl.password_file ({file}) is empty: put the password into it"
                ));
            } else if secret.contains(['\r', '\n']) {
                problems.push(format!(
                    "kafka.sasl.password_file ({file}) has more than one line: put the password \
                     alone into it"
                ));
            }
        }
    }
}

/// The text of a file that the settings name, or the sentence about it. What was read never gets
/// into the sentence.
fn read(name: &str, file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| {
        let file = file.display();
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                format!("{name} ({file}) does not exist: create it or correct the path")
            }
            std::io::ErrorKind::PermissionDenied => {
                format!("{name} ({file}) may not be read by this user: change its owner or mode")
            }
            std::io::ErrorKind::InvalidData => {
                format!("{name} ({file}) is not text: give a file of plain text")
            }
            kind => format!(
                "{name} ({file}) can't be read ({kind}): correct the path or repair the file"
            ),
        }
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::of;
    use crate::{KafkaConfig, Mechanism, Sasl, Tls};

    fn problems_at(brokers: &str) -> Vec<String> {
        of(&KafkaConfig::at(brokers))
    }

    #[test]
    fn plaintext_stays_on_this_machine() {
        for here in [
            "127.0.0.1:9092",
            "127.8.9.1:9092",
            "localhost:9092",
            "LocalHost:9092",
            "[::1]:9092",
        ] {
            assert_eq!(problems_at(here), Vec::<String>::new(), "{here}");
        }
        for away in [
            "10.0.0.1:9092",
            "kafka:9092",
            "localhost.example.com:9092",
            "[2001:db8::1]:9092",
            "0.0.0.0:1",
        ] {
            let problems = problems_at(away);
            assert_eq!(problems.len(), 1, "{away}: {problems:?}");
            assert!(problems[0].contains("there is no TLS"), "{problems:?}");
        }
    }

    #[test]
    fn a_password_needs_tls_too() {
        let mut config = KafkaConfig::at("kafka:9092");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret").unwrap();
        config.sasl = Some(Sasl {
            mechanism: Mechanism::ScramSha256,
            username: "kaiku".into(),
            password_file: file.path().to_path_buf(),
        });
        assert_eq!(of(&config).len(), 1);
        config.tls = Some(Tls::default());
        assert_eq!(of(&config), Vec::<String>::new());
    }

    #[test]
    fn insecure_has_to_be_said() {
        let mut config = KafkaConfig::at("kafka:9092");
        config.insecure = true;
        assert_eq!(of(&config), Vec::<String>::new());
    }

    #[test]
    fn a_mixed_list_is_judged_by_each_address() {
        let problems = problems_at("127.0.0.1:9092,kafka-2:9092");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("kafka-2:9092"));
    }

    #[test]
    fn an_address_is_host_and_port() {
        for wrong in [
            "kafka",
            "kafka:",
            ":9092",
            "kafka:0",
            "kafka:99999",
            "::1:9092",
            "a b:1",
            "PLAINTEXT://a:1",
        ] {
            let problems = problems_at(wrong);
            assert_eq!(problems.len(), 1, "{wrong}: {problems:?}");
            assert!(problems[0].contains("host:port"), "{problems:?}");
        }
        assert!(problems_at("")[0].contains("names no broker"));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let not_pem = folder.path().join("ca.pem");
        std::fs::write(&not_pem, "hello").unwrap();
        let empty = folder.path().join("password");
        std::fs::write(&empty, "\n").unwrap();
        let config = KafkaConfig {
            brokers: "kafka,[::1]:9092".into(),
            tls: Some(Tls {
                ca_file: Some(not_pem),
                cert_file: Some(folder.path().join("none.pem")),
                key_file: None,
            }),
            sasl: Some(Sasl {
                mechanism: Mechanism::Plain,
                username: String::new(),
                password_file: empty,
            }),
            prefix: "käse.".into(),
            ..KafkaConfig::default()
        };
        let problems = of(&config);
        for expected in [
            "`kafka`: write an address",
            "kafka.prefix",
            "ca.pem) holds no certificate",
            "none.pem) does not exist",
            "without kafka.tls.key_file",
            "username is empty",
            "password) is empty",
        ] {
            assert!(
                problems.iter().any(|problem| problem.contains(expected)),
                "{expected}: {problems:#?}"
            );
        }
        assert_eq!(problems.len(), 7, "{problems:#?}");
        let refused = crate::Cluster::new(&config);
        assert!(matches!(refused, Err(crate::Error::Settings(all)) if all.len() == 7));
    }

    #[test]
    fn an_encrypted_key_is_named_as_such() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "-----BEGIN ENCRYPTED PRIVATE KEY-----").unwrap();
        let tls = Tls {
            key_file: Some(file.path().to_path_buf()),
            ..Tls::default()
        };
        let config = KafkaConfig {
            tls: Some(tls),
            ..KafkaConfig::default()
        };
        assert!(of(&config)[0].contains("is encrypted"), "{:?}", of(&config));
    }
}
