//! Runs a producer against Kafka, enrich behind it, and says what became of its uploads.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::OnceLock;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::succeed;
use crate::support::apicurio::Apicurio;
use crate::support::kafka::{apache, unique_prefix};
use crate::support::process::Stage;
use crate::support::world::World;

/// As many uploads, each of them twice.
const DEVICES: u64 = 200;
/// Of each upload.
const EVENTS: u64 = 3;
/// The longest that it may take until all is counted, on a busy machine.
const QUIET: Duration = Duration::from_secs(120);

/// Of the uploads that a producer has sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Events that counted.
    pub(super) counted: u64,
    /// Events that had counted before.
    pub(super) duplicates: u64,
    /// Records, by reason.
    pub(super) rejected: BTreeMap<String, u64>,
}

impl Outcome {
    /// Each event counts once.
    pub(super) fn assert_exact(&self) {
        let exact = Outcome {
            counted: DEVICES * EVENTS,
            duplicates: DEVICES * EVENTS,
            rejected: BTreeMap::new(),
        };
        assert_eq!(*self, exact);
    }

    /// Of four partitions most records lie in a wrong one, and for no other reason is one rejected.
    pub(super) fn assert_most_in_a_wrong_partition(&self) {
        let reasons: Vec<&String> = self.rejected.keys().collect();
        assert_eq!(reasons, ["wrong_partition"]);
        let wrong = self.rejected["wrong_partition"];
        assert!(wrong > DEVICES && wrong < 2 * DEVICES, "{self:?}");
    }

    fn of(process: &Stage) -> Outcome {
        let of_label = |name: &str| -> BTreeMap<String, u64> {
            let lines = process.metrics(name).into_iter();
            lines
                .map(|line| {
                    let (_, rest) = line.split_once("=\"").unwrap();
                    let (label, number) = rest.split_once("\"} ").unwrap();
                    (label.to_owned(), number.parse().unwrap())
                })
                .collect()
        };
        let events = of_label("kaiku_enrich_events_total{");
        let of = |outcome: &str| events.get(outcome).copied().unwrap_or(0);
        Outcome {
            counted: of("counted"),
            duplicates: of("duplicate"),
            rejected: {
                let mut rejected = of_label("kaiku_rejected_total{");
                rejected.retain(|_, records| *records > 0);
                rejected
            },
        }
    }

    fn records(&self) -> u64 {
        (self.counted + self.duplicates) / EVENTS + self.rejected.values().sum::<u64>()
    }
}

/// Of a producer that writes the fingerprint of the schema.
pub(super) fn outcome(name: &str, program: &mut Command) -> Outcome {
    outcome_with(name, program, "", &[])
}

/// Of a producer that asks a registry, which it finds there.
pub(super) fn outcome_by_registry(name: &str, program: &mut Command, url: &str) -> Outcome {
    let section = format!("[registry]\nurl = \"{}\"\n", registry().confluent_url());
    outcome_with(name, program, &section, &[url])
}

fn outcome_with(name: &str, program: &mut Command, section: &str, more: &[&str]) -> Outcome {
    let world = World::on(apache().cluster(&unique_prefix(name)), 4, false);
    let enrich = "delete_raw = false\nmix_longest = \"500ms\"\n";
    world.settings_with(&world.kafka, enrich, section);
    let program = program
        .arg(world.kafka.brokers())
        .arg(world.kafka.topics().raw())
        .arg(DEVICES.to_string())
        .args(more);
    let printed = succeed(program);
    assert_eq!(printed, format!("sent {DEVICES} uploads, each twice\n"));

    let process = world.enrich("a");
    world.await_quiet(QUIET);
    // The numbers come a moment after the commit.
    let begin = Instant::now();
    loop {
        let outcome = Outcome::of(&process);
        if outcome.records() == 2 * DEVICES {
            assert!(process.terminate(QUIET).success());
            return outcome;
        }
        assert!(begin.elapsed() < QUIET, "{outcome:?}");
        sleep(Duration::from_millis(100));
    }
}

/// A registry with kaiku's schemas, for all tests. One of them has been registered before under a
/// topic's name, as serializers do by default; so the registry's two kinds of ids differ.
pub(super) fn registry() -> &'static Apicurio {
    static REGISTRY: OnceLock<Apicurio> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let registry = Apicurio::start();
        registry.register("events.raw-value", kaiku_raw::schemas::RAW_BATCH.text());
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("kaiku.toml");
        let section = format!("[registry]\nurl = \"{}\"\n", registry.confluent_url());
        fs::write(&settings, section).unwrap();
        let mut push = Command::new(env!("CARGO_BIN_EXE_kaiku"));
        succeed(push.args(["schemas", "push", "--config"]).arg(&settings));
        registry
    })
}
