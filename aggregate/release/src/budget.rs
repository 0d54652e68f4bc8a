//! The privacy budget: zCDP shares in exact millionths, and what they mean as (ε, δ).

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};

/// Days of one window of the ledger.
pub(crate) const WINDOW_DAYS: u32 = 28;

/// ISO weeks that a window of 28 days touches at most: five, as it need not begin on a Monday.
pub(crate) const WINDOW_WEEKS: u32 = 5;

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
    /// One device-week in the weekly tables.
    pub week: Cost,
    /// Any 28 consecutive days, in the tables of their days and of the five weeks they can touch.
    pub days_28: Cost,
    /// 365 days and the 53 weeks they can touch.
    pub year: Cost,
}

impl Rho {
    /// A share in millionths.
    pub fn from_millionths(millionths: u64) -> Rho {
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

    /// ε of the (ε, δ)-differential privacy that this share implies: ρ + 2√(ρ ln(1/δ)) (Bun,
    /// Steinke 2016, proposition 1.3).
    pub fn epsilon(self, delta: f64) -> f64 {
        let rho = self.value();
        rho + 2.0 * libm::sqrt(rho * libm::log(1.0 / delta))
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
    /// what the thresholds take in 28 days.
    pub(crate) fn new(day: Rho, week: Rho, delta: f64) -> Costs {
        let cost = |rho: Rho, windows: f64| Cost {
            rho,
            epsilon: rho.epsilon(delta / 2.0),
            delta: delta / 2.0 * (1.0 + windows),
        };
        let window = day.times(WINDOW_DAYS) + week.times(WINDOW_WEEKS);
        Costs {
            day: cost(day, 1.0),
            week: cost(week, 1.0),
            days_28: cost(window, 1.0),
            // Fourteen windows of 28 days cover 365 days and the 53 weeks that they touch.
            year: cost(day.times(365) + week.times(53), 14.0),
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
    fn epsilon_follows_from_rho_and_delta() {
        // The figures of a window with ρ = 1.88 at δ = 1e-9.
        let epsilon = Rho::from_number(1.88).unwrap().epsilon(1e-9);
        assert!((epsilon - 14.36).abs() < 0.01, "{epsilon}");
    }
}
