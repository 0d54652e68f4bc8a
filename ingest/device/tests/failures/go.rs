//! A program in Go, whose nil dereferences are faults that become panics, and that runs on stacks of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use kaiku_device::failures::Verdict::*;

use super::support::{Device, Running, programs, run};

fn program() -> &'static Path {
    static COMPILED: OnceLock<PathBuf> = OnceLock::new();
    COMPILED.get_or_init(|| {
        // What Go keeps of a build stays with ours, so that only the first one takes long.
        let folder = programs().join("go");
        let mut compiler = Command::new("go");
        compiler
            .current_dir(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/failures/programs/watched-go"
            ))
            .args(["build", "-o"])
            .arg(folder.join("watched"))
            .env("GOCACHE", folder.join("cache"))
            .env("GOFLAGS", "")
            .env("GOPROXY", "off")
            .env("GOTOOLCHAIN", "local")
            .env("CGO_ENABLED", "1")
            .env("CGO_LDFLAGS", format!("-L{}", programs().display()));
        run(compiler);
        folder.join("watched")
    })
}

fn go(device: &Device, way: &str) -> Running {
    let mut command = Command::new(program());
    command
        .arg(device.folder.path())
        .arg(way)
        .env("LD_LIBRARY_PATH", programs());
    let mut running = Running::start(command);
    assert_eq!(running.line(), "caught 4000 dealt 4000");
    running.until_ready()
}

#[test]
fn nil_that_a_go_program_recovers_from_is_no_failure() {
    let device = Device::new();
    let running = go(&device, "waits");
    running.end_by(libc::SIGKILL);
    assert_eq!(device.verdict(), EndedUnexpectedly, "by the kill alone");
}

#[test]
fn a_go_program_that_stops_has_not_failed() {
    let device = Device::new();
    assert!(go(&device, "stops").end().success());
    assert_eq!(device.verdict(), Clean);
}

#[test]
fn a_go_program_must_say_that_it_stops_for_it_leaves_without_a_word() {
    let device = Device::new();
    assert!(go(&device, "exits").end().success());
    assert_eq!(device.verdict(), EndedUnexpectedly);
}

#[test]
fn a_fault_in_c_of_a_go_program_is_one_and_go_still_reports_it() {
    let device = Device::new();
    let (status, _, complaints) = go(&device, "faults").output(super::support::PATIENCE);
    assert_eq!(status.code(), Some(2), "{complaints}");
    assert!(complaints.contains("SIGSEGV"), "{complaints}");
    assert_eq!(device.verdict(), Segfault);
}

#[test]
fn a_panic_of_go_that_nobody_recovers_from_is_an_end_that_nothing_explains() {
    let device = Device::new();
    let (status, _, complaints) = go(&device, "panics").output(super::support::PATIENCE);
    assert_eq!(status.code(), Some(2), "{complaints}");
    assert_eq!(device.verdict(), EndedUnexpectedly);
}
