//! The landing area, read as files: its log, and the sums of what it holds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;

use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use serde::Deserialize;

use super::seen::Seen;

/// What has landed of one partition.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Landed {
    /// Entries of the log.
    pub(crate) entries: u64,
    /// Offset behind the last record that was read.
    pub(crate) end: i64,
    pub(crate) closed: Option<Day>,
    /// Sum of `times`.
    pub(crate) times: u64,
    /// Sum of each mark.
    pub(crate) marks: BTreeMap<String, u64>,
    pub(crate) pairs: u64,
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
        let schema = reader.metadata().file_metadata().schema_descr_ptr();
        let names: Vec<String> = schema
            .columns()
            .iter()
            .map(|c| c.name().to_owned())
            .collect();
        let kind = names.iter().position(|name| name == "kind").unwrap();
        let events = names.iter().position(|name| name == "events").unwrap();
        for row in reader.get_row_iter(None).unwrap() {
            let row = row.unwrap();
            let times = u64::try_from(row.get_long(events).unwrap()).unwrap();
            if row.get_string(kind).unwrap() == "pair" {
                self.pairs += times;
            } else {
                self.times += times;
            }
            for (at, name) in names.iter().enumerate().skip(events + 1) {
                let sum = u64::try_from(row.get_long(at).unwrap()).unwrap();
                *self.marks.entry(name.clone()).or_default() += sum;
            }
        }
    }

    /// Whether this is what stands on the stripped partition, each record once. The data of sealed
    /// days must not have been deleted.
    pub(crate) fn compare(&self, partition: i32, seen: &Seen) -> Result<(), String> {
        let marks = seen
            .marks
            .iter()
            .map(|(name, sum)| ((*name).to_owned(), *sum));
        let marks: BTreeMap<String, u64> = marks.collect();
        let own = |marks: &BTreeMap<String, u64>| -> BTreeMap<String, u64> {
            marks
                .iter()
                .filter(|(_, sum)| **sum > 0)
                .map(|(n, s)| (n.clone(), *s))
                .collect()
        };
        super::same(partition, "landed times", &self.times, &seen.times)?;
        super::same(partition, "landed pairs", &self.pairs, &seen.pairs)?;
        super::same(partition, "landed marks", &own(&self.marks), &own(&marks))?;
        super::same(
            partition,
            "landed closes",
            &self.closed,
            &seen.closed.last().copied(),
        )?;
        super::same(partition, "orphans in landing", &self.orphans, &Vec::new())
    }
}
