//! The verdicts over a page.

use crate::normal::{critical, two_sided};
use crate::settings::Settings;
use crate::variance::{Comparison, Evidence};

/// The z above which a normal variable lies with a chance of 20 %: what 80 % power takes.
const POWER: f64 = 0.841_621_233_572_914;

/// Which way it went, where that is more than chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// More than before.
    Up,
    /// Less than before.
    Down,
    /// No reliable change, which is not the same as no change: see [`Verdict::could_have_missed`].
    None,
}

/// What can be said of one comparison on its page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// The chance of such a difference, or a larger one either way, where nothing has changed. Alone it decides nothing.
    /// 1 where nothing can be said.
    pub p: f64,
    /// The flag that holds over the page.
    pub flag: Flag,
    /// The mean (or rate) after, over that before; nothing where that before is not above 0.
    pub ratio: Option<f64>,
    /// The relative change that would have been flagged on this page with a chance of 80 %: 0.06 is 6 %. Infinite where no
    /// change could have been seen.
    pub could_have_missed: f64,
}

/// All comparisons of a page at once, in the order in which they were handed in: Benjamini and Hochberg's procedure over all of which
/// something can be said.
pub fn judge(page: &[Comparison], settings: &Settings) -> Vec<Verdict> {
    let evidence: Vec<_> = page.iter().map(|one| one.evidence(settings)).collect();
    let chances: Vec<f64> = evidence
        .iter()
        .map(|one| one.map_or(1.0, |one| two_sided(one.z())))
        .collect();
    let tested = evidence.iter().flatten().count();
    let judged = (evidence.iter().zip(&chances)).filter_map(|(one, p)| one.map(|_| *p));
    let flagged = benjamini_hochberg(judged.collect(), settings.level);
    // What one more flag would have had to reach if it were the last of those that stand.
    let bar = settings.level * flagged.max(1) as f64 / tested.max(1) as f64;
    evidence
        .iter()
        .zip(chances)
        .map(|(one, p)| match one {
            Some(one) => Verdict {
                p,
                flag: if flagged > 0 && p <= bar {
                    direction(one)
                } else {
                    Flag::None
                },
                ratio: (one.before > 0.0).then(|| one.after / one.before),
                could_have_missed: could_have_missed(one, critical(bar)),
            },
            None => Verdict {
                p,
                flag: Flag::None,
                ratio: None,
                could_have_missed: f64::INFINITY,
            },
        })
        .collect()
}

fn direction(evidence: &Evidence) -> Flag {
    if evidence.after > evidence.before {
        Flag::Up
    } else {
        Flag::Down
    }
}

/// How many of the least chances stand.
pub(crate) fn benjamini_hochberg(mut chances: Vec<f64>, level: f64) -> usize {
    chances.sort_by(f64::total_cmp);
    let step = level / chances.len().max(1) as f64;
    let last = (chances.iter().enumerate()).rfind(|(index, p)| **p <= step * (index + 1) as f64);
    last.map_or(0, |(index, _)| index + 1)
}

/// The least rise from what was before that is seen with a chance of 80 %, as a part of it.
fn could_have_missed(evidence: &Evidence, critical: f64) -> f64 {
    let before = evidence.before;
    if before <= 0.0 {
        return f64::INFINITY;
    }
    let seen = |change: f64| {
        let after = before * (1.0 + change);
        let same = evidence.pooled(before, after);
        after - before
            >= critical * evidence.deviation(same, same) + POWER * evidence.deviation(before, after)
    };
    // A rate can't rise above one; a count that would have to rise a millionfold was never seen.
    let most = (evidence.most() / before - 1.0).min(1e6);
    if most <= 0.0 || !seen(most) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, most);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if seen(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}
