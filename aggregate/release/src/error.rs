//! What can go wrong in the gate. No error names a value of a cell.

use crate::{Period, Rho, Unit};

/// Why nothing was released. Each is a fault of the caller, and trying again does not help.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The period is not of the table's unit.
    #[error("table {table} is published by the {expected}, not by the {found}")]
    Period {
        /// The table.
        table: String,
        /// The unit of the table.
        expected: Unit,
        /// The unit of the period that came.
        found: Unit,
    },
    /// A cell has another number of dimensions or counts than the table.
    #[error(
        "a cell of table {table} has not the shape of the table: {dims} dimensions and {counts} counts are needed"
    )]
    Shape {
        /// The table.
        table: String,
        /// How many dimensions a cell must have.
        dims: usize,
        /// How many counts a cell must have.
        counts: usize,
    },
    /// A cell has a value that only the gate may write.
    #[error(
        "a cell of table {table} has the reserved value `folded` or `all`, which no catalogue may hold"
    )]
    Reserved {
        /// The table.
        table: String,
    },
    /// Two cells have the same dimensions: they were not merged.
    #[error("two cells of table {table} have the same dimensions: merge them first")]
    Duplicate {
        /// The table.
        table: String,
    },
    /// A count is beyond what can be published.
    #[error("a count of table {table} is out of range")]
    Range {
        /// The table.
        table: String,
    },
    /// The noise could not be drawn.
    #[error("cannot draw noise")]
    Draw {
        /// What the sampler says.
        #[source]
        source: prio::dp::DpError,
    },
    /// The release would go beyond the cap of the policy.
    #[error(
        "releasing {period} would cost a device ρ = {would} over {days} days, the cap is {cap}"
    )]
    Cap {
        /// The period that was to be released.
        period: Period,
        /// What the costliest window of days around it would cost.
        would: Rho,
        /// The cap of the policy.
        cap: Rho,
        /// The length of the window, in days.
        days: u32,
    },
    /// The period was paid for already: what is published is never drawn a second time.
    #[error("{period} was released already")]
    Again {
        /// The period.
        period: Period,
    },
}
