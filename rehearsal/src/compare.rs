//! Holds what was published beside what the fleet knows, table by table of the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use kaiku_fleet::{Cells, Truth};
use kaiku_release::{Estimate, Policy, Table};
use kaiku_wire::Day;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;

use crate::files::{number, text, with_ending};
use crate::table::{Period, TableOutcome};

/// What was looked at, and how much of it is as it must be.
#[derive(Debug, Default, PartialEq)]
pub struct Comparison {
    /// Published files of the tables, by the app that they are about.
    pub files: BTreeMap<String, usize>,
    /// What became of each table, those without any row included.
    pub tables: BTreeMap<String, TableOutcome>,
    /// Rows that hold fewer devices than they must.
    pub small: Vec<String>,
}

impl Comparison {
    /// Published rows.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }

    /// Published numbers, several a row.
    pub fn numbers(&self) -> u64 {
        self.tables.values().map(|table| table.numbers).sum()
    }

    /// Those whose interval holds what was counted under the bounds.
    pub fn within(&self) -> u64 {
        self.tables.values().map(|table| table.within).sum()
    }
}

/// Reads every published table, and compares each of its numbers with the truth, which must have
/// what is [`wanted`](crate::wanted) by this policy, with and without bounds. What stands beside
/// the tables (manifests, monthly copies) is not looked at.
///
/// # Errors
/// Where a file can't be read, or is of a table that the policy does not have.
pub fn compare(rollups: &Path, policy: &Policy, truth: &Truth<'_>) -> Result<Comparison> {
    let cells = truth.tables().zip(truth.unbounded());
    let known: BTreeMap<&str, Known<'_>> = policy
        .tables()
        .iter()
        .zip(cells)
        .map(|(table, cells)| (table.name(), Known { table, cells }))
        .collect();
    let mut comparison = Comparison {
        tables: known
            .keys()
            .map(|name| ((*name).to_owned(), TableOutcome::default()))
            .collect(),
        ..Comparison::default()
    };
    let mut periods = BTreeSet::new();
    for path in with_ending(rollups, "parquet")? {
        let name = || format!("comparing {}", path.display());
        let Some(place) = Place::of(path.strip_prefix(rollups)?) else {
            continue;
        };
        let table = || format!("the policy has no table {}", place.table);
        let known = known.get(place.table.as_str());
        let known = known.with_context(table).with_context(name)?;
        let outcome = comparison.tables.entry(place.table.clone()).or_default();
        *comparison.files.entry(place.app.clone()).or_default() += 1;
        if periods.insert((place.table.clone(), place.first)) {
            let (bounded, unbounded) = known.period(place.first);
            outcome.period(known.table, &bounded, &unbounded);
        }
        let small = &mut comparison.small;
        known
            .add(&path, &place, outcome, small)
            .with_context(name)?;
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
    /// `None` where it is no file of a table.
    fn of(within: &Path) -> Option<Place> {
        let parts: Option<Vec<&str>> = within.iter().map(|part| part.to_str()).collect();
        let [table, app, period, "rollup.parquet"] = parts?[..] else {
            return None;
        };
        let mut units = ["day=", "week="].iter();
        let first = units.find_map(|unit| period.strip_prefix(unit))?;
        Some(Place {
            table: table.to_owned(),
            app: app.strip_prefix("app=")?.to_owned(),
            first: Day::parse(first).ok()?,
        })
    }
}

/// The exact cells of one table, under the bounds and without them.
struct Known<'a> {
    table: &'a Table,
    cells: (&'a Cells, &'a Cells),
}

impl<'a> Known<'a> {
    fn period(&self, first: Day) -> (Period<'a>, Period<'a>) {
        let of = |cells: &Cells| cells.get(&first).cloned().unwrap_or_default();
        (of(self.cells.0), of(self.cells.1))
    }

    fn add(
        &self,
        path: &Path,
        place: &Place,
        outcome: &mut TableOutcome,
        small: &mut Vec<String>,
    ) -> Result<()> {
        let reader = SerializedFileReader::new(File::open(path)?)?;
        let (bounded, unbounded) = self.period(place.first);
        for row in reader.get_row_iter(None)? {
            let row = row?;
            let values = values(self.table, &place.app, &row)?;
            let numbers = numbers(self.table, &row)?;
            let cells = (&bounded, &unbounded);
            let devices = outcome.row(self.table, cells, &values, &numbers)?;
            if devices < self.table.k() {
                let Place { table, first, .. } = place;
                small.push(format!("{table} {first} {values:?}: {devices} devices"));
            }
        }
        Ok(())
    }
}

/// The values of a row, the app before those that stand in the file.
fn values<'r>(table: &Table, app: &'r str, row: &'r Row) -> Result<Vec<&'r str>> {
    let mut values = vec![app];
    for dimension in &table.dimensions()[1..] {
        values.push(text(row, dimension.as_str())?);
    }
    Ok(values)
}

/// The numbers of a row, in the order of the table's measures.
fn numbers(table: &Table, row: &Row) -> Result<Vec<Estimate>> {
    let measures = table.measures().iter();
    measures
        .map(|measure| {
            let name = measure.name();
            Ok(Estimate {
                value: number(row, name)?,
                lower: number(row, &format!("{name}_lower"))?,
                upper: number(row, &format!("{name}_upper"))?,
                estimate: number(row, &format!("{name}_estimate"))?,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kaiku_catalogue::Catalogue;
    use kaiku_fleet::{Fleet, FleetConfig};
    use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;

    use super::*;
    use crate::wanted;

    fn empty(folder: &Path, place: &str) -> Result<()> {
        let path = folder.join(place);
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        std::fs::write(path, b"")?;
        Ok(())
    }

    #[test]
    fn a_file_of_a_table_that_the_policy_does_not_have_is_a_failure() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let place = "planets_daily/app=maps/day=2026-11-24/rollup.parquet";
        empty(folder.path(), place)?;
        let (catalogue, policy) = (Catalogue::sample(), Policy::small());
        let truth = Truth::of(&catalogue, 1, wanted(&policy));
        let refused = compare(folder.path(), &policy, &truth);
        let said = refused.err().map(|error| format!("{error:#}"));
        assert!(said.is_some_and(|said| said.contains("no table planets_daily")));
        Ok(())
    }

    #[test]
    fn what_stands_beside_the_tables_is_not_looked_at() -> Result<()> {
        let folder = tempfile::tempdir()?;
        for place in [
            "monthly/features_daily/app=maps/month=2026-11/rollup.parquet",
            "features_daily/_latest/rollup.parquet",
            "manifests/rollup.parquet",
        ] {
            empty(folder.path(), place)?;
        }
        let (catalogue, policy) = (Catalogue::sample(), Policy::small());
        let truth = Truth::of(&catalogue, 1, wanted(&policy));
        let compared = compare(folder.path(), &policy, &truth)?;
        assert_eq!((compared.files.len(), compared.rows()), (0, 0));
        assert_eq!(compared.tables.len(), policy.tables().len());
        Ok(())
    }

    /// One row of `releases_daily`: a release, with these devices in its interval of ±10.
    fn write_row(path: &Path, release: &str, devices: i64) -> Result<()> {
        std::fs::create_dir_all(path.parent().context("no folder")?)?;
        let columns = ["devices", "crashed"].map(|name| {
            ["", "_lower", "_upper", "_estimate"]
                .map(|end| format!("required int64 {name}{end};"))
                .join(" ")
        });
        let schema = format!(
            "message rollup {{ required binary release (UTF8); {} }}",
            columns.join(" ")
        );
        let schema = Arc::new(parse_message_type(&schema)?);
        let file = File::create(path)?;
        let mut writer = SerializedFileWriter::new(file, schema, Arc::default())?;
        let mut group = writer.next_row_group()?;
        let mut column = group.next_column()?.context("no column")?;
        let name = [ByteArray::from(release)];
        column
            .typed::<ByteArrayType>()
            .write_batch(&name, None, None)?;
        column.close()?;
        for value in [0, -10, 10, 0]
            .map(|off| devices + off)
            .into_iter()
            .chain([0, 0, 90, 3])
        {
            let mut column = group.next_column()?.context("no column")?;
            column
                .typed::<Int64Type>()
                .write_batch(&[value], None, None)?;
            column.close()?;
        }
        group.close()?;
        writer.close()?;
        Ok(())
    }

    #[test]
    fn a_row_is_held_beside_the_cell_of_its_table_app_period_and_values() -> Result<()> {
        let (catalogue, policy) = (Catalogue::sample(), Policy::small());
        let config = FleetConfig {
            devices: 600,
            ..FleetConfig::default()
        };
        let day = config.first_day;
        let mut truth = Truth::of(&catalogue, 4, wanted(&policy)).and_unbounded();
        let mut fleet = Fleet::new(config, &catalogue);
        fleet.day(day).for_each(|upload| truth.sent(&upload, day));
        let place = policy
            .tables()
            .iter()
            .position(|one| one.name() == "releases_daily");
        let cells = place.and_then(|place| truth.tables().nth(place));
        let cells = &cells.context("no such table")?[&day];
        let largest = cells.iter().filter(|(values, _)| values[0] == "maps");
        let (values, counts) = largest
            .max_by_key(|(_, counts)| counts[0])
            .context("no cell")?;
        let devices = i64::try_from(counts[0])?;
        let folder = tempfile::tempdir()?;
        let file = format!("releases_daily/app=maps/day={day}/rollup.parquet");
        let compared = |devices: i64| -> Result<Comparison> {
            write_row(&folder.path().join(&file), values[1], devices)?;
            compare(folder.path(), &policy, &truth)
        };
        let right = compared(devices)?;
        assert_eq!(
            (
                right.files["maps"],
                right.rows(),
                right.numbers(),
                right.within()
            ),
            (1, 1, 2, 2)
        );
        assert!(right.small.is_empty() && devices > 50);
        let of_table = &right.tables["releases_daily"];
        assert_eq!(of_table.cells, cells.len() as u64);
        assert!(of_table.published().is_some_and(|share| share < 1.0));
        let wrong = compared(devices + 11)?;
        assert_eq!((wrong.numbers(), wrong.within()), (2, 1));
        Ok(())
    }

    #[test]
    fn a_row_of_too_few_devices_is_named() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let file = "releases_daily/app=maps/day=2026-11-24/rollup.parquet";
        write_row(&folder.path().join(file), "4.2", 400)?;
        let (catalogue, policy) = (Catalogue::sample(), Policy::small());
        let truth = Truth::of(&catalogue, 1, wanted(&policy)).and_unbounded();
        let compared = compare(folder.path(), &policy, &truth)?;
        assert_eq!(compared.small.len(), 1);
        Ok(())
    }
}
