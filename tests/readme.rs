//! What the README shows, done as it says: the JSON lines, the queries, the producer in Python.

use std::fs;
use std::process::Command;

use kaiku_raw::Reason;

use crate::support::demo::demo;
use crate::support::kafka::{broker, unique_prefix};
use crate::support::python::{self, root, run_python, said};
use crate::support::replay::{enriched, make_topics};

/// The code blocks of one language in the README, in their order.
fn blocks(language: &str) -> Vec<String> {
    python::blocks("README.md", language)
}

/// A file, then the names in it that matter: `path`: `name`, `name`.
#[test]
fn every_file_and_every_name_of_the_recipes_exists() {
    let text = fs::read_to_string(root().join("docs/extending.md")).unwrap();
    let spans: Vec<&str> = text.split('`').collect();
    let (mut file, mut files, mut missing) = (None, 0, Vec::new());
    for (place, span) in spans.iter().enumerate().skip(1).step_by(2) {
        let is_path = span.contains('/') && span.contains('.');
        if is_path || *span == "README.md" {
            file = fs::read_to_string(root().join(span)).ok();
            files += 1;
            if file.is_none() {
                missing.push((*span).to_owned());
            }
            continue;
        }
        // Names of a file stand behind its colon, with nothing but commas between them.
        let before = spans[place - 1].trim();
        let of_file = before == ":" || before == ",";
        let name = span.rsplit("::").next().unwrap();
        let is_there = file.as_ref().is_some_and(|text| text.contains(name));
        if of_file && !is_there {
            missing.push(format!("{span} (item {place})"));
        }
    }
    assert!(files > 40, "{files} files are named");
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_table_that_is_published_stands_in_the_readme() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for table in kaiku_release::Policy::small().tables() {
        let row = format!("\n| `{}` | ", table.name());
        assert!(readme.contains(&row), "README.md has no row {row}");
    }
}

#[test]
fn every_reason_for_which_a_record_is_rejected_stands_in_the_runbook_with_its_sentence() {
    let runbook = fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    for reason in Reason::ALL {
        let row = format!("\n| `{}` | {} |\n", reason.as_str(), reason.sentence());
        assert!(runbook.contains(&row), "docs/runbook.md has no row {row}");
    }
}

#[test]
fn every_field_of_an_upload_has_a_row_that_says_what_becomes_of_it() {
    fn names(schema: &serde_json::Value, into: &mut Vec<String>) {
        match schema {
            serde_json::Value::Array(all) => all.iter().for_each(|one| names(one, into)),
            serde_json::Value::Object(one) => {
                if let Some(fields) = one.get("fields").and_then(|fields| fields.as_array()) {
                    for field in fields {
                        into.push(field["name"].as_str().unwrap().to_owned());
                        names(&field["type"], into);
                    }
                }
                if let Some(items) = one.get("items") {
                    names(items, into);
                }
            }
            _ => {}
        }
    }
    let document = fs::read_to_string(root().join("docs/upload.md")).unwrap();
    let schema = kaiku_raw::schemas::RAW_BATCH.text();
    let mut fields = Vec::new();
    names(&serde_json::from_str(schema).unwrap(), &mut fields);
    assert!(fields.len() > 20, "{fields:?}");
    // Of a consent and a loss all that there is stands in one row.
    let within = ["device", "version", "since", "reason", "count"];
    for field in fields
        .iter()
        .filter(|name| !within.contains(&name.as_str()))
    {
        let named = [format!("`{field}`"), format!(".{field}`")];
        assert!(named.iter().any(|name| document.contains(name)), "{field}");
    }
}

#[test]
fn the_lines_of_json_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let lines = blocks("json").concat();
    fs::write(folder.path().join("events.jsonl"), &lines).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["publish", "--dry-run", "events.jsonl"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    said(&output);
    assert_eq!(lines.lines().count(), 2);
}

#[test]
fn the_result_of_a_demo_is_read_by_duckdb_polars_and_pyarrow_as_the_readme_says() {
    let queries: Vec<String> = blocks("python")
        .into_iter()
        .filter(|code| code.contains("kaiku-demo"))
        .collect();
    assert_eq!(queries.len(), 3);
    for code in queries {
        let printed = run_python(&code, &demo().folder);
        assert!(printed.contains("devices_lower"), "{code}\n{printed}");
        let period = ["day", "week"].iter().any(|unit| printed.contains(unit));
        assert!(printed.contains("app") && period, "{code}\n{printed}");
    }
}

#[test]
fn two_libraries_for_avro_compute_the_header_that_is_published() {
    let code = r#"
import json, avro.schema, fastavro
text = open("schemas/avro/raw_batch.avsc").read()
canonical = fastavro.schema.to_parsing_canonical_form(json.loads(text))
print(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))
print(avro.schema.parse(text).fingerprint("CRC-64-AVRO").hex())
"#;
    let header = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["schemas", "show", "RawBatch", "--header"])
        .output()
        .unwrap();
    let header = said(&header);
    let fingerprint = header.trim().strip_prefix("c301").unwrap();
    let printed = run_python(code, &root());
    assert_eq!(printed, format!("{fingerprint}\n{fingerprint}\n"));
}

#[test]
fn a_producer_in_python_is_counted_and_one_that_misspells_a_field_is_rejected_with_its_reason() {
    let kafka = broker().cluster(&unique_prefix("python"));
    make_topics(&kafka, 4);
    let code = blocks("python")
        .into_iter()
        .find(|code| code.contains("confluent_kafka"))
        .unwrap();
    let here = code
        .replace("localhost:9092", broker().bootstrap())
        .replace("\"events.raw\"", &format!("{:?}", kafka.topics().raw()));
    assert_ne!(here, code);
    run_python(&here, &root());
    let misspelt = here
        .replace("\"feature\":", "\"featur\":")
        .replace(", strict_allow_default=True", "");
    run_python(&misspelt, &root());

    let folder = tempfile::tempdir().unwrap();
    let totals = enriched(&kafka, folder.path());
    assert_eq!((totals.uploads, totals.counted, totals.times), (1, 2, 3));
    assert_eq!(
        totals.rejected.into_iter().collect::<Vec<_>>(),
        [(Reason::FieldMissing, 1)]
    );
}
