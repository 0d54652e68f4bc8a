//! The ready queries give the numbers of the report, in each engine that a Python brings.
//!
//! It needs Python with `venv`; what `pip` brings stays under `target/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use kaiku_report::Cell;
use serde_json::Value;

use crate::support::{app, kept, rows, section};

const PACKAGES: [&str; 5] = ["duckdb", "polars", "pyarrow", "datafusion", "pytz"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A Python with the engines, made once in the target folder.
fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python-queries");
        let (python, done) = (folder.join("bin/python"), folder.join("done"));
        let wanted = PACKAGES.join(" ");
        if !fs::read_to_string(&done).is_ok_and(|found| found == wanted) {
            let venv = Command::new("python3")
                .args(["-m", "venv"])
                .arg(&folder)
                .status();
            let made = venv.is_ok_and(|status| status.success());
            assert!(
                made,
                "no Python environment could be made: install python3 and python3-venv"
            );
            let pip = Command::new(&python)
                .args(["-m", "pip", "install", "--quiet"])
                .args(PACKAGES)
                .status();
            assert!(pip.unwrap().success(), "pip did not bring {wanted}");
            fs::write(done, wanted).unwrap();
        }
        python
    })
}

/// What every query gives in an engine: rows, each by the names of its columns.
fn results(engine: &str) -> BTreeMap<String, Vec<BTreeMap<String, Value>>> {
    let output = Command::new(python())
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queries/run.py"))
        .arg(engine)
        .arg(&kept().folder)
        .arg(root().join("docs/queries"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let all: BTreeMap<String, Value> = serde_json::from_slice(&output.stdout).unwrap();
    let each = all
        .into_iter()
        .map(|(name, mut found)| (name, serde_json::from_value(found["rows"].take()).unwrap()));
    each.collect()
}

/// Whether a number of the report is that of a query; rates are rounded to millionths.
fn is_same(cell: &Cell, value: &Value) -> bool {
    match cell {
        Cell::None => false,
        Cell::Count(count) => value
            .as_f64()
            .is_some_and(|value| (*count as f64 - value).abs() < 0.5),
        Cell::Rate(rate) => value
            .as_f64()
            .is_some_and(|value| (rate - value).abs() < 1e-6),
        Cell::Day(day) => value.as_str() == Some(&day.to_string()),
        Cell::Text(text) => value.as_str() == Some(text),
    }
}

/// The rows of a section that show a number, or have none to show.
fn shown(id: &str) -> Vec<BTreeMap<&'static str, &'static Cell>> {
    let maps = app(&kept().made.report, "maps");
    let is_shown = |row: &BTreeMap<&str, &Cell>| {
        let number = ["devices_estimate", "device_days_estimate"]
            .iter()
            .find_map(|name| row.get(name));
        number.is_none_or(|cell| **cell != Cell::None)
    };
    rows(section(maps, id))
        .into_iter()
        .filter(is_shown)
        .collect()
}

fn holds(engine: &str) {
    let results = results(engine);
    assert!(results.len() >= 25, "{} queries", results.len());
    for (id, found) in results {
        let shown = shown(&id);
        assert!(!found.is_empty(), "{engine}: {id} gives nothing");
        // Some sections have the last days alone, and their queries all of them.
        let is_whole = !matches!(id.as_str(), "crash_free" | "bounds_cost");
        assert!(
            !is_whole || found.len() == shown.len(),
            "{engine}: {id}: {} rows",
            found.len()
        );
        for row in &shown {
            let is_it = |result: &&BTreeMap<String, Value>| {
                let names = result.iter().filter(|(_, value)| value.is_string());
                names.clone().count() > 0
                    && names
                        .clone()
                        .all(|(name, value)| is_same(row[name.as_str()], value))
            };
            let result = found.iter().find(is_it);
            let result = result.unwrap_or_else(|| panic!("{engine}: {id} has no row for {row:?}"));
            for (name, value) in result {
                let cell = row[name.as_str()];
                let both_missing = *cell == Cell::None && value.is_null();
                assert!(
                    both_missing || is_same(cell, value),
                    "{engine}: {id}: {name}: {cell:?}, {value}"
                );
            }
        }
    }
}

#[test]
fn the_ready_queries_give_the_numbers_of_the_report_in_duckdb() {
    holds("duckdb");
}

#[test]
fn the_ready_queries_give_the_numbers_of_the_report_in_polars() {
    holds("polars");
}

#[test]
fn the_ready_queries_give_the_numbers_of_the_report_in_datafusion() {
    holds("datafusion");
}

/// Sections that are made of the manifests or the catalogue have no query, and those that are a part of
/// another one share its query.
#[test]
fn every_section_of_a_table_has_its_query() {
    let maps = app(&kept().made.report, "maps");
    let shares = [
        "heard",
        "top_feature",
        "worst_cause",
        "features_unseen",
        "recommended",
    ];
    for section in maps
        .sections
        .iter()
        .filter(|section| section.table.is_some())
    {
        let file = root().join(format!("docs/queries/{}.sql", section.id));
        assert_eq!(
            file.is_file(),
            !shares.contains(&section.id),
            "{}",
            section.id
        );
    }
}
