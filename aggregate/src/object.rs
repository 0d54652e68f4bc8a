//! Parquet objects, of landing and of the seal alike: columns in, bytes out, and back.

use arrow::array::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};

use crate::error::Error;

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
