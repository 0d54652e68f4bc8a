//! The cells of one table, summed over all landing objects of a period.

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::lit;
use datafusion::scalar::ScalarValue;
use kaiku_release::{Cell, Table};
use kaiku_wire::Day;

use crate::error::Error;
use crate::landing::columns::{self, Column};
use crate::sum::summed;

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
    pub(crate) fn new(table: &'a Table) -> Partials<'a> {
        let keys = table
            .dimensions()
            .iter()
            .map(|dimension| Column::of(*dimension).as_str());
        Partials {
            table,
            keys: keys.collect(),
            marks: table.marks().iter().map(|mark| mark.as_str()).collect(),
            batches: Vec::new(),
        }
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
        let kinds = self.table.dimensions().iter();
        for kind in kinds.filter_map(|dimension| dimension.kind()) {
            let of_kind = ident(Column::Kind.as_str()).eq(lit(kind.as_str()));
            filter = filter.and(of_kind);
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
