//! A program in Python, whose `faulthandler` reports faults and then lets the process die of them.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};

use kaiku_device::failures::Verdict::*;

use super::support::{Device, PATIENCE, Running, programs};

fn python(device: &Device, order: &str, way: &str) -> (ExitStatus, String) {
    let mut command = Command::new("python3");
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/failures/programs/watched.py"
        ))
        .arg(programs().join("libwatched.so"))
        .arg(device.folder.path())
        .args([order, way]);
    let running = Running::start(command).until_ready();
    let (status, _, complaints) = running.output(PATIENCE);
    (status, complaints)
}

#[test]
fn pythons_reporter_and_ours_see_a_fault_whichever_was_first() {
    for order in ["python,ours", "ours,python", "ours"] {
        for (way, signal, words, verdict) in [
            ("faults", libc::SIGSEGV, "Segmentation fault", Segfault),
            ("aborts", libc::SIGABRT, "Aborted", Abort),
        ] {
            let device = Device::new();
            let (status, complaints) = python(&device, order, way);
            assert_eq!(status.signal(), Some(signal), "{order} {way}: {status}");
            let reported = complaints.matches("Fatal Python error").count();
            assert_eq!(
                reported,
                usize::from(order != "ours"),
                "{order}: {complaints}"
            );
            assert_eq!(complaints.contains(words), order != "ours", "{complaints}");
            assert_eq!(device.verdict(), verdict, "{order} {way}");
        }
    }
}

#[test]
fn a_python_program_that_stops_or_exits_has_not_failed() {
    for (way, code) in [("stops", 0), ("exits", 1)] {
        let device = Device::new();
        let (status, _) = python(&device, "python,ours", way);
        assert_eq!(status.code(), Some(code));
        assert_eq!(device.verdict(), Clean, "{way}");
    }
}
