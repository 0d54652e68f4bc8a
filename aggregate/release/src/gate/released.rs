//! What passed the gate. Its fields are private, and the gate alone makes it.

use crate::estimate::Estimate;
use crate::vocabulary::Period;

/// One released period of one table: all that may be published of it.
///
/// Only [`crate::release`] makes one: there is no constructor, no `Default`, no `Deserialize`.
#[derive(Debug)]
pub struct Released {
    pub(super) table: String,
    pub(super) period: Period,
    pub(super) rows: Vec<Row>,
}

/// One published row.
#[derive(Debug)]
pub struct Row {
    pub(super) dims: Vec<String>,
    pub(super) values: Vec<Estimate>,
}

impl Released {
    /// The name of the table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The period.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The rows, sorted by their dimensions.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
}

impl Row {
    /// The values of the table's dimensions, in their order.
    pub fn dims(&self) -> &[String] {
        &self.dims
    }

    /// The measures of the table, in their order.
    pub fn values(&self) -> &[Estimate] {
        &self.values
    }
}
