//! The counts of an entry: the object that holds them, made and read back.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use parquet::file::metadata::KeyValue;

use super::entry::{Entry, FORMAT};
use super::marginals;
use crate::error::Error;
use crate::object;
use crate::store::{Landing, sha256};

/// The object of an entry: its columns, and the entry's range and days in the metadata.
pub(super) fn of_entry(entry: &Entry, batches: &[RecordBatch]) -> Result<Bytes, Error> {
    let schema = marginals::SCHEMA.clone();
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
    let properties = object::properties()?.set_key_value_metadata(Some(metadata.to_vec()));
    object::write(&batch, properties.build())
}

/// Reads the counts of an entry, after checking that they are those that were put.
pub(crate) async fn counts_of(landing: &Landing, entry: &Entry) -> Result<Vec<RecordBatch>, Error> {
    let (Some(path), Some(data)) = (entry.data_path(), &entry.data) else {
        return Ok(Vec::new());
    };
    let altered = || Error::Altered {
        path: path.to_string(),
    };
    let bytes = landing.get(&path).await?.ok_or_else(altered)?;
    if sha256(&bytes) != data.sha256 {
        return Err(altered());
    }
    object::read(path.as_ref(), bytes)
}
