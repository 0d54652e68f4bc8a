//! The two aggregations: partial counts while landing, and the cells of a table for the seal.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{SessionConfig, SessionContext, lit};
use datafusion::scalar::ScalarValue;
use kaiku_release::{Cell, Dimension, Table};
use kaiku_stripped::Mark;
use kaiku_wire::Day;

use crate::Error;
use crate::landing::columns;

/// Sums the counts of equal dimensions; the columns are those of a landing object.
pub(crate) async fn landing(batches: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Error> {
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

/// The cells of one table, not yet merged over all objects of the period.
#[derive(Debug)]
pub(crate) struct Partials<'a> {
    table: &'a Table,
    keys: Vec<&'static str>,
    marks: Vec<&'static str>,
    batches: Vec<RecordBatch>,
}

impl<'a> Partials<'a> {
    /// No cells of a table yet.
    ///
    /// # Errors
    /// Where the table sums a mark that no stripped event carries.
    pub(crate) fn new(table: &'a Table) -> Result<Partials<'a>, Error> {
        let known = |mark: &'static str| Mark::ALL.iter().any(|known| known.as_str() == mark);
        let marks: Vec<&str> = table.marks().iter().map(|mark| mark.as_str()).collect();
        if let Some(mark) = marks.iter().find(|mark| !known(mark)) {
            return Err(Error::Mark {
                table: table.name().to_owned(),
                mark,
            });
        }
        let keys = table
            .dimensions()
            .iter()
            .map(|dimension| column(*dimension));
        Ok(Partials {
            table,
            keys: keys.collect(),
            marks,
            batches: Vec::new(),
        })
    }

    /// The table.
    pub(crate) fn table(&self) -> &'a Table {
        self.table
    }

    /// Adds what one landing object holds of the days from `first` to `last`.
    pub(crate) async fn add(
        &mut self,
        counts: Vec<RecordBatch>,
        first: Day,
        last: Day,
    ) -> Result<(), Error> {
        let date = |day: Day| lit(ScalarValue::Date32(Some(day.days_since_epoch())));
        let day = || ident(columns::DAY);
        let mut filter = day().gt_eq(date(first)).and(day().lt_eq(date(last)));
        if let Some(kind) = kind(self.table) {
            filter = filter.and(ident("kind").eq(lit(kind)));
        }
        let some = self.marks.iter().map(|mark| ident(*mark).gt(lit(0_i64)));
        if let Some(some) = some.reduce(Expr::or) {
            filter = filter.and(some);
        }
        let cells = summed(counts, Some(filter), &self.keys, &self.marks).await?;
        self.batches.extend(cells);
        Ok(())
    }

    /// The merged cells, each once.
    pub(crate) async fn cells(self) -> Result<Vec<Cell>, Error> {
        let merged = summed(self.batches, None, &self.keys, &self.marks).await?;
        let mut cells = Vec::new();
        for batch in &merged {
            cells_of(batch, self.keys.len(), &mut cells)?;
        }
        Ok(cells)
    }
}

/// One aggregation: the rows that `filter` lets through, grouped by `keys`, with `sums` summed.
async fn summed(
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

fn cells_of(batch: &RecordBatch, keys: usize, cells: &mut Vec<Cell>) -> Result<(), Error> {
    let malformed = || Error::Columns("merged cells");
    let (dims, counts) = batch.columns().split_at(keys);
    let dims: Option<Vec<_>> = dims
        .iter()
        .map(|column| column.as_string_opt::<i32>())
        .collect();
    let counts: Option<Vec<_>> = counts
        .iter()
        .map(|column| column.as_primitive_opt::<Int64Type>())
        .collect();
    let (dims, counts) = dims.zip(counts).ok_or_else(malformed)?;
    for row in 0..batch.num_rows() {
        let counts: Result<Vec<u64>, _> = counts
            .iter()
            .map(|column| u64::try_from(column.value(row)))
            .collect();
        cells.push(Cell {
            dims: dims
                .iter()
                .map(|column| column.value(row).to_owned())
                .collect(),
            counts: counts.map_err(|_| malformed())?,
        });
    }
    Ok(())
}

/// The column of a landing object that a dimension is read from.
fn column(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Feature | Dimension::Cause => "item",
        Dimension::App
        | Dimension::Release
        | Dimension::Country
        | Dimension::Model
        | Dimension::Operator => dimension.as_str(),
    }
}

/// The kind of event that a table is about, where its dimensions name one.
fn kind(table: &Table) -> Option<&'static str> {
    table
        .dimensions()
        .iter()
        .find_map(|dimension| match dimension {
            Dimension::Feature => Some("feature_used"),
            Dimension::Cause => Some("failed"),
            _ => None,
        })
}
