//! The gate: which cells appear, at which level, and with what noise.
//!
//! Why the check of the truth costs no more than δ/2: take two sets of events that differ by one
//! unit of privacy. The check can differ at those cells only that the unit touches and that hold
//! k devices with it and k - 1 without it. A gate that always folds these cells would differ
//! from this one only where the noise of such a cell reaches τ - k, and what that gate shows is
//! the Gaussian mechanism with its share ρ of each level, with a path that its outcomes alone
//! decide. So the chances of reaching τ - k, summed over the cells that a unit touches at each
//! level, are all that is added to δ, in both directions. A folded cell is counted by a mark of
//! which a unit has one in a cell, so that the same holds at every level.

mod released;

use std::collections::{BTreeMap, BTreeSet};

pub use released::{Released, Row};

use crate::estimate::Estimate;
use crate::noise::sample;
use crate::{ALL, Draw, Error, FOLDED, NoiseSource, Period, Table};

/// One merged cell at the finest level, with its exact counts. Not anonymous.
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

/// Cells of one level that wait for a decision, by their dimensions.
type Waiting = BTreeMap<Vec<String>, Vec<u64>>;

/// Releases one period of one table: decides cell by cell and level by level what appears, and
/// gives it noise. `cells` must be all merged cells of the period, each once.
///
/// The path of a cell depends on noisy counts and on whether it holds k devices in truth, and on
/// nothing else. The same cells, table, period and noise give the same result.
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
    let mut waiting = gather(table, cells)?;
    let mut rows = Vec::new();
    // The coarser cells of which a finer one has appeared: what is left of them is a rest.
    let mut partial: BTreeSet<Vec<String>> = BTreeSet::new();
    for level in 0..=table.folds().len() {
        let gate = Gate {
            table,
            period,
            level,
            noise,
        };
        let mut appeared = BTreeSet::new();
        let mut folding = Waiting::new();
        for (dims, counts) in waiting {
            if let Some(values) = gate.try_cell(&dims, &counts)? {
                let folded = partial.contains(&dims);
                rows.push(Row {
                    dims: labelled(&dims, level > 0 && !folded),
                    level: level_number(level),
                    folded,
                    values,
                });
                appeared.insert(dims);
            } else {
                add(
                    &mut folding,
                    table.coarser(level, &dims, FOLDED),
                    counts,
                    table,
                )?;
            }
        }
        partial = partial
            .into_iter()
            .chain(appeared)
            .map(|dims| table.coarser(level, &dims, FOLDED))
            .collect();
        waiting = folding;
    }
    rows.sort_by(|a, b| a.dims.cmp(&b.dims));
    Ok(Released {
        table: table.name().to_owned(),
        period,
        rows,
    })
}

/// One level of one table, at its work.
struct Gate<'a, N> {
    table: &'a Table,
    period: Period,
    level: usize,
    noise: &'a N,
}

impl<N: NoiseSource> Gate<'_, N> {
    /// The noisy measures of a cell, if it appears.
    fn try_cell(&self, dims: &[String], counts: &[u64]) -> Result<Option<Vec<Estimate>>, Error> {
        let mut values = Vec::with_capacity(self.table.measures().len());
        for measure in self.table.measures() {
            let Some((column, tails, tau)) = measure.at(self.level) else {
                return Ok(None);
            };
            let count = counts.get(column).copied().unwrap_or_default();
            if tau.is_some() && count < self.table.k() {
                return Ok(None);
            }
            let cell: Vec<&str> = dims.iter().map(String::as_str).collect();
            let draw = Draw {
                table: self.table.name(),
                period: self.period,
                level: self.level,
                cell: &cell,
                measure: measure.name(),
            };
            let drawn = sample(
                tails.sigma(),
                &mut self.noise.stream(&draw),
                self.table.name(),
            )?;
            let value = i64::try_from(count)
                .ok()
                .and_then(|count| count.checked_add(drawn))
                .ok_or_else(|| range(self.table))?;
            values.push(match tau {
                Some(tau) if value < tau => return Ok(None),
                Some(tau) => tails.selected(value, tau, self.table.k()),
                None => tails.plain(value),
            });
        }
        Ok(Some(values))
    }
}

/// The cells by their dimensions, after checking that they are cells of this table.
fn gather(table: &Table, cells: Vec<Cell>) -> Result<Waiting, Error> {
    let mut waiting = Waiting::new();
    for Cell { dims, counts } in cells {
        if dims.len() != table.dimensions().len() || counts.len() != table.marks().len() {
            return Err(Error::Shape {
                table: table.name().to_owned(),
                dims: table.dimensions().len(),
                counts: table.marks().len(),
            });
        }
        if dims.iter().any(|value| value == FOLDED || value == ALL) {
            return Err(Error::Reserved {
                table: table.name().to_owned(),
            });
        }
        if waiting.insert(dims, counts).is_some() {
            return Err(Error::Duplicate {
                table: table.name().to_owned(),
            });
        }
    }
    Ok(waiting)
}

/// Adds what folds to its coarser cell.
fn add(
    folding: &mut Waiting,
    dims: Vec<String>,
    counts: Vec<u64>,
    table: &Table,
) -> Result<(), Error> {
    let sums = folding.entry(dims).or_insert_with(|| vec![0; counts.len()]);
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum = sum.checked_add(count).ok_or_else(|| range(table))?;
    }
    Ok(())
}

/// The dimensions as they are published: a row of whose group no finer row has appeared is the
/// whole of it.
fn labelled(dims: &[String], whole: bool) -> Vec<String> {
    if !whole {
        return dims.to_vec();
    }
    let all = |value: &String| match value.strip_suffix(FOLDED) {
        Some("") => ALL.to_owned(),
        Some(brand) if brand.ends_with('/') => format!("{brand}{ALL}"),
        _ => value.clone(),
    };
    dims.iter().map(all).collect()
}

fn level_number(level: usize) -> u8 {
    u8::try_from(level).unwrap_or(u8::MAX)
}

fn range(table: &Table) -> Error {
    Error::Range {
        table: table.name().to_owned(),
    }
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
