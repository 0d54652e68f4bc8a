//! A Python with what documents import, and the code blocks of documents.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use super::environment::environment;

/// What the Python of the README imports besides the readers, and another library for Avro.
const PACKAGES: [&str; 3] = ["confluent-kafka", "fastavro", "avro"];

/// The readers, with their versions.
const READERS: &str = include_str!("../../docs/readers/versions.txt");

/// Those that are too large for every run.
const LARGE_READERS: &str = include_str!("../../docs/readers/versions-large.txt");

/// The folder of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The code blocks of one language in a document, in their order.
pub(crate) fn blocks(document: &str, language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// The lines of a file for pip that name a package.
fn named(requirements: &str) -> impl Iterator<Item = &str> {
    requirements
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The Python of the tests.
pub(crate) fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let packages: Vec<&str> = PACKAGES.into_iter().chain(named(READERS)).collect();
        environment("python", &packages)
    })
}

/// The one of `scripts/check-readers`.
pub(crate) fn large_python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let packages: Vec<&str> = named(LARGE_READERS).collect();
        environment("python-large", &packages)
    })
}

/// What a program prints in the Python of the tests.
pub(crate) fn run_python(code: &str, folder: &Path) -> String {
    run_with(python(), code, folder)
}

/// The same in any Python.
pub(crate) fn run_with(python: &Path, code: &str, folder: &Path) -> String {
    let output = Command::new(python)
        .args(["-c", code])
        .current_dir(folder)
        .output()
        .unwrap();
    said(&output)
}

/// What a command printed, which must have succeeded.
pub(crate) fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}
