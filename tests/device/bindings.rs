//! On, record, upload, off: in C, Python and Kotlin, and with a library that panics.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::door::{Door, Said, suggestion_key};
use super::host::{Ended, Language, bindings, compile_c, root, run, succeed};

const CATALOGUE: &str = "ingest/device/bindings/examples/maps.json";

/// With `UPDATE_EXAMPLES=1` it is written anew instead.
#[test]
fn the_catalogue_of_the_examples_is_the_one_that_is_generated() {
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("maps.json");
    let mut generate = Command::new(env!("CARGO_BIN_EXE_kaiku"));
    generate
        .args(["catalogue", "generate", "schemas/catalogue/sample"])
        .args(["--app", "maps", "--lang", "json", "-o"])
        .arg(&made)
        .current_dir(root());
    succeed(&mut generate);
    let made = std::fs::read_to_string(made).unwrap();
    if std::env::var_os("UPDATE_EXAMPLES").is_some() {
        std::fs::write(root().join(CATALOGUE), &made).unwrap();
    }
    let kept = std::fs::read_to_string(root().join(CATALOGUE)).unwrap();
    assert!(kept == made, "UPDATE_EXAMPLES=1 writes {CATALOGUE} anew");
}

/// Steps of the library at which it is made to panic, in the order in which an app comes to them.
const STEPS: [&str; 8] = [
    "device.turn_on",
    "device.session",
    "device.used",
    "device.failed",
    "device.work",
    "device.next_upload",
    "device.uploaded",
    "device.turn_off",
];

/// Runs an example against a gateway, in a folder of its own.
fn example(language: Language, door: &Door, panics: &str) -> (Ended, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = language.example();
    command
        .arg(folder.path())
        .arg(root().join(CATALOGUE))
        .arg(door.url())
        .arg(door.ca())
        .env("KAIKU_DEVICE_FAILPOINTS", panics);
    // The app in Rust takes its suggestions by the library's own sender, as a test of the library does.
    if language != Language::Rust {
        let key = suggestion_key().public().to_string();
        command.args([&key, &key]);
    }
    (run(&mut command), folder)
}

/// What every example does.
fn wanted() -> Said {
    Said {
        head: "maps 4.2 Nokia TA-1053".to_owned(),
        events: vec![
            "failed network.timeout/tiles x1".to_owned(),
            "feature_used route.bicycle x2".to_owned(),
            "started  x1".to_owned(),
        ],
    }
}

/// The last thing that every example says to the server.
fn forgotten() -> Said {
    Said {
        head: "forget".to_owned(),
        events: Vec::new(),
    }
}

fn whole_path(language: Language) {
    let door = Door::open(&format!("{language:?}").to_lowercase());
    let (ended, folder) = example(language, &door, "");
    assert!(ended.is_success, "{ended:?}");
    for line in [
        "I take part in the improvement program",
        "upload: 202",
        // The very file that the gateway serves, and what is picked from it.
        "fetch: 200 ACCEPTED",
        "Walking routes",
        "You use ",
        "forget: 202",
        "the app goes on",
    ] {
        assert!(ended.printed.contains(line), "no {line} in {ended:?}");
    }
    assert!(!ended.complained.contains("panicked"), "{ended:?}");
    assert_eq!(door.said(), [wanted(), forgotten()]);
    // Off: nothing is left but that it is off, and the host has destroyed its key.
    assert_eq!(left(&folder.path().join("kaiku")), ["consent.json"]);
    assert_eq!(left(folder.path()), ["kaiku"]);
}

/// What lies in a folder, but for empty files, which are there to be locked.
fn left(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let with_something = files.filter(|file| {
        let about = file.metadata().unwrap();
        about.is_dir() || about.len() > 0
    });
    let names = with_something.map(|file| file.file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn an_app_in_rust_is_turned_on_records_uploads_and_is_turned_off() {
    let door = Door::open("rust");
    let (ended, _folder) = example(Language::Rust, &door, "");
    assert!(ended.is_success, "{ended:?}");
    assert!(ended.printed.contains("off: Off"), "{ended:?}");
    assert_eq!(door.said(), [wanted(), forgotten()]);
}

#[test]
fn what_an_app_of_the_environment_test_says_is_answered_and_dropped() {
    let door = Door::open("environment");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Language::Rust.example();
    command
        .arg(folder.path())
        .arg(root().join(CATALOGUE))
        .arg(door.url())
        .arg(door.ca())
        .arg("test");
    let printed = succeed(&mut command);
    assert!(printed.contains("receipt: "), "{printed}");
    assert_eq!(door.said(), []);
}

#[test]
fn an_app_in_c_is_turned_on_records_uploads_and_is_turned_off() {
    whole_path(Language::C);
}

#[test]
fn an_app_in_python_is_turned_on_records_uploads_and_is_turned_off() {
    whole_path(Language::Python);
}

#[test]
fn an_app_in_kotlin_is_turned_on_records_uploads_and_is_turned_off() {
    whole_path(Language::Kotlin);
}

#[test]
fn an_app_in_c_can_take_the_library_into_itself() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("app");
    let source = root().join("ingest/device/bindings/c/examples/app.c");
    compile_c(&source, &program, true);
    let mut command = Command::new(program);
    // Nobody listens there.
    command
        .arg(folder.path())
        .arg(root().join(CATALOGUE))
        .args(["https://127.0.0.1:1", "/dev/null"]);
    let printed = succeed(&mut command);
    assert!(printed.contains("upload: 0"), "{printed}");
    assert!(printed.contains("\"waiting\":4"), "{printed}");
    assert!(printed.contains("the app goes on"), "{printed}");
}

#[test]
fn an_app_in_c_without_http_of_its_own_has_the_library_send() {
    let door = Door::open("sender");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("sender");
    let source = root().join("ingest/device/bindings/c/examples/sender.c");
    compile_c(&source, &program, false);
    let mut command = Command::new(program);
    command
        .arg(folder.path().join("kaiku"))
        .arg(root().join(CATALOGUE))
        .arg(door.url())
        .arg(door.ca());
    let printed = succeed(&mut command);
    assert!(printed.contains("sender: 0"), "{printed}");
    assert!(printed.contains("off: 0"), "{printed}");
    assert_eq!(door.said(), [wanted(), forgotten()]);
}

/// The library panics at each step in turn; the app goes on to its end, and says at its end how
/// often the library went wrong.
fn goes_on_whatever_panics(language: Language) {
    let door = Door::open(&format!("panics-{language:?}").to_lowercase());
    for step in STEPS {
        let (ended, _folder) = example(language, &door, &format!("{step}=panic"));
        assert!(ended.is_success, "{step}: {ended:?}");
        assert!(
            ended.printed.contains("the app goes on"),
            "{step}: {ended:?}"
        );
        // It did panic.
        let panicked = format!("failpoint {step} panic");
        assert!(ended.complained.contains(&panicked), "{step}: {ended:?}");
    }
}

#[test]
fn an_app_in_c_goes_on_whatever_panics_in_the_library() {
    goes_on_whatever_panics(Language::C);
}

#[test]
fn an_app_in_python_goes_on_whatever_panics_in_the_library() {
    goes_on_whatever_panics(Language::Python);
}

#[test]
fn an_app_in_kotlin_goes_on_whatever_panics_in_the_library() {
    goes_on_whatever_panics(Language::Kotlin);
}

/// Play refuses libraries that are laid out for pages of 4 KB.
#[test]
fn an_app_in_c_that_asks_for_it_has_its_segmentation_fault_told_at_its_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("crash");
    let source = root().join("ingest/device/bindings/c/examples/crash.c");
    compile_c(&source, &program, false);
    let app = |way: &str| {
        let mut command = Command::new(&program);
        let place = folder.path().join("kaiku");
        command.arg(place).arg(root().join(CATALOGUE)).arg(way);
        command
    };
    let crashed = run(&mut app("crash"));
    assert!(!crashed.is_success);
    let waiting = succeed(&mut app("ask"));
    assert!(waiting.contains("memory that is not its own"), "{waiting}");
}

#[test]
fn both_libraries_can_be_loaded_with_pages_of_16_kilobytes() {
    for library in ["c/libkaiku_device_c.so", "python/libkaiku_device_uniffi.so"] {
        let mut readelf = Command::new("readelf");
        let told = succeed(readelf.args(["-lW"]).arg(bindings().join(library)));
        let loads = told
            .lines()
            .filter(|line| line.trim_start().starts_with("LOAD"));
        let alignments: Vec<u64> = loads
            .map(|line| {
                let last = line.split_whitespace().last().unwrap();
                u64::from_str_radix(last.trim_start_matches("0x"), 16).unwrap()
            })
            .collect();
        assert!(alignments.len() > 1, "{told}");
        assert!(
            alignments.iter().all(|bytes| *bytes >= 0x4000),
            "{library}: {alignments:x?}"
        );
    }
}

/// Two SQLites in one process, each with the other's symbols, would be the host's trouble.
#[test]
fn the_library_for_c_shows_the_functions_of_its_header_and_no_others() {
    let mut nm = Command::new("nm");
    let library = bindings().join("c/libkaiku_device_c.so");
    let told = succeed(
        nm.args(["-D", "--defined-only", "--format=just-symbols"])
            .arg(library),
    );
    let shown: BTreeSet<&str> = told.lines().collect();
    let header = std::fs::read_to_string(bindings().join("c/kaiku.h")).unwrap();
    let words = header.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    // The types are written in capitals, and functions that comments name are declared too.
    let declared: BTreeSet<&str> = words.filter(|word| word.starts_with("kaiku_")).collect();
    assert!(declared.len() > 20, "{declared:?}");
    assert_eq!(shown, declared);
}
