//! A JVM, whose null checks, divisions and stack guards are faults that it deals with itself.

use std::process::Command;
use std::sync::OnceLock;

use kaiku_device::failures::Verdict::*;
use tempfile::TempDir;

use super::support::{COMPILING, Device, Running, programs, run};

/// Checks for null in two threads.
const CAUGHT: &str = "caught 20000 1000 3";

fn classes() -> &'static TempDir {
    static COMPILED: OnceLock<TempDir> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let mut compiler = Command::new("javac");
        compiler.arg("-d").arg(folder.path());
        compiler.arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/failures/programs/Watched.java"
        ));
        run(compiler);
        folder
    })
}

fn java(device: &Device, mode: &str, way: &str) -> Running {
    let mut command = Command::new("java");
    command
        .args([mode, "-XX:-CreateCoredumpOnCrash", "-Xmx128m"])
        // Its report of a crash goes where it is cleared away.
        .arg(format!(
            "-XX:ErrorFile={}",
            device.folder.path().join("report").display()
        ))
        .arg("-cp")
        .arg(classes().path())
        .arg("Watched")
        .arg(programs().join("libwatched.so"))
        .arg(way)
        .env("WATCHED_FOLDER", device.folder.path());
    Running::start(command)
}

/// How many faults the JVM dealt with, of a process that is ready.
fn ready(running: &mut Running) -> u64 {
    assert_eq!(running.line(), CAUGHT);
    let dealt = running.line().parse().unwrap();
    assert_eq!(running.line(), "ready");
    dealt
}

#[test]
fn ten_thousand_null_checks_of_a_jvm_are_no_failure() {
    // Interpreted, each check is a fault; compiled, only the first ones are.
    for (mode, least) in [("-Xint", 20_000), ("-Xmixed", 1)] {
        let device = Device::new();
        let mut running = java(&device, mode, "waits");
        let dealt = ready(&mut running);
        assert!(dealt >= least, "{mode}: {dealt} faults came by us");
        let marker = String::from_utf8(device.marker()).unwrap();
        assert!(!marker.contains("signal"), "{mode}: {marker}");
        running.end_by(libc::SIGKILL);
        assert_eq!(
            device.verdict(),
            EndedUnexpectedly,
            "{mode}: by the kill alone"
        );
    }
}

#[test]
fn a_jvm_that_stops_or_exits_has_not_failed() {
    for way in ["stops", "exits"] {
        let device = Device::new();
        let mut running = java(&device, "-Xint", way);
        ready(&mut running);
        assert!(running.end().success());
        assert_eq!(device.verdict(), Clean, "{way}");
    }
}

#[test]
fn a_fault_that_a_jvm_does_not_deal_with_is_one_and_the_jvm_still_reports_it() {
    let device = Device::new();
    let running = java(&device, "-Xint", "faults");
    let (status, answers, _) = running.output(COMPILING);
    assert!(!status.success());
    assert!(
        answers.contains("A fatal error has been detected"),
        "{answers}"
    );
    assert!(device.folder.path().join("report").exists());
    assert_eq!(device.verdict(), Segfault);
}
