//! From ρ to (ε, δ): the tight conversion of Canonne, Kamath and Steinke.

/// How often the search for the best order halves its range, about.
const STEPS: u32 = 200;

/// The least ε found for which ρ-zCDP implies (ε, δ)-differential privacy.
///
/// Every order α > 1 gives a valid ε = αρ + ln(1/αδ)/(α - 1) + ln(1 - 1/α): proposition 12 of
/// Canonne, Kamath, Steinke, The Discrete Gaussian for Differential Privacy (2020), solved for ε. So
/// an order that is not quite the best makes ε a little larger, and never wrong.
pub(crate) fn epsilon(rho: f64, delta: f64) -> f64 {
    // The best order in logarithms of α - 1, where the curve has one valley.
    let (mut low, mut high) = (-20.0, 60.0);
    for _ in 0..STEPS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if at_order(rho, delta, left) < at_order(rho, delta, right) {
            high = right;
        } else {
            low = left;
        }
    }
    at_order(rho, delta, (low + high) / 2.0).max(0.0)
}

fn at_order(rho: f64, delta: f64, log_excess: f64) -> f64 {
    let excess = libm::exp(log_excess);
    let alpha = 1.0 + excess;
    alpha * rho - (libm::log(alpha) + libm::log(delta)) / excess + libm::log(excess / alpha)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epsilon_is_that_of_opendp() {
        // By OpenDP 0.14's own conversion from zCDP, `scripts/opendp` compares the policies.
        for (rho, delta, expected) in [
            (0.062, 5e-10, 2.15),
            (1.736, 5e-10, 13.24),
            (0.434, 5e-10, 6.09),
        ] {
            let found = epsilon(rho, delta);
            assert!((found - expected).abs() < 0.006, "{rho}: {found}");
        }
    }

    #[test]
    fn epsilon_is_below_the_looser_conversion_and_grows_with_rho() {
        let mut last = 0.0;
        for step in 1..200 {
            let rho = f64::from(step) / 100.0;
            let tight = epsilon(rho, 1e-9);
            let loose = rho + 2.0 * libm::sqrt(rho * libm::log(1e9));
            assert!(tight > last && tight < loose, "{rho}: {tight}");
            last = tight;
        }
    }

    #[test]
    fn no_order_is_better_than_the_one_found() {
        for rho in [1e-6, 0.01, 0.35, 1.4, 18.0] {
            let found = epsilon(rho, 5e-10);
            for step in -2_000..6_000 {
                let other = at_order(rho, 5e-10, f64::from(step) / 100.0).max(0.0);
                assert!(other >= found - 1e-9, "{rho}: {other} < {found}");
            }
        }
    }
}
