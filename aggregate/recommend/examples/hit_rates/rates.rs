//! The hit rates: what is popular, what a device would pick from the file, and what raw data would say.

use kaiku_recommend::{Fact, Facts, Settings, file};
use kaiku_suggestions::{Expected, SigningKey, Suggestions};
use kaiku_wire::Day;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::gate::{APP, Gate, Rows, first_week, numbers};
use crate::people::People;

/// Suggestions that are looked at.
const AT: usize = 5;
/// Parts of the people: each is looked at with what the others have taught.
const FOLDS: usize = 5;
/// The most used items, outside of which the tail begins.
const HEAD: usize = 10;
/// People of a part that are looked at, at the most.
const MOST: usize = 2_000;

/// Hit rates of one kind of uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rate {
    pub(crate) popular: f64,
    pub(crate) one_week: f64,
    pub(crate) four_weeks: f64,
    pub(crate) raw: f64,
    /// By the lift of what is published in four weeks, instead of the cosine.
    pub(crate) lift: f64,
}

impl Rate {
    /// What of raw's gain over popular is kept.
    pub(crate) fn kept(&self, ours: f64) -> f64 {
        (ours - self.popular) / (self.raw - self.popular)
    }
}

/// Over all uses, and over those outside of the most used items.
#[derive(Debug)]
pub(crate) struct Rates {
    pub(crate) all: Rate,
    pub(crate) tail: Rate,
}

/// What is known for one part of the people.
struct Taught {
    one_week: Suggestions,
    four_weeks: Suggestions,
    /// Items by published popularity.
    popular: Vec<usize>,
    /// Cosines of exact counts.
    raw: Vec<f64>,
    /// Lifts of what is published.
    lift: Vec<f64>,
}

pub(crate) fn rates(people: &People, gate: &Gate) -> Rates {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut hits, mut uses) = ([Rate::default(); 2], [0.0; 2]);
    for fold in 0..FOLDS {
        let taught = Taught::of(people, gate, fold, &mut rng);
        let number = numbers(people);
        let here = people.uses.iter().enumerate();
        let here = here.filter(|(person, uses)| person % FOLDS == fold && uses.len() > 1);
        for (_, used) in here.take(MOST) {
            for hidden in used {
                let known = |item: usize| item != *hidden && used.contains(&item);
                let picked = |from: &Suggestions| {
                    let picked = from.pick(&|name| known(number[name]));
                    let picked: Vec<usize> = picked.iter().map(|one| number[one.feature]).collect();
                    taught.is_hit(&picked, *hidden, known)
                };
                let hit = Rate {
                    popular: taught.is_hit(&[], *hidden, known),
                    one_week: picked(&taught.one_week),
                    four_weeks: picked(&taught.four_weeks),
                    raw: taught.is_hit(&by(&taught.raw, people, known), *hidden, known),
                    lift: taught.is_hit(&by(&taught.lift, people, known), *hidden, known),
                };
                hits[0].add(&hit);
                uses[0] += 1.0;
                if *hidden >= HEAD {
                    hits[1].add(&hit);
                    uses[1] += 1.0;
                }
            }
        }
    }
    let [all, tail] = [hits[0].over(uses[0]), hits[1].over(uses[1])];
    Rates { all, tail }
}

impl Rate {
    fn add(&mut self, hit: &Rate) {
        self.popular += hit.popular;
        self.one_week += hit.one_week;
        self.four_weeks += hit.four_weeks;
        self.raw += hit.raw;
        self.lift += hit.lift;
    }

    fn over(&self, uses: f64) -> Rate {
        Rate {
            popular: self.popular / uses,
            one_week: self.one_week / uses,
            four_weeks: self.four_weeks / uses,
            raw: self.raw / uses,
            lift: self.lift / uses,
        }
    }
}

impl Taught {
    /// By everybody but one part, drawn to as many devices as the gate has.
    fn of(people: &People, gate: &Gate, fold: usize, rng: &mut ChaCha8Rng) -> Taught {
        let others: Vec<usize> = (0..people.uses.len())
            .filter(|person| person % FOLDS != fold)
            .collect();
        let devices: Vec<usize> = (0..gate.devices)
            .map(|_| others[rng.random_range(0..others.len())])
            .collect();
        let mut rows = Rows::default();
        gate.week(people, &devices, first_week(), rng, &mut rows);
        let one_week = read_again(people, &rows);
        for week in 1..4 {
            let week = first_week().monday().plus(7 * week).week();
            gate.week(people, &devices, week, rng, &mut rows);
        }
        let four_weeks = read_again(people, &rows);
        let number = numbers(people);
        let popular = four_weeks.features().iter();
        Taught {
            popular: popular.map(|feature| number[&*feature.name]).collect(),
            raw: cosines(people, &devices),
            lift: lifts(people, &rows),
            one_week,
            four_weeks,
        }
    }

    /// Whether what is hidden stands among the first of what was picked, filled up with what is popular.
    fn is_hit(&self, picked: &[usize], hidden: usize, known: impl Fn(usize) -> bool) -> f64 {
        let popular = self.popular.iter().copied();
        let popular = popular.filter(|item| !known(*item) && !picked.contains(item));
        let mut five = picked.iter().copied().chain(popular).take(AT);
        f64::from(u8::from(five.any(|item| item == hidden)))
    }
}

/// What goes together with what is known, the best first.
fn by(scores: &[f64], people: &People, known: impl Fn(usize) -> bool) -> Vec<usize> {
    let items = people.items.len();
    let used: Vec<usize> = (0..items).filter(|item| known(*item)).collect();
    let sum = |item: usize| used.iter().map(|one| scores[one * items + item]).sum();
    let mut scored: Vec<(usize, f64)> = (0..items)
        .filter(|item| !known(*item))
        .map(|item| (item, sum(item)))
        .filter(|(_, score)| *score > 0.0)
        .collect();
    scored.sort_by(|one, other| other.1.total_cmp(&one.1));
    scored.into_iter().map(|(item, _)| item).collect()
}

/// Lower bound of the pair over the product of its features.
fn lifts(people: &People, rows: &Rows) -> Vec<f64> {
    let items = people.items.len();
    let number = numbers(people);
    let mut single = vec![0.0; items];
    for row in &rows.features {
        single[number[&*row.feature]] += row.estimate;
    }
    let mut lifts = vec![0.0; items * items];
    for row in &rows.pairs {
        let (a, b) = (number[&*row.a], number[&*row.b]);
        let lift = row.lower / (single[a] * single[b]).max(1.0);
        lifts[a * items + b] += lift;
        lifts[b * items + a] += lift;
    }
    lifts
}

/// What a device reads of the file that is made of the rows.
fn read_again(people: &People, rows: &Rows) -> Suggestions {
    let fact = Fact {
        recommend: true,
        expires: Day::MAX,
    };
    let facts: Facts = people
        .items
        .iter()
        .map(|item| (item.clone(), fact))
        .collect();
    let last = rows.features.iter().map(|row| row.week).max();
    let day = last.map_or(Day::MIN, |week| week.sunday().next());
    let settings = Settings {
        day,
        ..Settings::default()
    };
    let made = file(
        APP,
        day.plus(35),
        &rows.pairs,
        &rows.features,
        &facts,
        &settings,
    );
    let made = made.expect("names that fit").expect("rows");
    let key = SigningKey::from_seed([1; 32]).expect("a seed");
    let expected = Expected {
        app: APP,
        keys: &[key.public()],
        today: day,
        last: None,
    };
    let bytes = made.sign(&key).expect("a file that fits");
    Suggestions::verify(&bytes, &expected).expect("a file that was just signed")
}

fn cosines(people: &People, devices: &[usize]) -> Vec<f64> {
    let items = people.items.len();
    let mut both = vec![0.0; items * items];
    for device in devices {
        let used = &people.uses[*device];
        for one in used {
            for other in used {
                both[one * items + other] += 1.0;
            }
        }
    }
    let single: Vec<f64> = (0..items).map(|item| both[item * items + item]).collect();
    let size = |at: usize| (single[at / items] * single[at % items]).sqrt().max(1.0);
    both.iter()
        .enumerate()
        .map(|(at, both)| both / size(at))
        .collect()
}
