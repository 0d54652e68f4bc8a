//! Batches as lines of JSON: one object a line, in the form that the README documents.
//!
//! An error says where and why, and never repeats what was in the line.

mod form;
mod line_error;
mod name;
mod object;
mod whole;

pub use form::Line;
pub use line_error::LineError;

use kaiku_raw::{Limits, RawBatch, Reason, faults, validate};
use kaiku_wire::Day;

use crate::Forget;
use object::Object;

/// Reads a line. It is not validated yet, see [`check`].
///
/// # Errors
/// Where the line is no JSON, or not of the form.
pub fn parse_line(text: &str) -> Result<Line, LineError> {
    let Object(form): Object<form::LineForm<'_>> =
        serde_json::from_str(text).map_err(|e| LineError::of_json(&e))?;
    form.take()
}

/// Reads `{"device_id": "…", "app": null}`.
///
/// # Errors
/// Where the text is no JSON, or not of the form.
pub fn parse_forget(text: &str) -> Result<Forget, LineError> {
    let Object(form): Object<form::ForgetForm<'_>> =
        serde_json::from_str(text).map_err(|e| LineError::of_json(&e))?;
    Ok(form.take())
}

/// Validates a batch that is received on `today`; an error names the event that is at fault, if
/// it is one.
///
/// # Errors
/// The first reason for which the batch must be refused.
pub fn check(batch: &RawBatch<'_>, today: Day) -> Result<(), LineError> {
    validate(batch, &Limits::CONTRACT, today).map_err(|reason| locate(batch, reason, today))
}

/// The error for a batch that was refused on `today`, with the event that is at fault, if it is
/// one.
pub fn locate(batch: &RawBatch<'_>, reason: Reason, today: Day) -> LineError {
    let faults = faults(batch, &Limits::CONTRACT, today);
    let place = faults.iter().find(|fault| fault.reason == reason);
    LineError::of_reason(reason, place.map(|fault| fault.place))
}

#[cfg(test)]
mod tests;
