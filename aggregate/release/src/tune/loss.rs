//! What a count loses by its noise: the part of it that does not appear, and the noise in the rest.
//!
//! The cells of a table are taken to follow Zipf's law: the r-th largest of V holds M / (r · H) of
//! all M, with H the sum of 1/1 to 1/V. That is what counts by country, model and feature look like,
//! and it is all that is assumed.

/// e to the power of Euler's constant: ln(1 + x · this) is close to the sum of 1/1 to 1/x, smooth,
/// and 0 at 0.
const HARMONIC: f64 = 1.781_072_418;

/// How what is counted spreads over the cells of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts {
    /// All that is counted in a period.
    pub(super) all: f64,
    /// The number of cells.
    pub(super) cells: f64,
}

/// The mean loss of one of the things that are counted: 1 where its cell does not appear, else the
/// noise relative to its cell.
///
/// A cell of a measure that decides appears from k + zσ on. That of another is worth something where
/// it is larger than its own noise, which is the same with k = 0 and z = 1. The loss is convex in the
/// share of the budget.
pub(super) fn loss(sigma: f64, counts: Counts, threshold: Option<(f64, f64)>) -> f64 {
    let (k, z) = threshold.unwrap_or((0.0, 1.0));
    let least = k + z * sigma;
    let whole = harmonic(counts.cells);
    // The largest rank that appears.
    let rank = (counts.all / (whole * least)).min(counts.cells);
    let shown = harmonic(rank) / whole;
    1.0 - shown + rank * sigma / counts.all
}

fn harmonic(terms: f64) -> f64 {
    libm::log(1.0 + HARMONIC * terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTS: Counts = Counts {
        all: 50_000.0,
        cells: 240.0,
    };

    #[test]
    fn the_loss_is_that_of_the_cells_one_by_one() {
        let whole: f64 = (1..=240).map(|rank| 1.0 / f64::from(rank)).sum();
        for sigma in [2.0, 10.0, 30.0, 100.0] {
            let mut expected = 0.0;
            for rank in 1..=240 {
                let share = 1.0 / (f64::from(rank) * whole);
                let count = COUNTS.all * share;
                let shown = count >= 50.0 + 7.0 * sigma;
                expected += share * if shown { sigma / count } else { 1.0 };
            }
            let found = loss(sigma, COUNTS, Some((50.0, 7.0)));
            assert!(
                (found - expected).abs() < 0.05,
                "{sigma}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn more_noise_loses_more_and_the_loss_is_convex_in_the_share() {
        for threshold in [Some((50.0, 7.0)), None] {
            let at = |share: f64| loss(libm::sqrt(2.0 / share), COUNTS, threshold);
            for step in 1..400 {
                let share = f64::from(step) / 4_000.0;
                assert!(at(share) > at(share * 1.01), "{share}");
                let middle = at(share * 1.05);
                assert!(
                    middle <= (at(share) + at(share * 1.1)) / 2.0 + 1e-9,
                    "{share}"
                );
            }
        }
    }
}
