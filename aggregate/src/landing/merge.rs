//! Partial counts while landing: equal dimensions become one row.

use std::sync::Arc;

use arrow::array::RecordBatch;

use super::columns;
use crate::error::Error;
use crate::sum::summed;

/// Sums the counts of equal dimensions; the columns are those of a landing object.
pub(super) async fn merge(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Error> {
    let keys: Vec<&str> = columns::keys().collect();
    let sums: Vec<&str> = columns::sums().collect();
    let merged = summed(batches, None, &keys, &sums).await?;
    let schema = columns::SCHEMA.clone();
    // A sum may be null for DataFusion; one of a group that has rows never is.
    let named = |batch: RecordBatch| {
        RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec())
            .map_err(|_| Error::Columns("merged counts"))
    };
    merged.into_iter().map(named).collect()
}
