//! The one aggregation that landing and the seal both are, by DataFusion.

use arrow::array::RecordBatch;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::Error;

/// One aggregation: the rows that `filter` lets through, grouped by `keys`, with `sums` summed.
pub(crate) async fn summed(
    batches: Vec<RecordBatch>,
    filter: Option<Expr>,
    keys: &[&'static str],
    sums: &[&'static str],
) -> Result<Vec<RecordBatch>, Error> {
    let batches: Vec<_> = batches
        .into_iter()
        .filter(|batch| batch.num_rows() > 0)
        .collect();
    if batches.is_empty() {
        return Ok(Vec::new());
    }
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let mut frame = context.read_batches(batches).map_err(Error::Merge)?;
    if let Some(filter) = filter {
        frame = frame.filter(filter).map_err(Error::Merge)?;
    }
    let groups = keys.iter().map(|name| ident(*name)).collect();
    let sums = sums
        .iter()
        .map(|name| sum(ident(*name)).alias(*name))
        .collect();
    let frame = frame.aggregate(groups, sums).map_err(Error::Merge)?;
    frame.collect().await.map_err(Error::Merge)
}
