//! The published files. What is written comes out of a [`Released`], and out of nothing else.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use kaiku_release::{Estimate, Policy, Released, Row, Table};
use object_store::path::Path;
use parquet::file::metadata::{KeyValue, SortingColumn};

use super::dictionary::{DescribedTable, Role};
use super::manifest::folder_of;
use crate::error::Error;
use crate::object;

/// The name of every file of a table.
pub(super) const FILE: &str = "rollup.parquet";

/// The key under which Spark looks for its schema, which has the comments of columns.
const SPARK_SCHEMA: &str = "org.apache.spark.sql.parquet.row.metadata";

/// Where the file of a table, app and period stands.
pub(super) fn path_of(released: &Released, app: &str) -> Path {
    let folder = folder_of(released.period());
    [released.table(), &format!("app={app}"), &folder, FILE]
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
    let described = DescribedTable::of(table);
    let said = descriptions(table, &described, policy);
    let fields: Vec<Field> = described.in_file().map(field).collect();
    let schema = Schema::new_with_metadata(fields, said.iter().cloned().collect());
    let batch = columns(&rows_of(released, app), table, schema)?;
    write(&batch, said, table.dimensions().len() - 1)
}

/// Writes the rows of a table that are sorted by their first `sorted` columns, with what is said of
/// them where each reader looks for it: in the footer, in Arrow's schema, in Spark's.
pub(super) fn write(
    batch: &RecordBatch,
    said: Vec<(String, String)>,
    sorted: usize,
) -> Result<Bytes, Error> {
    let spark = (SPARK_SCHEMA.to_owned(), spark_schema(&batch.schema())?);
    let metadata = said
        .into_iter()
        .chain([spark])
        .map(|(key, value)| KeyValue::new(key, value));
    let order = (0..sorted).map(|column| SortingColumn {
        // Tables have few columns.
        column_idx: i32::try_from(column).unwrap_or(i32::MAX),
        descending: false,
        nulls_first: false,
    });
    let properties = object::properties()?
        .set_key_value_metadata(Some(metadata.collect()))
        .set_sorting_columns(Some(order.collect()));
    object::write(batch, properties.build())
}

fn columns(rows: &[&Row], table: &Table, schema: Schema) -> Result<RecordBatch, Error> {
    let mut columns: Vec<ArrayRef> = Vec::new();
    // The app stands in the path: some readers refuse a table with it in both places.
    for position in 1..table.dimensions().len() {
        let values = rows
            .iter()
            .map(|row| row.dims().get(position).map(String::as_str));
        columns.push(Arc::new(values.collect::<StringArray>()));
    }
    for position in 0..table.measures().len() {
        let mut number = |of: fn(&Estimate) -> i64| {
            let values = rows.iter().map(|row| row.values().get(position).map(of));
            columns.push(Arc::new(values.collect::<Int64Array>()));
        };
        number(|estimate| estimate.value);
        number(|estimate| estimate.lower);
        number(|estimate| estimate.upper);
        number(|estimate| estimate.estimate);
    }
    // A row of another shape leaves a null behind, which the schema refuses.
    RecordBatch::try_new(Arc::new(schema), columns).map_err(|_| Error::Columns("a released table"))
}

/// A column that is never null, with its description.
fn field(column: &super::dictionary::DescribedColumn) -> Field {
    let kind = match column.role {
        Role::Path | Role::Dimension => DataType::Utf8,
        Role::Value | Role::Lower | Role::Upper | Role::Estimate => DataType::Int64,
    };
    Field::new(&column.name, kind, false).with_metadata(comment(&column.description))
}

/// A description under the name that most readers give it.
pub(super) fn comment(text: &str) -> HashMap<String, String> {
    HashMap::from([("comment".to_owned(), text.to_owned())])
}

/// What the file says of itself.
fn descriptions(
    table: &Table,
    described: &DescribedTable,
    policy: &Policy,
) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = [
        ("kaiku.table", table.name()),
        ("kaiku.description", table.description()),
        ("kaiku.unit_of_privacy", UNIT_OF_PRIVACY),
        ("kaiku.policy", policy.name()),
        ("kaiku.policy_hash", &hex::encode(policy.hash())),
        ("kaiku.k", &table.k().to_string()),
        ("kaiku.sums", &described.sums.text),
        ("kaiku.sums.over", &described.sums.over.join(",")),
        (
            "kaiku.sums.never_over",
            &described.sums.never_over.join(","),
        ),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .to_vec();
    for measure in table.measures() {
        let (name, figures) = (measure.name(), measure.figures());
        said.push((format!("kaiku.sigma.{name}"), figures.sigma.to_string()));
        if let Some(tau) = figures.tau {
            said.push((format!("kaiku.tau.{name}"), tau.to_string()));
        }
    }
    for column in described.in_file() {
        let key = format!("kaiku.column.{}", column.name);
        said.push((key, column.description.clone()));
    }
    said
}

/// Whose contribution the noise hides, as every file says it.
const UNIT_OF_PRIVACY: &str = "what is counted for one reporting identifier in one ISO week, in all \
                               daily and weekly tables together";

/// A schema as Spark writes it into the files that are its own.
fn spark_schema(schema: &Schema) -> Result<String, Error> {
    let fields = schema.fields().iter().map(|field| {
        let kind = match field.data_type() {
            DataType::Utf8 => "string",
            DataType::Date32 => "date",
            _ => "long",
        };
        serde_json::json!({
            "name": field.name(), "type": kind, "nullable": field.is_nullable(),
            "metadata": field.metadata(),
        })
    });
    let fields: Vec<_> = fields.collect();
    let schema = serde_json::json!({ "type": "struct", "fields": fields });
    serde_json::to_string(&schema).map_err(|_| Error::Columns("a schema for Spark"))
}
