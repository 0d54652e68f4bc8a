//! The columns of a landing object, and how decoded records become such columns.

use std::iter::repeat_n;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, StructArray,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Field, Schema, SchemaRef};
use kaiku_release::Dimension;
use kaiku_stripped::NONE;
use kaiku_wire::{Day, Mark};

use crate::error::Error;

/// The day and the week of an event.
pub(crate) const DAY: &str = "day";
const WEEK: &str = "week";

/// What an event is about, each column a text of a closed vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    App,
    Release,
    /// What happened: a [`kaiku_wire::KindName`], or [`PAIR`].
    Kind,
    /// The feature or the cause; the first feature of a pair.
    Item,
    Component,
    Model,
    Operator,
    Country,
    DurationBucket,
    /// The second feature of a pair.
    PairedWith,
}

impl Column {
    /// Every column, in the order of the landing object.
    const ALL: [Column; 10] = [
        Column::App,
        Column::Release,
        Column::Kind,
        Column::Item,
        Column::Component,
        Column::Model,
        Column::Operator,
        Column::Country,
        Column::DurationBucket,
        Column::PairedWith,
    ];

    /// The column's name, which is that of the stripped event's field.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Column::App => "app",
            Column::Release => "release",
            Column::Kind => "kind",
            Column::Item => "item",
            Column::Component => "component",
            Column::Model => "model",
            Column::Operator => "operator",
            Column::Country => "country",
            Column::DurationBucket => "duration_bucket",
            Column::PairedWith => "paired_with",
        }
    }

    /// The column that a dimension of a published table is read from.
    pub(crate) fn of(dimension: Dimension) -> Column {
        match dimension {
            Dimension::App => Column::App,
            Dimension::Release => Column::Release,
            Dimension::Feature | Dimension::Cause => Column::Item,
            Dimension::Country => Column::Country,
            Dimension::Model => Column::Model,
            Dimension::Operator => Column::Operator,
        }
    }
}

/// How often in a row, summed.
const EVENTS: &str = "events";

/// What stands for the kind in a row of pairs: no kind of event, for nobody reports pairs.
const PAIR: &str = "pair";

/// The columns of a landing object: dimensions, then sums.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dates = [DAY, WEEK].map(|name| Field::new(name, DataType::Date32, false));
    let texts = Column::ALL.map(|column| Field::new(column.as_str(), DataType::Utf8, false));
    let sums = sums().map(|name| Field::new(name, DataType::Int64, false));
    let fields: Vec<Field> = dates.into_iter().chain(texts).chain(sums).collect();
    Arc::new(Schema::new(fields))
});

/// The names of the dimensions.
pub(crate) fn keys() -> impl Iterator<Item = &'static str> {
    [DAY, WEEK]
        .into_iter()
        .chain(Column::ALL.map(Column::as_str))
}

/// The names of the sums: events, then each mark.
pub(crate) fn sums() -> impl Iterator<Item = &'static str> {
    std::iter::once(EVENTS).chain(Mark::ALL.map(Mark::as_str))
}

/// One row an event, of decoded `StrippedBatch` records.
pub(crate) fn of_events(records: &RecordBatch) -> Result<RecordBatch, Error> {
    let (events, lengths) = items(records, "events")?;
    let rows = events.len();
    let mut columns = dates(records, &lengths)?;
    for column in Column::ALL {
        columns.push(match column {
            Column::PairedWith => constant(NONE, rows),
            column => text(&events, column.as_str())?,
        });
    }
    columns.push(number(&events, "times")?);
    for mark in Mark::ALL {
        columns.push(number(&events, mark.as_str())?);
    }
    RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|_| malformed())
}

/// One row a pair, of decoded `PairBatch` records.
pub(crate) fn of_pairs(records: &RecordBatch) -> Result<RecordBatch, Error> {
    let (pairs, lengths) = items(records, "pairs")?;
    let rows = pairs.len();
    let mut columns = dates(records, &lengths)?;
    for column in Column::ALL {
        columns.push(match column {
            Column::App => text(&pairs, column.as_str())?,
            Column::Kind => constant(PAIR, rows),
            Column::Item => text(&pairs, "a")?,
            Column::PairedWith => text(&pairs, "b")?,
            Column::Release
            | Column::Component
            | Column::Model
            | Column::Operator
            | Column::Country
            | Column::DurationBucket => constant(NONE, rows),
        });
    }
    columns.push(Arc::new(Int64Array::from_value(1, rows)));
    for _ in Mark::ALL {
        columns.push(Arc::new(Int64Array::from_value(0, rows)));
    }
    RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|_| malformed())
}

/// The days of decoded records or of landing columns, each once, in order.
pub(crate) fn days(batch: &RecordBatch) -> Result<Vec<Day>, Error> {
    let mut days: Vec<i32> = date(batch, DAY)?.values().to_vec();
    days.sort_unstable();
    days.dedup();
    let days = days.into_iter().map(Day::from_days_since_epoch);
    days.collect::<Result<_, _>>().map_err(|_| malformed())
}

/// The items of all records in a row, and how many each record has.
fn items(records: &RecordBatch, name: &str) -> Result<(StructArray, Vec<usize>), Error> {
    let list = records
        .column_by_name(name)
        .and_then(|column| column.as_list_opt::<i32>())
        .ok_or_else(malformed)?;
    let offsets = list.value_offsets();
    let bound = |at: Option<&i32>| at.and_then(|at| usize::try_from(*at).ok());
    let first = bound(offsets.first()).ok_or_else(malformed)?;
    let last = bound(offsets.last()).ok_or_else(malformed)?;
    let lengths = list.offsets().lengths().collect();
    let items = list.values().slice(first, last.saturating_sub(first));
    let items = items.as_struct_opt().cloned().ok_or_else(malformed)?;
    Ok((items, lengths))
}

/// Day and week of each item.
fn dates(records: &RecordBatch, lengths: &[usize]) -> Result<Vec<ArrayRef>, Error> {
    let repeated = |name| -> Result<ArrayRef, Error> {
        let values = date(records, name)?.values().iter();
        let each = values.zip(lengths).flat_map(|(day, n)| repeat_n(*day, *n));
        Ok(Arc::new(Date32Array::from_iter_values(each)))
    };
    Ok(vec![repeated(DAY)?, repeated(WEEK)?])
}

fn date<'a>(records: &'a RecordBatch, name: &str) -> Result<&'a Date32Array, Error> {
    records
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<Date32Type>())
        .filter(|column| column.null_count() == 0)
        .ok_or_else(malformed)
}

fn text(items: &StructArray, name: &str) -> Result<ArrayRef, Error> {
    items
        .column_by_name(name)
        .filter(|column| *column.data_type() == DataType::Utf8)
        .cloned()
        .ok_or_else(malformed)
}

fn number(items: &StructArray, name: &str) -> Result<ArrayRef, Error> {
    let column = items.column_by_name(name).ok_or_else(malformed)?;
    cast(column, &DataType::Int64).map_err(|_| malformed())
}

fn constant(value: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(repeat_n(value, rows)))
}

fn malformed() -> Error {
    Error::Columns("stripped records")
}
