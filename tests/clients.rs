//! Producers in other languages, each a program of `docs/clients`: what it sends counts once, and
//! what its client does wrong by default is as the page says.

mod go;
mod java;
mod node;
mod outcome;
mod python;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder of `docs/clients`.
fn path(name: &str) -> PathBuf {
    root().join("docs/clients").join(name)
}

/// A folder for what is made of the programs.
fn made(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The text of a file of `docs/clients`.
fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The same with something else in it.
fn altered(name: &str, from: &str, to: &str) -> String {
    let right = text(name);
    assert!(right.contains(from), "{name} has no {from:?}");
    right.replace(from, to)
}

/// Runs a program where the schema is.
fn run(program: &mut Command) -> Output {
    program
        .current_dir(root())
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program:?}: {error}"))
}

/// The same for one that must succeed; what it printed.
fn succeed(program: &mut Command) -> String {
    let output = run(program);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program:?}\n{complained}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The same for one that must fail; what it complained of.
fn fail(program: &mut Command) -> String {
    let output = run(program);
    assert!(!output.status.success(), "{program:?} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_program_stands_on_the_page() {
    let page = text("README.md");
    let mut programs = 0;
    for folder in ["java", "go", "node", "python"] {
        for entry in fs::read_dir(path(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().display());
            let main = format!("{name}/main.go");
            let is_program = [".java", ".js", ".py"]
                .iter()
                .any(|end| name.ends_with(end));
            let program = if path(&main).is_file() { main } else { name };
            if is_program || program.ends_with("/main.go") {
                assert!(page.contains(&format!("({program})")), "{program}");
                programs += 1;
            }
        }
    }
    assert!(programs >= 13, "{programs} programs");
}

#[test]
fn avro_for_java_hamba_and_goavro_compute_the_header_that_is_published() {
    let header = succeed(
        Command::new(env!("CARGO_BIN_EXE_kaiku")).args(["schemas", "show", "RawBatch", "--header"]),
    );
    let fingerprint = header.trim().strip_prefix("c301").unwrap();
    let schema = root().join("schemas/avro/raw_batch.avsc");
    let printed = succeed(java::program("Fingerprint.java").arg(&schema));
    assert_eq!(printed, format!("{fingerprint}\n"));
    let printed = succeed(go::program("fingerprint").arg(&schema));
    assert_eq!(
        printed,
        format!("hamba {fingerprint}\ngoavro {fingerprint}\n")
    );
}
