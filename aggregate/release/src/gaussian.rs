//! The discrete Gaussian in numbers: its standard deviation, its tails, and intervals from them.

use std::fmt;

use prio::dp::Rational;

use crate::budget::Rho;
use crate::error::Error;
use crate::estimate::Estimate;

/// The chance on each side of a 95 % interval.
const SIDE: f64 = 0.025;

/// Beyond this many σ a tail is nothing to a double that is compared with δ.
const REACH: f64 = 12.0;

/// A standard deviation parameter σ, in exact thousandths, rounded up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sigma(u64);

impl Sigma {
    /// The least σ in thousandths with σ² ≥ Δ²/2ρ, by integers alone.
    pub(crate) fn new(delta2: u32, rho: Rho) -> Sigma {
        // σ² in millionths is Δ² · 10⁶ / 2ρ, and ρ is in millionths.
        let square = (u128::from(delta2) * 1_000_000_000_000)
            .div_ceil(2 * u128::from(rho.millionths().max(1)));
        let root = square.isqrt();
        let up = if root * root < square { root + 1 } else { root };
        // Δ² is a u32 and ρ at least a millionth, so the root is below 2^47.
        Sigma(u64::try_from(up).unwrap_or(u64::MAX))
    }

    /// σ as a number.
    pub(crate) fn value(self) -> f64 {
        self.0 as f64 / 1e3
    }

    /// σ as the sampler takes it.
    pub(crate) fn rational(self) -> Result<Rational, Error> {
        Rational::from_unsigned(self.0, 1000).map_err(|source| Error::Draw { source })
    }
}

/// The upper tails of a discrete Gaussian around 0.
#[derive(Clone)]
pub(crate) struct Tails {
    sigma: Sigma,
    reach: i64,
    /// `P(N ≥ m)` for m from -reach to reach.
    upper: Vec<f64>,
}

impl Tails {
    pub(crate) fn new(sigma: Sigma) -> Tails {
        let scale = 2.0 * sigma.value() * sigma.value();
        let reach = libm::ceil(REACH * sigma.value()) as i64 + 1;
        let mut upper = Vec::new();
        let mut sum = 0.0;
        // From the far end, so that small terms are added first and nothing cancels.
        for m in (-reach..=reach).rev() {
            let m = m as f64;
            sum += libm::exp(-m * m / scale);
            upper.push(sum);
        }
        upper.reverse();
        for tail in &mut upper {
            *tail /= sum;
        }
        Tails {
            sigma,
            reach,
            upper,
        }
    }

    pub(crate) fn sigma(&self) -> Sigma {
        self.sigma
    }

    /// `P(N ≥ m)`.
    pub(crate) fn at_least(&self, m: i64) -> f64 {
        if m < -self.reach {
            return 1.0;
        }
        let index = usize::try_from(m.saturating_add(self.reach)).unwrap_or(usize::MAX);
        self.upper.get(index).copied().unwrap_or(0.0)
    }

    /// The threshold for cells of at least k: the least τ ≥ k + zσ whose excess over k the noise
    /// reaches with a chance of at most `chance`, by the discrete tail itself, which is a little
    /// heavier than the continuous one that z stands for.
    pub(crate) fn threshold(&self, k: u64, z: f64, chance: f64) -> i64 {
        let mut excess = libm::ceil(z * self.sigma.value()) as i64;
        while self.at_least(excess) > chance {
            excess += 1;
        }
        i64::try_from(k).unwrap_or(i64::MAX).saturating_add(excess)
    }

    /// The 95 % interval of a count of devices that was published because its noisy `value`
    /// reached `tau`: all truths ≥ k under which neither a value so high nor one so low is
    /// rarer than 2.5 % among the values that are published. The estimate is the least truth ≥ k
    /// under which half of them are higher, those that are equal counted half.
    pub(crate) fn selected(&self, value: i64, tau: i64, k: u64) -> Estimate {
        let k = i64::try_from(k).unwrap_or(i64::MAX);
        let reached = |value: i64, truth: i64| self.at_least(value.saturating_sub(truth));
        let so_high = |truth| reached(value, truth) / reached(tau, truth);
        let so_low = |truth| 1.0 - reached(value.saturating_add(1), truth) / reached(tau, truth);
        let least = k.max(value.saturating_sub(2 * self.reach));
        let most = least.max(value.saturating_add(self.reach));
        // Both chances are monotone in the truth.
        let lower = first(least, most, |truth| so_high(truth) > SIDE);
        let upper = first(lower, most, |truth| so_low(truth) <= SIDE)
            .saturating_sub(1)
            .max(lower);
        // Far above the threshold both are one half: rounding must not decide.
        let balanced = |truth| so_high(truth) - so_low(truth) > -1e-9;
        let estimate = first(lower, upper, balanced);
        Estimate {
            value,
            lower,
            upper,
            estimate,
        }
    }

    /// The 95 % interval of a count that did not decide about its own publication.
    pub(crate) fn plain(&self, value: i64) -> Estimate {
        let half = self.half_width();
        Estimate {
            value,
            lower: value.saturating_sub(half).max(0),
            upper: value.saturating_add(half).max(0),
            estimate: value.max(0),
        }
    }

    /// The half-width of the 95 % interval of a count that did not decide about its publication.
    pub(crate) fn half_width(&self) -> i64 {
        first(0, self.reach, |half| self.at_least(half + 1) <= SIDE)
    }
}

impl fmt::Debug for Tails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tails")
            .field("sigma", &self.sigma.value())
            .finish_non_exhaustive()
    }
}

/// The first number of `from ..= to` for which a test holds that holds for all after it; `to`
/// where it holds for none.
fn first(from: i64, to: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (from, to);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// The z with Φ̄(z) ≤ `chance`, rounded up to hundredths.
pub(crate) fn z_of(chance: f64) -> f64 {
    let hundredths = first(0, 4_000, |z| {
        0.5 * libm::erfc(z as f64 / 100.0 / std::f64::consts::SQRT_2) <= chance
    });
    hundredths as f64 / 100.0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn tails(delta2: u32, rho: f64) -> Tails {
        Tails::new(Sigma::new(delta2, Rho::from_number(rho).unwrap()))
    }

    #[test]
    fn sigma_is_never_rounded_down() {
        for delta2 in 1..=40 {
            for millionths in [1, 7, 333, 2_000, 8_000, 999_983] {
                let rho = Rho::from_millionths(millionths);
                let sigma = Sigma::new(delta2, rho).0;
                let holds = |s: u64| {
                    u128::from(s).pow(2) * 2 * u128::from(millionths)
                        >= u128::from(delta2) * 1_000_000_000_000
                };
                assert!(holds(sigma) && !holds(sigma - 1), "{delta2} {millionths}");
            }
        }
        assert_eq!(Sigma::new(4, Rho::from_millionths(8_000)).value(), 15.812);
    }

    #[test]
    fn z_inverts_the_normal_tail() {
        assert_eq!(z_of(0.025), 1.96);
        assert_eq!(z_of(0.5), 0.0);
        // Φ̄(7.2) = 3.01e-13.
        assert_eq!(z_of(3.02e-13), 7.2);
        assert_eq!(z_of(3.00e-13), 7.21);
    }

    #[test]
    fn the_tails_are_those_of_the_distribution() {
        let tails = tails(4, 0.008);
        assert!((tails.at_least(-1_000_000) - 1.0).abs() < 1e-15);
        assert_eq!(tails.at_least(1_000_000), 0.0);
        // Symmetry: P(N ≥ m) + P(N ≥ 1 - m) = 1.
        for m in -60..60 {
            assert!(
                (tails.at_least(m) + tails.at_least(1 - m) - 1.0).abs() < 1e-12,
                "{m}"
            );
        }
        // A heavier tail than the continuous one by about exp(z/2σ).
        let continuous = 0.5 * libm::erfc(7.2 / std::f64::consts::SQRT_2);
        let at = libm::ceil(7.2 * tails.sigma().value()) as i64;
        assert!(tails.at_least(at) < 1.5 * continuous && tails.at_least(at) > 0.5 * continuous);
    }

    #[test]
    fn a_threshold_is_at_least_k_and_z_sigma_and_its_chance_holds() {
        for (delta2, rho) in [(4, 0.008), (4, 0.001), (10, 0.006), (3, 0.5)] {
            let tails = tails(delta2, rho);
            let chance = 3.0e-13;
            let tau = tails.threshold(50, z_of(chance), chance);
            assert!(tau as f64 >= 50.0 + z_of(chance) * tails.sigma().value());
            assert!(tails.at_least(tau - 50) <= chance);
        }
    }

    #[test]
    fn an_interval_far_above_the_threshold_is_the_usual_one() {
        let tails = tails(4, 0.008);
        let selected = tails.selected(5_000, 164, 50);
        let plain = tails.plain(5_000);
        assert_eq!((selected.lower, selected.upper), (plain.lower, plain.upper));
        assert!((plain.upper - 5_000) as f64 >= 1.9 * 15.8);
    }

    #[test]
    fn an_interval_at_the_threshold_reaches_down_to_k() {
        let tails = tails(4, 0.008);
        let at = tails.selected(164, 164, 50);
        assert_eq!(at.lower, 50);
        assert!(at.upper > 164 && at.upper < 200, "{at:?}");
    }

    #[test]
    fn a_rate_below_zero_keeps_its_value_and_its_interval_begins_at_zero() {
        let estimate = tails(2, 0.01).plain(-3);
        assert_eq!((estimate.value, estimate.lower), (-3, 0));
        assert!(estimate.upper > 0);
    }
}
