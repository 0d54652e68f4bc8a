//! The report's page in a real browser, and that its script and style are what their sources give.
//!
//! It needs Node with npm, Chromium and poppler's `pdftotext`; what npm brings stays under
//! `target/`. What is asked of a page stands in `browser/page.test.js`.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use kaiku_history::History;
use kaiku_report::{Report, Settings, csv, html, make};

/// Histories of simulated devices, as the other tests of the report have them.
#[path = "report/support.rs"]
#[allow(dead_code)]
mod support;

/// The longest that a run of the browser may take, on a busy machine.
const RUN: Duration = Duration::from_secs(1_200);

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The first of these programs that is on the path.
fn find(names: &[&str], package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut places = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.find(|place| place.is_file()).unwrap_or_else(|| {
        panic!(
            "the tests of the report's page need {}: install it (on Debian: apt-get install \
             {package}, or scripts/setup tests)",
            names[0]
        )
    })
}

/// Runs a program to its end and gives what it printed.
fn succeed(command: &mut Command) -> String {
    let out = log_of(command);
    let file = fs::File::create(&out).unwrap();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone().unwrap())
        .stderr(file)
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begin.elapsed() > RUN {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} did not end within {RUN:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let said = String::from_utf8_lossy(&fs::read(&out).unwrap()).into_owned();
    fs::remove_file(out).unwrap();
    assert!(status.success(), "{command:?}\n{said}");
    said
}

/// A file for what a program prints.
fn log_of(command: &Command) -> PathBuf {
    static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = Path::new(command.get_program()).file_name().unwrap();
    let name = format!(
        "{}-{}-{number}.log",
        name.to_string_lossy(),
        std::process::id()
    );
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// What npm brings, by the lock file.
fn modules() -> &'static Path {
    static MODULES: OnceLock<PathBuf> = OnceLock::new();
    MODULES.get_or_init(|| {
        find(&["node"], "nodejs");
        find(&["npm"], "npm");
        let said = succeed(&mut Command::new(package().join("page/modules")));
        PathBuf::from(said.lines().last().unwrap())
    })
}

/// Asks of every page in a folder what is asked of a page.
fn open_all(pages: &Path) {
    let chromium = find(
        &["chromium", "chromium-browser", "google-chrome"],
        "chromium",
    );
    find(&["pdftotext"], "poppler-utils");
    let said = succeed(
        Command::new("node")
            .args(["--test", "--test-reporter=spec"])
            .args(
                ["colours.test.js", "page.test.js"]
                    .map(|file| package().join("tests/browser").join(file)),
            )
            .env("KAIKU_PAGE_MODULES", modules())
            .env("KAIKU_CHROMIUM", chromium)
            .env("KAIKU_REPORT_PAGES", pages),
    );
    println!("{said}");
}

/// An empty folder of the tests.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_script_and_the_style_are_what_their_sources_give() {
    modules();
    succeed(Command::new(package().join("page/build")).arg("--check"));
}

#[test]
fn pages_of_made_up_documents_hold_in_a_browser() {
    let pages = folder("made-up-pages");
    modules();
    succeed(
        Command::new("node")
            .arg(package().join("tests/browser/pages.js"))
            .arg(&pages),
    );
    open_all(&pages);
}

#[test]
fn pages_of_released_rollups_hold_in_a_browser_and_save_what_the_command_writes() {
    let pages = folder("pages");
    let histories = [
        ("busy", Some(support::busy())),
        ("day", Some(History::of_days(1))),
        ("empty", None),
    ];
    for (name, history) in histories {
        let rollups = match history {
            Some(history) => support::written(&format!("browser-{name}"), &history),
            None => folder("no-rollups"),
        };
        let report = make(&rollups, &Settings::default()).unwrap().report;
        fs::write(pages.join(format!("{name}.html")), html(&report).unwrap()).unwrap();
        write_sections(&pages.join(name), &report);
    }
    open_all(&pages);
}

/// Each section as the command writes it: what the page saves is compared with it.
fn write_sections(folder: &Path, report: &Report) {
    fs::create_dir_all(folder).unwrap();
    for app in &report.apps {
        for section in &app.sections {
            let mut alone = report.clone();
            let mut only = app.clone();
            only.sections = vec![section.clone()];
            alone.apps = vec![only];
            let file = folder.join(format!("{}-{}.csv", app.app, section.id));
            fs::write(file, csv(&alone).unwrap()).unwrap();
        }
    }
}
