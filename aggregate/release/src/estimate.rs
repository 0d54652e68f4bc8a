//! A published number with its interval.

/// A published number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The count with its noise: without bias, so a small one may be below 0.
    pub value: i64,
    /// The lower end of the 95 % interval that holds given that the row was released; at least
    /// k for the measure that decides, at least 0 for the others.
    pub lower: i64,
    /// The upper end of that interval.
    pub upper: i64,
}
