//! A fleet of habits: what the gate would publish of two weeks in which nothing changes but what is asked for.

use kaiku_change::{Candidate, Comparison, RateCandidate, Side};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Binomial, Distribution, Normal};

/// Days of a period.
const DAYS: usize = 7;
/// Kinds of devices, by their habit.
const KINDS: usize = 50;
/// Chance that a device that is not away is heard from on a day.
const ACTIVE: f64 = 0.6;
/// How far all devices of an app move together on a day.
const SHOCK: f64 = 0.01;
const APPS: usize = 3;
const FEATURES: usize = 24;
/// Shares of the releases of an app.
const RELEASES: [f64; 6] = [0.5, 0.2, 0.12, 0.1, 0.05, 0.03];
/// Mean chance of a fatal failure on a day on which a device is heard from.
const FATAL: f64 = 0.012;

/// A fleet, and the noise under which it is published.
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) devices: u64,
    /// σ and threshold of `features_daily`.
    pub(crate) features: (f64, f64),
    /// σ of the devices and of the crashed ones of `releases_daily`, and its threshold.
    pub(crate) releases: (f64, f64, f64),
    /// Chance that a device is away for a whole week.
    pub(crate) away: f64,
}

impl Plan {
    pub(crate) const ALL: [Plan; 4] = [
        Plan::small("20,000 devices, `small`", 0.0),
        Plan::small("20,000 devices, `small`, half of them away each week", 0.5),
        Plan::default("100,000 devices, `default`", 0.0),
        Plan::default(
            "100,000 devices, `default`, half of them away each week",
            0.5,
        ),
    ];

    const fn small(name: &'static str, away: f64) -> Plan {
        Plan {
            name,
            devices: 20_000,
            features: (27.864, 243.0),
            releases: (19.186, 15.412, 183.0),
            away,
        }
    }

    const fn default(name: &'static str, away: f64) -> Plan {
        Plan {
            name,
            devices: 100_000,
            features: (49.63, 394.0),
            releases: (33.584, 27.951, 283.0),
            away,
        }
    }
}

/// What is compared, and with what it would have been compared by its intervals alone.
pub(crate) struct Shown {
    pub(crate) comparison: Comparison,
    /// Whether the 95 % intervals of the noise meet.
    pub(crate) meets: bool,
}

/// Devices by kind, each kind with its habit.
struct Kinds {
    each: u64,
    habits: Vec<f64>,
}

impl Kinds {
    /// Beta-distributed habits around `mean`.
    fn draw(rng: &mut ChaCha8Rng, devices: u64, mean: f64) -> Kinds {
        let beta = Beta::new(mean * 3.0, (1.0 - mean) * 3.0).expect("a mean within 0 and 1");
        let mut habits: Vec<f64> = (0..KINDS).map(|_| beta.sample(rng)).collect();
        // Fifty draws of something so skewed have any mean: a feature of 1,000 devices shall have 1,000.
        for _ in 0..20 {
            let scale = mean * KINDS as f64 / habits.iter().sum::<f64>();
            for habit in &mut habits {
                *habit = (*habit * scale).min(1.0);
            }
        }
        Kinds {
            each: devices / KINDS as u64,
            habits,
        }
    }

    /// How many of each kind are not away in a week.
    fn present(&self, rng: &mut ChaCha8Rng, away: f64) -> Vec<u64> {
        (0..KINDS)
            .map(|_| some(rng, self.each, 1.0 - away))
            .collect()
    }
}

fn some(rng: &mut ChaCha8Rng, of: u64, chance: f64) -> u64 {
    let chance = chance.clamp(0.0, 1.0);
    Binomial::new(of, chance)
        .expect("a chance within 0 and 1")
        .sample(rng)
}

fn noisy(rng: &mut ChaCha8Rng, count: u64, sigma: f64) -> f64 {
    let noise = Normal::new(0.0, sigma).expect("a positive deviation");
    (count as f64 + noise.sample(rng)).round()
}

/// A page; in its last app one feature of `devices` a day gains by `planted`, and stands last.
pub(crate) fn page(rng: &mut ChaCha8Rng, plan: &Plan, planted: Option<(f64, f64)>) -> Vec<Shown> {
    let mut shown = Vec::new();
    for _ in 0..APPS {
        let shocks: Vec<f64> = (0..2 * DAYS)
            .map(|_| 1.0 + SHOCK * rng.sample::<f64, _>(rand_distr::StandardNormal))
            .collect();
        for feature in 0..FEATURES {
            // From half of those present down to 1 in 60.
            let mean = 0.5 * 0.86_f64.powi(feature as i32);
            shown.extend(feature_of(rng, plan, &shocks, mean, 1.0));
        }
        for share in RELEASES {
            shown.extend(release_of(rng, plan, &shocks, share));
        }
    }
    if let Some((devices, gain)) = planted {
        let shocks: Vec<f64> = (0..2 * DAYS)
            .map(|_| 1.0 + SHOCK * rng.sample::<f64, _>(rand_distr::StandardNormal))
            .collect();
        let mean = devices / (plan.devices as f64 * ACTIVE * (1.0 - plan.away));
        shown.extend(feature_of(rng, plan, &shocks, mean, gain));
    }
    shown
}

/// A feature on two weeks; nothing where a day of it is below the threshold.
fn feature_of(
    rng: &mut ChaCha8Rng,
    plan: &Plan,
    shocks: &[f64],
    mean: f64,
    gain: f64,
) -> Option<Shown> {
    let (sigma, tau) = plan.features;
    let kinds = Kinds::draw(rng, plan.devices, mean);
    let mut sums = [0.0; 2];
    for (week, sum) in sums.iter_mut().enumerate() {
        let present = kinds.present(rng, plan.away);
        let gain = if week == 1 { gain } else { 1.0 };
        for day in 0..DAYS {
            let shock = shocks[week * DAYS + day];
            let count: u64 = (present.iter().zip(&kinds.habits))
                .map(|(present, habit)| some(rng, *present, ACTIVE * habit * shock * gain))
                .sum();
            let value = noisy(rng, count, sigma);
            if value < tau {
                return None;
            }
            *sum += value;
        }
    }
    let [before, after] = sums.map(|value| side(value, sigma));
    Some(Shown {
        comparison: Comparison::Count(Candidate { before, after }),
        meets: (sums[0] - sums[1]).abs() <= 2.0 * 1.96 * sigma * (DAYS as f64).sqrt(),
    })
}

/// The crash rate of a release on two weeks.
fn release_of(rng: &mut ChaCha8Rng, plan: &Plan, shocks: &[f64], share: f64) -> Option<Shown> {
    let (sigma, crashed_sigma, tau) = plan.releases;
    let kinds = Kinds::draw(rng, (plan.devices as f64 * share) as u64, FATAL);
    let mut sums = [(0.0, 0.0); 2];
    for (week, sum) in sums.iter_mut().enumerate() {
        let present = kinds.present(rng, plan.away);
        for day in 0..DAYS {
            let shock = shocks[week * DAYS + day];
            let (mut heard, mut crashed) = (0, 0);
            for (present, habit) in present.iter().zip(&kinds.habits) {
                let here = some(rng, *present, ACTIVE * shock);
                heard += here;
                crashed += some(rng, here, *habit);
            }
            let value = noisy(rng, heard, sigma);
            if value < tau {
                return None;
            }
            sum.0 += noisy(rng, crashed, crashed_sigma);
            sum.1 += value;
        }
    }
    let [before, after] = sums.map(|(part, whole)| (side(part, crashed_sigma), side(whole, sigma)));
    // The ends of a rate's interval are not published: only counts take part in those arrows.
    Some(Shown {
        comparison: Comparison::Rate(RateCandidate { before, after }),
        meets: true,
    })
}

fn side(value: f64, sigma: f64) -> Side {
    Side {
        value,
        noise_variance: DAYS as f64 * sigma * sigma,
        periods: DAYS as u32,
    }
}
