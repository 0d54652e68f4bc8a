//! `kaiku report` as a command: its forms, its files and its exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use kaiku_history::{Change, History};

fn report(folder: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["report", "rollups"])
        .args(options)
        .current_dir(folder)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Three weeks in which, in the last one, five times as many devices of a brand crash, or nothing changes.
fn weeks(folder: &Path, gets_worse: bool) {
    let mut history = History::of_days(21);
    if gets_worse {
        history.changes = vec![Change {
            from: 14,
            table: "brands_weekly".to_owned(),
            dims: vec!["maps".to_owned(), "Apple".to_owned()],
            devices: 1.0,
            parts: 5.0,
        }];
    }
    history.write(&folder.join("rollups")).unwrap();
}

#[test]
fn the_report_of_an_empty_folder_is_made_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("rollups")).unwrap();
    for options in [
        &["--format", "json"][..],
        &["--format", "csv"],
        &["--fail-on", "worse"],
        &[
            "--app",
            "maps",
            "--section",
            "features",
            "--since",
            "2026-01-01",
        ],
    ] {
        let output = report(folder.path(), options);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{options:?}: {}",
            said(&output)
        );
        assert!(
            said(&output).contains("nothing is sealed yet"),
            "{}",
            said(&output)
        );
    }
    let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("Nothing is sealed yet"));
}

#[test]
fn a_report_that_gets_worse_fails_with_a_code_of_its_own_and_says_what() {
    let folder = tempfile::tempdir().unwrap();
    weeks(folder.path(), true);
    let output = report(folder.path(), &["--format", "json", "--fail-on", "worse"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    assert!(
        said(&output).contains("worse: maps: the crash rate of Apple"),
        "{}",
        said(&output)
    );
    // The report itself is made all the same, and without being asked nothing fails.
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["synthetic"], true);
    assert_eq!(report(folder.path(), &[]).status.code(), Some(0));
    let calm = tempfile::tempdir().unwrap();
    weeks(calm.path(), false);
    let output = report(calm.path(), &["--fail-on", "worse", "-o", "calm.html"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(calm.path().join("calm.html").is_file());
}

#[test]
fn each_form_goes_where_it_is_told_to_and_odd_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    weeks(folder.path(), false);
    let csv = report(
        folder.path(),
        &["--format", "csv", "--section", "features", "--app", "maps"],
    );
    let text = String::from_utf8(csv.stdout).unwrap();
    assert!(
        text.starts_with("app,synthetic,manifest,feature,"),
        "{text}"
    );
    let page = report(folder.path(), &["-o", "-"]);
    assert!(
        String::from_utf8(page.stdout)
            .unwrap()
            .starts_with("<!doctype html>")
    );
    let line = report(folder.path(), &["--format", "json", "--crash-line", "0.02"]);
    assert!(
        String::from_utf8(line.stdout)
            .unwrap()
            .contains("line of your own: 2.00 %")
    );
    for (options, code) in [
        (&["--section", "featuers"][..], 1),
        (&["--app", "mops"], 1),
        (&["--crash-line", "2"], 2),
        (&["--since", "yesterday"], 2),
        (&["--fail-on", "better"], 2),
    ] {
        assert_eq!(
            report(folder.path(), options).status.code(),
            Some(code),
            "{options:?}"
        );
    }
    let nowhere = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["report", "no-such-folder"])
        .output();
    assert_eq!(nowhere.unwrap().status.code(), Some(1));
}

#[test]
fn a_history_is_one_that_verify_finds_nothing_wrong_with() {
    let folder = tempfile::tempdir().unwrap();
    weeks(folder.path(), false);
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["verify", "rollups"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn suggestions_are_made_of_the_rollups_signed_and_shown_and_no_key_is_made_over_another() {
    let folder = tempfile::tempdir().unwrap();
    weeks(folder.path(), false);
    let recommend = |options: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_kaiku"))
            .arg("recommend")
            .args(options)
            .current_dir(folder.path())
            .output()
            .unwrap()
    };
    let key = recommend(&["key", "suggestions.key"]);
    assert!(key.status.success(), "{}", said(&key));
    assert_eq!(String::from_utf8_lossy(&key.stdout).trim().len(), 64);
    assert!(!recommend(&["key", "suggestions.key"]).status.success());
    let made = recommend(&["rollups", "--out", "out", "--key-file", "suggestions.key"]);
    assert!(made.status.success(), "{}", said(&made));
    let shown = recommend(&["show", "out/maps.suggestions"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.starts_with("maps: week of "), "{shown}");
    assert!(
        shown.lines().any(|line| line.starts_with("pair\t")),
        "{shown}"
    );
}
