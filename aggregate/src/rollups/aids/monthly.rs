//! The same rows a month at a time: some thirty files in one, for whoever reads a year.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use kaiku_release::{Period, Unit};
use kaiku_wire::{Day, Month};
use object_store::path::Path;

use crate::error::Error;
use crate::rollups::file::{FILE, comment, write};
use crate::rollups::{Chain, Manifest, ManifestFile, Place, PublishedFile, Rollups};
use crate::store::sha256;

/// The folder of the monthly copies.
pub(crate) const MONTHLY: &str = "monthly";

/// Files, each with its period.
type Files<'a> = Vec<(Period, &'a ManifestFile)>;

/// One monthly copy, and the files whose rows it has.
pub(crate) struct MonthlyCopy<'a> {
    /// Where it stands.
    pub(crate) path: Path,
    /// The first day of each period, and its file, in order.
    pub(crate) files: Files<'a>,
}

/// The monthly copies of months that are over: of which no period can be sealed any more. A week
/// belongs to the month of its Monday.
pub(crate) fn monthly_copies(manifests: &[Manifest]) -> Vec<MonthlyCopy<'_>> {
    let mut months: BTreeMap<(&str, &str, Month), Files<'_>> = BTreeMap::new();
    let mut next: HashMap<Unit, Day> = HashMap::new();
    for manifest in manifests {
        let Some(period) = manifest.period() else {
            continue;
        };
        next.insert(period.unit(), period.last_day().next());
        let month = period.first_day().month();
        for file in manifest.tables.iter().flat_map(|table| &table.files) {
            if let Some(Place { table, app, .. }) = Place::of(&file.path) {
                let files = months.entry((table, app, month)).or_default();
                files.push((period, file));
            }
        }
    }
    let is_over = |unit: Unit, month: Month| {
        next.get(&unit)
            .is_some_and(|day| *day >= month.next().first_day())
    };
    let over = months.into_iter().filter(|((.., month), files)| {
        files
            .first()
            .is_some_and(|(period, _)| is_over(period.unit(), *month))
    });
    over.map(|((table, app, month), files)| MonthlyCopy {
        path: [
            MONTHLY,
            table,
            &format!("app={app}"),
            &format!("month={month}"),
            FILE,
        ]
        .into_iter()
        .collect(),
        files,
    })
    .collect()
}

/// Puts the copies that are due and not there. One that is there is never made anew.
pub(super) async fn put(rollups: &Rollups, chain: &Chain) -> Result<(), Error> {
    let copies = monthly_copies(chain.manifests());
    if copies.is_empty() {
        return Ok(());
    }
    let standing: BTreeSet<Path> = rollups
        .list(&Path::from(MONTHLY))
        .await?
        .into_iter()
        .collect();
    for copy in copies {
        if standing.contains(&copy.path) {
            continue;
        }
        if let Some(bytes) = made(rollups, &copy).await? {
            rollups.0.put_if_absent(&copy.path, bytes).await?;
        }
    }
    Ok(())
}

/// The copy; none where its files don't have the same columns.
async fn made(rollups: &Rollups, copy: &MonthlyCopy<'_>) -> Result<Option<Bytes>, Error> {
    let mut files = Vec::new();
    for (period, file) in &copy.files {
        let path = Path::from(file.path.as_str());
        let bytes = rollups.get(&path).await?.unwrap_or_default();
        if sha256(&bytes) != file.sha256 {
            return Err(Error::Altered {
                path: file.path.clone(),
            });
        }
        files.push((*period, PublishedFile::read(&file.path, bytes)?));
    }
    let Some(batch) = rows(&files) else {
        return Ok(None);
    };
    let sorted = files
        .first()
        .map_or(0, |(_, file)| file.dimensions().len() + 1);
    let said = agreed(files.iter().map(|(_, file)| file.all_said()));
    let mut said: Vec<_> = said.into_iter().collect();
    said.sort();
    write(&with_metadata(batch, &said)?, said, sorted).map(Some)
}

/// The rows of all files, with the period of each in a column of its own, the first one.
pub(crate) fn rows(files: &[(Period, PublishedFile)]) -> Option<RecordBatch> {
    let (period, first) = files.first()?;
    let unit = period.unit();
    let about = match unit {
        Unit::Day => "The UTC day on which the devices were heard from",
        Unit::Week => "The ISO week in which the devices were heard from: its Monday",
    };
    let of_period =
        Field::new(unit.as_str(), DataType::Date32, false).with_metadata(comment(about));
    let fields = first.fields().map(|field| {
        let all = files
            .iter()
            .filter_map(|(_, file)| file.batch().schema_ref().field_with_name(field.name()).ok());
        let said = agreed(all.map(Field::metadata));
        Field::new(field.name(), field.data_type().clone(), false).with_metadata(said)
    });
    let fields: Vec<Field> = [of_period].into_iter().chain(fields).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    for (period, file) in files {
        let names = |file: &PublishedFile| -> Vec<String> {
            file.fields().map(|field| field.name().clone()).collect()
        };
        if names(file) != names(first) {
            return None;
        }
        let days = vec![period.first_day().days_since_epoch(); file.rows()];
        let days: ArrayRef = Arc::new(Date32Array::from(days));
        let columns = [days]
            .into_iter()
            .chain(file.batch().columns().iter().cloned());
        batches.push(RecordBatch::try_new(Arc::clone(&schema), columns.collect()).ok()?);
    }
    concat_batches(&schema, &batches).ok()
}

/// What all of them say in the same words: a threshold that changed within a month is left to the
/// manifests.
fn agreed<'a>(
    mut all: impl Iterator<Item = &'a HashMap<String, String>>,
) -> HashMap<String, String> {
    let mut agreed = all.next().cloned().unwrap_or_default();
    for said in all {
        agreed.retain(|key, value| said.get(key) == Some(value));
    }
    agreed.retain(|key, _| key.starts_with("kaiku.") || key == "comment");
    agreed
}

fn with_metadata(batch: RecordBatch, said: &[(String, String)]) -> Result<RecordBatch, Error> {
    let schema = batch.schema_ref().as_ref().clone();
    let schema = schema.with_metadata(said.iter().cloned().collect());
    RecordBatch::try_new(Arc::new(schema), batch.columns().to_vec())
        .map_err(|_| Error::Columns("a month of a released table"))
}
