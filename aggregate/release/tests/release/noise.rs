//! Noise: its exact distribution at every σ in use, and no noise twice.

use std::collections::BTreeMap;

use kaiku_release::{Draw, Measure, NoiseSource, Period, Policy, SealNoise, Table, release};

use crate::support::{Pmf, a_week, day, equal_cells, measures, noise, period_of, phi, shipped};

/// Draws at each σ.
const DRAWS: usize = 6_000;

/// Standard errors at which a variance is refused; 1 in 16,000 right ones would be.
const REFUSED: f64 = 4.0;

/// The noise of a measure in many cells, by giving each a count that always appears.
pub(crate) fn draws(
    table: &Table,
    measure: usize,
    draws: usize,
    noise: &impl NoiseSource,
) -> Vec<i64> {
    let counts = vec![1_000_000; table.marks().len()];
    let released = release(
        table,
        period_of(table),
        equal_cells(table, draws, &counts),
        noise,
    )
    .unwrap();
    assert_eq!(released.rows().len(), draws);
    let values = released
        .rows()
        .iter()
        .map(|row| row.values()[measure].value - 1_000_000);
    values.collect()
}

/// How many standard errors the variance of noise lies from that of σ.
pub(crate) fn variance_off(noise: &[i64], sigma: f64) -> f64 {
    let pmf = Pmf::new(sigma);
    let moment = |power: i32| -> f64 {
        let values = pmf.values(13.0);
        values.map(|m| pmf.at(m) * (m as f64).powi(power)).sum()
    };
    let (second, fourth) = (moment(2), moment(4));
    let found = noise.iter().map(|m| (m * m) as f64).sum::<f64>() / noise.len() as f64;
    (found - second) / ((fourth - second * second) / noise.len() as f64).sqrt()
}

/// Pearson's χ² of noise against the exact distribution, over bins of at least 1 % each, as standard
/// errors from its mean (it has about 80 bins).
fn chi_square_off(noise: &[i64], sigma: f64) -> f64 {
    let pmf = Pmf::new(sigma);
    let mut found: BTreeMap<i64, u32> = BTreeMap::new();
    for value in noise {
        *found.entry(*value).or_default() += 1;
    }
    let (mut chi, mut bins) = (0.0, 0.0);
    let (mut chance, mut count) = (0.0, 0.0);
    for m in pmf.values(13.0) {
        chance += pmf.at(m);
        count += f64::from(found.get(&m).copied().unwrap_or_default());
        let last = m == *pmf.values(13.0).end();
        if (chance >= 0.01 && pmf.at_least(m + 1) >= 0.01) || last {
            let expected = chance * noise.len() as f64;
            chi += (count - expected).powi(2) / expected;
            bins += 1.0;
            (chance, count) = (0.0, 0.0);
        }
    }
    let freedom: f64 = bins - 1.0;
    (chi - freedom) / (2.0 * freedom).sqrt()
}

/// A policy with one measure of another one's, which then decides; its σ is the same.
fn alone(table: &Table, measure: &Measure) -> Policy {
    let dimensions: Vec<_> = table
        .dimensions()
        .iter()
        .map(|dimension| format!("\"{dimension}\""))
        .collect();
    let text = format!(
        "name = \"alone\"\nk = 50\ndelta = 1e-9\ncap_rho = 10\n[[table]]\nname = \"{}\"\n\
         description = \"x\"\nperiod = \"{}\"\ndimensions = [{}]\n[[table.measure]]\n\
         name = \"{}\"\ndescription = \"x\"\nmark = \"{}\"\nrho = {}\n",
        table.name(),
        table.unit(),
        dimensions.join(", "),
        measure.name(),
        measure.figures().mark,
        measure.share(),
    );
    Policy::parse(&text).unwrap()
}

#[test]
fn the_noise_of_every_sigma_in_use_is_the_discrete_gaussian() {
    let policies = shipped();
    let distinct: BTreeMap<u64, Policy> = measures(&policies)
        .into_iter()
        .map(|(_, table, measure)| {
            let sigma = measure.figures().sigma;
            (sigma.to_bits(), alone(table, measure))
        })
        .collect();
    let sigmas = distinct.len() as f64;
    assert!(sigmas > 40.0);
    let mut variances = 0.0;
    for (seal, (bits, policy)) in distinct.into_iter().enumerate() {
        let sigma = f64::from_bits(bits);
        let table = &policy.tables()[0];
        assert_eq!(table.measures()[0].figures().sigma, sigma);
        let noise = draws(table, 0, DRAWS, &noise(seal as u64));
        let mean = noise.iter().sum::<i64>() as f64 / DRAWS as f64;
        let mean_off = mean / (sigma / (DRAWS as f64).sqrt());
        assert!(mean_off.abs() < REFUSED, "σ {sigma}: mean {mean}");
        let off = variance_off(&noise, sigma);
        assert!(off.abs() < REFUSED, "σ {sigma}: variance off by {off}");
        variances += off;
        let off = chi_square_off(&noise, sigma);
        assert!(off < 4.5, "σ {sigma}: χ² off by {off}");
    }
    // All of them together: what no single one shows.
    let off = variances / sigmas.sqrt();
    assert!(off.abs() < REFUSED, "variances off by {off}");
}

/// The chance that the variance of so many draws is refused where σ is off by a part.
fn power(off: f64, draws: f64) -> f64 {
    let ratio = (1.0 + off) * (1.0 + off);
    let error = (2.0 / draws).sqrt();
    let (low, high) = (1.0 - REFUSED * error, 1.0 + REFUSED * error);
    let below = |limit: f64| phi((limit - ratio) / (ratio * error));
    below(low) + 1.0 - below(high)
}

#[test]
fn one_sigma_that_is_off_by_6_2_percent_or_all_by_0_96_would_be_found_with_99_percent() {
    let one = DRAWS as f64;
    assert!(power(-0.059, one) > 0.99, "{}", power(-0.059, one));
    assert!(power(0.062, one) > 0.99, "{}", power(0.062, one));
    assert!(power(-0.10, one) > 0.999_999);
    let all = 40.0 * one;
    assert!(power(-0.0096, all) > 0.99, "{}", power(-0.0096, all));
    assert!(power(0.0096, all) > 0.99, "{}", power(0.0096, all));
    // And what is not found: so many draws say nothing of an error of 1 % of one σ.
    assert!(power(0.01, one) < 0.05);
}

/// A policy of two tables with two measures each, all alike.
const TWINS: &str = r#"
name = "twins"
k = 50
delta = 1e-9
cap_rho = 10
[[table]]
name = "one"
description = "x"
period = "week"
dimensions = ["app", "country"]
[[table.measure]]
name = "devices"
description = "x"
mark = "first_app_week"
rho = 0.08
[[table.measure]]
name = "crashed"
description = "x"
mark = "first_fatal_week"
rho = 0.08
[[table]]
name = "two"
description = "x"
period = "week"
dimensions = ["app", "country"]
[[table.measure]]
name = "devices"
description = "x"
mark = "first_app_week"
rho = 0.08
"#;

/// A part of a draw that a broken source of noise forgets.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Forgets {
    Nothing,
    Table,
    Period,
    Cell,
    Measure,
}

/// A source that gives the same noise for draws that differ in one part alone.
struct Forgetful(SealNoise, Forgets);

impl NoiseSource for Forgetful {
    type Stream = <SealNoise as NoiseSource>::Stream;

    fn stream(&self, draw: &Draw<'_>) -> Self::Stream {
        let mut draw = *draw;
        match self.1 {
            Forgets::Nothing => {}
            Forgets::Table => draw.table = "",
            Forgets::Period => draw.period = a_week(),
            Forgets::Cell => draw.cell = &draw.cell[..1],
            Forgets::Measure => draw.measure = "",
        }
        self.0.stream(&draw)
    }
}

/// The noise of 2,000 cells of a table and measure in a week.
fn noises(table: &Table, measure: usize, week: &str, source: &Forgetful) -> Vec<i64> {
    let cells = equal_cells(table, 2_000, &vec![1_000_000; table.marks().len()]);
    let period = Period::Week(day(week).week());
    let released = release(table, period, cells, source).unwrap();
    let rows = released.rows().iter();
    rows.map(|row| row.values()[measure].value - 1_000_000)
        .collect()
}

/// The correlation of two rows of noise.
fn correlation(a: &[i64], b: &[i64]) -> f64 {
    let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| f(*a as f64, *b as f64)).sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

/// Which pairs of draws that differ in one part share their noise.
fn shared(source: &Forgetful) -> Vec<Forgets> {
    let policy = Policy::parse(TWINS).unwrap();
    let (one, two) = (&policy.tables()[0], &policy.tables()[1]);
    let noise = noises(one, 0, "2026-11-24", source);
    let others = [
        (Forgets::Table, noises(two, 0, "2026-11-24", source)),
        (Forgets::Period, noises(one, 0, "2026-12-01", source)),
        (Forgets::Measure, noises(one, 1, "2026-11-24", source)),
        // The cells before each one.
        (
            Forgets::Cell,
            noise
                .iter()
                .cycle()
                .skip(1)
                .take(noise.len())
                .copied()
                .collect(),
        ),
    ];
    // Independent noise has a correlation of 0 ± 0.022; a tenth is over four standard errors.
    let shared = others
        .into_iter()
        .filter(|(_, other)| correlation(&noise, other) > 0.1);
    shared.map(|(part, _)| part).collect()
}

#[test]
fn no_two_draws_share_their_noise() {
    assert_eq!(shared(&Forgetful(noise(5), Forgets::Nothing)), []);
}

#[test]
fn noise_that_forgets_the_table_period_measure_or_cell_is_caught() {
    for part in [Forgets::Table, Forgets::Period, Forgets::Measure] {
        assert_eq!(shared(&Forgetful(noise(5), part)), [part]);
    }
    let cell = shared(&Forgetful(noise(5), Forgets::Cell));
    assert!(cell.contains(&Forgets::Cell), "{cell:?}");
}

#[test]
fn the_noise_of_two_measures_of_a_cell_is_not_correlated() {
    let policy = Policy::parse(TWINS).unwrap();
    let table = &policy.tables()[0];
    let pair = [0, 1].map(|measure| draws(table, measure, DRAWS, &noise(8)));
    let found = correlation(&pair[0], &pair[1]);
    assert!(found.abs() < 4.0 / (DRAWS as f64).sqrt(), "{found}");
}
