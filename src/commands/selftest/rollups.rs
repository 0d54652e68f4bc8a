//! What was published, against the truth: cells large enough, values within their intervals.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use kaiku_fleet::Cells;
use kaiku_release::Policy;
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};

use super::report::Report;
use crate::parquet_files::{self, number};

/// What was looked at.
#[derive(Default)]
struct Seen {
    files: usize,
    rows: usize,
    /// Named cells of the finest level that hold fewer devices than they must.
    small: Vec<String>,
    values: u32,
    outside: u32,
}

/// Compares every named cell of the finest level with what the fleet knows.
///
/// # Errors
/// Where a file can't be read.
pub(super) fn compare(
    folder: &Path,
    cells: &Cells,
    expected_files: usize,
    report: &mut Report,
) -> Result<()> {
    let k = Policy::small().k();
    let mut seen = Seen::default();
    for path in parquet_files::under(folder)? {
        let place = Place::of(&path, folder);
        let read = place.ok_or_else(|| anyhow!("its path is not that of a rollup"));
        read.and_then(|place| seen.add(&path, &place, cells, k))
            .with_context(|| format!("reading {}", path.display()))?;
    }
    report.check(
        "every table has a file for every app and day",
        || match seen.files {
            files if files == expected_files => Ok(format!("{files} files, {} rows", seen.rows)),
            files => Err(anyhow!("{files} files instead of {expected_files}")),
        },
    );
    report.check(
        "every published cell holds at least k devices",
        || match seen.small.as_slice() {
            [] => Ok(format!("k = {k}")),
            small => Err(anyhow!("not so: {}", small.join("; "))),
        },
    );
    report.check("published values lie within their intervals", || {
        seen.judge()
    });
    Ok(())
}

impl Seen {
    fn add(&mut self, path: &Path, place: &Place<'_>, cells: &Cells, k: u64) -> Result<()> {
        self.files += 1;
        let reader = SerializedFileReader::new(File::open(path)?)?;
        for row in reader.get_row_iter(None)? {
            let row = row?;
            self.rows += 1;
            let Some((name, truth)) = place.truth(&row, cells) else {
                continue;
            };
            let devices = truth.first().map_or(0, |(_, devices)| *devices);
            if devices < k {
                self.small.push(format!(
                    "{} {} {} {name}",
                    place.table, place.day, place.app
                ));
            }
            for (measure, truth) in truth {
                let bound = |end: &str| number(&row, &format!("{measure}_{end}"));
                let (lower, upper) = (bound("lower")?, bound("upper")?);
                let truth = i64::try_from(truth).unwrap_or(i64::MAX);
                self.values += 1;
                self.outside += u32::from(!(lower..=upper).contains(&truth));
            }
        }
        Ok(())
    }

    /// One in twenty may lie outside; five standard deviations more would be no chance.
    fn judge(&self) -> Result<String> {
        let (values, outside) = (f64::from(self.values), f64::from(self.outside));
        if self.values == 0 {
            return Err(anyhow!("no cell was published: simulate more devices"));
        }
        let inside = format!("{} of {}", self.values - self.outside, self.values);
        if outside <= 0.05 * values + 5.0 * (0.0475 * values).sqrt() + 1.0 {
            Ok(inside)
        } else {
            Err(anyhow!("only {inside}"))
        }
    }
}

/// Which table, app and day a file is about: its path says it.
struct Place<'a> {
    table: &'a str,
    app: &'a str,
    day: Day,
}

impl<'a> Place<'a> {
    fn of(path: &'a Path, folder: &Path) -> Option<Place<'a>> {
        let path = path.strip_prefix(folder).ok()?;
        let mut parts = path.iter().map(|part| part.to_str().unwrap_or_default());
        Some(Place {
            table: parts.next()?,
            app: parts.next()?.strip_prefix("app=")?,
            day: Day::parse(parts.next()?.strip_prefix("day=")?).ok()?,
        })
    }

    /// The name of a row's cell, and the truth of each of its measures; `None` where the row is a
    /// rest, or of a coarser level.
    fn truth(&self, row: &Row, cells: &Cells) -> Option<(String, Vec<(&'static str, u64)>)> {
        let finest = row.get_column_iter().all(|(name, field)| match field {
            Field::Int(level) if name == "level" => *level == 0,
            Field::Bool(folded) if name == "folded" => !folded,
            _ => true,
        });
        let name = row.get_column_iter().find_map(|(_, field)| match field {
            Field::Str(name) => Some(name.clone()),
            _ => None,
        })?;
        let key = (self.day, self.app, name.as_str());
        let truth = match self.table {
            "activity_daily" => vec![("devices", cells.activity.get(&key).copied().unwrap_or(0))],
            "features_daily" => {
                let [once, twice, five] = cells.features.get(&key).copied().unwrap_or_default();
                vec![
                    ("devices", once),
                    ("devices_2plus", twice),
                    ("devices_5plus", five),
                ]
            }
            "releases_daily" => {
                let [devices, crashed] = cells.releases.get(&key).copied().unwrap_or_default();
                vec![("devices", devices), ("crashed", crashed)]
            }
            _ => return None,
        };
        finest.then_some((name, truth))
    }
}
