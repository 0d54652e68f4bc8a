//! `kaiku bench` on a real broker, with few devices: whether it works and what it writes, and not how
//! quick anything is.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kaiku_broker::Admin;
use serde_json::Value;

use crate::support::kafka::{broker, unique_prefix};

const DEVICES: u64 = 2_000;
/// Figures that are there, and more than nothing, whatever the machine.
const ALWAYS: [&str; 12] = [
    "events_per_cpu_second",
    "events_per_second",
    "wall_seconds",
    "counted_events",
    "pass_events_per_cpu_second",
    "pass_transactions_events_per_cpu_second",
    "share_of_limit_percent",
    "resident_before_bytes",
    "resident_after_bytes",
    "transactions",
    "commit_median_seconds",
    "record_bytes",
];

/// The verb in a folder, on the broker of the tests.
fn bench(folder: &Path, prefix: &str, options: &[&str]) -> Output {
    // The broker of a hosted CI may have another name than localhost.
    fs::write(folder.join("kaiku.toml"), "[kafka]\ninsecure = true\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["bench", "--brokers", broker().bootstrap()])
        .args(["--prefix", prefix])
        .args(options)
        .current_dir(folder)
        .output()
        .unwrap();
    println!("{}", String::from_utf8_lossy(&output.stdout));
    println!("{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn number(figures: &Value, name: &str) -> f64 {
    figures[name]
        .as_f64()
        .unwrap_or_else(|| panic!("{name} is missing: {figures}"))
}

/// A run of a cell, and the median that stands for it.
fn look_at(cell: &Value) {
    let events = cell["cell"]["events"].as_u64().unwrap();
    assert_eq!(cell["cell"]["devices"], DEVICES);
    assert_eq!(cell["cell"]["partitions"], 2);
    assert_eq!(cell["runs"].as_array().unwrap().len(), 1);
    let figures = &cell["runs"][0];
    assert_eq!(figures, &cell["median"], "of one run");
    for name in ALWAYS {
        assert!(number(figures, name) > 0.0, "{name}: {figures}");
    }
    let counted = number(figures, "counted_events") + number(figures, "bounded_events");
    assert!(
        (counted - (DEVICES * events) as f64).abs() < 0.5,
        "{figures}"
    );
    let is_warm = cell["cell"]["state"] == "warm";
    for name in ["restore_seconds", "devices_restored_per_lane_second"] {
        assert_eq!(figures.get(name).is_some(), is_warm, "{name}: {figures}");
        assert!(!is_warm || number(figures, name) > 0.0, "{name}: {figures}");
    }
}

#[test]
fn every_cell_is_measured_written_compared_and_drawn_and_no_topic_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = unique_prefix("bench");
    let matrix = [
        "--devices",
        "2000",
        "--partitions",
        "2",
        "--events",
        "1,10",
        "--state",
        "cold,warm",
        "--rounds",
        "1",
        "--json",
        "bench.json",
        "--plot",
        "bench.svg",
    ];
    let output = bench(folder.path(), &prefix, &matrix);
    assert!(output.status.success());
    let text = fs::read_to_string(folder.path().join("bench.json")).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["complete"], true);
    assert!(report["machine"]["cores"].as_u64().unwrap() > 0);
    let cells = report["cells"].as_array().unwrap();
    let seen: Vec<_> = cells
        .iter()
        .map(|one| (&one["cell"]["events"], &one["cell"]["state"]))
        .map(|(events, state)| (events.as_u64().unwrap(), state.as_str().unwrap()))
        .collect();
    assert_eq!(seen, [(1, "cold"), (1, "warm"), (10, "cold"), (10, "warm")]);
    cells.iter().for_each(look_at);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("events/CPU-s"));
    let svg = fs::read_to_string(folder.path().join("bench.svg")).unwrap();
    for label in [
        "1 event, 2,000 devices, 2 lanes, cold",
        "10 events, 2,000 devices, 2 lanes, warm",
        "Restore of the slowest lane, seconds",
    ] {
        assert!(svg.contains(label), "{label}");
    }
    let admin = Admin::connect(&broker().cluster(&prefix)).unwrap();
    assert_eq!(admin.names().unwrap(), Vec::<String>::new());
}

#[test]
fn what_can_not_be_written_or_compared_is_told_before_anything_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = unique_prefix("bench");
    for (options, wanted) in [
        (["--json", "nowhere/bench.json"], "is no folder"),
        (["--compare", "nothing.json"], "kaiku bench --json"),
    ] {
        let output = bench(folder.path(), &prefix, &options);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(wanted), "{said}");
    }
}
