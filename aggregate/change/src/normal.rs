//! The two functions of the normal distribution that a verdict needs.

use std::f64::consts::SQRT_2;

/// P(|Z| ≥ z).
pub(crate) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / SQRT_2)
}

/// The z with P(|Z| ≥ z) = p, for p within (0, 1].
pub(crate) fn critical(p: f64) -> f64 {
    // 38 is where erfc has left the doubles.
    let (mut low, mut high) = (0.0, 38.0);
    for _ in 0..64 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}
