//! The columns of decoded events and pairs, and how records become such columns.

use std::collections::BTreeSet;
use std::iter::repeat_n;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
    StructArray,
};
use arrow::compute::{cast, filter_record_batch, or};
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, Schema, SchemaRef};
use kaiku_release::Dimension;
use kaiku_stripped::NONE;
use kaiku_wire::{Day, Incident, Incidents, Mark};

use crate::error::Error;

/// The day of an event, and the Monday of its week.
pub(crate) const DAY: &str = "day";
pub(crate) const WEEK: &str = "week";

/// What an event or a pair is about, each column a text of a closed vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    App,
    Release,
    /// What happened: a [`kaiku_wire::KindName`], or [`PAIR`].
    Kind,
    /// The feature or the cause.
    Item,
    Component,
    Brand,
    Model,
    Operator,
    Country,
    /// The length of a session, as a bucket.
    Length,
    /// The two features of a pair.
    A,
    B,
}

impl Column {
    /// Every column, in the order of the schema.
    pub(super) const ALL: [Column; 12] = [
        Column::App,
        Column::Release,
        Column::Kind,
        Column::Item,
        Column::Component,
        Column::Brand,
        Column::Model,
        Column::Operator,
        Column::Country,
        Column::Length,
        Column::A,
        Column::B,
    ];

    /// The column's name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Column::App => "app",
            Column::Release => "release",
            Column::Kind => "kind",
            Column::Item => "item",
            Column::Component => "component",
            Column::Brand => "brand",
            Column::Model => "model",
            Column::Operator => "operator",
            Column::Country => "country",
            Column::Length => "duration_bucket",
            Column::A => "a",
            Column::B => "b",
        }
    }

    /// The column that a dimension of a published table is read from.
    pub(crate) fn of(dimension: Dimension) -> Column {
        match dimension {
            Dimension::App => Column::App,
            Dimension::Release => Column::Release,
            Dimension::Feature | Dimension::Cause => Column::Item,
            Dimension::Component => Column::Component,
            Dimension::Length => Column::Length,
            Dimension::Country => Column::Country,
            Dimension::Brand => Column::Brand,
            Dimension::Model => Column::Model,
            Dimension::Operator => Column::Operator,
            Dimension::A => Column::A,
            Dimension::B => Column::B,
        }
    }
}

/// What stands for the kind in a row of pairs: no kind of event, for nobody reports pairs.
pub(crate) const PAIR: &str = "pair";

/// The columns of decoded events and pairs: days, dimensions, then each mark as 0 or 1.
pub(crate) static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let dates = [DAY, WEEK].map(|name| Field::new(name, DataType::Date32, false));
    let texts = Column::ALL.map(|column| Field::new(column.as_str(), DataType::Utf8, false));
    let marks = Mark::ALL.map(|mark| Field::new(mark.as_str(), DataType::Int64, false));
    let fields: Vec<Field> = dates.into_iter().chain(texts).chain(marks).collect();
    Arc::new(Schema::new(fields))
});

/// What counts of what was read: what bears a mark, for the rest adds nothing to any count.
pub(crate) enum Counted {
    /// One row an event or pair, in the columns of [`SCHEMA`].
    Rows(RecordBatch),
    /// Cells of the policy's tables, in those of [`super::marginals::SCHEMA`].
    Cells(Vec<RecordBatch>),
}

/// What was read of some records.
pub(crate) struct Read {
    pub(crate) counted: Counted,
    /// How many events or pairs there were, with a mark or without.
    pub(crate) all: u64,
    /// The versions of the bounds that they were marked under, each once, in order.
    pub(crate) bounds: Vec<u32>,
    /// The days of the records, each once, in order.
    pub(crate) days: Vec<Day>,
}

/// Decoded `StrippedBatch` records, of the version before.
pub(crate) fn of_batches(records: &RecordBatch) -> Result<Read, Error> {
    let (events, lengths) = items(records, "events")?;
    let all = events.len();
    let mut columns = dates(records, &lengths)?;
    let (brands, models) = brand_and_model(&events)?;
    for column in Column::ALL {
        columns.push(match column {
            Column::A | Column::B => constant(NONE, all),
            Column::Brand => Arc::clone(&brands),
            Column::Model => Arc::clone(&models),
            column => text(&events, column.as_str())?,
        });
    }
    let mut marked = BooleanArray::from(vec![false; all]);
    for mark in Mark::ALL {
        if mark == Mark::FirstPairWeek {
            columns.push(Arc::new(Int64Array::from_value(0, all)));
            continue;
        }
        let column = events.column_by_name(mark.as_str());
        let column = column.and_then(|column| column.as_boolean_opt());
        let column = column.ok_or_else(malformed)?;
        marked = or(&marked, column).map_err(|_| malformed())?;
        columns.push(cast(column, &DataType::Int64).map_err(|_| malformed())?);
    }
    let batch = RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|_| malformed())?;
    Ok(Read {
        counted: Counted::Rows(filter_record_batch(&batch, &marked).map_err(|_| malformed())?),
        all: all as u64,
        bounds: bounds(records)?,
        days: days(records)?,
    })
}

/// Decoded `PairBatch` records, of the version before.
pub(crate) fn of_pairs(records: &RecordBatch) -> Result<Read, Error> {
    let (pairs, lengths) = items(records, "pairs")?;
    let all = pairs.len();
    let mut columns = dates(records, &lengths)?;
    for column in Column::ALL {
        columns.push(match column {
            Column::App | Column::A | Column::B => text(&pairs, column.as_str())?,
            Column::Kind => constant(PAIR, all),
            _ => constant(NONE, all),
        });
    }
    for mark in Mark::ALL {
        let count = i64::from(mark == Mark::FirstPairWeek);
        columns.push(Arc::new(Int64Array::from_value(count, all)));
    }
    let batch = RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|_| malformed())?;
    Ok(Read {
        counted: Counted::Rows(batch),
        all: all as u64,
        bounds: bounds(records)?,
        days: days(records)?,
    })
}

/// The brand and the model of each event: what stands before the first slash and behind it. What
/// is unlisted has neither, and stands in both.
fn brand_and_model(events: &StructArray) -> Result<(ArrayRef, ArrayRef), Error> {
    let whole = text(events, "model")?;
    let whole = whole.as_string_opt::<i32>().ok_or_else(malformed)?;
    let parts = whole.iter().map(|value| {
        let value = value.unwrap_or_default();
        value.split_once('/').unwrap_or((value, value))
    });
    let (brands, models): (Vec<&str>, Vec<&str>) = parts.unzip();
    Ok((
        Arc::new(StringArray::from(brands)),
        Arc::new(StringArray::from(models)),
    ))
}

/// The versions of the bounds of decoded records.
pub(super) fn bounds(records: &RecordBatch) -> Result<Vec<u32>, Error> {
    let column = records.column_by_name("bounds");
    let column = column.and_then(|column| column.as_primitive_opt::<Int32Type>());
    let versions = column.ok_or_else(malformed)?.values().iter();
    let versions: Option<BTreeSet<u32>> = versions.map(|one| u32::try_from(*one).ok()).collect();
    Ok(versions.ok_or_else(malformed)?.into_iter().collect())
}

/// The days of decoded records, each once, in order.
pub(crate) fn days(batch: &RecordBatch) -> Result<Vec<Day>, Error> {
    let mut days: Vec<i32> = date(batch, DAY)?.values().to_vec();
    days.sort_unstable();
    days.dedup();
    let days = days.into_iter().map(Day::from_days_since_epoch);
    days.collect::<Result<_, _>>().map_err(|_| malformed())
}

/// The day of the one decoded `DayClosed` record, and what happened on it. A word that this version
/// does not know may be a reason to withhold the day: it is refused.
pub(crate) fn closed(record: &RecordBatch) -> Result<(Day, Incidents), Error> {
    let day = days(record)?.first().copied().ok_or_else(malformed)?;
    let list = record
        .column_by_name("incidents")
        .and_then(|column| column.as_list_opt::<i32>())
        .ok_or_else(malformed)?;
    let words = list.values().as_string_opt::<i32>().ok_or_else(malformed)?;
    let incidents: Option<Incidents> = words.iter().flatten().map(Incident::named).collect();
    Ok((day, incidents.ok_or_else(malformed)?))
}

/// The items of all records in a row, and how many each record has.
pub(super) fn items(records: &RecordBatch, name: &str) -> Result<(StructArray, Vec<usize>), Error> {
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
pub(super) fn dates(records: &RecordBatch, lengths: &[usize]) -> Result<Vec<ArrayRef>, Error> {
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

fn constant(value: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(repeat_n(value, rows)))
}

pub(super) fn malformed() -> Error {
    Error::Columns("stripped records")
}
