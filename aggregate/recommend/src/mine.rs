//! Which features go together.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::{Day, Week};

use crate::rows::{Facts, FeatureRow, PairRow};

/// How it is looked at the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How many of the last weeks are averaged, at the most.
    pub weeks: usize,
    /// The day: what has expired by then is left out.
    pub day: Day,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            weeks: 4,
            day: Day::MIN,
        }
    }
}

/// A feature that may be suggested to who uses another.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// What may be suggested.
    pub feature: String,
    /// To who uses this.
    pub because: String,
    /// How much they go together, from 0 to 1.
    pub score: f64,
}

/// Two features by their numbers in the order of popularity, and how much they go together.
pub(crate) type Pair = (usize, usize, f64);

/// What goes together in an app.
pub(crate) struct Together {
    /// The last week that was looked at.
    pub(crate) week: Week,
    /// Features that are listed, the most used first.
    pub(crate) features: Vec<String>,
    /// Each pair once, the lower number first.
    pub(crate) pairs: Vec<Pair>,
}

/// What may be suggested to whom, by one app's rows: for each feature that is in use the best first, and of what is alike the
/// more popular. Features that have expired by [`Settings::day`] appear nowhere; those that may not be recommended,
/// only as a reason.
pub fn mine(
    pairs: &[PairRow],
    features: &[FeatureRow],
    facts: &Facts,
    settings: &Settings,
) -> Vec<Suggestion> {
    let Some(together) = Together::of(pairs, features, facts, settings) else {
        return Vec::new();
    };
    let name = |number: usize| together.features[number].clone();
    let may_be = |number: usize| facts[&together.features[number]].recommend;
    let both_ways = |&(a, b, score): &Pair| [(a, b, score), (b, a, score)];
    let mut found: Vec<Pair> = (together.pairs.iter().flat_map(both_ways))
        .filter(|(_, feature, _)| may_be(*feature))
        .collect();
    found.sort_by(|one, other| {
        let by_score = other.2.total_cmp(&one.2);
        (one.0.cmp(&other.0))
            .then(by_score)
            .then(one.1.cmp(&other.1))
    });
    (found.into_iter())
        .map(|(because, feature, score)| Suggestion {
            feature: name(feature),
            because: name(because),
            score,
        })
        .collect()
}

impl Together {
    /// Nothing where no row is of a feature that is listed.
    pub(crate) fn of(
        pairs: &[PairRow],
        features: &[FeatureRow],
        facts: &Facts,
        settings: &Settings,
    ) -> Option<Together> {
        let weeks: BTreeSet<Week> = (features.iter().map(|row| row.week)).collect();
        let weeks: BTreeSet<Week> = weeks.into_iter().rev().take(settings.weeks).collect();
        let is_listed = |name: &str| (facts.get(name)).is_some_and(|it| settings.day < it.expires);
        let sizes = sizes(features, &weeks, is_listed);
        let mut order: Vec<(&str, f64)> = sizes.into_iter().collect();
        order.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
        let numbers: BTreeMap<&str, usize> = (order.iter().enumerate())
            .map(|(at, (name, _))| (*name, at))
            .collect();

        let mut both: BTreeMap<(usize, usize), Both> = BTreeMap::new();
        for row in pairs.iter().filter(|row| weeks.contains(&row.week)) {
            let (Some(a), Some(b)) = (numbers.get(&*row.a), numbers.get(&*row.b)) else {
                continue;
            };
            both.entry((*a.min(b), *a.max(b))).or_default().add(row);
        }
        let scored = both.into_iter().map(|((a, b), both)| {
            let score = both.lower_of_mean(weeks.len()) / (order[a].1 * order[b].1).sqrt();
            (a, b, score.min(1.0))
        });
        let pairs = scored
            .filter(|(a, b, score)| a != b && *score > 0.0)
            .collect();
        Some(Together {
            week: *weeks.last()?,
            pairs,
            features: (order.into_iter().map(|(name, _)| name.to_owned())).collect(),
        })
    }
}

/// What the weeks say of a pair.
#[derive(Clone, Copy, Default)]
struct Both {
    estimate: f64,
    /// Squares of how far the lower ends lie below.
    below: f64,
}

impl Both {
    fn add(&mut self, row: &PairRow) {
        let below = (row.estimate - row.lower).max(0.0);
        self.estimate += row.estimate.max(0.0);
        self.below += below * below;
    }

    /// The lower end of the mean over so many weeks, whose noise is independent. A week in which the pair was withheld counts as
    /// none of it: only high noise would have shown it, and the mean of the weeks in which it was shown would be one
    /// of lucky weeks.
    fn lower_of_mean(self, weeks: usize) -> f64 {
        (self.estimate - self.below.sqrt()).max(0.0) / weeks as f64
    }
}

/// The devices of each feature, as the mean of the weeks in which it was shown: what was withheld is below the threshold, and not
/// nothing, and a smaller number would make its pairs look better than they are.
fn sizes<'a>(
    features: &'a [FeatureRow],
    weeks: &BTreeSet<Week>,
    is_listed: impl Fn(&str) -> bool,
) -> BTreeMap<&'a str, f64> {
    let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    let looked_at = features.iter().filter(|row| weeks.contains(&row.week));
    for row in looked_at.filter(|row| is_listed(&row.feature)) {
        let (sum, shown) = sums.entry(&row.feature).or_default();
        *sum += row.estimate;
        *shown += 1.0;
    }
    let means = sums
        .into_iter()
        .map(|(name, (sum, shown))| (name, sum / shown));
    means.filter(|(_, mean)| *mean > 0.0).collect()
}
