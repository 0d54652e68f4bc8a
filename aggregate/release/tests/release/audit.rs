//! Broken gates, each of which an audit must catch, and the right one, which it must pass.
//!
//! An audit sees what a gate publishes of cells whose truth it knows, and the figures that the policy
//! claims. A candidate is the right gate with one thing wrong.

use kaiku_release::{Policy, Table, release};

use crate::noise::{draws, variance_off};
use crate::support::{Pmf, cell, equal_cells, narrow, noise, period_of, phi};

/// Cells in one audit.
const CELLS: usize = 6_000;

/// What was published of a cell.
struct Shown {
    value: i64,
    lower: i64,
    upper: i64,
}

/// A gate over cells of the table `countries` with a number of devices.
struct Candidate {
    /// The policy that it draws its noise by; the right gate's is the one that it claims.
    draws_by: Policy,
    /// How many σ its threshold lies above k, where it is not the policy's.
    z: Option<f64>,
    /// Whether its interval stands around the noisy value as if nothing had been selected.
    forgets_selection: bool,
    /// Whether its interval stands around the truth, as if that could be seen.
    from_truth: bool,
}

impl Candidate {
    fn right() -> Candidate {
        Candidate {
            draws_by: narrow(),
            z: None,
            forgets_selection: false,
            from_truth: false,
        }
    }

    /// With shares so large that σ is this part of the right one.
    fn with_sigma(part: f64) -> Candidate {
        let share = format!("rho = {:.6}", 0.08 / part / part);
        let text = crate::support::NARROW.replace("rho = 0.08", &share);
        Candidate {
            draws_by: Policy::parse(&text).unwrap(),
            ..Candidate::right()
        }
    }

    /// What it shows of as many cells with the same truth, and of the cells that it does not show
    /// nothing. The noise is that of the right gate, seen where every cell appears.
    fn run(&self, truth: i64, seal: u64) -> Vec<Shown> {
        let claims = narrow();
        let measure = &claims.tables()[0].measures()[0];
        let figures = measure.figures();
        let tau = self.z.map_or(figures.tau.unwrap(), |z| {
            50 + (z * figures.sigma).ceil() as i64
        });
        let noise = draws(&self.draws_by.tables()[0], 0, CELLS, &noise(seal));
        let values = noise.into_iter().map(|noise| truth + noise);
        let shown = values.filter(|value| truth >= 50 && *value >= tau);
        shown
            .map(|value| self.publish(&claims, value, truth))
            .collect()
    }

    fn publish(&self, claims: &Policy, value: i64, truth: i64) -> Shown {
        let measure = &claims.tables()[0].measures()[0];
        let half = measure.half_width();
        let around = |middle: i64| (middle - half, middle + half);
        let (lower, upper) = match measure.published(value, 50) {
            _ if self.from_truth => around(truth),
            Some(estimate) if !self.forgets_selection => (estimate.lower, estimate.upper),
            _ => around(value),
        };
        Shown {
            value,
            lower,
            upper,
        }
    }
}

/// What is wrong with a gate, as far as these audits see.
fn audit(candidate: &Candidate) -> Vec<&'static str> {
    let mut wrong = Vec::new();
    let claims = narrow();
    let figures = claims.tables()[0].measures()[0].figures();
    let (sigma, tau) = (figures.sigma, figures.tau.unwrap());
    // A cell that always appears shows its noise.
    let noise: Vec<i64> = candidate
        .run(100_000, 1)
        .iter()
        .map(|shown| shown.value - 100_000)
        .collect();
    if variance_off(&noise, sigma).abs() > 4.0 {
        wrong.push("noise");
    }
    // A cell of k devices appears with a chance of 5e-11: in 6,000, one is wrong.
    if !candidate.run(50, 2).is_empty() {
        wrong.push("boundary");
    }
    // Cells that a part of the noise lifts over the threshold.
    let pmf = Pmf::new(sigma);
    for (seal, off) in [(3, -8), (4, 0), (5, 20)] {
        let truth = tau + off;
        let shown = candidate.run(truth, seal);
        let rows = shown.len() as f64;
        let expected = pmf.at_least(-off) * CELLS as f64;
        let scatter = (expected * (1.0 - pmf.at_least(-off))).sqrt();
        if (rows - expected).abs() > 4.0 * scatter.max(1.0) {
            wrong.push("selection");
        }
        let held = |shown: &&Shown| shown.lower <= truth && truth <= shown.upper;
        let covered = shown.iter().filter(held).count() as f64;
        let error = (0.05 * 0.95 / rows).sqrt();
        if covered / rows < 0.95 - 4.0 * error {
            wrong.push("coverage");
        }
        // No interval is right more often than 98.5 of 100 and honest: it knows the truth.
        if covered / rows > 0.985 + 4.0 * error {
            wrong.push("knowledge");
        }
    }
    wrong.dedup();
    wrong
}

#[test]
fn the_right_gate_passes() {
    assert_eq!(audit(&Candidate::right()), Vec::<&str>::new());
}

#[test]
fn noise_without_the_root_of_the_sensitivity_is_caught() {
    // Δ² of 4 left out: σ is the half of what it must be.
    let candidate = Candidate::with_sigma(0.5);
    assert!(audit(&candidate).contains(&"noise"));
}

#[test]
fn a_sigma_that_is_a_tenth_too_small_is_caught() {
    assert!(audit(&Candidate::with_sigma(0.9)).contains(&"noise"));
}

#[test]
fn a_threshold_at_two_sigma_is_caught() {
    let candidate = Candidate {
        z: Some(2.0),
        ..Candidate::right()
    };
    let wrong = audit(&candidate);
    assert!(
        wrong.contains(&"boundary") && wrong.contains(&"selection"),
        "{wrong:?}"
    );
}

#[test]
fn an_interval_that_forgets_the_selection_is_caught() {
    let candidate = Candidate {
        forgets_selection: true,
        ..Candidate::right()
    };
    assert_eq!(audit(&candidate), ["coverage"]);
}

#[test]
fn an_interval_from_the_truth_is_caught() {
    let candidate = Candidate {
        from_truth: true,
        ..Candidate::right()
    };
    assert_eq!(audit(&candidate), ["knowledge"]);
}

#[test]
fn each_audit_would_find_its_error_with_99_percent() {
    let cells = CELLS as f64;
    // Noise: the smallest error of σ that 6,000 cells find is 5.9 %.
    let error = (2.0 / cells).sqrt();
    let found = |off: f64| {
        let ratio = (1.0 + off) * (1.0 + off);
        phi((1.0 - 4.0 * error - ratio) / (ratio * error))
    };
    assert!(
        found(-0.059) > 0.99 && found(-0.1) > 0.999_999,
        "{}",
        found(-0.059)
    );
    // Boundary: the chance that no cell of k appears at z is (1 - tail)^cells; 3.1 is still found.
    let pmf = Pmf::new(5.0);
    let missed = |z: f64| (1.0 - pmf.at_least((z * 5.0).ceil() as i64)).powf(cells);
    assert!(missed(2.0) < 1e-50 && missed(3.1) < 0.01, "{}", missed(3.1));
    // Coverage, at eight under the threshold, where the fewest rows appear (about 400): 86.5 % is
    // still found.
    let rows = cells * pmf.at_least(8);
    let limit = 0.95 - 4.0 * (0.05 * 0.95 / rows).sqrt();
    let power = phi((limit - 0.865) / (0.865 * 0.135 / rows).sqrt());
    assert!(power > 0.99, "{power} with {rows} rows");
}

/// The noise of each of many cells of a table, and what appears of them with another truth.
fn appears(table: &Table, truth: i64, noises: &[i64]) {
    let figures = table.measures()[0].figures();
    let count = u64::try_from(truth).unwrap();
    let counts = vec![count; table.marks().len()];
    let cells = equal_cells(table, noises.len(), &counts);
    let names: Vec<_> = cells.iter().map(|cell| cell.dims.clone()).collect();
    let released = release(table, period_of(table), cells, &noise(17)).unwrap();
    let mut rows = released.rows().iter().peekable();
    let mut sorted: Vec<_> = names.into_iter().collect();
    sorted.sort();
    for (name, noise) in sorted.iter().zip(noises) {
        let shown = rows.next_if(|row| row.dims() == *name).is_some();
        let expected = truth >= 50 && truth + noise >= figures.tau.unwrap();
        assert_eq!(shown, expected, "{} {truth} {noise}", table.name());
    }
    assert!(rows.next().is_none());
}

#[test]
fn a_cell_appears_exactly_where_its_noisy_count_reaches_tau_and_k_is_true() {
    for policy in crate::support::shipped() {
        for table in policy.tables() {
            let noises = draws(table, 0, 100, &noise(17));
            let tau = table.measures()[0].figures().tau.unwrap();
            for truth in [0, 1, 49, 50, 51, tau - 20, tau, tau + 20] {
                appears(table, truth, &noises);
            }
        }
    }
}

#[test]
fn a_cell_of_k_devices_appears_with_no_more_than_its_part_of_delta_by_the_exact_tail() {
    for policy in crate::support::shipped() {
        let chance = policy.delta() / 2.0 / policy.cells_touched() as f64;
        for table in policy.tables() {
            let figures = table.measures()[0].figures();
            let k = i64::try_from(policy.k()).unwrap();
            let tail = Pmf::new(figures.sigma).at_least(figures.tau.unwrap() - k);
            assert!(tail <= chance, "{}: {tail:e} > {chance:e}", table.name());
            // And no more is hidden than that and z ask for.
            let lower = figures.tau.unwrap() - 1;
            let tail = Pmf::new(figures.sigma).at_least(lower - k);
            let under = (lower as f64) < k as f64 + policy.z() * figures.sigma;
            assert!(
                under || tail > chance,
                "{}: {lower} is enough",
                table.name()
            );
        }
    }
}

#[test]
fn k_minus_one_devices_never_appear_with_any_noise() {
    let policy = narrow();
    let table = &policy.tables()[0];
    for seal in 0..200 {
        let cells = vec![cell(&["maps", "FI"], &[49, 0])];
        let released = release(table, period_of(table), cells, &noise(seal)).unwrap();
        assert!(released.rows().is_empty());
    }
}
