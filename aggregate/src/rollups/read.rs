//! A published file, read back: by its columns, with what it says of itself.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use kaiku_release::{Period, Unit};
use kaiku_wire::{Day, Week};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::errors::ParquetError;

use super::file::FILE;
use super::manifest::folder_of;
use crate::error::Error;

/// A published file.
pub(crate) struct PublishedFile {
    batch: RecordBatch,
    said: HashMap<String, String>,
}

/// What the path of a published file says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// The table.
    pub(crate) table: &'a str,
    /// The app.
    pub(crate) app: &'a str,
    /// The period.
    pub(crate) period: Period,
}

impl PublishedFile {
    /// Reads a file.
    ///
    /// # Errors
    /// Where it is no Parquet file.
    pub(crate) fn read(path: &str, bytes: Bytes) -> Result<PublishedFile, Error> {
        let failed = |source: ParquetError| Error::Read {
            path: path.to_owned(),
            source,
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(failed)?;
        let said = builder.schema().metadata().clone();
        let fields = builder.schema().fields().clone();
        let reader = builder.build().map_err(failed)?;
        let batches: Result<Vec<RecordBatch>, _> = reader.collect();
        let batches = batches.map_err(|error| failed(error.into()))?;
        // What is said of the file is kept apart: the batches have it or not.
        let schema = Arc::new(Schema::new(fields));
        let batches: Result<Vec<_>, _> = batches
            .iter()
            .map(|batch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec()))
            .collect();
        let batch = batches.and_then(|batches| concat_batches(&schema, &batches));
        Ok(PublishedFile {
            batch: batch.map_err(|error| failed(error.into()))?,
            said,
        })
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.batch.num_rows()
    }

    /// The names and types of its columns.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.batch.schema_ref().fields().iter().map(AsRef::as_ref)
    }

    /// What the file says of itself under a key.
    pub(crate) fn said(&self, key: &str) -> Option<&str> {
        self.said.get(key).map(String::as_str)
    }

    /// Everything that the file says of itself.
    pub(crate) fn all_said(&self) -> &HashMap<String, String> {
        &self.said
    }

    /// Its rows.
    pub(crate) fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// A column of text; none where there is no such column.
    pub(crate) fn text(&self, name: &str) -> Option<&StringArray> {
        self.column(name)
    }

    /// A column of numbers; none where there is no such column.
    pub(crate) fn numbers(&self, name: &str) -> Option<&Int64Array> {
        self.column(name)
    }

    fn column<A: Array + 'static>(&self, name: &str) -> Option<&A> {
        self.batch.column_by_name(name)?.as_any().downcast_ref()
    }

    /// The names of its dimensions: its columns of text.
    pub(crate) fn dimensions(&self) -> Vec<&str> {
        let text = self
            .fields()
            .filter(|field| *field.data_type() == DataType::Utf8);
        text.map(|field| field.name().as_str()).collect()
    }

    /// Whether another file has the same rows in the same columns, whatever is said of them.
    pub(crate) fn has_rows_of(&self, other: &PublishedFile) -> bool {
        let names = |file: &PublishedFile| -> Vec<String> {
            file.fields().map(|field| field.name().clone()).collect()
        };
        names(self) == names(other) && self.batch.columns() == other.batch.columns()
    }
}

impl<'a> Place<'a> {
    /// Reads a path such as `activity_daily/app=maps/day=2026-11-24/rollup.parquet`; none where it
    /// is written in another way.
    pub(crate) fn of(path: &'a str) -> Option<Place<'a>> {
        let mut parts = path.split('/');
        let (table, app, folder) = (parts.next()?, parts.next()?, parts.next()?);
        let (unit, first) = folder.split_once('=')?;
        let first = Day::parse(first).ok()?;
        let period = match unit {
            unit if unit == Unit::Day.as_str() => Period::Day(first),
            unit if unit == Unit::Week.as_str() => Period::Week(Week::from_monday(first).ok()?),
            _ => return None,
        };
        let place = Place {
            table,
            app: app.strip_prefix("app=")?,
            period,
        };
        let is_whole = parts.eq([FILE]) && folder == folder_of(period) && !table.is_empty();
        is_whole.then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn a_path_is_read_in_one_way_only() {
        let path = "activity_daily/app=maps/day=2026-11-24/rollup.parquet";
        let read = Place::of(path).map(|place| (place.table, place.app));
        assert_eq!(read, Some(("activity_daily", "maps")));
        for path in [
            "activity_daily/app=maps/week=2026-11-24/rollup.parquet",
            "activity_daily/app=maps/day=2026-11-24/rollup.parquet/more",
            "activity_daily/app=maps/day=2026-11-24/other.parquet",
            "activity_daily/maps/day=2026-11-24/rollup.parquet",
            "monthly/activity_daily/app=maps/month=2026-11/rollup.parquet",
            "",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
