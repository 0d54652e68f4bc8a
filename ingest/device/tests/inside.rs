//! What goes wrong inside does not reach the host.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use kaiku_device::{DeviceCatalogue, DeviceFacts, Program, Settings, Variables, Worked};

use crate::support::*;

/// The steps at which the library can be made to panic.
const STEPS: [&str; 8] = [
    "device.session",
    "device.used",
    "device.failed",
    "device.work",
    "device.write",
    "device.next_upload",
    "device.numbered",
    "device.uploaded",
];

#[test]
fn a_panic_at_any_step_does_not_reach_the_host() {
    let host = host();
    for step in STEPS {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(&host)
            .arg(folder.path())
            .env("KAIKU_DEVICE_FAILPOINTS", format!("{step}=panic"))
            .output()
            .expect("the example is built");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{step}: {said}");
        assert!(
            said.starts_with("the host came to its end; went wrong inside: "),
            "{step}: {said}"
        );
        assert!(!said.contains("inside: 0"), "{step} was never reached");
    }
}

fn host() -> PathBuf {
    programs("tests/programs", &["host"]).join("host")
}

#[test]
fn a_run_that_died_is_a_fatal_failure_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(host()).arg(folder.path()).arg("dies").output();
    assert!(!output.expect("the example is built").status.success());
    let json = r#"{"format":1,"app":"maps","consent":{"version":2},
        "causes":[{"name":"ended_unexpectedly","titles":{"en":"It ended"}}]}"#;
    for _ in 0..2 {
        let catalogue = DeviceCatalogue::parse(json).unwrap();
        let facts = DeviceFacts::default();
        let mut settings = Settings::new(folder.path(), catalogue, "4.2", facts, "key");
        settings.variables = Variables::default();
        settings.policy_files = Vec::new();
        let program = Program::open(settings);
        program.work();
        assert_eq!(program.work(), Worked::Done);
        let waiting = program.waiting("en");
        let ended: Vec<u64> = waiting
            .iter()
            .filter(|line| line.text == "Failed: It ended, the app ended by it")
            .map(|line| line.times)
            .collect();
        assert_eq!(ended, [1], "{waiting:?}");
    }
}

/// How often a thread of this process has slept and woken.
fn sleeps(name: &str) -> Option<u64> {
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").trim() == name {
            let status = read("status");
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
            return line?.trim().parse().ok();
        }
    }
    None
}

#[test]
fn a_worker_that_has_nothing_to_do_does_not_wake() {
    // In a process of its own it would be the only one of its name; here others come and go, so
    // it has another.
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench::new(folder.path());
    let program = bench.open_on();
    let worker = program.spawn_worker_named("kaiku-idle").unwrap();
    program.used("feature.001");
    // It writes what there is within ten seconds, and then nothing moves any more.
    let (mut seen, mut still) = (None, 0);
    for _ in 0..90 {
        std::thread::sleep(Duration::from_secs(1));
        let now = sleeps("kaiku-idle");
        still = if now == seen { still + 1 } else { 0 };
        seen = now;
        if still == 12 {
            break;
        }
    }
    assert!(
        seen.is_some() && still == 12,
        "it woke within twelve seconds again and again"
    );
    drop(worker);
}
