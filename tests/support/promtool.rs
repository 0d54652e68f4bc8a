//! Prometheus' own checker.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs promtool in the folder of the repository, requires that it has nothing to say against what it is
/// given, and gives what it says.
pub(crate) fn promtool(arguments: &[&str], input: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(root.join("scripts/promtool"))
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut into = child.stdin.take().unwrap();
    into.write_all(input.as_bytes()).unwrap();
    drop(into);
    let output = child.wait_with_output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = said(&output.stdout) + &said(&output.stderr);
    assert!(output.status.success(), "{said}");
    said
}
