//! The command line, as somebody meets it who has nothing but the program.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Output, Stdio};

/// The program, in an empty folder and with no variables set.
fn kaiku(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaiku"));
    command
        .args(arguments)
        .env_clear()
        .current_dir(std::env::temp_dir());
    command
}

fn run(arguments: &[&str]) -> Output {
    kaiku(arguments).output().expect("the program starts")
}

fn run_with_input(arguments: &[&str], input: &str) -> Output {
    let mut child = kaiku(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_shows_what_to_type() {
    let help = stdout(&run(&["--help"]));
    for verb in [
        "demo",
        "publish",
        "gateway",
        "enrich",
        "aggregate",
        "run",
        "topics",
        "schemas",
        "catalogue",
        "policy",
        "tables",
        "export",
        "report",
        "verify",
        "doctor",
        "status",
        "selftest",
        "bench",
        "inventory",
        "completions",
        "man",
    ] {
        assert!(
            help.contains(&format!("\n  {verb} ")),
            "{verb} is not in:\n{help}"
        );
    }
    assert!(help.contains("Examples:"), "{help}");
    for verb in [
        &["publish"][..],
        &["gateway"],
        &["selftest"],
        &["bench"],
        &["tables"],
        &["export"],
        &["report"],
        &["verify"],
        &["status"],
    ] {
        let help = stdout(&run(&[verb, &["--help"]].concat()));
        assert!(help.contains("Examples:"), "{help}");
    }
}

#[test]
fn shells_and_man_pages_know_every_verb() {
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    stdout(&run(&["man", pages.to_str().expect("a path of text")]));
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&run(&["completions", shell]));
        assert!(script.contains("selftest"), "{shell}");
    }
    for page in ["kaiku.1", "kaiku-publish.1", "kaiku-catalogue-check.1"] {
        let text = std::fs::read_to_string(pages.join(page)).expect("a page");
        assert!(text.contains(".SH SYNOPSIS"), "{page}: {text}");
    }
}

#[test]
fn the_version_names_the_package_and_of_what_it_was_built() {
    let said = stdout(&run(&["--version"]));
    let version = concat!("kaiku ", env!("CARGO_PKG_VERSION"), " (");
    assert!(said.starts_with(version), "{said}");
}

#[test]
fn what_is_mistyped_is_an_error_of_usage() {
    assert_eq!(run(&["pubish"]).status.code(), Some(2));
}

#[test]
fn a_dry_run_names_each_bad_line_and_why() {
    let lines = concat!(
        r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053"},"app":"maps","release":"4.2","consent":{"version":1,"since":"2020-01-01"},"events":[{"type":"started"}]}"#,
        "\n",
        r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053"},"app":"maps","release":"4.2","events":[{"type":"started"}]}"#,
        "\n",
        r#"{"forget":{"device_id":"6f1c0000111122223333444455556666"}}"#,
        "\nno json\n",
    );
    let output = run_with_input(&["publish", "--dry-run"], lines);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("standard input:2: "), "{said}");
    assert!(said.contains("no_consent"), "{said}");
    assert!(said.contains("standard input:4: "), "{said}");
    assert!(
        !said.contains("standard input:1: ") && !said.contains("standard input:3: "),
        "{said}"
    );
    let counts: Vec<_> = said
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .collect();
    for expected in [["batches", "1"], ["forgets", "1"], ["refused", "2"]] {
        assert!(
            counts.iter().any(|line| line.starts_with(&expected)),
            "{expected:?} is not in:\n{said}"
        );
    }
    assert!(!said.contains("6f1c"), "an identifier was printed");
}

#[test]
fn a_dry_run_names_what_no_list_has_and_refuses_nothing_for_it() {
    let line = r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053"},"app":"maps","release":"9.9","consent":{"version":1,"since":"2020-01-01"},"events":[{"type":"feature_used","feature":"route.bycicle"}]}"#;
    let output = run_with_input(&["publish", "--dry-run"], &format!("{line}\n"));
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let of = |place: &str| {
        let begin = format!("standard input:1: warning: {place}: ");
        said.lines().find(|line| line.starts_with(&begin))
    };
    let feature = of("event 1, feature").unwrap_or_else(|| panic!("{said}"));
    assert!(feature.contains("route.bicycle"), "{feature}");
    assert!(of("release").is_some(), "{said}");
    assert_eq!(said.matches("warning").count(), 2, "{said}");
}

#[test]
fn the_inventory_names_every_field_and_who_sees_it() {
    let output = run(&["inventory", "--tsv"]);
    assert!(output.status.success());
    let said = stdout(&output);
    assert!(
        said.lines().all(|line| line.split('\t').count() == 6),
        "{said}"
    );
    for field in [
        "RawBatch.device.id",
        "RawBatch.events.feature",
        "Forget.device_id",
        "StrippedEvents.events.model",
    ] {
        assert!(
            said.contains(&format!("\t{field}\t")),
            "{field} is not in:\n{said}"
        );
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = kaiku(&["inventory"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::with_capacity(16, child.stdout.take().expect("its output"))
        .read_line(&mut line)
        .expect("a line");
    let output = child.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_schema_can_be_shown_as_it_is_registered() {
    let names = stdout(&run(&["schemas", "show"]));
    assert!(names.contains("kaiku.raw.RawBatch\n"), "{names}");
    for name in names.lines() {
        let text = stdout(&run(&["schemas", "show", name]));
        apache_avro::Schema::parse_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(!run(&["schemas", "show", "Nothing"]).status.success());
    // What the README tells programs to write in front of a record.
    let header = stdout(&run(&["schemas", "show", "RawBatch", "--header"]));
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("bytes.fromhex(\"{}\")", header.trim())));
    let headers = stdout(&run(&["schemas", "show", "--header"]));
    assert_eq!(headers.lines().count(), names.lines().count());
    assert!(headers.contains(&format!("{}  kaiku.raw.RawBatch\n", header.trim())));
}

#[test]
fn the_policy_says_what_is_published_and_at_what_price() {
    let output = run(&["policy", "show"]);
    let said = stdout(&output);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("features_daily"), "{said}");
}

#[test]
fn the_sample_catalogue_is_right() {
    let output = run(&["catalogue", "check"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_least_catalogue_of_the_documents_is_right() {
    let document = include_str!("../docs/catalogue.md");
    let mut blocks = document.split("```toml\n").skip(1);
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["notes.toml", "program.toml"] {
        let block = blocks.next().and_then(|rest| rest.split("```").next());
        std::fs::write(folder.path().join(name), block.expect("a block")).expect("a file");
    }
    let output = run(&["catalogue", "check", folder.path().to_str().expect("text")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("the catalogue is right"), "{said}");
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
}

#[test]
fn an_app_gets_its_names_and_its_texts_from_the_catalogue() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("maps.json");
    let path = file.to_str().unwrap();
    let output = run(&[
        "catalogue",
        "generate",
        "--app",
        "maps",
        "--lang",
        "json",
        "-o",
        path,
    ]);
    assert!(output.status.success() && output.stdout.is_empty());
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(
        (&written["format"], &written["app"]),
        (&1.into(), &"maps".into())
    );
    let kotlin = run(&[
        "catalogue",
        "generate",
        "--app",
        "music",
        "--lang",
        "kotlin",
    ]);
    assert!(stdout(&kotlin).contains("enum class Feature(val id: String)"));
    let apple = run(&["catalogue", "texts", "--app", "maps", "--store", "apple"]);
    assert!(stdout(&apple).ends_with("</plist>\n"));
    let which = run(&["catalogue", "texts", "--store", "google"]);
    let said = String::from_utf8_lossy(&which.stderr).into_owned();
    assert!(
        !which.status.success() && said.contains("maps, music"),
        "{said}"
    );
}

#[test]
fn unused_features_need_a_sealed_day() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["catalogue", "unused", folder.path().to_str().unwrap()]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("no day is sealed yet"),
        "{said}"
    );
}

#[test]
fn a_gateway_that_is_away_is_told_once_and_with_what_to_look_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = folder.path().join("key");
    std::fs::write(&key, "0123456789abcdef").expect("a file");
    let key = key.to_str().expect("a path of text");
    // Nothing listens on port 1.
    let output = run(&["gateway", "check", "http://127.0.0.1:1", "--key-file", key]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("is the gateway up"), "{said}");
}

#[test]
fn a_place_on_kafka_that_is_not_whole_is_told_how_it_is_written() {
    let output = run(&["explain", "events.raw:0"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("TOPIC:PARTITION:OFFSET"), "{said}");
}

#[test]
fn a_broker_that_is_away_is_an_error_that_says_so() {
    // Nothing listens on port 1.
    let output = kaiku(&["topics", "check"])
        .env("KAIKU_KAFKA__BROKERS", "127.0.0.1:1")
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("127.0.0.1:1") && said.contains("because: "),
        "{said}"
    );
}

#[test]
fn the_dictionary_of_each_built_in_policy_can_be_read_by_people_and_programs() {
    for policy in ["small", "default", "large"] {
        let output = run(&["tables", "--policy", policy, "--format", "json"]);
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let markdown = stdout(&run(&["tables", "--policy", policy]));
        let tables = read["tables"].as_array().expect("tables");
        assert!(!tables.is_empty());
        for table in tables {
            let name = table["name"].as_str().expect("a name");
            assert!(markdown.contains(&format!("\n## {name}\n")), "{name}");
        }
    }
    let missing = run(&["tables", "--policy", "no-such-policy.toml"]);
    assert_eq!(missing.status.code(), Some(1));
}

#[test]
fn rollups_that_are_not_there_are_no_good_rollups_and_are_not_made() {
    let folder = std::env::temp_dir().join("kaiku-no-such-rollups");
    let place = folder.to_str().expect("a path of text");
    for arguments in [&["verify", place][..], &["export", place, "-o", "-"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("there is no such folder"), "{said}");
        assert!(!folder.exists());
    }
}
