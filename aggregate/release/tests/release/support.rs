//! Helpers: cells, noise by a number, a policy of one table.

use kaiku_release::{Cell, Period, Policy, SealNoise};
use kaiku_wire::Day;

/// A policy of one table that folds a release, with large shares: σ of 5 at both levels.
pub(crate) const FOLDING: &str = r#"
name = "folding"
k = 50
delta = 1e-9
cap_rho = 100

[[table]]
name = "countries"
description = "Devices by model and country"
period = "day"
dimensions = ["app", "model", "country"]
folds = ["model_to_brand", "country", "model"]

[[table.measure]]
name = "devices"
description = "Distinct devices"
marks = ["first_app_day", "first_app_day", "first_app_day", "first_app_day"]
rho = [0.08, 0.08, 0.08, 0.08]

[[table.measure]]
name = "crashed"
description = "Distinct devices with a fatal failure"
marks = ["first_fatal_day", "first_fatal_day", "first_fatal_day", "first_fatal_day"]
rho = [0.04, 0.04, 0.04, 0.04]
rate_of = "devices"
"#;

pub(crate) fn folding() -> Policy {
    Policy::parse(FOLDING).unwrap()
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn a_day() -> Period {
    Period::Day(day("2026-11-24"))
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
