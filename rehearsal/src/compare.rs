//! Holds what was published beside what the fleet knows, table by table of the policy.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, bail};
use kaiku_fleet::{Cells, Column, Truth, Wanted};
use kaiku_release::{ALL, Dimension, FOLDED, Policy, Table, Unit};
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;

use crate::files::{number, text, with_ending};

/// What was looked at, and how much of it is as it must be.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Published files.
    pub files: usize,
    /// Published rows.
    pub rows: u64,
    /// How many of them each table has, those that have none included.
    pub tables: BTreeMap<String, u64>,
    /// Published numbers, several a row.
    pub numbers: u64,
    /// Those whose interval holds the truth.
    pub within: u64,
    /// Rows that hold fewer devices than they must.
    pub small: Vec<String>,
}

/// The exact counts that a policy's tables have to be held beside, in their order.
pub fn wanted(policy: &Policy) -> Vec<Wanted> {
    let tables = policy.tables().iter();
    tables
        .map(|table| Wanted {
            weekly: table.unit() == Unit::Week,
            columns: table.dimensions().iter().copied().map(column).collect(),
            marks: table.marks().to_vec(),
        })
        .collect()
}

/// Reads every published file, and compares each of its numbers with the truth, which must have
/// what is [`wanted`] by this policy.
///
/// # Errors
/// Where a file can't be read, is not where one must be, or is of a table that the policy does not
/// have.
pub fn compare(rollups: &Path, policy: &Policy, truth: &Truth<'_>) -> Result<Comparison> {
    let tables: HashMap<&str, (&Table, &Cells)> = policy
        .tables()
        .iter()
        .zip(truth.tables())
        .map(|(table, cells)| (table.name(), (table, cells)))
        .collect();
    let mut comparison = Comparison {
        tables: tables.keys().map(|name| ((*name).to_owned(), 0)).collect(),
        ..Comparison::default()
    };
    for path in with_ending(rollups, "parquet")? {
        let name = || format!("comparing {}", path.display());
        let place = Place::of(&path, rollups).with_context(name)?;
        let Some((table, cells)) = tables.get(place.table.as_str()) else {
            bail!(
                "{}: the policy has no table {}",
                path.display(),
                place.table
            );
        };
        let known = Known::of(table, cells, &place);
        let before = comparison.rows;
        known.add(&path, &mut comparison).with_context(name)?;
        *comparison.tables.entry(place.table.clone()).or_default() += comparison.rows - before;
    }
    Ok(comparison)
}

/// Which table, app and period a file is about: its path says it.
struct Place {
    table: String,
    app: String,
    first: Day,
}

impl Place {
    fn of(path: &Path, rollups: &Path) -> Result<Place> {
        let within = path.strip_prefix(rollups)?;
        let mut parts = within.iter().filter_map(|part| part.to_str());
        let mut next = |what| {
            parts
                .next()
                .with_context(|| format!("no {what} in its path"))
        };
        let table = next("table")?.to_owned();
        let app = next("app")?.strip_prefix("app=");
        let app = app.context("no app in its path")?.to_owned();
        let period = next("period")?;
        let first = ["day=", "week="]
            .iter()
            .find_map(|unit| period.strip_prefix(unit));
        let first = first.context("no period in its path")?;
        Ok(Place {
            table,
            app,
            first: Day::parse(first).context("no day in its path")?,
        })
    }
}

/// The exact cells of one table, app and period, the finest that there are.
struct Known<'a> {
    table: &'a Table,
    place: &'a Place,
    /// The values behind the app, and the sums of the table's marks.
    cells: Vec<(&'a [&'static str], &'a [u64])>,
}

impl<'a> Known<'a> {
    fn of(table: &'a Table, cells: &'a Cells, place: &'a Place) -> Known<'a> {
        let of_place = cells
            .iter()
            .filter(|((first, values), _)| *first == place.first && values[0] == place.app);
        Known {
            table,
            place,
            cells: of_place
                .map(|((_, values), counts)| (&values[1..], &counts[..]))
                .collect(),
        }
    }

    fn add(&self, path: &Path, comparison: &mut Comparison) -> Result<()> {
        comparison.files += 1;
        let reader = SerializedFileReader::new(File::open(path)?)?;
        let rows = reader.get_row_iter(None)?;
        let mut rows = rows.collect::<Result<Vec<Row>, _>>()?;
        // A coarser row is the sum of what no finer one shows: so the finest come first.
        let mut levels = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            levels.insert(place, usize::try_from(number(row, "level")?)?);
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|place| levels[place]);
        let mut shown: HashSet<usize> = HashSet::new();
        let mut shown_here: Vec<usize> = Vec::new();
        let mut level = 0;
        for place in order {
            let row = &mut rows[place];
            if levels[&place] > level {
                level = levels[&place];
                shown.extend(shown_here.drain(..));
            }
            let behind = self.behind(row, &shown)?;
            self.add_row(row, level, &behind, comparison)?;
            shown_here.extend(behind);
        }
        Ok(())
    }

    /// The finest cells that a row is the sum of.
    fn behind(&self, row: &Row, shown: &HashSet<usize>) -> Result<Vec<usize>> {
        let dimensions = self.table.dimensions().iter().skip(1);
        let values = dimensions
            .map(|dimension| text(row, dimension.as_str()))
            .collect::<Result<Vec<&str>>>()?;
        let cells = self.cells.iter().enumerate();
        let of_row = cells.filter(|(place, (cell, _))| {
            let mut pairs = values.iter().zip(*cell);
            !shown.contains(place) && pairs.all(|(value, of_cell)| is_part(of_cell, value))
        });
        Ok(of_row.map(|(place, _)| place).collect())
    }

    fn add_row(
        &self,
        row: &Row,
        level: usize,
        behind: &[usize],
        comparison: &mut Comparison,
    ) -> Result<()> {
        comparison.rows += 1;
        for (place, measure) in self.table.measures().iter().enumerate() {
            let figures = measure.figures().nth(level);
            let mark = figures
                .context("a level that the table does not have")?
                .mark;
            let column = self.table.marks().iter().position(|one| *one == mark);
            let column = column.context("a mark that the table does not sum")?;
            let truth: u64 = behind.iter().map(|at| self.cells[*at].1[column]).sum();
            if place == 0 && truth < self.table.k() {
                let Place { table, app, first } = self.place;
                let small = format!("{table} {app} {first}: {truth} devices in {row}");
                comparison.small.push(small);
            }
            let truth = i64::try_from(truth).unwrap_or(i64::MAX);
            let end = |side: &str| number(row, &format!("{}_{side}", measure.name()));
            let (lower, upper) = (end("lower")?, end("upper")?);
            comparison.numbers += 1;
            comparison.within += u64::from((lower..=upper).contains(&truth));
        }
        Ok(())
    }
}

/// Whether a value of a finest cell belongs to a value of a row, which may stand for many.
fn is_part(of_cell: &str, value: &str) -> bool {
    let rest = |value: &str| value == FOLDED || value == ALL;
    match value.split_once('/') {
        // All models of one brand.
        Some((brand, model)) if rest(model) => {
            let of_brand = of_cell.split_once('/');
            of_brand.is_some_and(|(own, _)| own == brand)
        }
        _ => rest(value) || of_cell == value,
    }
}

/// What the fleet has to say of a dimension.
fn column(dimension: Dimension) -> Column {
    match dimension {
        Dimension::App => Column::App,
        Dimension::Release => Column::Release,
        Dimension::Feature => Column::Feature,
        Dimension::Cause => Column::Cause,
        Dimension::Country => Column::Country,
        Dimension::Model => Column::Model,
        Dimension::Operator => Column::Operator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_holds_every_value_and_that_of_a_brand_its_models() {
        assert!(is_part("FI", "FI") && !is_part("SE", "FI"));
        assert!(is_part("FI", FOLDED) && is_part("FI", ALL));
        assert!(is_part("Nokia/TA-1053", "Nokia/folded"));
        assert!(!is_part("Apple/iPhone10,3", "Nokia/folded"));
        assert!(is_part("Nokia/TA-1053", "Nokia/TA-1053"));
    }

    #[test]
    fn a_file_of_a_table_that_the_policy_does_not_have_is_a_failure() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let place = folder.path().join("models_daily/app=maps/day=2026-11-24");
        std::fs::create_dir_all(&place)?;
        std::fs::write(place.join("rollup.parquet"), b"")?;
        let catalogue = kaiku_catalogue::Catalogue::sample();
        let policy = Policy::small();
        let truth = Truth::of(&catalogue, 1, wanted(&policy));
        let refused = compare(folder.path(), &policy, &truth);
        let said = refused.err().map(|error| error.to_string());
        assert!(said.is_some_and(|said| said.contains("no table models_daily")));
        Ok(())
    }
}
