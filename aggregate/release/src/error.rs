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
    /// Two cells have the same dimensions: they were not merged.
    #[error("two cells of table {table} have the same dimensions: merge them first")]
    Duplicate {
        /// The table.
        table: String,
    },
    /// A cell has more of a part than of the whole: what counted is not as `docs/counting.md` has it.
    #[error(
        "a cell of table {table} has a higher count of {part} than of {whole}, which contains it"
    )]
    Containment {
        /// The table.
        table: String,
        /// The measure that is contained.
        part: String,
        /// The measure that contains it.
        whole: String,
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
    /// The choice of cells would take more of δ than the policy has.
    #[error(
        "releasing {period} would take δ = {would:e} over {days} days, the policy has {most:e} for them"
    )]
    Delta {
        /// The period that was to be released.
        period: Period,
        /// What the costliest window of days around it would take.
        would: f64,
        /// What the policy has for such a window.
        most: f64,
        /// The length of the window, in days.
        days: u32,
    },
    /// The period was paid for already: what is published is never drawn a second time.
    #[error("{period} was released already")]
    Again {
        /// The period.
        period: Period,
    },
    /// A policy can't be made for what it is to be made for.
    #[error("cannot tune a policy: {text}")]
    Aim {
        /// What stands against it.
        text: String,
    },
}
