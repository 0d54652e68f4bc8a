//! The Kafka broker of the integration tests: Apache Kafka from Maven Central, or the one at
//! `KAIKU_TEST_BROKERS`.

mod alter;
mod install;
mod node;
mod proxy;
mod records;
mod secure;
mod start;
mod three;

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use kaiku_broker::{Cluster, KafkaConfig};

#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use alter::{add_partitions, alter_topic, delete_group, set_offset};
#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use install::{bring, bring_unpacked};
#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use proxy::{Action, DELETE_RECORDS, END_TXN, LIST_OFFSETS, Proxy, Rule, Side};
#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use records::{Isolation, Record, insist, produce, read};
pub(crate) use start::Apache;
#[allow(unused_imports, reason = "a kit for every test module")]
pub(crate) use three::Three;

/// The variable that names a broker to test against, as `host:port`.
const BROKERS: &str = "KAIKU_TEST_BROKERS";

/// A broker that every test of this run shares; tests keep apart by the prefix of their topics.
pub(crate) struct TestBroker {
    bootstrap: String,
}

impl TestBroker {
    /// Its address, `host:port`.
    pub(crate) fn bootstrap(&self) -> &str {
        &self.bootstrap
    }

    /// How to reach it, for topics under `prefix`.
    pub(crate) fn cluster(&self, prefix: &str) -> Cluster {
        let mut config = KafkaConfig::at(&self.bootstrap).with_prefix(prefix);
        // The broker of a hosted CI may have another name than localhost; nothing but simulated
        // devices goes there.
        config.insecure = true;
        Cluster::new(&config).unwrap()
    }
}

/// The broker of this test run: the one at `KAIKU_TEST_BROKERS`, else an Apache Kafka started by
/// the first who asks. Where neither can be had the test fails, with one sentence that says what to
/// install.
pub(crate) fn broker() -> &'static TestBroker {
    static BROKER: OnceLock<TestBroker> = OnceLock::new();
    BROKER.get_or_init(|| match std::env::var(BROKERS) {
        Ok(bootstrap) if !bootstrap.trim().is_empty() => TestBroker { bootstrap },
        _ => TestBroker {
            bootstrap: apache().bootstrap.clone(),
        },
    })
}

/// The Apache Kafka of this test run, whatever `KAIKU_TEST_BROKERS` says: for tests of TLS and
/// passwords, which need a broker whose certificates and users they know.
pub(crate) fn apache() -> &'static Apache {
    static APACHE: OnceLock<Result<Apache, String>> = OnceLock::new();
    match APACHE.get_or_init(start::start) {
        Ok(apache) => apache,
        Err(sentence) => panic!("{sentence}"),
    }
}

/// An Apache Kafka of one test's own, which it may kill and start again.
pub(crate) fn own() -> Apache {
    start::start().unwrap_or_else(|sentence| panic!("{sentence}"))
}

/// The same, with a clock that can be set.
pub(crate) fn own_with_clock() -> Apache {
    start::start_with(true).unwrap_or_else(|sentence| panic!("{sentence}"))
}

/// A prefix for topics that no other test and no other run has used, `name` in it for whoever looks
/// at the broker.
pub(crate) fn unique_prefix(name: &str) -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock stands after 1970");
    format!("t{}-{}-{name}.", std::process::id(), since.as_nanos())
}
