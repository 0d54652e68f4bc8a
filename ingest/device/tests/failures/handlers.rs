//! Handlers beside those of a host: who is asked first, what is kept, and what is written.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use kaiku_device::failures::Verdict::*;

use super::support::{Device, Running, programs, run};

#[test]
fn faults_that_a_host_repairs_are_no_failures_and_cost_no_memory() {
    let device = Device::new();
    let mut running = device.start("crashes", "repairs_faults");
    assert_eq!(running.line(), "handled 1000 dealt 1000 allocated 0");
    running.end_by(libc::SIGKILL);
    assert_eq!(device.verdict(), EndedUnexpectedly, "by the kill alone");
}

#[test]
fn a_handler_that_was_there_keeps_its_flags_and_its_mask() {
    let device = Device::new();
    assert_eq!(device.start("crashes", "keeps_flags").line(), "kept");
}

#[test]
fn a_handler_that_gives_up_or_ends_the_process_leaves_the_cause_behind() {
    for way in ["gives_up", "handler_exits"] {
        let device = Device::new();
        device.start("crashes", way).end();
        assert_eq!(device.verdict(), Segfault, "{way}");
    }
}

/// A host in C, which has no handlers but those that it makes itself.
fn c(device: &Device, way: &str) -> Running {
    let program = device.folder.path().join("host");
    let mut compiler = Command::new("cc");
    compiler
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/failures/programs/host.c"
        ))
        .args(["-pthread", "-o"])
        .arg(&program)
        .arg(programs().join("libwatched.so"));
    run(compiler);
    let mut command = Command::new(program);
    command
        .arg(device.folder.path())
        .arg(way)
        .env("LD_LIBRARY_PATH", programs());
    Running::start(command)
}

#[test]
fn a_handler_that_is_left_by_a_jump_is_outlived() {
    let device = Device::new();
    let mut running = c(&device, "jumps");
    assert_eq!(running.line(), "jumped");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    running.go_on();
    running.until_ready().end_by(libc::SIGKILL);
    assert_eq!(device.verdict(), EndedUnexpectedly);
}

#[test]
fn a_thread_of_c_that_runs_out_of_stack_is_known_where_it_has_one_for_handlers() {
    for (way, verdict) in [
        ("overflows_guarded", Segfault),
        ("overflows", EndedUnexpectedly),
    ] {
        let device = Device::new();
        let status = c(&device, way).end();
        assert_eq!(status.signal(), Some(libc::SIGSEGV), "{way}: {status}");
        assert_eq!(device.verdict(), verdict, "{way}");
    }
}

#[test]
fn a_host_that_handles_sigterm_goes_on_handling_it() {
    for (way, verdict) in [
        ("handles_term_before", EndedFromOutside),
        ("handles_term_after", EndedUnexpectedly),
        ("stops_on_term", Clean),
    ] {
        let device = Device::new();
        let mut running = device.start("endings", way).until_ready();
        running.send(libc::SIGTERM);
        assert!(running.end().success(), "{way}: by its own hand");
        assert_eq!(device.verdict(), verdict, "{way}");
    }
}

#[test]
fn a_signal_that_the_host_ignores_stays_ignored() {
    let device = Device::new();
    let mut running = device.start("endings", "ignores_hup").until_ready();
    running.send(libc::SIGHUP);
    running.go_on();
    assert_eq!(running.line(), "still here");
    running.end_by(libc::SIGKILL);
    assert_eq!(device.verdict(), EndedUnexpectedly);
}

#[test]
fn a_crash_writes_sixteen_bytes_into_what_is_there_and_none_of_an_address() {
    let device = Device::new();
    let running = device.start("crashes,endings", "waits").until_ready();
    let before = device.marker();
    running.end_by(libc::SIGABRT);
    let after = device.marker();
    assert_eq!(before.len(), after.len());
    let changed: Vec<_> = (0..before.len())
        .filter(|&at| before[at] != after[at])
        .collect();
    let (first, last) = (changed[0], changed[changed.len() - 1]);
    assert!(last - first < 16, "{changed:?}");
    assert_eq!(&after[first..=last], b"signal 06");
}

#[test]
fn a_file_of_the_host_that_got_our_number_is_not_written_to() {
    let device = Device::new();
    let status = device.start("crashes", "closes_descriptors").end();
    assert_eq!(status.signal(), Some(libc::SIGSEGV), "{status}");
    let host = std::fs::read(device.folder.path().join("host")).unwrap();
    assert!(host.is_empty(), "{host:?}");
    assert_eq!(device.verdict(), EndedUnexpectedly);
}
