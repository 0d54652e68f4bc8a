//! Helpers: cells, noise by a number, a policy of one table, the discrete Gaussian by its formula.

use kaiku_release::{Cell, Measure, Period, Policy, SealNoise, Table};
use kaiku_wire::Day;

/// A policy of one table with large shares: σ of 5 at the measure that decides, and at the other.
pub(crate) const NARROW: &str = r#"
name = "narrow"
k = 50
delta = 1e-9
cap_rho = 10

[[table]]
name = "countries"
description = "Devices by country"
period = "week"
dimensions = ["app", "country"]

[[table.measure]]
name = "devices"
description = "Distinct devices"
mark = "first_app_week"
rho = 0.08

[[table.measure]]
name = "crashed"
description = "Those of them with a fatal failure"
mark = "first_fatal_week"
rho = 0.08
rate_of = "devices"
"#;

pub(crate) fn narrow() -> Policy {
    Policy::parse(NARROW).unwrap()
}

/// The policies that are compiled in.
pub(crate) fn shipped() -> [Policy; 3] {
    [Policy::small(), Policy::default_policy(), Policy::large()]
}

/// Every measure of the policies that are compiled in, with its policy and table.
pub(crate) fn measures(policies: &[Policy]) -> Vec<(&Policy, &Table, &Measure)> {
    let tables = policies
        .iter()
        .flat_map(|policy| policy.tables().iter().map(move |table| (policy, table)));
    let measures = tables.flat_map(|(policy, table)| {
        let measures = table.measures().iter();
        measures.map(move |measure| (policy, table, measure))
    });
    measures.collect()
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn a_day() -> Period {
    Period::Day(day("2026-11-24"))
}

pub(crate) fn a_week() -> Period {
    Period::Week(day("2026-11-24").week())
}

/// A period that a table can be released for.
pub(crate) fn period_of(table: &Table) -> Period {
    [a_day(), a_week()]
        .into_iter()
        .find(|period| period.unit() == table.unit())
        .unwrap()
}

/// The noise of the `n`th seal.
pub(crate) fn noise(n: u64) -> SealNoise {
    let mut key = [1; 32];
    key[..8].copy_from_slice(&n.to_le_bytes());
    SealNoise::new(key, [2; 32])
}

pub(crate) fn cell(dims: &[&str], counts: &[u64]) -> Cell {
    Cell {
        dims: dims.iter().map(|value| (*value).to_owned()).collect(),
        counts: counts.to_vec(),
    }
}

/// So many cells of a table that differ in their last dimension, or in the app where it has no
/// other, all with the same counts.
pub(crate) fn equal_cells(table: &Table, cells: usize, counts: &[u64]) -> Vec<Cell> {
    let dims = |n: usize| {
        let mut dims = vec!["maps".to_owned(); table.dimensions().len()];
        *dims.last_mut().unwrap() = format!("value{n}");
        dims
    };
    (0..cells)
        .map(|n| Cell {
            dims: dims(n),
            counts: counts.to_vec(),
        })
        .collect()
}

/// The discrete Gaussian by its formula: P(N = m) is proportional to exp(-m² / 2σ²). Code of its
/// own, to hold the gate's against.
pub(crate) struct Pmf {
    reach: i64,
    at: Vec<f64>,
    above: Vec<f64>,
}

impl Pmf {
    pub(crate) fn new(sigma: f64) -> Pmf {
        let reach = (13.0 * sigma).ceil() as i64;
        let weights = (-reach..=reach).map(|m| (-((m * m) as f64) / (2.0 * sigma * sigma)).exp());
        let weights: Vec<f64> = weights.collect();
        // Small terms first, from both ends at once.
        let half: f64 = weights[..reach as usize].iter().sum();
        let at: Vec<f64> = weights.iter().map(|w| w / (2.0 * half + 1.0)).collect();
        let mut above = at.clone();
        for place in (0..above.len() - 1).rev() {
            above[place] += above[place + 1];
        }
        Pmf { reach, at, above }
    }

    /// P(N = m).
    pub(crate) fn at(&self, m: i64) -> f64 {
        let place = usize::try_from(m + self.reach);
        place.map_or(0.0, |place| self.at.get(place).copied().unwrap_or(0.0))
    }

    /// P(N ≥ m).
    pub(crate) fn at_least(&self, m: i64) -> f64 {
        match usize::try_from(m + self.reach) {
            Ok(place) => self.above.get(place).copied().unwrap_or(0.0),
            Err(_) => 1.0,
        }
    }

    /// The values that are not too rare to matter.
    pub(crate) fn values(&self, sigmas: f64) -> std::ops::RangeInclusive<i64> {
        let reach = (self.reach as f64 * sigmas / 13.0) as i64;
        -reach..=reach
    }
}

/// The distribution function of the standard normal.
pub(crate) fn phi(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}
