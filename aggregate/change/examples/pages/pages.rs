//! Many pages, with and without a change, and what is flagged on them.

use kaiku_change::{Comparison, Flag, Settings, judge};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::fleet::{Plan, page};

/// Devices a day that use the planted feature, and what they gain.
const PLANTED: (f64, f64) = (1_000.0, 1.2);

/// What is true of many pages.
pub(crate) struct Outcome {
    /// The part of pages without a change that show a flag.
    pub(crate) any: f64,
    /// Arrows on such a page where intervals that do not meet are enough.
    pub(crate) arrows: f64,
    /// The part of pages on which the planted change is flagged as what it is.
    pub(crate) found: f64,
    /// Flags beside it, a page.
    pub(crate) beside: f64,
    /// What the planted feature's verdict says could have been missed, had nothing been planted: the mean.
    pub(crate) missed: f64,
}

pub(crate) fn run(plan: &Plan, pages: u64, settings: &Settings) -> Outcome {
    let mut sums = Outcome {
        any: 0.0,
        arrows: 0.0,
        found: 0.0,
        beside: 0.0,
        missed: 0.0,
    };
    for seed in 0..pages {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let still = page(&mut rng, plan, Some((PLANTED.0, 1.0)));
        let compared: Vec<Comparison> = still.iter().map(|shown| shown.comparison).collect();
        let verdicts = judge(&compared, settings);
        let flagged = verdicts.iter().any(|verdict| verdict.flag != Flag::None);
        sums.any += f64::from(u8::from(flagged));
        sums.arrows += still.iter().filter(|shown| !shown.meets).count() as f64;
        sums.missed += verdicts.last().map_or(0.0, |last| last.could_have_missed);

        let moved = page(&mut rng, plan, Some(PLANTED));
        let compared: Vec<Comparison> = moved.iter().map(|shown| shown.comparison).collect();
        let verdicts = judge(&compared, settings);
        if let Some((planted, others)) = verdicts.split_last() {
            sums.found += f64::from(u8::from(planted.flag == Flag::Up));
            let beside = others.iter().filter(|other| other.flag != Flag::None);
            sums.beside += beside.count() as f64;
        }
    }
    let pages = pages as f64;
    Outcome {
        any: sums.any / pages,
        arrows: sums.arrows / pages,
        found: sums.found / pages,
        beside: sums.beside / pages,
        missed: sums.missed / pages,
    }
}
