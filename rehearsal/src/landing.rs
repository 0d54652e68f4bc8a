//! What has come through both stages: the exact cells of the landing objects, beside the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use kaiku_fleet::Truth;
use kaiku_release::{Policy, Table};
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::files::{number, text, with_ending};

/// The columns of a cell's values, and of its counts.
const VALUES: [&str; 4] = ["app", "d1", "d2", "d3"];
const COUNTS: [&str; 3] = ["c0", "c1", "c2"];

/// Differences that are named.
const NAMED: usize = 5;

/// A table, the first day of a period of it, and the values of its dimensions.
type Cell = (String, Day, Vec<String>);

/// What the landing objects add up to.
#[derive(Debug, Default)]
pub struct Landed {
    cells: BTreeMap<Cell, Vec<u64>>,
}

impl Landed {
    /// Reads every Parquet file of a landing folder, which was made for a policy.
    ///
    /// # Errors
    /// Where one can't be read, or has a cell that is none of the policy's.
    pub fn read(folder: &Path, policy: &Policy) -> Result<Landed> {
        let mut landed = Landed::default();
        for path in with_ending(folder, "parquet")? {
            landed
                .add(&path, policy)
                .with_context(|| format!("reading {}", path.display()))?;
        }
        Ok(landed)
    }

    /// What was compared, where every cell is that of the truth, which must have the tables of the
    /// policy.
    ///
    /// # Errors
    /// With the first differences.
    pub fn compare(&self, policy: &Policy, truth: &Truth<'_>) -> Result<String> {
        let mut expected = BTreeMap::new();
        for (table, cells) in policy.tables().iter().zip(truth.tables()) {
            for (first, cells) in cells {
                for (values, counts) in cells {
                    let values = values.iter().map(|value| (*value).to_owned()).collect();
                    let cell = (table.name().to_owned(), *first, values);
                    expected.insert(cell, counts.clone());
                }
            }
        }
        let cells = self.cells.keys().chain(expected.keys());
        let cells: BTreeSet<&Cell> = cells.collect();
        let differs = |cell: &&&Cell| self.cells.get(**cell) != expected.get(**cell);
        let wrong: Vec<String> = cells
            .iter()
            .filter(differs)
            .map(|cell| {
                let (landed, truth) = (self.cells.get(*cell), expected.get(*cell));
                format!("{cell:?}: {landed:?} instead of {truth:?}")
            })
            .collect();
        if wrong.is_empty() {
            let tables = policy.tables().len();
            return Ok(format!("{} cells of {tables} tables", expected.len()));
        }
        let named = wrong[..wrong.len().min(NAMED)].join("; ");
        Err(anyhow!("{} cells differ, such as {named}", wrong.len()))
    }

    fn add(&mut self, path: &Path, policy: &Policy) -> Result<()> {
        let reader = SerializedFileReader::new(File::open(path)?)?;
        for row in reader.get_row_iter(None)? {
            self.add_row(&row?, policy)?;
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row, policy: &Policy) -> Result<()> {
        let name = text(row, "table")?;
        let table = policy.table(name);
        let table = table.with_context(|| format!("the policy has no table {name}"))?;
        let values = values(table, row)?;
        let counts = counts(table, row)?;
        ensure!(
            counts.iter().any(|count| *count > 0),
            "a cell of {name} without a mark"
        );
        let cell = (name.to_owned(), date(row, "period")?, values);
        let sums = self.cells.entry(cell).or_default();
        sums.resize(counts.len(), 0);
        for (sum, count) in sums.iter_mut().zip(counts) {
            *sum += count;
        }
        Ok(())
    }
}

/// The values of the table's dimensions; nothing may stand behind the last.
fn values(table: &Table, row: &Row) -> Result<Vec<String>> {
    let all = VALUES.iter().map(|column| text(row, column));
    let mut all = all.collect::<Result<Vec<&str>>>()?;
    let behind = all.split_off(table.dimensions().len().min(VALUES.len()));
    ensure!(
        behind.iter().all(|value| value.is_empty()),
        "a value behind the last dimension of {}",
        table.name()
    );
    Ok(all.into_iter().map(str::to_owned).collect())
}

/// The counts of the table's marks; nothing may stand behind the last.
fn counts(table: &Table, row: &Row) -> Result<Vec<u64>> {
    let all = COUNTS.iter().map(|column| {
        let count = number(row, column)?;
        u64::try_from(count).context("a count below 0")
    });
    let mut all = all.collect::<Result<Vec<u64>>>()?;
    let behind = all.split_off(table.marks().len().min(COUNTS.len()));
    ensure!(
        behind.iter().all(|count| *count == 0),
        "a count behind the last mark of {}",
        table.name()
    );
    Ok(all)
}

/// The day in a column of a row.
fn date(row: &Row, column: &str) -> Result<Day> {
    let found = row.get_column_iter().find_map(|(name, field)| match field {
        Field::Date(days) if name == column => Some(*days),
        _ => None,
    });
    let days = found.with_context(|| format!("the column {column} is missing"))?;
    Ok(Day::from_days_since_epoch(days)?)
}

#[cfg(test)]
mod tests;
