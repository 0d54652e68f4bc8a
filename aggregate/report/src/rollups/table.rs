//! The tables: the rows of each app and period, with the noise that was on them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use kaiku_wire::{Day, Month};

use super::bytes_of;
use super::file::{self, Names, Shape};
use super::manifest::{Manifest, ManifestFile, ManifestTable, Unit};
use crate::error::Error;

/// One table, over all periods that are shown.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) unit: Unit,
    /// The columns that say what a row is about; app and period are none of them.
    pub(crate) dimensions: Vec<String>,
    /// The measures, in their order.
    pub(crate) measures: Vec<String>,
    /// The rows by app and period; a period that was published without a row is there and empty.
    pub(crate) rows: BTreeMap<String, BTreeMap<Day, Vec<Row>>>,
    /// The noise of each measure in each period that was published.
    pub(crate) published: BTreeMap<Day, BTreeMap<String, Figures>>,
    /// The periods in which it was withheld, each with the reason of the manifest.
    pub(crate) withheld: BTreeMap<Day, String>,
    /// Periods that were published with other columns than those of the last one.
    pub(crate) other_columns: BTreeSet<Day>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// What it is about, in the order of the dimensions.
    pub(crate) dims: Vec<Arc<str>>,
    /// Its numbers, in the order of the measures.
    pub(crate) numbers: Vec<Number>,
}

/// One measure of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// The count with its noise.
    pub(crate) value: i64,
    /// The lower end of the 95 % interval.
    pub(crate) lower: i64,
    /// The upper end.
    pub(crate) upper: i64,
    /// The number to show to people.
    pub(crate) estimate: i64,
}

/// The noise of a measure in a period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// The standard deviation.
    pub(crate) sigma: f64,
    /// The least value that appears; of the first measure alone.
    pub(crate) tau: Option<i64>,
}

impl Table {
    fn new(unit: Unit) -> Table {
        Table {
            unit,
            dimensions: Vec::new(),
            measures: Vec::new(),
            rows: BTreeMap::new(),
            published: BTreeMap::new(),
            withheld: BTreeMap::new(),
            other_columns: BTreeSet::new(),
        }
    }

    /// The rows of an app in a period; none where it was not published.
    pub(crate) fn rows(&self, app: &str, period: Day) -> Option<&[Row]> {
        let of_app = self.rows.get(app)?;
        of_app.get(&period).map(Vec::as_slice)
    }

    /// The position of a measure.
    pub(crate) fn measure(&self, name: &str) -> Option<usize> {
        self.measures.iter().position(|measure| measure == name)
    }

    /// The noise of a measure in a period.
    pub(crate) fn figures(&self, period: Day, measure: &str) -> Option<Figures> {
        self.published.get(&period)?.get(measure).copied()
    }
}

/// A file that is to be read, with what the manifests say of it.
struct Wanted<'a> {
    table: &'a str,
    app: &'a str,
    unit: Unit,
    /// The periods that it has, each with its number of rows and its file.
    periods: Vec<(Day, &'a ManifestFile)>,
}

/// Reads all tables of the manifests.
pub(super) fn read_all(
    folder: &Path,
    manifests: &[&Manifest],
) -> Result<BTreeMap<String, Table>, Error> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    let mut months: BTreeMap<(&str, &str, Month), Wanted<'_>> = BTreeMap::new();
    for manifest in manifests {
        for withheld in &manifest.withheld {
            let table = tables.entry(withheld.table.clone());
            let table = table.or_insert_with(|| Table::new(manifest.unit));
            table
                .withheld
                .insert(manifest.first_day, withheld.reason.clone());
        }
        for published in &manifest.tables {
            let table = tables.entry(published.name.clone());
            let table = table.or_insert_with(|| Table::new(manifest.unit));
            table
                .published
                .insert(manifest.first_day, figures(published));
            for file in &published.files {
                let app = app_of(file, published, manifest)?;
                let key = (published.name.as_str(), app, manifest.first_day.month());
                let wanted = months.entry(key).or_insert_with(|| Wanted {
                    table: &published.name,
                    app,
                    unit: manifest.unit,
                    periods: Vec::new(),
                });
                wanted.periods.push((manifest.first_day, file));
            }
        }
    }
    let mut names = Names::default();
    let mut shapes: BTreeMap<&str, Shape> = BTreeMap::new();
    // The last month first: its columns are those of the table.
    let mut latest: Vec<_> = months.iter().collect();
    latest.sort_by_key(|((_, _, month), _)| std::cmp::Reverse(*month));
    for ((name, _, month), wanted) in latest {
        let Some(table) = tables.get_mut(*name) else {
            continue;
        };
        for (shape, periods) in wanted.read(folder, *month, &mut names)? {
            if let Some(shape) = &shape
                && shapes.entry(name).or_insert_with(|| shape.clone()) != shape
            {
                table.other_columns.extend(periods.keys());
                continue;
            }
            table
                .rows
                .entry(wanted.app.to_owned())
                .or_default()
                .extend(periods);
        }
    }
    for (name, shape) in shapes {
        if let Some(table) = tables.get_mut(name) {
            (table.dimensions, table.measures) = (shape.dimensions, shape.measures);
        }
    }
    Ok(tables)
}

fn figures(table: &ManifestTable) -> BTreeMap<String, Figures> {
    let measures = table.measures.iter().map(|measure| {
        let figures = Figures {
            sigma: measure.sigma,
            tau: measure.tau,
        };
        (measure.name.clone(), figures)
    });
    measures.collect()
}

/// The app of a file, whose path must be that of a table's file: the folder of the rollups is never
/// left.
fn app_of<'a>(
    file: &'a ManifestFile,
    table: &ManifestTable,
    manifest: &Manifest,
) -> Result<&'a str, Error> {
    let parts: Vec<&str> = file.path.split('/').collect();
    let period = format!("{}={}", manifest.unit.as_str(), manifest.first_day);
    let app = match parts.as_slice() {
        [name, app, folder, "rollup.parquet"] if *name == table.name && *folder == period => app
            .strip_prefix("app=")
            .filter(|app| is_one_level(app) && is_one_level(name)),
        _ => None,
    };
    app.ok_or_else(|| Error::Place {
        manifest: format!("manifests/{period}.json"),
    })
}

fn is_one_level(part: &str) -> bool {
    !part.is_empty() && part != ".." && part != "." && !part.contains(['\\', ':'])
}

/// The rows of some periods that have one shape; none where they have no row to tell it.
type Read = (Option<Shape>, BTreeMap<Day, Vec<Row>>);

impl Wanted<'_> {
    /// Reads the monthly copy where there is one, and else each file.
    fn read(&self, folder: &Path, month: Month, names: &mut Names) -> Result<Vec<Read>, Error> {
        let monthly = folder
            .join("monthly")
            .join(self.table)
            .join(format!("app={}", self.app))
            .join(format!("month={month}"))
            .join("rollup.parquet");
        let rows: u64 = self.periods.iter().map(|(_, file)| file.rows).sum();
        if rows > 0
            && self.periods.len() > 1
            && let Some(bytes) = bytes_of(&monthly)?
        {
            let read = file::read(&monthly, bytes, self.unit.as_str(), names)?;
            let mut periods: BTreeMap<Day, Vec<Row>> = self
                .periods
                .iter()
                .map(|(day, _)| (*day, Vec::new()))
                .collect();
            for (day, row) in read.rows {
                // A copy may have periods that are before those that are asked for.
                if let Some(rows) = day.and_then(|day| periods.get_mut(&day)) {
                    rows.push(row);
                }
            }
            let is_whole = |(day, file): &(Day, &ManifestFile)| {
                periods
                    .get(day)
                    .is_some_and(|rows| rows.len() as u64 == file.rows)
            };
            return match self.periods.iter().all(is_whole) {
                true => Ok(vec![(Some(read.shape), periods)]),
                false => Err(Error::Altered {
                    path: monthly.display().to_string(),
                }),
            };
        }
        let each = self.periods.iter().rev();
        each.map(|(day, file)| self.read_one(folder, *day, file, names))
            .collect()
    }

    fn read_one(
        &self,
        folder: &Path,
        day: Day,
        named: &ManifestFile,
        names: &mut Names,
    ) -> Result<Read, Error> {
        if named.rows == 0 {
            return Ok((None, BTreeMap::from([(day, Vec::new())])));
        }
        let path = folder.join(&named.path);
        let altered = || Error::Altered {
            path: named.path.clone(),
        };
        let bytes = bytes_of(&path)?.ok_or_else(altered)?;
        let read = file::read(&path, bytes, self.unit.as_str(), names)?;
        if read.rows.len() as u64 != named.rows {
            return Err(altered());
        }
        let rows = read.rows.into_iter().map(|(_, row)| row).collect();
        Ok((Some(read.shape), BTreeMap::from([(day, rows)])))
    }
}
