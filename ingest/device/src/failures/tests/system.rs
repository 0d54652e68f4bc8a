//! What the system says of a process and of its boot, from files of a test.

use std::path::Path;

use crate::failures::System;
use crate::failures::marker::Marker;

/// The system with these files, and none that is not named.
fn system(folder: &Path, files: &[(&str, &str)]) -> System {
    for (name, text) in files {
        std::fs::write(folder.join(name), text).unwrap();
    }
    System {
        boot_id: folder.join("boot"),
        process: folder.into(),
        ..System::default()
    }
}

#[test]
fn the_start_of_a_process_is_found_behind_any_name() {
    for name in ["maps", "ma ps", "ma) S 1 (ps", ""] {
        let folder = tempfile::tempdir().unwrap();
        let stat = format!(
            "4711 ({name}) S 1 4711 4711 0 -1 4194304 95 0 0 0 1 2 3 4 20 0 1 0 987654 5000 800\n"
        );
        let start = system(folder.path(), &[("stat", &stat)]).process_start();
        assert_eq!(start, Some(987_654), "{name}");
    }
}

#[test]
fn a_debugger_is_known_by_its_number() {
    for (status, is_debugged) in [
        ("Name:\tmaps\nTracerPid:\t0\nUid:\t0\n", false),
        ("Name:\tmaps\nTracerPid:\t4712\nUid:\t0\n", true),
        ("Name:\tmaps\n", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let system = system(folder.path(), &[("status", status)]);
        assert_eq!(system.is_debugged(), is_debugged, "{status}");
    }
}

#[test]
fn a_system_that_says_nothing_gives_no_reason_for_anything() {
    let folder = tempfile::tempdir().unwrap();
    let silent = system(folder.path(), &[]);
    assert_eq!(silent.boot(), None);
    assert_eq!(silent.process_start(), None);
    assert!(!silent.is_debugged());
    let empty = system(folder.path(), &[("boot", " \n"), ("stat", "4711 (maps)")]);
    assert_eq!(empty.boot(), None);
    assert_eq!(empty.process_start(), None);
}

#[test]
fn a_boot_has_one_number_and_another_boot_another() {
    let folder = tempfile::tempdir().unwrap();
    let boot = |id: &str| system(folder.path(), &[("boot", id)]).boot().unwrap();
    assert_eq!(boot("3b0e1c52-first\n"), boot("3b0e1c52-first"));
    assert_ne!(boot("3b0e1c52-first"), boot("9d1f7a60-second"));
}

#[test]
fn a_process_is_known_by_its_start_and_boot_and_not_by_its_number_alone() {
    let one = Marker::new("4.2", Some(987_654), Some(1));
    assert!(one.is_of_process(&Marker::new("4.3", Some(987_654), Some(1))));
    for other in [
        Marker::new("4.2", Some(987_655), Some(1)),
        Marker::new("4.2", Some(987_654), Some(2)),
        Marker::new("4.2", Some(987_654), None),
        Marker::new("4.2", None, Some(1)),
    ] {
        assert!(!one.is_of_process(&other), "{other:?}");
    }
    let unknown = Marker::new("4.2", None, Some(1));
    assert!(!unknown.is_of_process(&unknown));
}
