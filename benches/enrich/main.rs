//! How many events `enrich` strips in a second of CPU time on a real broker, with a plain pass-through
//! of the same records beside it, and a pass-through in transactions like those of a lane: what
//! exactly-once costs. Both pass-throughs write idempotently. Enrich runs twice.
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
// The kit of the integration tests, as far as a benchmark needs it.
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/support"]
mod support {
    pub(crate) mod kafka;
    pub(crate) mod ports;
    pub(crate) mod process;
    pub(crate) mod replay;
}
mod table;

use std::time::Duration;

use kaiku_broker::{Admin, Cluster};

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
    let kafka = broker().cluster(&unique_prefix("bench"));
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
    drop(topics);
    let mut runs = strip::Runs::default();
    for _ in 0..2 {
        runs.add(fresh(size));
    }
    let enrich = runs.mean();

    let rows = [
        ("pass-through", &plain),
        ("pass-through in transactions of 200 ms", &transactions),
        ("enrich", &enrich),
    ];
    println!("\n{}", table::of(&load, &rows));
    println!(
        "enrich (the mean of two runs): {} events counted, {} MB resident with {} devices ({} MB \
         before the first)",
        table::grouped(runs.last().counted),
        runs.last().resident >> 20,
        table::grouped(size.devices),
        runs.last().resident_before >> 20,
    );
    println!(
        "transactions cost the pass-through {:.2} CPU seconds, which is {:.1} % of those of enrich",
        transactions.cpu() - plain.cpu(),
        100.0 * (transactions.cpu() - plain.cpu()) / enrich.cpu(),
    );
}

/// One run of enrich, on topics of its own: the state belongs to a run.
fn fresh(size: Size) -> strip::Stripped {
    let kafka = broker().cluster(&unique_prefix("bench-strip"));
    make_topics(&kafka, size.partitions);
    let _topics = Topics(&kafka);
    let load = load::fill(&kafka, size);
    strip::run(&kafka, size, &load)
}

/// The topics of this run, deleted when it is over: the broker may be somebody's.
struct Topics<'a>(&'a Cluster);

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
