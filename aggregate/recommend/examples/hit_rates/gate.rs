//! What the gate publishes of people as devices: the very gate, with the bounds and the noise of a policy.

use std::collections::BTreeMap;

use kaiku_recommend::{FeatureRow, PairRow};
use kaiku_release::{Cell, Period, Policy, SealNoise, release};
use kaiku_wire::{BOUNDS, Day, Week};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::people::People;

pub(crate) const APP: &str = "app";

/// A fleet of a size, under a policy.
pub(crate) struct Gate {
    pub(crate) name: &'static str,
    pub(crate) devices: usize,
    policy: Policy,
}

/// The rows of two tables.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) pairs: Vec<PairRow>,
    pub(crate) features: Vec<FeatureRow>,
}

impl Gate {
    pub(crate) fn small() -> Gate {
        Gate {
            name: "20,000, `small`",
            devices: 20_000,
            policy: Policy::small(),
        }
    }

    pub(crate) fn default() -> Gate {
        Gate {
            name: "100,000, `default`",
            devices: 100_000,
            policy: Policy::default_policy(),
        }
    }

    /// What is published of a week in which each device, one for each number of `devices`, uses all that its person uses, in an
    /// order of its own: what comes behind the bounds is not counted.
    pub(crate) fn week(
        &self,
        people: &People,
        devices: &[usize],
        week: Week,
        rng: &mut ChaCha8Rng,
        rows: &mut Rows,
    ) {
        let items = people.items.len();
        let mut single = vec![0_u64; items];
        let mut both = vec![0_u64; items * items];
        let mut order = Vec::new();
        for device in devices {
            order.clone_from(&people.uses[*device]);
            order.shuffle(rng);
            order.truncate(BOUNDS.week.features as usize);
            order.iter().for_each(|item| single[*item] += 1);
            order.truncate(BOUNDS.week.pair_features as usize);
            for (at, one) in order.iter().enumerate() {
                for other in &order[at + 1..] {
                    both[one.min(other) * items + one.max(other)] += 1;
                }
            }
        }
        let noise = SealNoise::new(rand::Rng::random(rng), rand::Rng::random(rng));
        let name = |item: usize| people.items[item].clone();
        let cells = single.iter().enumerate().map(|(item, count)| Cell {
            dims: vec![APP.to_owned(), name(item)],
            counts: vec![*count],
        });
        for (dims, lower, estimate) in
            self.released("features_weekly", week, cells.collect(), &noise)
        {
            rows.features.push(FeatureRow {
                week,
                feature: dims[1].clone(),
                lower,
                estimate,
            });
        }
        let cells = both.iter().enumerate().filter(|(_, count)| **count > 0);
        let cells = cells.map(|(pair, count)| Cell {
            dims: vec![APP.to_owned(), name(pair / items), name(pair % items)],
            counts: vec![*count],
        });
        for (dims, lower, estimate) in
            self.released("feature_pairs_weekly", week, cells.collect(), &noise)
        {
            rows.pairs.push(PairRow {
                week,
                a: dims[1].clone(),
                b: dims[2].clone(),
                lower,
                estimate,
            });
        }
    }

    fn released(
        &self,
        table: &str,
        week: Week,
        cells: Vec<Cell>,
        noise: &SealNoise,
    ) -> Vec<(Vec<String>, f64, f64)> {
        let table = self.policy.table(table).expect("every policy has it");
        let released =
            release(table, Period::Week(week), cells, noise).expect("cells of the table");
        (released.rows().iter())
            .map(|row| {
                let value = row.values()[0];
                (
                    row.dims().to_vec(),
                    value.lower as f64,
                    value.estimate as f64,
                )
            })
            .collect()
    }
}

/// The first of the weeks that are simulated.
pub(crate) fn first_week() -> Week {
    Day::MIN.plus(20_000).week()
}

/// Where each item stands by name.
pub(crate) fn numbers(people: &People) -> BTreeMap<&str, usize> {
    (people.items.iter().enumerate())
        .map(|(number, item)| (item.as_str(), number))
        .collect()
}
