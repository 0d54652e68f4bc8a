//! The cells of a period, summed over all landing objects that hold something of it.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::logical_expr::ident;
use datafusion::prelude::lit;
use datafusion::scalar::ScalarValue;
use kaiku_release::{Cell, Period, Table};

use crate::error::Error;
use crate::landing::marginals::{COUNTS, DIMENSIONS, PERIOD, TABLE, frame, merge};

/// Rows that are gathered before they are merged, so that memory grows with the number of distinct
/// cells and not with that of landing objects.
const MERGE_ROWS: usize = 1 << 20;

/// The cells of some tables in one period, so far.
pub(super) struct Cells<'a> {
    period: Period,
    tables: BTreeMap<&'a str, &'a Table>,
    merged: Vec<RecordBatch>,
    fresh: Vec<RecordBatch>,
}

impl<'a> Cells<'a> {
    /// No cells yet of these tables.
    pub(super) fn new(period: Period, tables: impl Iterator<Item = &'a Table>) -> Cells<'a> {
        Cells {
            period,
            tables: tables.map(|table| (table.name(), table)).collect(),
            merged: Vec::new(),
            fresh: Vec::new(),
        }
    }

    /// Adds what one landing object holds of the period.
    pub(super) async fn add(&mut self, counts: Vec<RecordBatch>) -> Result<(), Error> {
        let Some(frame) = frame(counts)? else {
            return Ok(());
        };
        let first = self.period.first_day().days_since_epoch();
        let of_period = ident(PERIOD).eq(lit(ScalarValue::Date32(Some(first))));
        let names = self.tables.keys().map(|name| lit(*name)).collect();
        let of_tables = ident(TABLE).in_list(names, false);
        let found = frame.filter(of_period.and(of_tables));
        let found = found.map_err(Error::Merge)?.collect().await;
        self.fresh.extend(found.map_err(Error::Merge)?);
        let rows: usize = self.fresh.iter().map(RecordBatch::num_rows).sum();
        if rows >= MERGE_ROWS {
            self.merge().await?;
        }
        Ok(())
    }

    /// The cells of each table, each once.
    pub(super) async fn merged(mut self) -> Result<BTreeMap<&'a str, Vec<Cell>>, Error> {
        self.merge().await?;
        let names = self.tables.keys();
        let mut cells: BTreeMap<&str, Vec<Cell>> = names.map(|name| (*name, Vec::new())).collect();
        for batch in &self.merged {
            add_cells(batch, &self.tables, &mut cells)?;
        }
        Ok(cells)
    }

    async fn merge(&mut self) -> Result<(), Error> {
        let all = self.merged.drain(..).chain(self.fresh.drain(..));
        self.merged = merge(all.collect()).await?;
        Ok(())
    }
}

/// Reads merged rows as cells of their tables.
fn add_cells<'a>(
    batch: &RecordBatch,
    tables: &BTreeMap<&'a str, &'a Table>,
    cells: &mut BTreeMap<&'a str, Vec<Cell>>,
) -> Result<(), Error> {
    let malformed = || Error::Columns("merged cells");
    let text = |name| {
        let column = batch.column_by_name(name);
        column
            .and_then(|column| column.as_string_opt::<i32>())
            .ok_or_else(malformed)
    };
    let number = |name| {
        let column = batch.column_by_name(name);
        column
            .and_then(|column| column.as_primitive_opt::<Int64Type>())
            .ok_or_else(malformed)
    };
    let names = text(TABLE)?;
    let dims: Vec<_> = DIMENSIONS.into_iter().map(text).collect::<Result<_, _>>()?;
    let counts: Vec<_> = COUNTS.into_iter().map(number).collect::<Result<_, _>>()?;
    for row in 0..batch.num_rows() {
        let (name, table) = tables
            .get_key_value(names.value(row))
            .ok_or_else(malformed)?;
        let dims = dims.iter().take(table.dimensions().len());
        let counts = counts.iter().take(table.marks().len());
        let counts: Result<Vec<u64>, _> = counts
            .map(|column| u64::try_from(column.value(row)))
            .collect();
        cells.entry(name).or_default().push(Cell {
            dims: dims.map(|column| column.value(row).to_owned()).collect(),
            counts: counts.map_err(|_| malformed())?,
        });
    }
    Ok(())
}
