//! The privacy budget: zCDP shares in exact millionths, and what they mean as (ε, δ).

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

use crate::epsilon::epsilon;

/// A share of the budget: ρ of zero-concentrated differential privacy, in exact millionths.
/// Shares of what is released about one unit add up (Bun, Steinke 2016).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Rho(u64);

/// What one device pays at most for what is released about it over some time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// The sum of the shares.
    pub rho: Rho,
    /// ε at `delta`.
    pub epsilon: f64,
    /// δ; it includes the chance that the truth of a cell under k decides.
    pub delta: f64,
}

/// The costs of a policy for one device that reports at its bounds throughout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Costs {
    /// One device-day in the daily tables.
    pub day: Cost,
    /// One device-week: an ISO week in all tables, daily and weekly. This is the unit of privacy.
    pub week: Cost,
    /// Any four consecutive ISO weeks, in all tables. (The cap of the ledger is on any 28
    /// consecutive days, which can touch five weeks: see [`crate::check_cap`].)
    pub days_28: Cost,
    /// 53 ISO weeks, in all tables.
    pub year: Cost,
}

impl Rho {
    /// A share in millionths.
    pub const fn from_millionths(millionths: u64) -> Rho {
        Rho(millionths)
    }

    /// The share in millionths.
    pub fn millionths(self) -> u64 {
        self.0
    }

    /// The share as a number.
    pub fn value(self) -> f64 {
        // Shares are far below 2^53 millionths.
        self.0 as f64 / 1e6
    }

    /// This share, paid several times.
    pub fn times(self, times: u32) -> Rho {
        Rho(self.0.saturating_mul(u64::from(times)))
    }

    /// This share times `numerator` / `denominator`, rounded up to a millionth.
    pub(crate) fn scaled(self, numerator: u32, denominator: u32) -> Rho {
        let scaled = u128::from(self.0) * u128::from(numerator);
        let millionths = scaled.div_ceil(u128::from(denominator.max(1)));
        Rho(u64::try_from(millionths).unwrap_or(u64::MAX))
    }

    /// ε of the (ε, δ)-differential privacy that this share implies (Canonne, Kamath, Steinke
    /// 2020, proposition 12).
    pub fn epsilon(self, delta: f64) -> f64 {
        epsilon(self.value(), delta)
    }

    /// The largest share that implies no more than ε at δ.
    pub(crate) fn of_epsilon(most: f64, delta: f64) -> Rho {
        let (mut low, mut high) = (0_u64, 100_000_000);
        while low < high {
            let middle = (low + high).div_ceil(2);
            if Rho(middle).epsilon(delta) <= most {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Rho(low)
    }

    /// Reads a number with at most six decimals, above 0 and at most 100.
    pub(crate) fn from_number(number: f64) -> Option<Rho> {
        let scaled = number * 1e6;
        let whole = libm::round(scaled);
        if !(1.0..=1e8).contains(&whole) || (scaled - whole).abs() > 1e-3 {
            return None;
        }
        // In range: checked above.
        Some(Rho(whole as u64))
    }
}

impl Add for Rho {
    type Output = Rho;

    fn add(self, other: Rho) -> Rho {
        Rho(self.0.saturating_add(other.0))
    }
}

impl Sum for Rho {
    fn sum<I: Iterator<Item = Rho>>(shares: I) -> Rho {
        shares.fold(Rho::default(), Add::add)
    }
}

impl fmt::Display for Rho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

impl Costs {
    /// What a unit of each kind costs, composed. Half of δ stands behind ε, the other half is
    /// what the thresholds take in one week.
    pub(crate) fn new(day: Rho, week: Rho, delta: f64) -> Costs {
        let cost = |rho: Rho, weeks: u32| Cost {
            rho,
            epsilon: rho.epsilon(delta / 2.0),
            delta: delta / 2.0 * (1.0 + f64::from(weeks)),
        };
        Costs {
            day: cost(day, 1),
            week: cost(week, 1),
            days_28: cost(week.times(4), 4),
            year: cost(week.times(53), 53),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn shares_are_exact_decimals() {
        let tenth = Rho::from_number(0.1).unwrap();
        assert_eq!((tenth + tenth + tenth).millionths(), 300_000);
        assert_eq!(Rho::from_number(0.000_000_1), None);
        assert_eq!(Rho::from_number(0.001_000_5), None);
        for number in [0.0, -0.1, f64::NAN, f64::INFINITY, 1e9] {
            assert_eq!(Rho::from_number(number), None, "{number}");
        }
    }

    #[test]
    fn a_scaled_share_is_never_rounded_down() {
        assert_eq!(Rho(7).scaled(35, 10), Rho(25));
        assert_eq!(Rho(10).scaled(35, 10), Rho(35));
        assert_eq!(Rho(1).scaled(1, 3), Rho(1));
    }

    #[test]
    fn the_share_of_an_epsilon_is_the_largest_that_costs_no_more() {
        for most in [0.1, 2.0, 5.3, 10.0] {
            let rho = Rho::of_epsilon(most, 5e-10);
            assert!(rho.epsilon(5e-10) <= most, "{most}");
            assert!(Rho(rho.0 + 1).epsilon(5e-10) > most, "{most}");
        }
    }
}
