//! The stages as an operator runs them: topics with the broker's time, `kaiku run` as one process,
//! lines published by `kaiku publish`, metrics, deletion behind the commit, and a clean stop.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster};

use crate::support::kafka::{Isolation, broker, read, unique_prefix};
use crate::support::process::{Stage, free_address, http, settings};
use crate::support::promtool::promtool;

const UPLOADS: usize = 300;

#[test]
fn what_is_published_is_counted_deleted_behind_the_commit_and_the_stages_stop_when_asked() {
    let kafka = broker().cluster(&unique_prefix("live"));
    let folder = tempfile::tempdir().unwrap();
    let (metrics, gateway) = prepare(folder.path(), &kafka);
    let made = kaiku(folder.path(), &["topics", "create"]);
    assert!(made.contains("events.raw"), "{made}");
    // A second time nothing is changed.
    kaiku(folder.path(), &["topics", "create"]);
    let lines: String = (0..UPLOADS).map(line).collect();
    fs::write(folder.path().join("events.jsonl"), lines).unwrap();
    let counts = kaiku(folder.path(), &["publish", "events.jsonl"]);
    assert!(counts.contains("300"), "{counts}");

    let stages = Stage::start(folder.path(), "run", "live");
    await_metric(metrics, "kaiku_rejected_total{reason=\"not_avro\"}", 0);
    await_metric(
        metrics,
        "kaiku_enrich_events_total{outcome=\"counted\"}",
        UPLOADS * 2,
    );
    await_deletion(&kafka);
    let ready = http(metrics, "readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    check_metrics(folder.path(), &http(metrics, "metrics"));
    assert_refused(gateway);
    await_metric(
        metrics,
        "kaiku_gateway_requests_total{code=\"400\",reason=\"no_consent\"}",
        1,
    );
    // The same lines again: each is a duplicate.
    kaiku(folder.path(), &["publish", "events.jsonl"]);
    await_metric(
        metrics,
        "kaiku_enrich_events_total{outcome=\"duplicate\"}",
        UPLOADS * 2,
    );
    let doctor = kaiku(folder.path(), &["doctor"]);
    assert!(!doctor.contains("problem"), "{doctor}");
    assert!(stages.terminate(Duration::from_secs(25)).success());

    let records = read(&kafka, &kafka.topics().stripped(), Isolation::Committed);
    assert!(!records.is_empty());
    let log = fs::read_to_string(folder.path().join("run-live.log")).unwrap();
    assert!(!log.contains("ERROR"), "{log}");
}

/// The gateway refuses an upload, and says why.
fn assert_refused(gateway: SocketAddr) {
    let body = line(0).replace("\"consent\":{\"version\":1,\"since\":\"2026-01-01\"},", "");
    let answer = ureq::post(format!("http://{gateway}/v1/batch"))
        .config()
        .http_status_as_error(false)
        .build()
        .header("content-type", "application/json")
        .send(body.trim())
        .unwrap();
    assert_eq!(answer.status(), 400);
}

/// Prometheus' own checker has nothing to say against what is shown, and the version is the program's.
fn check_metrics(folder: &Path, answer: &str) {
    let (_, shown) = answer.split_once("\r\n\r\n").unwrap();
    promtool(&["check", "metrics"], shown);
    let version = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .arg("--version")
        .current_dir(folder)
        .output()
        .unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let version = version.trim().trim_start_matches("kaiku ");
    let line = format!("kaiku_build_info{{version=\"{version}\"}} 1\n");
    assert!(shown.contains(&line), "no {line} in:\n{shown}");
}

/// A start and the use of a feature, of a device of its own.
fn line(number: usize) -> String {
    format!(
        "{{\"device\":{{\"id\":\"1{number:031x}\",\"brand\":\"Nokia\",\"model\":\"TA-1053\"}},\"app\":\"maps\",\
         \"release\":\"4.2\",\"consent\":{{\"version\":1,\"since\":\"2026-01-01\"}},\"stream\":\"{number:016x}\",\
         \"first_sequence\":0,\"events\":[{{\"type\":\"started\"}},{{\"type\":\"feature_used\",\"feature\":\"route.car\"}}]}}\n"
    )
}

/// Writes the settings; the addresses of the metrics and of the gateway.
fn prepare(folder: &Path, kafka: &Cluster) -> (SocketAddr, SocketAddr) {
    let (metrics, gateway) = (free_address(), free_address());
    settings(
        folder,
        kafka,
        &format!(
            "[topics]\npartitions = 2\n\n[gateway]\nlisten = \"{gateway}\"\nanonymous = true\n\n\
             [enrich]\ngroup = \"{}enrich\"\nmix_longest = \"500ms\"\ndelete_margin = 0\n\
             delete_every = \"500ms\"\n\n[telemetry]\nlisten = \"{metrics}\"\n",
            kafka.prefix()
        ),
    );
    (metrics, gateway)
}

/// Runs one verb that ends, and gives what it said.
fn kaiku(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(arguments)
        .args(["--config", "kaiku.toml"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{arguments:?}: {said}");
    said
}

fn await_metric(address: SocketAddr, name: &str, value: usize) {
    let wanted = format!("{name} {value}");
    let start = Instant::now();
    loop {
        let seen = http(address, "metrics");
        if seen.lines().any(|line| line.trim() == wanted) {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "no {wanted} in:\n{seen}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Until the raw partitions are empty: every record is committed, and deleted.
fn await_deletion(kafka: &Cluster) {
    let admin = Admin::connect(kafka).unwrap();
    let start = Instant::now();
    loop {
        let left: Vec<(i64, i64)> = (0..2)
            .map(|p| admin.watermarks(&kafka.topics().raw(), p).unwrap())
            .collect();
        if left.iter().all(|(low, high)| low == high) {
            return;
        }
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "raw records are left: {left:?}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}
