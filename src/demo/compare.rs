//! Compares what was published with what the simulator knows.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use kaiku_fleet::Cells;
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use crate::parquet_files::{self, number};

/// How many published numbers hold the truth within their 95 % interval.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Comparison {
    /// Published rows.
    pub(crate) rows: u64,
    /// Published numbers, several a row.
    pub(crate) numbers: u64,
    /// Those whose interval holds the truth.
    pub(crate) within: u64,
}

/// A table as the simulator knows it: the exact numbers of each value of its one dimension beside
/// the app, for one app and day.
struct Known {
    dimension: &'static str,
    measures: &'static [&'static str],
    /// Of rows of their own.
    cells: HashMap<String, Vec<u64>>,
    /// What adds up to the row of all that have none of their own.
    firsts: HashMap<String, Vec<u64>>,
}

/// Reads every published file, and compares each of its numbers with the truth.
///
/// # Errors
/// Where a file can't be read, or is not where one must be.
pub(crate) fn compare(rollups: &Path, truth: &Cells) -> Result<Comparison> {
    let mut comparison = Comparison::default();
    for table in ["activity_daily", "features_daily", "releases_daily"] {
        for path in parquet_files::under(&rollups.join(table))? {
            let name = || format!("comparing {}", path.display());
            let (app, day) = place(&path).with_context(name)?;
            let known = Known::of(table, truth, &app, day);
            add(&path, &known, &mut comparison).with_context(name)?;
        }
    }
    Ok(comparison)
}

impl Known {
    fn of(table: &str, truth: &Cells, app: &str, day: Day) -> Known {
        match table {
            "activity_daily" => {
                let cells = of_app(&truth.activity, app, day, |devices| vec![*devices]);
                Known {
                    dimension: "country",
                    measures: &["devices"],
                    firsts: cells.clone(),
                    cells,
                }
            }
            "features_daily" => Known {
                dimension: "feature",
                measures: &["devices", "devices_2plus", "devices_5plus"],
                cells: of_app(&truth.features, app, day, |counts| counts.to_vec()),
                firsts: HashMap::new(),
            },
            _ => Known {
                dimension: "release",
                measures: &["devices", "crashed"],
                cells: of_app(&truth.releases, app, day, |counts| counts.to_vec()),
                firsts: of_app(&truth.release_firsts, app, day, |counts| counts.to_vec()),
            },
        }
    }

    /// The true number behind a row: of its own cell, or of all that have no row of their own.
    fn truth(&self, value: &str, of_their_own: &[String], measure: usize) -> u64 {
        let number = |counts: &Vec<u64>| counts.get(measure).copied().unwrap_or(0);
        match value {
            "folded" | "all" => {
                let rest = self
                    .firsts
                    .iter()
                    .filter(|(name, _)| !of_their_own.contains(name));
                rest.map(|(_, counts)| number(counts)).sum()
            }
            _ => self.cells.get(value).map_or(0, number),
        }
    }
}

fn of_app<T>(
    cells: &HashMap<(Day, &'static str, &'static str), T>,
    app: &str,
    day: Day,
    counts: impl Fn(&T) -> Vec<u64>,
) -> HashMap<String, Vec<u64>> {
    let of_app = cells
        .iter()
        .filter(|((of_day, of_app, _), _)| *of_day == day && *of_app == app);
    of_app
        .map(|((_, _, value), cell)| ((*value).to_owned(), counts(cell)))
        .collect()
}

fn add(path: &Path, known: &Known, comparison: &mut Comparison) -> Result<()> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let rows = reader
        .get_row_iter(None)?
        .collect::<Result<Vec<Row>, _>>()?;
    let value = |row: &Row| text(row, known.dimension).unwrap_or_default();
    let of_their_own: Vec<String> = rows.iter().map(value).collect();
    for row in &rows {
        comparison.rows += 1;
        for (index, measure) in known.measures.iter().enumerate() {
            let truth = known.truth(&value(row), &of_their_own, index);
            let truth = i64::try_from(truth).unwrap_or(i64::MAX);
            let end = |side: &str| number(row, &format!("{measure}_{side}"));
            let (lower, upper) = (end("lower")?, end("upper")?);
            comparison.numbers += 1;
            comparison.within += u64::from((lower..=upper).contains(&truth));
        }
    }
    Ok(())
}

fn text(row: &Row, column: &str) -> Option<String> {
    row.get_column_iter().find_map(|(name, field)| match field {
        Field::Str(text) if name == column => Some(text.clone()),
        _ => None,
    })
}

/// App and day, as the path has them.
fn place(path: &Path) -> Result<(String, Day)> {
    let part = |key: &str| {
        let mut parts = path.iter().filter_map(|part| part.to_str());
        parts
            .find_map(|part| part.strip_prefix(key))
            .map(str::to_owned)
    };
    let app = part("app=").context("no app in the path")?;
    let day = part("day=").context("no day in the path")?;
    Ok((app, Day::parse(&day).context("no day in the path")?))
}
