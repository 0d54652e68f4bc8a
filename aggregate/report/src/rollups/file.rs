//! One Parquet file of a table: a period of one app, or a month of it.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Schema};
use bytes::Bytes;
use kaiku_wire::Day;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::table::{Number, Row};
use crate::error::Error;

/// The columns of a file, as its rows have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// The names of the columns that say what a row is about.
    pub(super) dimensions: Vec<String>,
    /// The names of the measures.
    pub(super) measures: Vec<String>,
}

/// The rows of a file, each with its period where the file has it as a column.
pub(super) struct FileRows {
    pub(super) shape: Shape,
    pub(super) rows: Vec<(Option<Day>, Row)>,
}

/// Names that stand in many rows, each kept once.
#[derive(Default)]
pub(super) struct Names(HashSet<Arc<str>>);

impl Names {
    fn one(&mut self, name: &str) -> Arc<str> {
        if let Some(known) = self.0.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        self.0.insert(Arc::clone(&name));
        name
    }
}

/// The ends of the names of the four columns of a measure.
const ENDS: [&str; 4] = ["", "_lower", "_upper", "_estimate"];

impl Shape {
    fn of(schema: &Schema, period: &str) -> Shape {
        let fields = schema.fields();
        let of_kind = |kind: DataType| {
            let found = fields
                .iter()
                .filter(move |field| *field.data_type() == kind);
            found.map(|field| field.name().clone())
        };
        let numbers: HashSet<String> = of_kind(DataType::Int64).collect();
        let is_measure = |name: &String| {
            ENDS.iter()
                .all(|end| numbers.contains(&format!("{name}{end}")))
        };
        Shape {
            dimensions: of_kind(DataType::Utf8)
                .filter(|name| name != period)
                .collect(),
            measures: of_kind(DataType::Int64).filter(is_measure).collect(),
        }
    }
}

/// Reads a file; `period` is the name of the column that holds the period in monthly copies.
///
/// # Errors
/// Where it is no Parquet file, or has a null.
pub(super) fn read(
    path: &Path,
    bytes: Vec<u8>,
    period: &str,
    names: &mut Names,
) -> Result<FileRows, Error> {
    let failed = |source| Error::Parquet {
        path: path.display().to_string(),
        source,
    };
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(failed)?;
    let shape = Shape::of(builder.schema(), period);
    let mut rows = Vec::new();
    for batch in builder.build().map_err(failed)? {
        let batch = batch.map_err(|error| failed(error.into()))?;
        add_rows(&batch, &shape, period, names, &mut rows).ok_or_else(|| Error::Altered {
            path: path.display().to_string(),
        })?;
    }
    Ok(FileRows { shape, rows })
}

/// Adds the rows of a batch; none where a column is not there or has a null.
fn add_rows(
    batch: &RecordBatch,
    shape: &Shape,
    period: &str,
    names: &mut Names,
    rows: &mut Vec<(Option<Day>, Row)>,
) -> Option<()> {
    let days: Option<&Date32Array> = column(batch, period);
    let dimensions: Vec<&StringArray> = shape
        .dimensions
        .iter()
        .map(|name| column(batch, name))
        .collect::<Option<_>>()?;
    let columns = shape.measures.iter().flat_map(|measure| {
        ENDS.iter()
            .map(move |end| column::<Int64Array>(batch, &format!("{measure}{end}")))
    });
    let columns: Vec<&Int64Array> = columns.collect::<Option<_>>()?;
    for row in 0..batch.num_rows() {
        let day = match days {
            Some(days) => Some(Day::from_days_since_epoch(days.value(row)).ok()?),
            None => None,
        };
        let numbers = columns.chunks(ENDS.len()).map(|measure| {
            let [value, lower, upper, estimate] = measure else {
                return None;
            };
            Some(Number {
                value: value.value(row),
                lower: lower.value(row),
                upper: upper.value(row),
                estimate: estimate.value(row),
            })
        });
        let dims = dimensions.iter().map(|column| names.one(column.value(row)));
        rows.push((
            day,
            Row {
                dims: dims.collect(),
                numbers: numbers.collect::<Option<_>>()?,
            },
        ));
    }
    Some(())
}

fn column<'a, A: Array + 'static>(batch: &'a RecordBatch, name: &str) -> Option<&'a A> {
    let column: &A = batch.column_by_name(name)?.as_any().downcast_ref()?;
    (column.null_count() == 0).then_some(column)
}
