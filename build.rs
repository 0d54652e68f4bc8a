//! Which version a binary says that it is: that of the package, and of a release the commit it was built of.
#![allow(clippy::print_stdout)]

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=KAIKU_COMMIT");
    let package = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let named = env::var("KAIKU_COMMIT")
        .ok()
        .filter(|commit| !commit.is_empty());
    // A development build would be linked anew with every commit.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let commit = named.or_else(|| is_release.then(head).flatten());
    let version = match commit {
        Some(commit) => format!("{package} ({commit})"),
        None if is_release => package,
        None => format!("{package} (development build)"),
    };
    println!("cargo::rustc-env=KAIKU_VERSION={version}");
}

/// The commit that is checked out, where this is a repository.
fn head() -> Option<String> {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
