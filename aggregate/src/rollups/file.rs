//! The published files. What is written comes out of a [`Released`], and out of nothing else.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use kaiku_release::{Dimension, Estimate, Policy, Released, Row, Table};
use object_store::path::Path;
use parquet::file::metadata::KeyValue;

use super::manifest::folder_of;
use crate::error::Error;
use crate::object;

/// Where the file of a table, app and period stands.
pub(super) fn path_of(released: &Released, app: &str) -> Path {
    let folder = folder_of(released.period());
    [
        released.table(),
        &format!("app={app}"),
        &folder,
        "rollup.parquet",
    ]
    .into_iter()
    .collect()
}

/// The apps of the released rows.
pub(crate) fn apps(released: &Released) -> impl Iterator<Item = &str> {
    released
        .rows()
        .iter()
        .filter_map(|row| row.dims().first())
        .map(String::as_str)
}

/// The rows of one app, in the order in which they were released: sorted by their dimensions.
pub(super) fn rows_of<'a>(released: &'a Released, app: &str) -> Vec<&'a Row> {
    let of_app = |row: &&Row| row.dims().first().is_some_and(|of| of == app);
    released.rows().iter().filter(of_app).collect()
}

/// The file of one app.
///
/// # Errors
/// Where the table is not the one that was released, or Parquet can't be written.
pub(super) fn file_of(
    released: &Released,
    app: &str,
    table: &Table,
    policy: &Policy,
) -> Result<Bytes, Error> {
    let batch = columns(&rows_of(released, app), table)?;
    let metadata = descriptions(table, policy);
    let properties = object::properties()?.set_key_value_metadata(Some(metadata));
    object::write(&batch, properties.build())
}

fn columns(rows: &[&Row], table: &Table) -> Result<RecordBatch, Error> {
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut add = |name: String, kind: DataType, column: ArrayRef| {
        fields.push(Field::new(name, kind, false));
        columns.push(column);
    };
    // The app stands in the path: some readers refuse a table with it in both places.
    for (position, dimension) in table.dimensions().iter().enumerate().skip(1) {
        let values = rows
            .iter()
            .map(|row| row.dims().get(position).map(String::as_str));
        let column: StringArray = values.collect();
        add(
            dimension.as_str().to_owned(),
            DataType::Utf8,
            Arc::new(column),
        );
    }
    let level = Int32Array::from_iter_values(rows.iter().map(|row| i32::from(row.level())));
    add("level".to_owned(), DataType::Int32, Arc::new(level));
    let folded: BooleanArray = rows.iter().map(|row| Some(row.folded())).collect();
    add("folded".to_owned(), DataType::Boolean, Arc::new(folded));
    for (position, measure) in table.measures().iter().enumerate() {
        let mut number = |suffix: &str, of: fn(&Estimate) -> i64| {
            let values = rows.iter().map(|row| row.values().get(position).map(of));
            let column: Int64Array = values.collect();
            let name = format!("{}{suffix}", measure.name());
            add(name, DataType::Int64, Arc::new(column));
        };
        number("", |estimate| estimate.value);
        number("_lower", |estimate| estimate.lower);
        number("_upper", |estimate| estimate.upper);
    }
    // A row of another shape leaves a null behind, which the schema refuses.
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map_err(|_| Error::Columns("a released table"))
}

/// What the file says of itself.
fn descriptions(table: &Table, policy: &Policy) -> Vec<KeyValue> {
    let mut said = vec![
        ("kaiku.table".to_owned(), table.name().to_owned()),
        (
            "kaiku.description".to_owned(),
            table.description().to_owned(),
        ),
        ("kaiku.policy".to_owned(), policy.name().to_owned()),
        ("kaiku.policy_hash".to_owned(), hex::encode(policy.hash())),
        ("kaiku.k".to_owned(), table.k().to_string()),
        ("kaiku.sums".to_owned(), sums(table)),
    ];
    let mut column = |name: &str, text: String| said.push((format!("kaiku.column.{name}"), text));
    for dimension in table.dimensions().iter().skip(1) {
        let text = "a value of the catalogue or of a reference table; `unlisted` for what is in \
                    neither, `folded` for the rest of a group, `all` for the whole of one";
        column(dimension.as_str(), text.to_owned());
    }
    column(
        "level",
        "how coarse the cell is, 0 being the finest".to_owned(),
    );
    column(
        "folded",
        "true where the row is what is left of a group, rows of its own taken out".to_owned(),
    );
    for measure in table.measures() {
        let rate = measure
            .rate_of()
            .map(|of| format!("; a part of {of}, to be read as a rate"));
        let text = measure.description();
        column(
            measure.name(),
            format!("{text}{}, with noise", rate.unwrap_or_default()),
        );
        for (end, side) in [("lower", "lower"), ("upper", "upper")] {
            let name = format!("{}_{end}", measure.name());
            column(
                &name,
                format!("{side} end of the 95 % interval of {}", measure.name()),
            );
        }
    }
    let said = said
        .into_iter()
        .map(|(key, value)| KeyValue::new(key, value));
    said.collect()
}

/// Over what the measures may be summed.
fn sums(table: &Table) -> String {
    let (over, not): (Vec<Dimension>, Vec<Dimension>) = table
        .dimensions()
        .iter()
        .partition(|dimension| dimension.is_of_device());
    let names = |dimensions: Vec<Dimension>| dimensions.into_iter().map(Dimension::as_str);
    let may = if over.is_empty() {
        "Measures count devices and may be summed over no column".to_owned()
    } else {
        let over: Vec<_> = names(over).collect();
        format!("Measures may be summed over {}", over.join(" and "))
    };
    let not = names(not).collect::<Vec<_>>().join(", ");
    format!(
        "{may}; not over {not} or {unit}: one device may stand in several.",
        unit = table.unit()
    )
}
