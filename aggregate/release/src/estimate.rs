//! A published number: with its noise, with its interval, and as people should read it.

/// A published number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The count with its noise. Of a count that did not decide about its row it is without bias, so
    /// that a small one may be below 0; of the one that decided it is biased upwards near the
    /// threshold, where only high noise lets a row appear. To be added up, use this one.
    pub value: i64,
    /// The lower end of the 95 % interval that holds given that the row was released; at least
    /// k for the measure that decides, at least 0 for the others.
    pub lower: i64,
    /// The upper end of that interval.
    pub upper: i64,
    /// The number for people and charts: median-unbiased given that the row was released, never
    /// negative, within the interval, and never above the estimate of a measure of which this one
    /// is a part.
    pub estimate: i64,
}

impl Estimate {
    /// This number as a part of others of which the least has the estimate `most`: its estimate is
    /// no higher, and its interval holds the estimate still. An interval that is widened covers no
    /// less.
    pub(crate) fn part_of(self, most: i64) -> Estimate {
        let estimate = self.estimate.min(most);
        Estimate {
            lower: self.lower.min(estimate),
            estimate,
            ..self
        }
    }
}
