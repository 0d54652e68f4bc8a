//! Shares out one budget among measures so that their weighted loss is least.

use super::loss::{Counts, loss};

/// Steps of each search; a range of doubles is halved to nothing in fewer.
const STEPS: u32 = 120;

/// What one measure makes of a share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demand {
    /// How much its loss matters.
    pub(super) weight: f64,
    /// Δ² of a period.
    pub(super) delta2: f64,
    /// Δ² of the periods of one ISO week together.
    pub(super) delta2_week: f64,
    /// What it counts, in a period.
    pub(super) counts: Counts,
    /// k and z, where it decides which cells appear.
    pub(super) threshold: Option<(f64, f64)>,
}

impl Demand {
    /// Its weighted loss where a device-week pays `price` for it: σ² = Δ² of the week / 2 · price,
    /// which is Δ² / 2ρ.
    fn loss(&self, price: f64) -> f64 {
        let sigma = libm::sqrt(self.delta2_week / (2.0 * price));
        self.weight * loss(sigma, self.counts, self.threshold)
    }

    /// The price at which a little more is worth no more than `worth`.
    fn best(&self, worth: f64, budget: f64) -> f64 {
        let (mut low, mut high) = (libm::log(budget * 1e-7), libm::log(budget));
        let cost = |log_price: f64| {
            let price = libm::exp(log_price);
            self.loss(price) + worth * price
        };
        for _ in 0..STEPS {
            let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if cost(left) < cost(right) {
                high = right;
            } else {
                low = left;
            }
        }
        libm::exp((low + high) / 2.0)
    }
}

/// The shares ρ of a period, in the order of the demands, of which a device-week pays no more than
/// `budget` together, and whose loss is least.
///
/// The losses are convex, so that at the best a little more budget is worth the same everywhere
/// (Lagrange): one search for that worth, and in it one for the price of each measure.
pub(super) fn allocate(demands: &[Demand], budget: f64) -> Vec<f64> {
    let prices = |worth: f64| demands.iter().map(move |demand| demand.best(worth, budget));
    // The worth in logarithms; prices fall as it grows.
    let (mut low, mut high) = (-40.0, 40.0);
    for _ in 0..STEPS {
        let middle = (low + high) / 2.0;
        if prices(libm::exp(middle)).sum::<f64>() > budget {
            low = middle;
        } else {
            high = middle;
        }
    }
    let prices = prices(libm::exp(high));
    let shares = prices.zip(demands);
    shares
        .map(|(price, demand)| price * demand.delta2 / demand.delta2_week)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demands() -> Vec<Demand> {
        let demand = |weight, delta2_week, all, cells, threshold| Demand {
            weight,
            delta2: 4.0,
            delta2_week,
            counts: Counts { all, cells },
            threshold,
        };
        vec![
            demand(1.0, 16.0, 30_000.0, 8.0, Some((50.0, 7.0))),
            demand(0.3, 8.0, 600.0, 8.0, None),
            demand(1.0, 4.0, 80_000.0, 1_200.0, Some((50.0, 7.0))),
        ]
    }

    fn total(demands: &[Demand], shares: &[f64]) -> (f64, f64) {
        let prices = demands
            .iter()
            .zip(shares)
            .map(|(demand, share)| share * demand.delta2_week / demand.delta2);
        let losses = demands.iter().zip(prices.clone());
        (
            prices.sum(),
            losses.map(|(demand, price)| demand.loss(price)).sum(),
        )
    }

    #[test]
    fn the_budget_is_spent_and_not_more() {
        let demands = demands();
        for budget in [0.01, 0.1, 0.4] {
            let (paid, _) = total(&demands, &allocate(&demands, budget));
            assert!(
                paid <= budget && paid > 0.999 * budget,
                "{paid} of {budget}"
            );
        }
    }

    #[test]
    fn no_shift_from_one_measure_to_another_loses_less() {
        let demands = demands();
        let shares = allocate(&demands, 0.1);
        let (_, best) = total(&demands, &shares);
        for from in 0..demands.len() {
            for to in (0..demands.len()).filter(|to| *to != from) {
                for part in [0.01, 0.1, 0.5] {
                    let mut other = shares.clone();
                    let price = shares[from] * part * demands[from].delta2_week;
                    other[from] -= shares[from] * part;
                    other[to] += price / demands[to].delta2_week;
                    let (_, loss) = total(&demands, &other);
                    assert!(
                        loss >= best - 1e-6,
                        "{part} from {from} to {to}: {loss} < {best}"
                    );
                }
            }
        }
    }
}
