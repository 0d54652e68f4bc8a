//! Numbers with their intervals: sums of days, and rates.

use crate::model::Cell;
use crate::rollups::Number;

/// The half width of a 95 % interval, in standard deviations.
const WIDTH: f64 = 1.959_963_984_540_054;

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Measured {
    /// The number to show to people.
    pub(crate) estimate: f64,
    /// The lower end of its interval.
    pub(crate) lower: f64,
    /// The upper end.
    pub(crate) upper: f64,
}

/// A sum of values over periods, with the variance of their noise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Sum {
    /// The sum of the values, without bias.
    pub(crate) value: f64,
    /// The variance of the noise in it: σ² for each period.
    pub(crate) variance: f64,
    /// How many periods were added up.
    pub(crate) periods: u32,
}

impl Measured {
    /// What a row says of a measure.
    pub(crate) fn of(number: Number) -> Measured {
        Measured {
            estimate: number.estimate as f64,
            lower: number.lower as f64,
            upper: number.upper as f64,
        }
    }

    /// This part of a whole. Both ends are the furthest that the two intervals allow, so the
    /// interval holds whenever both of them do; none where the whole is nothing.
    pub(crate) fn part_of(self, whole: Measured) -> Option<Measured> {
        let rate = |part: f64, whole: f64| match whole > 0.0 {
            true => (part / whole).clamp(0.0, 1.0),
            false => 1.0,
        };
        (whole.estimate > 0.0).then(|| Measured {
            estimate: rate(self.estimate, whole.estimate),
            lower: rate(self.lower, whole.upper),
            upper: rate(self.upper, whole.lower),
        })
    }

    /// The rest of a whole of which this is a rate.
    pub(crate) fn rest(self) -> Measured {
        Measured {
            estimate: 1.0 - self.estimate,
            lower: 1.0 - self.upper,
            upper: 1.0 - self.lower,
        }
    }

    /// Three cells of counts: estimate, lower and upper end.
    pub(crate) fn counts(self) -> [Cell; 3] {
        // Counts of devices are far below 2^53.
        [self.estimate, self.lower, self.upper].map(|count| Cell::Count(count.round() as i64))
    }

    /// Three cells of rates.
    pub(crate) fn rates(self) -> [Cell; 3] {
        [self.estimate, self.lower, self.upper].map(Cell::rate)
    }
}

impl Sum {
    /// Adds the value of one period.
    pub(crate) fn add(&mut self, value: i64, sigma: f64) {
        self.value += value as f64;
        self.variance += sigma * sigma;
        self.periods += 1;
    }

    /// The sum with its 95 % interval; none of the three is below 0.
    pub(crate) fn measured(self) -> Measured {
        let half = WIDTH * self.variance.sqrt();
        Measured {
            estimate: self.value.max(0.0),
            lower: (self.value - half).max(0.0),
            upper: (self.value + half).max(0.0),
        }
    }
}

/// Three cells of counts, or three times nothing.
pub(crate) fn counts(measured: Option<Measured>) -> [Cell; 3] {
    measured.map_or([Cell::None, Cell::None, Cell::None], Measured::counts)
}

/// Three cells of rates, or three times nothing.
pub(crate) fn rates(measured: Option<Measured>) -> [Cell; 3] {
    measured.map_or([Cell::None, Cell::None, Cell::None], Measured::rates)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn measured(estimate: f64, lower: f64, upper: f64) -> Measured {
        Measured {
            estimate,
            lower,
            upper,
        }
    }

    #[test]
    fn a_rate_reaches_from_the_least_part_of_the_most_to_the_most_part_of_the_least() {
        let rate = measured(10.0, 5.0, 20.0).part_of(measured(100.0, 80.0, 125.0));
        assert_eq!(rate, Some(measured(0.1, 0.04, 0.25)));
    }

    #[test]
    fn a_rate_is_never_below_nothing_nor_above_one() {
        let rate = measured(90.0, -5.0, 200.0).part_of(measured(80.0, 0.0, 125.0));
        assert_eq!(rate, Some(measured(1.0, 0.0, 1.0)));
        assert_eq!(
            measured(1.0, 0.0, 2.0).part_of(measured(0.0, 0.0, 9.0)),
            None
        );
    }

    #[test]
    fn the_rest_turns_the_interval_round() {
        assert_eq!(
            measured(0.25, 0.125, 0.5).rest(),
            measured(0.75, 0.5, 0.875)
        );
    }

    #[test]
    fn the_noise_of_a_sum_grows_with_the_root_of_its_days() {
        let mut sum = Sum::default();
        for _ in 0..4 {
            sum.add(100, 10.0);
        }
        let measured = sum.measured();
        assert_eq!((measured.estimate, sum.periods), (400.0, 4));
        assert!((measured.upper - 400.0 - WIDTH * 20.0).abs() < 1e-9);
        sum.add(-1_000, 10.0);
        assert_eq!(sum.measured().lower, 0.0);
        assert_eq!(sum.measured().estimate, 0.0);
    }
}
