//! What lands: the cells of the policy's tables, and never a joint record of what a device has.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{Expr, ident};
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext, lit};
use kaiku_release::{Policy, Table, Unit};
use kaiku_wire::Mark;

use super::columns::{self, Column};
use crate::error::Error;

/// The name of the table that a cell is of.
pub(crate) const TABLE: &str = "table";

/// The first day of the period that a cell is of.
pub(crate) const PERIOD: &str = "period";

/// The dimensions of a cell: the app, then the table's others in their order, empty behind the last.
pub(crate) const DIMENSIONS: [&str; 4] = ["app", "d1", "d2", "d3"];

/// The sums of the table's marks in their order, 0 behind the last.
pub(crate) const COUNTS: [&str; 3] = ["c0", "c1", "c2"];

/// The columns of a landing object.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let mut fields = vec![
        Field::new(TABLE, DataType::Utf8, false),
        Field::new(PERIOD, DataType::Date32, false),
    ];
    fields.extend(DIMENSIONS.map(|name| Field::new(name, DataType::Utf8, false)));
    fields.extend(COUNTS.map(|name| Field::new(name, DataType::Int64, false)));
    Arc::new(Schema::new(fields))
});

/// How the cells of the policy's tables are made of events. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Definitions(Arc<[Definition]>);

/// How the cells of one table are made.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) table: String,
    hash: String,
    unit: Unit,
    /// The only kind of row that counts, where there is one.
    pub(super) kind: Option<&'static str>,
    pub(super) columns: Vec<Column>,
    pub(super) marks: Vec<Mark>,
    /// The bits of the marks.
    pub(super) bits: i32,
}

impl Definitions {
    /// Those of a policy's tables.
    pub(crate) fn of(policy: &Policy) -> Definitions {
        Definitions(policy.tables().iter().map(Definition::of).collect())
    }

    /// How the cells of each table are made.
    pub(super) fn each(&self) -> &[Definition] {
        &self.0
    }

    /// Of each table the hash of how its cells are made.
    pub(crate) fn hashes(&self) -> BTreeMap<String, String> {
        let each = self.0.iter();
        each.map(|one| (one.table.clone(), one.hash.clone()))
            .collect()
    }

    /// The cells of decoded events and pairs, whose columns are those of [`columns::SCHEMA`].
    pub(crate) async fn cells(&self, events: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Error> {
        let Some(frame) = frame(events)? else {
            return Ok(Vec::new());
        };
        let mut cells = Vec::new();
        for definition in self.0.iter() {
            let frame = definition.cells(frame.clone()).map_err(Error::Merge)?;
            cells.extend(frame.collect().await.map_err(Error::Merge)?);
        }
        cells.into_iter().map(shaped).collect()
    }
}

impl Definition {
    fn of(table: &Table) -> Definition {
        let kinds = table.dimensions().iter();
        let kind = kinds
            .filter_map(|dimension| dimension.kind())
            .map(kaiku_wire::KindName::as_str)
            .next();
        let columns = table.dimensions().iter().copied();
        Definition {
            table: table.name().to_owned(),
            hash: table.definition(),
            unit: table.unit(),
            kind: if table.is_of_pairs() {
                Some(columns::PAIR)
            } else {
                kind
            },
            columns: columns.map(Column::of).collect(),
            marks: table.marks().to_vec(),
            bits: table.marks().iter().map(|mark| 1 << mark.index()).sum(),
        }
    }

    /// Whether a period of it is a day, and not a week.
    pub(super) fn is_daily(&self) -> bool {
        self.unit == Unit::Day
    }

    fn cells(&self, frame: DataFrame) -> datafusion::error::Result<DataFrame> {
        let marks = self.marks.iter();
        let some = marks.map(|mark| ident(mark.as_str()).gt(lit(0_i64)));
        let mut filter = some.reduce(Expr::or).unwrap_or_else(|| lit(false));
        if let Some(kind) = self.kind {
            filter = filter.and(ident(Column::Kind.as_str()).eq(lit(kind)));
        }
        let period = match self.unit {
            Unit::Day => columns::DAY,
            Unit::Week => columns::WEEK,
        };
        let mut keys = vec![ident(period)];
        keys.extend(self.columns.iter().map(|column| ident(column.as_str())));
        let sums = self.marks.iter().map(|mark| sum(ident(mark.as_str())));
        let sums = sums.zip(COUNTS).map(|(sum, name)| sum.alias(name));
        let mut shown = vec![lit(self.table.as_str()).alias(TABLE)];
        shown.push(ident(period).alias(PERIOD));
        for (place, name) in DIMENSIONS.into_iter().enumerate() {
            let column = self.columns.get(place).map(|column| column.as_str());
            shown.push(column.map_or_else(|| lit(""), ident).alias(name));
        }
        for (place, name) in COUNTS.into_iter().enumerate() {
            let count = (place < self.marks.len()).then(|| ident(name));
            shown.push(count.unwrap_or_else(|| lit(0_i64).alias(name)));
        }
        frame
            .filter(filter)?
            .aggregate(keys, sums.collect())?
            .select(shown)
    }
}

/// Sums the counts of equal cells.
pub(crate) async fn merge(cells: Vec<RecordBatch>) -> Result<Vec<RecordBatch>, Error> {
    let Some(frame) = frame(cells)? else {
        return Ok(Vec::new());
    };
    let keys = [TABLE, PERIOD].into_iter().chain(DIMENSIONS).map(ident);
    let sums = COUNTS.map(|name| sum(ident(name)).alias(name));
    let merged = frame
        .aggregate(keys.collect(), sums.to_vec())
        .map_err(Error::Merge)?;
    let merged = merged.collect().await.map_err(Error::Merge)?;
    merged.into_iter().map(shaped).collect()
}

/// These rows for DataFusion; none where there is no row.
pub(crate) fn frame(batches: Vec<RecordBatch>) -> Result<Option<DataFrame>, Error> {
    let some = batches.into_iter().filter(|batch| batch.num_rows() > 0);
    let some: Vec<_> = some.collect();
    if some.is_empty() {
        return Ok(None);
    }
    let config = SessionConfig::new().with_target_partitions(1);
    let frame = SessionContext::new_with_config(config).read_batches(some);
    frame.map(Some).map_err(Error::Merge)
}

/// A sum may be null for DataFusion; one of a group that has rows never is.
fn shaped(batch: RecordBatch) -> Result<RecordBatch, Error> {
    RecordBatch::try_new(SCHEMA.clone(), batch.columns().to_vec())
        .map_err(|_| Error::Columns("cells"))
}
