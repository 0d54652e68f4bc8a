//! The recipes of docs/readers.md, each run as it stands: those that ask the same get the same answer, which is that of
//! `kaiku export`.
//!
//! chDB and PySpark take 1.4 GB, and Java: they are in it with `KAIKU_TEST_LARGE=1`, as `scripts/check-readers` runs it.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::demo::demo;
use crate::support::folders::copy_folder;
use crate::support::python::{large_python, python, root, run_python, run_with, said};

const DOCUMENT: &str = "docs/readers.md";

/// The table that the recipes read.
const TABLE: &str = "sessions_daily";

/// What the apps of the demo are called in the tables that the recipes read; the others are not there. Names that look
/// like numbers are text all the same.
const APPS: [(&str, &str); 2] = [("maps", "007"), ("music", "042")];

/// What recipes assign, and the tests look at.
const RESULTS: [&str; 4] = ["answer", "complete", "history", "meaning"];

/// Gives some days what another policy would say of their columns.
const ANOTHER_POLICY: &str = r#"
import glob
import pyarrow.parquet as pq

files = sorted(glob.glob("kaiku-demo/rollups/sessions_daily/app=007/day=*/*.parquet"))
for file in files[3:6]:
    table = pq.read_table(file, partitioning=None)
    schema = table.schema
    place = schema.get_field_index("devices")
    schema = schema.set(place, schema.field(place).with_metadata({"comment": "other"}))
    schema = schema.with_metadata({**schema.metadata, "kaiku.column.devices": "other", "kaiku.sums": "other"})
    pq.write_table(table.cast(schema), file)
"#;

/// Whether the readers that are too large for every run were asked for.
fn is_large() -> bool {
    env::var("KAIKU_TEST_LARGE").is_ok_and(|value| value == "1")
}

struct Recipe {
    language: &'static str,
    code: String,
}

impl Recipe {
    /// Whether it is one that `scripts/check-readers` runs.
    fn is_large(&self) -> bool {
        self.code.contains("chdb") || self.code.contains("pyspark")
    }
}

/// All of them, in their order.
fn recipes() -> Vec<Recipe> {
    let text = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let blocks = text.split("```").skip(1).step_by(2);
    blocks
        .map(|block| {
            let (language, code) = block.split_once('\n').unwrap();
            let language = ["python", "sh"]
                .into_iter()
                .find(|known| *known == language);
            let language = language.unwrap_or_else(|| panic!("no test runs this: {block}"));
            let code = code.to_owned();
            Recipe { language, code }
        })
        .collect()
}

/// A folder with the demo's rollups, in which all that can go wrong with a reader is there: apps that look like numbers,
/// a day that is not sealed, days of another policy.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rollups = folder.path().join("kaiku-demo/rollups");
    copy_folder(&demo().folder.join("kaiku-demo/rollups"), &rollups);
    for table in [rollups.join(TABLE), rollups.join("monthly").join(TABLE)] {
        for (name, number) in APPS {
            let renamed = table.join(format!("app={number}"));
            fs::rename(table.join(format!("app={name}")), renamed).unwrap();
        }
        fs::remove_dir_all(table.join("app=unlisted")).unwrap();
    }
    let app = rollups.join(TABLE).join("app=007");
    let newest = app.join(format!("day={}", demo().days.last().unwrap()));
    copy_folder(&newest, &app.join("day=2099-01-01"));
    run_python(ANOTHER_POLICY, folder.path());
    copy_folder(
        &root().join("docs/readers/dbt"),
        &folder.path().join("docs/readers/dbt"),
    );
    folder
}

/// A day as Python prints it.
fn date(day: &str) -> String {
    let numbers: Vec<u32> = day.split('-').map(|part| part.parse().unwrap()).collect();
    format!(
        "datetime.date({}, {}, {})",
        numbers[0], numbers[1], numbers[2]
    )
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// The rows of the table as `kaiku export` has them: the app by its new name, the day, the devices.
fn exported() -> Vec<(&'static str, String, i64)> {
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["export", "kaiku-demo/rollups", "--table", TABLE, "-o", "-"])
        .current_dir(&demo().folder)
        .output()
        .unwrap();
    let csv = said(&output);
    let mut lines = csv.lines();
    let header = lines.next().unwrap();
    assert!(
        header.starts_with("table,app,unit,first_day,length,devices,"),
        "{header}"
    );
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let (_, number) = APPS.into_iter().find(|(name, _)| *name == cells[1])?;
        Some((number, cells[3].to_owned(), cells[5].parse().unwrap()))
    };
    lines.filter_map(row).collect()
}

fn parsed(path: &str) -> Value {
    let path = demo().folder.join("kaiku-demo/rollups").join(path);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn is_named(value: &Value, name: &str) -> bool {
    value["name"] == name
}

/// What each recipe has to assign, as Python prints it.
fn wanted() -> BTreeMap<&'static str, String> {
    let rows = exported();
    let newest = demo().days.last().unwrap();
    let answer = APPS.into_iter().map(|(_, app)| {
        let of_app = rows
            .iter()
            .filter(|(of, day, _)| *of == app && day == newest);
        let devices: Vec<i64> = of_app.map(|(_, _, devices)| *devices).collect();
        assert!(!devices.is_empty(), "{app} has no row on {newest}");
        let (count, sum) = (devices.len(), devices.iter().sum::<i64>());
        format!("('{app}', {}, {count}, {sum})", date(newest))
    });
    let complete = demo().days.iter().filter(|day| {
        let manifest = parsed(&format!("manifests/day={day}.json"));
        let mut tables = manifest["tables"].as_array().unwrap().iter();
        tables.any(|table| is_named(table, TABLE))
    });
    let history = APPS.into_iter().map(|(_, app)| {
        let of_app = rows.iter().filter(|(of, _, _)| *of == app);
        let days: Vec<&str> = of_app.map(|(_, day, _)| day.as_str()).collect();
        let different: BTreeSet<&&str> = days.iter().collect();
        format!("('{app}', {}, {})", different.len(), days.len())
    });
    let dictionary = parsed("tables.json");
    let mut tables = dictionary["tables"].as_array().unwrap().iter();
    let table = tables.find(|table| is_named(table, TABLE)).unwrap();
    let mut columns = table["columns"].as_array().unwrap().iter();
    let column = columns.find(|column| is_named(column, "devices")).unwrap();
    let meaning = column["description"].as_str().unwrap();
    let complete = complete.map(|day| date(day));
    BTreeMap::from([
        ("answer", list(answer)),
        ("complete", list(complete)),
        ("history", list(history)),
        ("meaning", meaning.to_owned()),
    ])
}

/// Runs recipes one after the other in one folder, and says how often each result was right.
fn hold(python: &Path, recipes: &[Recipe]) -> BTreeMap<&'static str, usize> {
    let (folder, wanted) = (folder(), wanted());
    let mut right = BTreeMap::new();
    for Recipe { language, code } in recipes {
        if *language == "sh" {
            let bin = python.parent().unwrap().to_owned();
            let path = env::var_os("PATH").unwrap();
            let path = env::join_paths([bin].into_iter().chain(env::split_paths(&path))).unwrap();
            let output = Command::new("bash")
                .args(["-ec", code])
                .env("PATH", path)
                .current_dir(folder.path())
                .output()
                .unwrap();
            said(&output);
            *right.entry("sh").or_default() += 1;
            continue;
        }
        let assigns = |name: &&str| code.contains(&format!("\n{name} = "));
        let names: Vec<&str> = RESULTS.into_iter().filter(assigns).collect();
        assert!(!names.is_empty(), "this recipe has no result:\n{code}");
        let prints: String = names
            .iter()
            .map(|name| format!("\nprint('== {name}:', {name})"))
            .collect();
        let printed = run_with(python, &format!("{code}{prints}"), folder.path());
        for name in names {
            let start = format!("== {name}: ");
            let mut lines = printed.lines();
            let result = lines.find_map(|line| line.strip_prefix(&start));
            assert_eq!(result, Some(wanted[name].as_str()), "{name} of\n{code}");
            *right.entry(name).or_default() += 1;
        }
    }
    right
}

/// What readers make of `app` and `day` by themselves is what the document's table says.
fn hold_plain(python: &Path, size: &[&str], numbers: &str) {
    let folder = folder();
    let table = |folder: &Path| folder.join("kaiku-demo/rollups").join(TABLE);
    let output = Command::new(python)
        .arg(root().join("tests/readers/plain.py"))
        .arg(table(&demo().folder))
        .arg(table(folder.path()))
        .args(size)
        .output()
        .unwrap();
    let printed = said(&output);
    let document = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let (rows, last): (Vec<&str>, Vec<&str>) =
        printed.lines().partition(|line| line.starts_with("| "));
    assert_eq!(last, [numbers]);
    assert!(rows.len() >= 2, "{printed}");
    for row in rows {
        assert!(
            document.contains(&format!("\n{row}")),
            "{DOCUMENT} has no row {row}"
        );
    }
}

#[test]
fn every_recipe_gives_the_answer_of_the_export() {
    let recipes: Vec<Recipe> = recipes()
        .into_iter()
        .filter(|recipe| !recipe.is_large())
        .collect();
    let right = hold(python(), &recipes);
    let counts = [
        ("answer", 11),
        ("complete", 2),
        ("history", 1),
        ("meaning", 7),
        ("sh", 1),
    ];
    assert_eq!(right, BTreeMap::from(counts));
    if is_large() {
        let large: Vec<Recipe> = self::recipes()
            .into_iter()
            .filter(Recipe::is_large)
            .collect();
        let right = hold(large_python(), &large);
        assert_eq!(right, BTreeMap::from([("answer", 2), ("meaning", 1)]));
    }
}

#[test]
fn what_readers_make_of_the_path_by_themselves_is_what_the_document_says() {
    hold_plain(python(), &[], "Polars, pandas, pyarrow");
    if is_large() {
        hold_plain(large_python(), &["large"], "chDB, PySpark");
    }
}
