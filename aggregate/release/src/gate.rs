//! The gate: which cells appear, and with what noise. Each cell is decided alone.
//!
//! Why the check of the truth costs no more than δ/2: take two sets of counted contributions that
//! differ by one device-week. The check can differ at those cells only that the device-week touches
//! and that hold k devices with it and k - 1 without it. A gate that never shows these cells would
//! differ from this one only where the noise of such a cell reaches τ - k, and what that gate shows
//! of all other cells is the Gaussian mechanism with its share ρ, seen through its own outcomes. The
//! noise of the cells at k is independent of all of that. So the chances of reaching τ - k, summed
//! over the cells that a device-week touches, are all that is added to δ, in both directions.
//! `docs/privacy.md` has the argument in full.

mod released;

use std::collections::BTreeMap;

pub use released::{Released, Row};

use crate::noise::sample;
use crate::{Draw, Error, Estimate, Measure, NoiseSource, Period, Table};

/// One merged cell, with its exact counts. Not anonymous.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    /// The values of the table's dimensions, in their order.
    pub dims: Vec<String>,
    /// The sums of the table's [marks](Table::marks), in their order.
    pub counts: Vec<u64>,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cell")
    }
}

/// Releases one period of one table: decides cell by cell what appears, and gives it noise. `cells`
/// must be all merged cells of the period, each once.
///
/// Whether a cell appears depends on its own noisy count and on whether it holds k devices in truth,
/// and on nothing else. The same cells, table, period and noise give the same result.
///
/// # Errors
/// Where the cells are not cells of this table and period: see [`Error`]. Nothing is released
/// then.
pub fn release(
    table: &Table,
    period: Period,
    cells: Vec<Cell>,
    noise: &impl NoiseSource,
) -> Result<Released, Error> {
    if period.unit() != table.unit() {
        return Err(Error::Period {
            table: table.name().to_owned(),
            expected: table.unit(),
            found: period.unit(),
        });
    }
    let gate = Gate {
        table,
        period,
        noise,
    };
    let mut rows = Vec::new();
    // Sorted by their dimensions.
    for (dims, counts) in gather(table, cells)? {
        if let Some(values) = gate.try_cell(&dims, &counts)? {
            rows.push(Row { dims, values });
        }
    }
    Ok(Released {
        table: table.name().to_owned(),
        period,
        rows,
    })
}

/// One period of one table, at its work.
struct Gate<'a, N> {
    table: &'a Table,
    period: Period,
    noise: &'a N,
}

impl<N: NoiseSource> Gate<'_, N> {
    /// The noisy measures of a cell, if it appears.
    fn try_cell(&self, dims: &[String], counts: &[u64]) -> Result<Option<Vec<Estimate>>, Error> {
        let cell: Vec<&str> = dims.iter().map(String::as_str).collect();
        let mut values = Vec::with_capacity(self.table.measures().len());
        for measure in self.table.measures() {
            let count = self.table.count(measure, counts);
            if measure.decides() && count < self.table.k() {
                return Ok(None);
            }
            match measure.published(self.noisy(measure, &cell, count)?, self.table.k()) {
                Some(estimate) => values.push(estimate),
                None => return Ok(None),
            }
        }
        Ok(Some(self.table.nested(values)))
    }

    /// A count with its noise.
    fn noisy(&self, measure: &Measure, cell: &[&str], count: u64) -> Result<i64, Error> {
        let draw = Draw {
            table: self.table.name(),
            period: self.period,
            cell,
            measure: measure.name(),
        };
        let drawn = sample(
            measure.sigma(),
            &mut self.noise.stream(&draw),
            self.table.name(),
        )?;
        i64::try_from(count)
            .ok()
            .and_then(|count| count.checked_add(drawn))
            .ok_or_else(|| Error::Range {
                table: self.table.name().to_owned(),
            })
    }
}

/// The cells by their dimensions, after checking that they are cells of this table.
fn gather(table: &Table, cells: Vec<Cell>) -> Result<BTreeMap<Vec<String>, Vec<u64>>, Error> {
    let mut gathered = BTreeMap::new();
    for Cell { dims, counts } in cells {
        if dims.len() != table.dimensions().len() || counts.len() != table.marks().len() {
            return Err(Error::Shape {
                table: table.name().to_owned(),
                dims: table.dimensions().len(),
                counts: table.marks().len(),
            });
        }
        check_containment(table, &counts)?;
        if gathered.insert(dims, counts).is_some() {
            return Err(Error::Duplicate {
                table: table.name().to_owned(),
            });
        }
    }
    Ok(gathered)
}

/// That no part of a cell is more than its whole.
fn check_containment(table: &Table, counts: &[u64]) -> Result<(), Error> {
    for part in table.measures() {
        for whole in table.wholes(part) {
            if table.count(part, counts) > table.count(whole, counts) {
                return Err(Error::Containment {
                    table: table.name().to_owned(),
                    part: part.name().to_owned(),
                    whole: whole.name().to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{Policy, SealNoise};

    #[test]
    fn a_cell_under_k_does_not_appear_even_where_noise_would_lift_it() {
        // A threshold that every noisy count reaches leaves the truth alone to decide.
        let policy = Policy::small().with_thresholds(-1_000_000);
        let table = policy.table("features_daily").unwrap();
        let day = Period::Day(kaiku_wire::Day::parse("2026-11-24").unwrap());
        for (devices, rows) in [(0, 0), (1, 0), (49, 0), (50, 1), (51, 1)] {
            let cell = Cell {
                dims: vec!["maps".into(), "route".into()],
                counts: vec![devices, 0, 0],
            };
            let released =
                release(table, day, vec![cell], &SealNoise::new([3; 32], [4; 32])).unwrap();
            assert_eq!(released.rows().len(), rows, "{devices}");
        }
    }
}
