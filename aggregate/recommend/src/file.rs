//! The file of an app, as large as it may be and no larger.

use kaiku_suggestions::{Error, Feature, MOST_BYTES, Suggestions};
use kaiku_wire::Day;

use crate::mine::{Pair, Settings, Together};
use crate::rows::{Facts, FeatureRow, PairRow};

/// What is to be signed for an app; nothing where nothing was published of its features. Where not all pairs fit, those go that are
/// weakest for both of their features.
///
/// # Errors
/// Where the expiry does not fit the week, or the names alone are too long.
pub fn file(
    app: &str,
    expires: Day,
    pairs: &[PairRow],
    features: &[FeatureRow],
    facts: &Facts,
    settings: &Settings,
) -> Result<Option<Suggestions>, Error> {
    let Some(together) = Together::of(pairs, features, facts, settings) else {
        return Ok(None);
    };
    let may_be = |number: usize| facts[&together.features[number]].recommend;
    // A pair of which neither may be suggested says nothing to anybody.
    let mut useful: Vec<Pair> = (together.pairs.iter().copied())
        .filter(|(a, b, _)| may_be(*a) || may_be(*b))
        .collect();
    sort_by_rank(&mut useful, together.features.len());
    let named: Vec<Feature> = (together.features.iter())
        .map(|name| Feature {
            name: name.clone(),
            is_offered: facts[name].recommend,
        })
        .collect();
    let made = |pairs: &[Pair]| {
        let pairs = pairs.iter().copied();
        Suggestions::new(app, together.week, expires, named.clone(), pairs)
    };
    // The longest beginning that fits; more pairs never make a file shorter.
    let (mut fits, mut most) = (0, useful.len());
    while fits < most {
        let middle = (fits + most).div_ceil(2);
        if made(&useful[..middle])?.bytes() <= MOST_BYTES {
            fits = middle;
        } else {
            most = middle - 1;
        }
    }
    let file = made(&useful[..fits])?;
    if file.bytes() > MOST_BYTES {
        return Err(Error::TooLarge);
    }
    Ok(Some(file))
}

/// The pairs by their rank among those of either of their features, whichever is better.
fn sort_by_rank(pairs: &mut [Pair], features: usize) {
    pairs.sort_by(|one, other| {
        other
            .2
            .total_cmp(&one.2)
            .then((one.0, one.1).cmp(&(other.0, other.1)))
    });
    let mut seen = vec![0_usize; features];
    let mut ranked: Vec<(usize, Pair)> = Vec::with_capacity(pairs.len());
    for pair in pairs.iter() {
        let (a, b) = (pair.0, pair.1);
        ranked.push((seen[a].min(seen[b]), *pair));
        seen[a] += 1;
        seen[b] += 1;
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    for (place, (_, pair)) in pairs.iter_mut().zip(ranked) {
        *place = pair;
    }
}
