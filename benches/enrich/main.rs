//! `kaiku bench` on the broker of the tests: how many events enrich strips in a second of CPU time, beside
//! what librdkafka can do with the same records, in transactions and in none.
//!
//! `cargo bench --bench enrich` takes 1,000,000 devices and two rounds, `-- --test` 2,000 and one. Other
//! options are handed on: `cargo bench --bench enrich -- --devices 100000 --json now.json`. It needs what
//! the integration tests need, and Linux. `KAIKU_TEST_BROKERS` names another broker than the Apache
//! Kafka of the tests.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::print_stderr)]

// The kit of the integration tests, as far as a benchmark needs it.
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/support"]
mod support {
    pub(crate) mod kafka;
    pub(crate) mod ports;
}

use std::process::Command;

use support::kafka::{broker, unique_prefix};

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    // Only `cargo bench` says so; `cargo test --benches` says nothing.
    let is_quick = given.iter().all(|one| one != "--bench") || given.iter().any(|one| is_test(one));
    let own = |one: &&String| *one != "--bench" && !is_test(one);
    let handed_on: Vec<&String> = given.iter().filter(own).collect();
    let names = |option: &str| handed_on.iter().any(|one| one.starts_with(option));

    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("kaiku.toml");
    // The broker of a hosted CI may have another name than localhost; nothing but simulated devices
    // goes there.
    std::fs::write(&settings, "[kafka]\ninsecure = true\n").unwrap();
    let mut bench = Command::new(env!("CARGO_BIN_EXE_kaiku"));
    bench
        .args(["bench", "--brokers", broker().bootstrap()])
        .args(["--prefix", &unique_prefix("bench")])
        .arg("--config")
        .arg(&settings)
        .args(&handed_on);
    if is_quick && !names("--devices") && !names("--quick") {
        bench.arg("--quick");
    } else if !is_quick && !names("--rounds") {
        bench.args(["--rounds", "2"]);
    }
    let status = bench.status().unwrap();
    drop(folder);
    assert!(status.success(), "kaiku bench has failed: {status}");
}

fn is_test(argument: &str) -> bool {
    argument == "--test"
}
