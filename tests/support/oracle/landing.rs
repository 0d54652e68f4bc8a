//! The landing area, read as files: its log, and the cells that it holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde::Deserialize;

use super::cells::{self, Cells, POLICY};
use super::seen::Seen;

/// What has landed of one partition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Landed {
    /// Entries of the log.
    pub(crate) entries: u64,
    /// Offset behind the last record that was read.
    pub(crate) end: i64,
    pub(crate) closed: Option<Day>,
    /// The cells of the policy's tables.
    pub(crate) cells: Cells,
    /// Data files whose entry is not there, or names another.
    pub(crate) orphans: Vec<String>,
}

#[derive(Deserialize)]
struct Entry {
    sequence: u64,
    start: i64,
    end: i64,
    closed: Option<Day>,
    data: Option<Data>,
}

#[derive(Deserialize)]
struct Data {
    sha256: String,
}

/// Reads the log and the data of every partition; the log must be dense.
pub(crate) fn landed(folder: &Path) -> BTreeMap<i32, Landed> {
    let mut all = BTreeMap::new();
    for found in fs::read_dir(folder).into_iter().flatten() {
        let name = found.unwrap().file_name().into_string().unwrap();
        if let Some(partition) = name.strip_prefix("partition=") {
            let landed = partition_of(&folder.join(&name));
            all.insert(partition.parse().unwrap(), landed);
        }
    }
    all
}

fn partition_of(folder: &Path) -> Landed {
    let mut landed = Landed::default();
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|found| found.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut expected = Vec::new();
    for name in names.iter().filter(|name| name.ends_with(".json")) {
        let entry: Entry = serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap();
        landed.entries += 1;
        assert_eq!(entry.sequence, landed.entries, "the log is dense");
        assert_eq!(
            entry.start, landed.end,
            "an entry starts where the one before it ends"
        );
        landed.end = entry.end;
        landed.closed = entry.closed;
        if let Some(data) = entry.data {
            expected.push(format!(
                "{:010}-{}.parquet",
                entry.sequence,
                &data.sha256[..16]
            ));
        }
    }
    for name in names.iter().filter(|name| name.ends_with(".parquet")) {
        if expected.contains(name) {
            landed.add(&folder.join(name));
        } else {
            landed.orphans.push(name.clone());
        }
    }
    landed
}

impl Landed {
    fn add(&mut self, file: &Path) {
        let reader = SerializedFileReader::new(File::open(file).unwrap()).unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            self.add_row(&row.unwrap());
        }
    }

    fn add_row(&mut self, row: &Row) {
        let columns: BTreeMap<&str, &Field> = row
            .get_column_iter()
            .map(|(name, field)| (name.as_str(), field))
            .collect();
        let text = |name: &str| match columns[name] {
            Field::Str(text) => text.clone(),
            other => panic!("{name} is no text: {other}"),
        };
        let count = |name: &str| match columns[name] {
            Field::Long(count) => u64::try_from(*count).unwrap(),
            other => panic!("{name} is no count: {other}"),
        };
        let Field::Date(period) = columns["period"] else {
            panic!("the period is no date");
        };
        let table = POLICY.table(&text("table")).unwrap();
        let mut values: Vec<String> = ["app", "d1", "d2", "d3"].map(text).to_vec();
        let behind = values.split_off(table.dimensions().len());
        assert!(behind.iter().all(String::is_empty), "{behind:?}");
        let mut counts: Vec<u64> = ["c0", "c1", "c2"].map(count).to_vec();
        let behind = counts.split_off(table.marks().len());
        assert!(behind.iter().all(|count| *count == 0), "{behind:?}");
        assert!(counts.iter().any(|count| *count > 0), "a cell has a mark");
        let first = Day::from_days_since_epoch(*period).unwrap();
        let cell = (table.name().to_owned(), first, values);
        cells::sum(&mut self.cells, cell, &counts);
    }

    /// Whether this is what stands on the stripped partition, each record once. The data of sealed
    /// periods must not have been deleted.
    pub(crate) fn compare(&self, partition: i32, seen: &Seen) -> Result<(), String> {
        cells::compare(partition, "a landed cell", &self.cells, &seen.cells)?;
        super::same(
            partition,
            "landed closes",
            &self.closed,
            &seen.closed.last().copied(),
        )?;
        super::same(partition, "orphans in landing", &self.orphans, &Vec::new())
    }
}
