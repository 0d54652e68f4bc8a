//! What has come through both stages: the exact sums of the landing objects, beside the truth.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kaiku_fleet::Totals;
use kaiku_wire::Mark;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::files::with_ending;

/// The kind of a row that counts pairs of features.
const PAIR: &str = "pair";

/// What the landing objects add up to.
#[derive(Default)]
pub struct Landed {
    /// Every column of numbers, over all rows that count events.
    sums: BTreeMap<String, i64>,
    pairs: i64,
}

impl Landed {
    /// Reads every Parquet file of a landing folder.
    ///
    /// # Errors
    /// Where one can't be read.
    pub fn read(folder: &Path) -> Result<Landed> {
        let mut landed = Landed::default();
        for path in with_ending(folder, "parquet")? {
            landed
                .add(&path)
                .with_context(|| format!("reading {}", path.display()))?;
        }
        Ok(landed)
    }

    /// Every sum that differs from the truth, or what was compared.
    ///
    /// # Errors
    /// With every difference.
    pub fn compare(&self, truth: &Totals) -> Result<String> {
        let mut expected = vec![("events", truth.accepted_times)];
        expected.extend(truth.marks.named());
        let sums = expected
            .iter()
            .map(|(name, truth)| (*name, self.sums.get(*name).copied().unwrap_or(0), *truth));
        let pairs = std::iter::once(("pairs", self.pairs, truth.pairs));
        let wrong: Vec<String> = sums
            .chain(pairs)
            .filter(|(_, landed, truth)| u64::try_from(*landed) != Ok(*truth))
            .map(|(name, landed, truth)| format!("{name}: {landed} instead of {truth}"))
            .collect();
        if wrong.is_empty() {
            return Ok(format!("events, pairs and {} marks", Mark::COUNT));
        }
        Err(anyhow!(wrong.join("; ")))
    }

    fn add(&mut self, path: &Path) -> Result<()> {
        let reader = SerializedFileReader::new(File::open(path)?)?;
        for row in reader.get_row_iter(None)? {
            self.add_row(&row?);
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row) {
        let is_pair = |(name, field): (&String, &Field)| {
            name == "kind" && matches!(field, Field::Str(kind) if kind == PAIR)
        };
        let pair = row.get_column_iter().any(is_pair);
        for (name, field) in row.get_column_iter() {
            match field {
                Field::Long(number) if !pair => match self.sums.get_mut(name) {
                    Some(sum) => *sum += number,
                    None => drop(self.sums.insert(name.clone(), *number)),
                },
                Field::Long(number) if name == "events" => self.pairs += number,
                _ => {}
            }
        }
    }
}
