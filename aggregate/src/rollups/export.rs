//! The rollups as CSV, for spreadsheets.

use std::io::Write;

use arrow::array::{Array, Int64Array, StringArray};
use kaiku_wire::Day;
use object_store::path::Path;

use super::{Chain, ManifestFile, Place, PublishedFile, Rollups};
use crate::error::Error;
use crate::store::sha256;

/// What is to be exported; what is not named is all there is.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// One table.
    pub table: Option<String>,
    /// One app.
    pub app: Option<String>,
    /// The earliest first day of a period.
    pub from: Option<Day>,
    /// The latest first day of a period.
    pub to: Option<Day>,
}

/// The columns that stand in front, from the path of the file.
const FROM_PATH: [&str; 4] = ["table", "app", "unit", "first_day"];

/// Writes what is selected of the sealed periods as CSV, period by period; gives the number of
/// rows. Where tables with several sets of columns are selected, a row leaves those empty that its
/// table does not have. Text that a spreadsheet would take for a formula gets a `'` in front.
///
/// # Errors
/// [`Error::Unpublished`] where no sealed period has the table or the app; where the chain is
/// broken, a file is not the one that was published, or a row can't be written.
pub async fn export(
    rollups: &Rollups,
    selection: &Selection,
    out: impl Write,
) -> Result<u64, Error> {
    let chain = Chain::load(rollups).await?;
    let all: Vec<_> = chain
        .manifests()
        .iter()
        .flat_map(|manifest| &manifest.tables)
        .flat_map(|table| &table.files)
        .filter_map(|file| Some((Place::of(&file.path)?, file)))
        .collect();
    selection.names_what_is_there(&all)?;
    let selected: Vec<_> = all
        .into_iter()
        .filter(|(place, _)| selection.has(place))
        .collect();
    let columns = columns(rollups, &selected).await?;
    let mut writer = csv::Writer::from_writer(out);
    let head = FROM_PATH
        .into_iter()
        .chain(columns.iter().map(String::as_str));
    writer.write_record(head).map_err(Error::Csv)?;
    let mut rows = 0;
    for (place, file) in &selected {
        let read = read(rollups, file).await?;
        let cells: Vec<Cells<'_>> = columns.iter().map(|name| Cells::of(&read, name)).collect();
        let unit = place.period.unit().as_str();
        let first_day = place.period.first_day().to_string();
        let app = guarded(place.app);
        for row in 0..read.rows() {
            let front = [place.table, &app, unit, &first_day].map(str::to_owned);
            let record = front
                .into_iter()
                .chain(cells.iter().map(|cells| cells.at(row)));
            writer.write_record(record).map_err(Error::Csv)?;
            rows += 1;
        }
    }
    writer.flush().map_err(|error| Error::Csv(error.into()))?;
    Ok(rows)
}

impl Selection {
    fn has(&self, place: &Place<'_>) -> bool {
        let day = place.period.first_day();
        let is =
            |wanted: &Option<String>, there| wanted.as_ref().is_none_or(|wanted| wanted == there);
        is(&self.table, place.table)
            && is(&self.app, place.app)
            && self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
    }

    /// A name that no file has is a mistake, and no empty result.
    fn names_what_is_there(&self, all: &[(Place<'_>, &ManifestFile)]) -> Result<(), Error> {
        let tables = all.iter().map(|(place, _)| place.table);
        let apps = all.iter().map(|(place, _)| place.app);
        is_there("table", self.table.as_deref(), tables)?;
        is_there("app", self.app.as_deref(), apps)
    }
}

fn is_there<'a>(
    what: &'static str,
    wanted: Option<&str>,
    there: impl Iterator<Item = &'a str>,
) -> Result<(), Error> {
    let mut there: Vec<&str> = there.collect();
    there.sort_unstable();
    there.dedup();
    match wanted {
        Some(wanted) if !there.contains(&wanted) => Err(Error::Unpublished {
            what,
            name: wanted.to_owned(),
            there: there.join(", "),
        }),
        _ => Ok(()),
    }
}

/// The columns of all selected tables, each once: a table has the same ones in each of its files.
async fn columns(
    rollups: &Rollups,
    selected: &[(Place<'_>, &ManifestFile)],
) -> Result<Vec<String>, Error> {
    let mut tables = Vec::new();
    let mut columns: Vec<String> = Vec::new();
    for (place, file) in selected {
        if tables.contains(&place.table) {
            continue;
        }
        tables.push(place.table);
        for field in read(rollups, file).await?.fields() {
            if !columns.contains(field.name()) {
                columns.push(field.name().clone());
            }
        }
    }
    Ok(columns)
}

async fn read(rollups: &Rollups, file: &ManifestFile) -> Result<PublishedFile, Error> {
    let bytes = rollups.get(&Path::from(file.path.as_str())).await?;
    let bytes = bytes.unwrap_or_default();
    if sha256(&bytes) != file.sha256 {
        return Err(Error::Altered {
            path: file.path.clone(),
        });
    }
    PublishedFile::read(&file.path, bytes)
}

/// A column of one file, as text.
enum Cells<'a> {
    Text(&'a StringArray),
    Numbers(&'a Int64Array),
    Missing,
}

impl<'a> Cells<'a> {
    fn of(file: &'a PublishedFile, name: &str) -> Cells<'a> {
        let text = file.text(name).map(Cells::Text);
        text.or_else(|| file.numbers(name).map(Cells::Numbers))
            .unwrap_or(Cells::Missing)
    }

    fn at(&self, row: usize) -> String {
        match self {
            Cells::Text(column) if row < column.len() => guarded(column.value(row)),
            Cells::Numbers(column) if row < column.len() => column.value(row).to_string(),
            _ => String::new(),
        }
    }
}

/// Text that no spreadsheet takes for a formula (OWASP, CSV injection).
fn guarded(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::rollups::sample::Sample;

    async fn exported(sample: &Sample, selection: &Selection) -> (u64, Vec<csv::StringRecord>) {
        let mut out = Vec::new();
        let rows = export(&sample.rollups, selection, &mut out).await.unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(&out[..]);
        (rows, reader.records().map(Result::unwrap).collect())
    }

    fn selection(table: &str, app: Option<&str>) -> Selection {
        Selection {
            table: Some(table.to_owned()),
            app: app.map(str::to_owned),
            ..Selection::default()
        }
    }

    #[tokio::test]
    async fn a_table_of_an_app_has_its_path_and_its_columns() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = Sample::new(folder.path());
        sample.seal_days("2026-11-23", "2026-11-25").await;
        let mut selected = selection("features_daily", Some("007"));
        selected.from = Some(Day::parse("2026-11-24").unwrap());
        let (rows, records) = exported(&sample, &selected).await;
        assert_eq!((rows, records.len()), (4, 5));
        let head: Vec<&str> = records[0].iter().take(6).collect();
        assert_eq!(
            head,
            ["table", "app", "unit", "first_day", "feature", "devices"]
        );
        let first: Vec<&str> = records[1].iter().take(5).collect();
        assert_eq!(first, ["features_daily", "007", "day", "2026-11-24", "FI"]);
        selected.to = selected.from;
        assert_eq!(exported(&sample, &selected).await.0, 2);
    }

    #[tokio::test]
    async fn all_tables_stand_beside_each_other_with_what_they_lack_left_empty() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = Sample::new(folder.path());
        sample.seal_days("2026-11-24", "2026-11-24").await;
        let (rows, records) = exported(&sample, &Selection::default()).await;
        assert_eq!(rows, sample.chain.manifests()[0].rows());
        let column = |name: &str| records[0].iter().position(|head| head == name).unwrap();
        let (release, feature) = (column("release"), column("feature"));
        let of = |table: &str| records.iter().find(|record| record[0] == *table).unwrap();
        assert_eq!(
            (
                &of("features_daily")[feature],
                &of("features_daily")[release]
            ),
            ("FI", "")
        );
        assert_eq!(
            (
                &of("releases_daily")[feature],
                &of("releases_daily")[release]
            ),
            ("", "FI")
        );
    }

    #[tokio::test]
    async fn a_name_that_was_never_published_is_a_mistake_and_the_others_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let mut sample = Sample::new(folder.path());
        sample.seal_days("2026-11-24", "2026-11-24").await;
        for (selected, text) in [
            (selection("feature_daily", None), "features_daily"),
            (
                selection("features_daily", Some("map")),
                "there is: 007, idle, maps, unlisted",
            ),
        ] {
            let refused = export(&sample.rollups, &selected, Vec::new()).await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(text), "{refused}");
        }
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("4.2+nightly"), "4.2+nightly");
        assert_eq!(guarded(""), "");
    }
}
