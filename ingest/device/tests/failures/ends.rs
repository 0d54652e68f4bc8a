//! Each way to end, by a real process, and what the next start makes of it.

use std::time::Duration;

use kaiku_device::failures::Verdict::{self, *};

use super::support::Device;

/// What a process without any handler of ours leaves behind when it ends by itself.
#[test]
fn a_process_that_ends_by_itself_is_judged_by_its_marker_alone() {
    for (way, verdict) in [
        ("stops", Clean),
        ("drops", Clean),
        ("returns", Clean),
        ("exits", Clean),
        ("exits_at_once", EndedUnexpectedly),
        ("panics", Panic),
        ("panics_and_exits", Panic),
        ("panics_in_a_thread", Panic),
        ("panics_where_it_may_not_unwind", Panic),
        ("aborts", EndedUnexpectedly),
        ("faults", EndedUnexpectedly),
        ("says_that_it_was_told_to_end", EndedFromOutside),
    ] {
        let device = Device::new();
        device.start("none", way).end();
        assert_eq!(device.verdict(), verdict, "{way}");
    }
}

#[test]
fn a_process_with_handlers_for_crashes_says_which_one_ended_it() {
    for (way, verdict, signal) in [
        ("stops", Clean, None),
        ("panics", Panic, None),
        ("panics_where_it_may_not_unwind", Panic, Some(libc::SIGABRT)),
        ("aborts", Abort, Some(libc::SIGABRT)),
        ("faults", Segfault, Some(libc::SIGSEGV)),
        ("reads_behind_a_file", Segfault, Some(libc::SIGBUS)),
        ("does_what_no_processor_can", Abort, Some(libc::SIGILL)),
        ("divides", Abort, Some(libc::SIGFPE)),
        // The standard library tells its owner of it, and aborts.
        ("overflows", Segfault, Some(libc::SIGABRT)),
        ("overflows_in_a_thread", Segfault, Some(libc::SIGABRT)),
        (
            "overflows_in_a_guarded_thread",
            Segfault,
            Some(libc::SIGABRT),
        ),
        (
            "overflows_in_a_foreign_thread",
            Segfault,
            Some(libc::SIGSEGV),
        ),
    ] {
        use std::os::unix::process::ExitStatusExt;
        let device = Device::new();
        let status = device.start("crashes", way).end();
        assert_eq!(device.verdict(), verdict, "{way}");
        if signal.is_some() {
            // As without us: shells, supervisors and the kernel's dumps go by it.
            assert_eq!(status.signal(), signal, "{way}: {status}");
        }
    }
}

#[test]
fn a_process_that_is_killed_is_judged_by_what_was_going_on() {
    for (way, verdict) in [
        ("waits", EndedUnexpectedly),
        ("comes_to_the_foreground", EndedUnexpectedly),
        ("goes_to_the_background", InBackground),
        ("is_traced", DebuggerOrTest),
        ("is_silent_in_the_background", InBackground),
    ] {
        let device = Device::new();
        let running = device.start("crashes,endings", way).until_ready();
        running.end_by(libc::SIGKILL);
        assert_eq!(device.verdict(), verdict, "{way}");
    }
}

#[test]
fn a_process_that_is_told_to_end_has_not_failed_where_handlers_were_asked_for() {
    for signal in [libc::SIGTERM, libc::SIGHUP, libc::SIGINT] {
        let device = Device::new();
        let running = device.start("endings", "waits").until_ready();
        running.end_by(signal);
        assert_eq!(device.verdict(), EndedFromOutside, "{signal}");
    }
    let device = Device::new();
    let running = device.start("none", "waits").until_ready();
    running.end_by(libc::SIGTERM);
    assert_eq!(device.verdict(), EndedUnexpectedly, "nobody asked");
}

/// The verdict on a process that was killed, at a start with this release on this boot.
fn killed_then(release: &str, boot: &str, way: &str) -> Verdict {
    let device = Device::new();
    let running = device.start("none", way).until_ready();
    running.end_by(libc::SIGKILL);
    device.boots(boot);
    let ended = device.next(release);
    assert_eq!(ended[0].release, "4.2", "of the run that ended");
    ended[0].verdict
}

#[test]
fn an_upgrade_and_a_reboot_end_apps_without_a_failure() {
    assert_eq!(
        killed_then("4.3", "3b0e1c52-first", "waits"),
        ReleaseChanged
    );
    assert_eq!(killed_then("4.2", "9d1f7a60-second", "waits"), Rebooted);
    assert_eq!(
        killed_then("4.2", "3b0e1c52-first", "waits"),
        EndedUnexpectedly
    );
}

#[test]
fn a_crash_before_an_upgrade_is_still_one_of_the_release_that_crashed() {
    let device = Device::new();
    device.start("crashes", "faults").end();
    let ended = device.next("4.3");
    assert_eq!(ended[0].verdict, Segfault);
    assert_eq!(ended[0].release, "4.2");
}

#[test]
fn the_first_run_has_nobody_before_it() {
    assert_eq!(Device::new().next("4.2"), []);
}

#[test]
fn a_panic_is_of_the_component_that_its_file_belongs_to() {
    let device = Device::new();
    device.start("none", "panics_in_a_thread").end();
    // The component is of the catalogue of the start that judges, and the text and the file are nowhere.
    let marker = String::from_utf8(device.marker()).unwrap();
    assert!(!marker.contains("a text"), "{marker}");
    assert!(!marker.contains("ways"), "{marker}");
    let ended = device.next("4.2");
    assert_eq!(ended[0].component.as_deref(), Some("tiles"));
}

#[test]
fn a_panic_that_a_thread_dies_of_is_no_end_of_the_process() {
    let device = Device::new();
    let mut running = device.start("crashes", "panics_and_goes_on");
    assert_eq!(running.line(), "failed panic Some(\"tiles\") false");
    let running = running.until_ready();
    running.end_by(libc::SIGKILL);
    assert_eq!(device.verdict(), EndedUnexpectedly);
}

#[test]
fn a_hook_that_was_there_is_still_called() {
    let device = Device::new();
    let mut running = device.start("none", "panics_with_a_hook");
    assert_eq!(running.line(), "their hook");
    running.end();
    assert_eq!(device.verdict(), Panic);
}

#[test]
fn a_hook_that_ends_the_process_after_ours_ends_it_in_a_panic_only_where_it_calls_us() {
    let device = Device::new();
    device.start("none", "panics_in_another_hook").end();
    assert_eq!(device.verdict(), EndedUnexpectedly, "ours was put away");
}

#[test]
fn a_process_that_ends_while_it_hangs_did_not_respond() {
    for signal in [libc::SIGKILL, libc::SIGTERM] {
        let device = Device::new();
        let running = device.start("endings", "hangs").until_ready();
        device.until_marked("\"hung_since\":0");
        running.end_by(signal);
        assert_eq!(device.verdict(), NotResponding, "{signal}");
    }
}

#[test]
fn a_process_that_leaves_while_it_hangs_did_not_respond_either() {
    let device = Device::new();
    let mut running = device.start("none", "hangs_and_exits").until_ready();
    device.until_marked("\"hung_since\":0");
    running.go_on();
    assert!(running.end().success());
    assert_eq!(device.verdict(), NotResponding);
}

#[test]
fn a_hang_that_ended_is_no_failure() {
    let device = Device::new();
    let mut running = device
        .start("endings", "hangs_and_answers_again")
        .until_ready();
    device.until_marked("\"hung_since\":0");
    running.go_on();
    device.until_marked("\"hung_since\":null");
    running.end_by(libc::SIGTERM);
    assert_eq!(device.verdict(), EndedFromOutside);
}

#[test]
fn a_process_that_was_frozen_as_a_whole_did_not_hang() {
    let device = Device::new();
    let mut running = device
        .start("endings", "hangs_and_answers_again")
        .until_ready();
    running.go_on();
    running.send(libc::SIGSTOP);
    std::thread::sleep(Duration::from_secs(3));
    running.send(libc::SIGCONT);
    std::thread::sleep(Duration::from_millis(500));
    running.end_by(libc::SIGTERM);
    assert_eq!(device.verdict(), EndedFromOutside);
}

#[test]
fn a_child_that_was_forked_says_nothing_of_its_parent() {
    for way in ["forks", "forks_and_the_child_aborts"] {
        let device = Device::new();
        let running = device.start("crashes", way).until_ready();
        running.end_by(libc::SIGKILL);
        assert_eq!(device.verdict(), EndedUnexpectedly, "{way}");
    }
}

#[test]
fn a_process_that_replaces_itself_has_not_failed() {
    let device = Device::new();
    let mut running = device.start("crashes", "replaces_itself");
    assert_eq!(running.line(), "ended Clean");
    assert!(running.end().success());
}

#[test]
fn of_eight_processes_only_those_that_are_gone_are_judged() {
    let device = Device::new();
    let mut living: Vec<_> = (0..8)
        .map(|_| device.start("crashes", "waits").until_ready())
        .collect();
    living.remove(5).end_by(libc::SIGKILL);
    living.remove(2).end_by(libc::SIGABRT);
    // Who starts now hears of those two, and of none that lives.
    let mut ninth = device.start("crashes", "waits");
    let mut told = [ninth.line(), ninth.line()];
    told.sort();
    assert_eq!(told, ["ended Abort", "ended EndedUnexpectedly"]);
    let ninth = ninth.until_ready();
    // While it holds them nobody else is told.
    let tenth = device.start("crashes", "waits").until_ready();
    for running in living.into_iter().chain([ninth, tenth]) {
        running.end_by(libc::SIGKILL);
    }
}

#[test]
fn a_run_that_was_judged_is_not_judged_anew_by_another_release() {
    let device = Device::new();
    device.start("none", "exits_at_once").end();
    let mut judge = device.start("none", "stops");
    assert_eq!(judge.line(), "ended EndedUnexpectedly");
    judge.end();
    let ended = device.next("4.3");
    let judged = ended.iter().filter(|run| run.verdict == EndedUnexpectedly);
    assert_eq!(judged.count(), 1, "{ended:?}");
}

#[test]
fn an_app_that_crashes_at_each_start_is_told_of_each_time() {
    let device = Device::new();
    for _ in 0..3 {
        device.start("crashes", "faults").end();
    }
    let mut last = device.start("crashes", "stops");
    for _ in 0..3 {
        assert_eq!(last.line(), "ended Segfault");
    }
    last.end();
    assert_eq!(device.next("4.2").len(), 4);
}
