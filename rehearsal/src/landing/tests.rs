//! Landing objects that are the truth, and those that are not.

use std::sync::Arc;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use super::*;
use crate::wanted;

const SCHEMA: &str = "message landed {
    required binary table (UTF8); required int32 period (DATE);
    required binary app (UTF8); required binary d1 (UTF8);
    required binary d2 (UTF8); required binary d3 (UTF8);
    required int64 c0; required int64 c1; required int64 c2;
}";

/// Every cell of the truth, as an object would have it.
fn cells(policy: &Policy, truth: &Truth<'_>) -> Vec<(Cell, Vec<u64>)> {
    let mut all = Vec::new();
    for (table, cells) in policy.tables().iter().zip(truth.tables()) {
        for (first, cells) in cells {
            for (values, counts) in cells {
                let values = values.iter().map(|value| (*value).to_owned()).collect();
                all.push(((table.name().to_owned(), *first, values), counts.clone()));
            }
        }
    }
    all
}

fn write(path: &Path, cells: &[(Cell, Vec<u64>)]) -> Result<()> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let mut writer = SerializedFileWriter::new(File::create(path)?, schema, Arc::default())?;
    let mut group = writer.next_row_group()?;
    let mut place = 0;
    while let Some(mut column) = group.next_column()? {
        let text = |(cell, _): &(Cell, Vec<u64>)| {
            let mut values = std::iter::once(&cell.0).chain(&cell.2);
            // The period stands behind the table.
            let at = place - usize::from(place > 0);
            ByteArray::from(values.nth(at).map_or("", String::as_str))
        };
        match place {
            1 => {
                let days = cells.iter().map(|(cell, _)| cell.1.days_since_epoch());
                let days: Vec<i32> = days.collect();
                column.typed::<Int32Type>().write_batch(&days, None, None)?;
            }
            6.. => {
                let counts = cells.iter().map(|(_, counts)| counts.get(place - 6));
                let counts = counts.map(|count| i64::try_from(count.copied().unwrap_or(0)));
                let counts = counts.collect::<Result<Vec<i64>, _>>()?;
                column
                    .typed::<Int64Type>()
                    .write_batch(&counts, None, None)?;
            }
            _ => {
                let texts: Vec<ByteArray> = cells.iter().map(text).collect();
                column
                    .typed::<ByteArrayType>()
                    .write_batch(&texts, None, None)?;
            }
        }
        column.close()?;
        place += 1;
    }
    group.close()?;
    writer.close()?;
    Ok(())
}

/// What the comparison says of objects that were made of the truth and then changed.
fn compared(change: impl FnOnce(&mut Vec<(Cell, Vec<u64>)>)) -> Result<String> {
    let (catalogue, policy) = (Catalogue::sample(), Policy::small());
    let config = FleetConfig {
        devices: 200,
        ..FleetConfig::default()
    };
    let day = config.first_day;
    let mut truth = Truth::of(&catalogue, 4, wanted(&policy));
    let mut fleet = Fleet::new(config, &catalogue);
    fleet.day(day).for_each(|upload| truth.sent(&upload, day));
    let mut cells = cells(&policy, &truth);
    change(&mut cells);
    let folder = tempfile::tempdir()?;
    let half = cells.len() / 2;
    for (number, cells) in [&cells[..half], &cells[half..]].into_iter().enumerate() {
        let partition = folder.path().join(format!("partition={number}"));
        std::fs::create_dir(&partition)?;
        write(&partition.join("0000000001-00.parquet"), cells)?;
    }
    Landed::read(folder.path(), &policy)?.compare(&policy, &truth)
}

fn refusal(change: impl FnOnce(&mut Vec<(Cell, Vec<u64>)>)) -> String {
    let said = compared(change).map_err(|error| format!("{error:#}"));
    said.err().unwrap_or_default()
}

#[test]
fn objects_that_add_up_to_the_truth_are_the_truth() -> Result<()> {
    let split = compared(|cells| {
        // A cell in two objects: only their sum is the truth.
        let large = cells.iter_mut().find(|(_, counts)| counts[0] > 1);
        if let Some((cell, counts)) = large {
            let mut rest = vec![0; counts.len()];
            (counts[0], rest[0]) = (counts[0] - 1, 1);
            let rest = (cell.clone(), rest);
            cells.push(rest);
        }
    });
    assert!(split?.ends_with("cells of 12 tables"));
    Ok(())
}

#[test]
fn a_cell_that_is_off_or_missing_or_too_many_is_named() {
    let off = refusal(|cells| cells[0].1[0] += 1);
    let missing = refusal(|cells| drop(cells.pop()));
    let more = refusal(|cells| cells[0].0.1 = cells[0].0.1.next());
    assert!(off.starts_with("1 cells differ"), "{off}");
    assert!(missing.starts_with("1 cells differ"), "{missing}");
    assert!(more.starts_with("2 cells differ"), "{more}");
}

#[test]
fn a_cell_of_another_table_or_without_a_mark_is_refused() {
    let other = refusal(|cells| "planets_daily".clone_into(&mut cells[0].0.0));
    let empty = refusal(|cells| cells[0].1.fill(0));
    assert!(other.contains("no table planets_daily"), "{other}");
    assert!(empty.contains("without a mark"), "{empty}");
}
