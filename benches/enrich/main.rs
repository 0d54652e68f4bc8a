//! How many events `enrich` strips in a second of CPU time on a real broker, with a plain pass-through
//! of the same records beside it, and `enrich` without transactions: what exactly-once costs.
//!
//! `cargo bench --bench enrich` takes 1,000,000 devices, `-- --test` 2,000. The CPU is that of one
//! process: of `kaiku enrich` from the assignment of its partitions to the commit of the last
//! offset; of the pass-through, this program started once more, from its first record to the last
//! acknowledgement. The broker works on the same machine and counts for nothing but the wall
//! time. It needs what the integration tests need, and Linux for its `/proc`.
//!
//! Variables: `KAIKU_BENCH_DEVICES` and `KAIKU_BENCH_PARTITIONS` (4) for another size,
//! `KAIKU_TEST_BROKERS` for another broker than the Apache Kafka of the tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

mod load;
mod measure;
mod pass;
mod strip;
#[path = "../../tests/support/mod.rs"]
mod support;
mod table;

use std::time::Duration;

use kaiku_broker::{Admin, KafkaConfig};

use pass::Way;
use support::kafka::{broker, unique_prefix};
use support::replay::make_topics;

/// Devices of a run that is to show a number, and of one that is to show that it works.
const DEVICES: [u64; 2] = [1_000_000, 2_000];
const PARTITIONS: i32 = 4;

/// What is measured.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// Each uploads one record.
    devices: u64,
    partitions: i32,
}

impl Size {
    /// From the arguments that cargo gives, and the environment.
    fn asked() -> Size {
        let asked = |argument: &str| std::env::args().any(|given| given == argument);
        // Only `cargo bench` says so; `cargo test --benches` says nothing.
        let [full, quick] = DEVICES;
        let devices = if asked("--bench") && !asked("--test") {
            full
        } else {
            quick
        };
        Size {
            devices: variable("KAIKU_BENCH_DEVICES").unwrap_or(devices),
            partitions: variable("KAIKU_BENCH_PARTITIONS").unwrap_or(PARTITIONS),
        }
    }

    /// The longest that any part of it may take.
    fn deadline(self) -> Duration {
        Duration::from_secs(120) + Duration::from_millis(self.devices)
    }
}

fn variable<T: std::str::FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    let value = text.trim().parse().ok();
    assert!(value.is_some(), "{name} is `{text}`: give a whole number");
    value
}

fn main() {
    if pass::is_child() {
        return pass::child();
    }
    let size = Size::asked();
    let kafka = broker().config(&unique_prefix("bench"));
    make_topics(&kafka, size.partitions);
    let topics = Topics(&kafka);
    println!(
        "{} devices, {} partitions",
        table::grouped(size.devices),
        size.partitions
    );

    let load = load::fill(&kafka, size);
    println!(
        "{} records of {} events written, {} bytes each before compression",
        table::grouped(load.records),
        load::EVENTS,
        load.bytes / load.records.max(1)
    );
    let plain = pass::run(&kafka, Way::Plain, size, load.records);
    let transactions = pass::run(&kafka, Way::Transactions, size, load.records);
    let strip = strip::run(&kafka, size, &load, false);
    drop(topics);
    // On topics of its own: the state belongs to the first run.
    let kafka = broker().config(&unique_prefix("bench-plain"));
    make_topics(&kafka, size.partitions);
    let topics = Topics(&kafka);
    let load = load::fill(&kafka, size);
    let without = strip::run(&kafka, size, &load, true);
    drop(topics);

    let rows = [
        ("pass-through", &plain),
        ("pass-through in transactions of 200 ms", &transactions),
        ("enrich", &strip.usage),
        ("enrich without transactions", &without.usage),
    ];
    println!("\n{}", table::of(&load, &rows));
    println!(
        "enrich: {} events counted, {} MB resident with {} devices ({} MB before the first)",
        table::grouped(strip.counted),
        strip.resident >> 20,
        table::grouped(size.devices),
        strip.resident_before >> 20,
    );
}

/// The topics of this run, deleted when it is over: the broker may be somebody's.
struct Topics<'a>(&'a KafkaConfig);

impl Drop for Topics<'_> {
    fn drop(&mut self) {
        let Ok(admin) = Admin::connect(self.0) else {
            return;
        };
        for name in admin.names().unwrap_or_default() {
            let _ = admin.delete_topic(&name);
        }
    }
}
