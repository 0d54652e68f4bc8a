//! How many events `enrich` strips in a second of CPU time on a real broker, with a plain pass-through
//! of the same records beside it, and `enrich` in no transaction: what exactly-once costs. Both write
//! idempotently, and run twice, turn and turn about.
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
    drop(topics);
    // Turn and turn about, so that neither has the warmer broker.
    let [mut with, mut without] = [strip::Runs::default(), strip::Runs::default()];
    for plain in [false, true, true, false] {
        let runs = if plain { &mut without } else { &mut with };
        runs.add(fresh(size, plain));
    }

    let rows = [
        ("pass-through", &plain),
        ("pass-through in transactions of 200 ms", &transactions),
        ("enrich", &with.mean()),
        ("enrich without transactions", &without.mean()),
    ];
    println!("\n{}", table::of(&load, &rows));
    println!(
        "enrich (each of the two: the mean of two runs): {} events counted, {} MB resident with {} \
         devices ({} MB before the first)",
        table::grouped(with.last().counted),
        with.last().resident >> 20,
        table::grouped(size.devices),
        with.last().resident_before >> 20,
    );
    let cost = without.mean().cpu() / with.mean().cpu();
    println!(
        "exactly-once costs {:.1} % of the events a CPU second, and {:.1} % of those a second",
        100.0 * (1.0 - cost),
        100.0 * (1.0 - without.mean().wall.as_secs_f64() / with.mean().wall.as_secs_f64()),
    );
}

/// One run of enrich, on topics of its own: the state belongs to a run.
fn fresh(size: Size, plain: bool) -> strip::Stripped {
    let kafka = broker().config(&unique_prefix("bench-strip"));
    make_topics(&kafka, size.partitions);
    let _topics = Topics(&kafka);
    let load = load::fill(&kafka, size);
    strip::run(&kafka, size, &load, plain)
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
