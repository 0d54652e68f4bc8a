//! Published intervals and estimates, by exact sums over the noise.

use std::collections::BTreeMap;

use kaiku_release::{Estimate, Measure, Policy};

use crate::support::{Pmf, measures, shipped};

/// Truths from k to 100·k: each up to where the threshold is far, then every 37th.
fn truths(k: i64, tau: i64, sigma: f64) -> Vec<i64> {
    let near = tau + (3.0 * sigma) as i64;
    let all = k..=100 * k;
    all.filter(|truth| *truth <= near || truth % 37 == 0)
        .collect()
}

/// The measures of the policies that decide, one for each σ and τ; and those that do not.
fn distinct(policies: &[Policy], deciding: bool) -> Vec<(&Policy, &Measure)> {
    let found = measures(policies).into_iter();
    let found = found.filter(|(_, _, measure)| measure.figures().tau.is_some() == deciding);
    let by_figures: BTreeMap<_, _> = found
        .map(|(policy, _, measure)| {
            let figures = measure.figures();
            ((figures.sigma.to_bits(), figures.tau), (policy, measure))
        })
        .collect();
    by_figures.into_values().collect()
}

/// What is published of every noisy count up to one, and how likely each is.
struct Curve {
    least: i64,
    published: Vec<Estimate>,
    pmf: Pmf,
}

impl Curve {
    /// For truths from `least` to `most`.
    fn new(policy: &Policy, measure: &Measure, least: i64, most: i64) -> Curve {
        let figures = measure.figures();
        let reach = (9.0 * figures.sigma).ceil() as i64;
        let least = figures.tau.unwrap_or(least - reach);
        let values = least..=most + reach;
        let published = values.map(|value| measure.published(value, policy.k()).unwrap());
        Curve {
            least,
            published: published.collect(),
            pmf: Pmf::new(figures.sigma),
        }
    }

    /// The chance, given that the row was released, that what is published has a property.
    fn chance(&self, truth: i64, property: impl Fn(&Estimate) -> bool) -> f64 {
        let (mut with, mut all) = (0.0, 0.0);
        for noise in self.pmf.values(9.0) {
            let place = usize::try_from(truth + noise - self.least);
            let Some(published) = place.ok().and_then(|place| self.published.get(place)) else {
                continue;
            };
            all += self.pmf.at(noise);
            if property(published) {
                with += self.pmf.at(noise);
            }
        }
        with / all
    }

    /// The chance that the interval holds the truth.
    fn coverage(&self, truth: i64) -> f64 {
        self.chance(truth, |published| {
            published.lower <= truth && truth <= published.upper
        })
    }

    /// The chance of the likeliest value of a row that was released.
    fn likeliest(&self, truth: i64) -> f64 {
        let value = truth.max(self.least);
        self.pmf.at(value - truth) / self.pmf.at_least(self.least - truth)
    }
}

/// The truths from k to 100·k to be looked at, and what is published of them.
fn from_k(policy: &Policy, measure: &Measure) -> (Vec<i64>, Curve) {
    let figures = measure.figures();
    let k = i64::try_from(policy.k()).unwrap();
    let truths = truths(k, figures.tau.unwrap(), figures.sigma);
    (truths, Curve::new(policy, measure, k, 100 * k))
}

#[test]
fn intervals_hold_the_truth_in_95_of_100_released_rows_at_every_sigma_and_truth() {
    let policies = shipped();
    for (policy, measure) in distinct(&policies, true) {
        let sigma = measure.figures().sigma;
        let (truths, curve) = from_k(policy, measure);
        for truth in truths {
            let covered = curve.coverage(truth);
            assert!(covered >= 0.95, "σ {sigma}, truth {truth}: {covered}");
            // Not by being wide: integers make it a little more than 95 %, and at truths close to k,
            // which is known to be reached, one side is never wrong.
            assert!(covered <= 0.99, "σ {sigma}, truth {truth}: {covered}");
        }
    }
}

#[test]
fn intervals_of_parts_hold_the_truth_in_95_of_100_rows() {
    let policies = shipped();
    for (policy, measure) in distinct(&policies, false) {
        let curve = Curve::new(policy, measure, 0, 1_000);
        for truth in (0..1_000).step_by(7) {
            let covered = curve.coverage(truth);
            let sigma = measure.figures().sigma;
            assert!(covered >= 0.95, "σ {sigma}, truth {truth}: {covered}");
        }
    }
}

#[test]
fn an_estimate_is_as_often_too_high_as_too_low_but_for_one_value_of_the_noise() {
    let policies = shipped();
    for (policy, measure) in distinct(&policies, true) {
        let (truths, curve) = from_k(policy, measure);
        // No estimate is below k, so that at k itself none is too low.
        for truth in truths.into_iter().skip(1) {
            let high = curve.chance(truth, |published| published.estimate > truth);
            let low = curve.chance(truth, |published| published.estimate < truth);
            let sigma = measure.figures().sigma;
            assert!(
                high.max(low) <= 0.5 + curve.likeliest(truth) / 2.0 + 1e-9,
                "σ {sigma}, truth {truth}: {high} too high, {low} too low"
            );
        }
    }
}

#[test]
fn a_value_near_the_threshold_is_too_high_where_the_estimate_is_not() {
    // What the estimate is for: a plain value would be above the truth in nearly all released rows.
    let policy = Policy::small();
    let measure = &policy.table("features_daily").unwrap().measures()[0];
    let figures = measure.figures();
    let truth = figures.tau.unwrap() - figures.sigma as i64;
    let curve = Curve::new(&policy, measure, truth, truth);
    let value = curve.chance(truth, |published| published.value > truth);
    let estimate = curve.chance(truth, |published| published.estimate > truth);
    assert!(value > 0.99 && estimate < 0.55, "{value} {estimate}");
}

#[test]
fn far_above_the_threshold_the_estimate_is_the_value() {
    let policies = shipped();
    for (policy, measure) in distinct(&policies, true) {
        let figures = measure.figures();
        let far = figures.tau.unwrap() + (8.0 * figures.sigma) as i64;
        for value in far..far + 200 {
            let published = measure.published(value, policy.k()).unwrap();
            assert_eq!(published.estimate, value, "σ {}", figures.sigma);
            let sides = [value - published.lower, published.upper - value];
            assert_eq!(sides, [measure.half_width(); 2], "σ {}", figures.sigma);
        }
    }
}

#[test]
fn an_estimate_is_never_negative_and_lies_in_its_interval() {
    let policies = shipped();
    for (policy, _, measure) in measures(&policies) {
        for value in -2_000..4_000 {
            let Some(published) = measure.published(value, policy.k()) else {
                assert!(measure.figures().tau.is_some_and(|tau| value < tau));
                continue;
            };
            assert!(published.estimate >= 0, "{published:?}");
            assert!(
                published.lower <= published.estimate && published.estimate <= published.upper,
                "{published:?}"
            );
        }
    }
}
