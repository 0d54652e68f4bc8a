//! What docs/sdk.md shows is what the examples do, which the tests beside this one run.

use std::collections::BTreeSet;
use std::fs;

use super::host::{bindings, root};

/// Language of a block, and where it stands.
const SOURCES: [(&str, &str); 4] = [
    ("rust", "ingest/device/bindings/native/src/main.rs"),
    ("c", "ingest/device/bindings/c/examples/app.c"),
    ("python", "ingest/device/bindings/uniffi/examples/app.py"),
    ("kotlin", "ingest/device/bindings/uniffi/examples/App.kt"),
];

fn document() -> String {
    fs::read_to_string(root().join("docs/sdk.md")).unwrap()
}

/// The code blocks of one language, in their order.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let blocks = document.split(&fence).skip(1);
    blocks
        .map(|rest| rest.split("```").next().unwrap().to_owned())
        .collect()
}

/// Without indentation, and without empty lines.
fn lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_snippet_of_the_document_stands_in_an_example_that_is_run() {
    let document = document();
    for (language, source) in SOURCES {
        let text = fs::read_to_string(root().join(source)).unwrap();
        let example = lines(&text);
        let blocks = blocks(&document, language);
        assert!(blocks.len() > 2, "{language}: {} blocks", blocks.len());
        for block in blocks {
            let wanted = lines(&block);
            let is_there = example
                .windows(wanted.len())
                .any(|window| window == wanted.as_slice());
            assert!(is_there, "{source} has no\n{block}");
        }
    }
}

/// Swift can't be run here. Its names are held against what is generated.
#[test]
fn every_name_in_the_swift_of_the_document_is_generated() {
    let generated = fs::read_to_string(bindings().join("swift/Kaiku.swift")).unwrap();
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words.map(str::to_owned).collect()
    };
    let known = words(&generated);
    let blocks = blocks(&document(), "swift").concat();
    // What is called, made or chosen of ours.
    let calls = blocks.split("program.").skip(1);
    let mut named: Vec<&str> = calls
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap())
        .collect();
    named.extend([
        "Program",
        "Settings",
        "DeviceFacts",
        "KeyStore",
        "KeyAnswer",
    ]);
    assert!(named.len() > 9, "{named:?}");
    for name in named {
        assert!(known.contains(name), "no {name} is generated");
        assert!(
            blocks.contains(name),
            "{name} does not stand in docs/sdk.md"
        );
    }
}

/// Files that the document names are there, and so are the verbs of its shell lines.
#[test]
fn every_file_that_the_document_names_is_there() {
    let document = document();
    let spans = document.split('`').skip(1).step_by(2);
    let of_ours = ["docs/", "ingest/", "scripts/", "schemas/", "tests/"];
    let files: Vec<&str> = spans
        .filter(|span| of_ours.iter().any(|folder| span.starts_with(folder)))
        .collect();
    assert!(files.len() > 3, "{files:?}");
    for file in files {
        // Options may stand behind it.
        let file = file.split(' ').next().unwrap();
        assert!(root().join(file).exists(), "{file} is not there");
    }
}
