//! The Parquet objects of the landing log: columns in, bytes out, and back.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use super::columns;
use super::entry::{Entry, FORMAT};
use crate::Error;
use crate::store::{Store, sha256};

/// What every Parquet object of this package has: zstd, and a writer's name that does not change
/// with the version of a library.
pub(crate) fn properties() -> Result<WriterPropertiesBuilder, Error> {
    let level = ZstdLevel::try_new(3).map_err(Error::Write)?;
    Ok(WriterProperties::builder()
        .set_created_by("kaiku".to_owned())
        .set_compression(Compression::ZSTD(level)))
}

/// Writes columns as one object.
pub(crate) fn write(batch: &RecordBatch, properties: WriterProperties) -> Result<Bytes, Error> {
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).map_err(Error::Write)?;
    writer.write(batch).map_err(Error::Write)?;
    writer.close().map_err(Error::Write)?;
    Ok(bytes.into())
}

/// Reads an object back.
pub(crate) fn read(path: &str, bytes: Bytes) -> Result<Vec<RecordBatch>, Error> {
    let failed = |source: ParquetError| Error::Read {
        path: path.to_owned(),
        source,
    };
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes)
        .and_then(ParquetRecordBatchReaderBuilder::build)
        .map_err(failed)?;
    let batches: Result<Vec<RecordBatch>, _> = reader.collect();
    batches.map_err(|error| failed(error.into()))
}

/// The object of an entry: its columns, and the entry's range and days in the metadata.
pub(super) fn of_entry(entry: &Entry, batches: &[RecordBatch]) -> Result<Bytes, Error> {
    let schema = columns::SCHEMA.clone();
    let batch = concat_batches(&schema, batches).map_err(|_| Error::Columns("landing counts"))?;
    let closed = entry.closed.map_or_else(String::new, |day| day.to_string());
    let metadata = [
        ("kaiku.format", FORMAT.to_string()),
        ("kaiku.partition", entry.partition.to_string()),
        ("kaiku.start", entry.start.to_string()),
        ("kaiku.end", entry.end.to_string()),
        ("kaiku.closed", closed),
    ];
    let metadata = metadata.map(|(key, value)| KeyValue::new(key.to_owned(), value));
    let properties = properties()?.set_key_value_metadata(Some(metadata.to_vec()));
    write(&batch, properties.build())
}

/// Reads the counts of an entry, after checking that they are those that were put.
pub(crate) async fn counts_of(store: &Store, entry: &Entry) -> Result<Vec<RecordBatch>, Error> {
    let (Some(path), Some(data)) = (entry.data_path(), &entry.data) else {
        return Ok(Vec::new());
    };
    let altered = || Error::Altered {
        path: path.to_string(),
    };
    let bytes = store.get(&path).await?.ok_or_else(altered)?;
    if sha256(&bytes) != data.sha256 {
        return Err(altered());
    }
    read(path.as_ref(), bytes)
}
