//! A one-run audit of the whole: canaries, each at every bound of a device-week, take part or not by
//! the toss of a coin, and an attacker who knows all else tells from what was published which did.
//!
//! After Steinke, Nasr, Jagielski: Privacy Auditing with One (1) Training Run (2023), in the form that
//! Mahloujifar, Melis, Chaudhuri (2025) advise where the trade-off curve is known, as the Gaussian's
//! is here. The attacker's best score is the logarithm of the likelihood ratio. With the coin as its
//! sign, its mean is the ρ that the gate really gives away, and its variance 2ρ: so the mean over all
//! canaries is an estimate of ρ, which a right gate keeps at what it states.

use kaiku_release::{Cell, Measure, Period, Policy, Row, SealNoise, Table, Unit, release};
use kaiku_wire::{Day, Week};

/// Canaries in a week, and the weeks.
const CANARIES: usize = 150;
const WEEKS: u32 = 8;

/// Devices in every cell beside the canary: so many that each cell appears.
const CROWD: u64 = 10_000;

/// How many standard errors the estimate may lie above what is stated.
const LIMIT: f64 = 4.0;

/// A gate, and what is wrong with what stands around it.
struct Candidate {
    /// How often each cell is drawn, under a key of its own each time.
    draws: u8,
    /// How often a device stands in each of its cells.
    times: u64,
    /// Over how many cells its marks can move, for each that the bounds leave to it.
    spread: u32,
}

impl Candidate {
    fn right() -> Candidate {
        Candidate {
            draws: 1,
            times: 1,
            spread: 1,
        }
    }

    /// ρ as the attacker finds it, over all canaries and weeks.
    fn rho(&self, policy: &Policy) -> f64 {
        let mut sum = 0.0;
        for week in 0..WEEKS {
            let scores = self.week(policy, week);
            sum += scores.iter().sum::<f64>();
        }
        sum / (CANARIES as f64 * f64::from(WEEKS))
    }

    /// The score of each canary, with its coin as the sign.
    fn week(&self, policy: &Policy, week: u32) -> Vec<f64> {
        let mut scores = vec![0.0; CANARIES];
        let coins: Vec<bool> = (0..CANARIES).map(|one| takes_part(one, week)).collect();
        for table in policy.tables() {
            for (number, period) in periods(table, week).into_iter().enumerate() {
                let cells = self.cells(table, &coins, number);
                for draw in 0..self.draws {
                    let noise = SealNoise::new([draw + 1; 32], [7; 32]);
                    let released = release(table, period, cells.clone(), &noise).unwrap();
                    assert_eq!(released.rows().len(), cells.len(), "every cell appears");
                    for row in released.rows() {
                        let (canary, place) = canary_and_place(row);
                        scores[canary] += self.evidence(table, number, place, row);
                    }
                }
            }
        }
        let signed = scores.iter().enumerate().map(|(canary, score)| {
            if takes_part(canary, week) {
                *score
            } else {
                -score
            }
        });
        signed.collect()
    }

    /// What a row says of its canary: the logarithm of the likelihood ratio.
    fn evidence(&self, table: &Table, number: usize, place: u32, row: &Row) -> f64 {
        let step = self.times as f64;
        let mut found = 0.0;
        for (measure, estimate) in table.measures().iter().zip(row.values()) {
            let figures = measure.figures();
            if place >= self.spread * places(table, measure, number) {
                continue;
            }
            let crowd = if figures.tau.is_some() {
                CROWD
            } else {
                CROWD / 2
            };
            let excess = estimate.value as f64 - crowd as f64;
            found += (excess - step / 2.0) * step / (figures.sigma * figures.sigma);
        }
        found
    }

    /// The cells of all canaries in one period of a table.
    fn cells(&self, table: &Table, coins: &[bool], number: usize) -> Vec<Cell> {
        let measures = table.measures();
        let most = measures.iter().map(|one| places(table, one, number)).max();
        let most = self.spread * most.unwrap();
        let mut cells = Vec::new();
        for (canary, takes_part) in coins.iter().enumerate() {
            for place in 0..most {
                let mut counts = vec![0; table.marks().len()];
                for measure in measures {
                    let figures = measure.figures();
                    let column = table.marks().iter().position(|mark| *mark == figures.mark);
                    let crowd = if figures.tau.is_some() {
                        CROWD
                    } else {
                        CROWD / 2
                    };
                    let own = place < self.spread * places(table, measure, number);
                    let own = u64::from(own && *takes_part) * self.times;
                    counts[column.unwrap()] = crowd + own;
                }
                let mut dims = vec!["x".to_owned(); table.dimensions().len()];
                dims[0] = format!("{canary}.{place}");
                cells.push(Cell { dims, counts });
            }
        }
        cells
    }
}

/// How many places a measure has in a period, such that they add up to what a week holds.
fn places(table: &Table, measure: &Measure, number: usize) -> u32 {
    let figures = measure.figures();
    if table.unit() == Unit::Week {
        return figures.delta2;
    }
    let before = u32::try_from(number).unwrap() * figures.delta2;
    figures
        .delta2
        .min(figures.delta2_week.saturating_sub(before))
}

fn periods(table: &Table, week: u32) -> Vec<Period> {
    let monday = Day::parse("2026-11-23").unwrap().plus(7 * week);
    match table.unit() {
        Unit::Day => (0..7).map(|day| Period::Day(monday.plus(day))).collect(),
        Unit::Week => vec![Period::Week(Week::from_monday(monday).unwrap())],
    }
}

/// A coin that the attacker does not see.
fn takes_part(canary: usize, week: u32) -> bool {
    let toss = blake3::hash(format!("canary {canary} week {week}").as_bytes());
    toss.as_bytes()[0] & 1 == 1
}

/// The canary whose cell a row is, and which of its cells it is.
fn canary_and_place(row: &Row) -> (usize, u32) {
    let (canary, place) = row.dims()[0].split_once('.').unwrap();
    (canary.parse().unwrap(), place.parse().unwrap())
}

/// The standard error of the estimate, where ρ is what is stated.
fn error(stated: f64) -> f64 {
    (2.0 * stated / (CANARIES as f64 * f64::from(WEEKS))).sqrt()
}

/// Whether an attacker finds more than is stated.
fn is_caught(candidate: &Candidate) -> bool {
    let policy = Policy::small();
    let stated = policy.week_share().value();
    let found = candidate.rho(&policy);
    found > stated + LIMIT * error(stated)
}

#[test]
fn canaries_give_away_what_is_stated_and_no_more() {
    let policy = Policy::small();
    let stated = policy.week_share().value();
    let found = Candidate::right().rho(&policy);
    assert!(
        (found - stated).abs() <= LIMIT * error(stated),
        "{found}, {stated} stated"
    );
    // What would be found with 99 %: the limit, and 2.33 of its own errors more.
    let power = (LIMIT + 2.33) * error(stated) / stated;
    assert!(power < 0.5, "an error of half of rho is found with 99 %");
}

#[test]
fn a_second_draw_of_the_same_periods_is_caught() {
    // As a key that was drawn anew after its seal had been lost would make it.
    assert!(is_caught(&Candidate {
        draws: 2,
        ..Candidate::right()
    }));
}

#[test]
fn devices_that_count_twice_after_lost_state_are_caught() {
    assert!(is_caught(&Candidate {
        times: 2,
        ..Candidate::right()
    }));
}

#[test]
fn marks_that_move_to_other_cells_are_caught() {
    // One book for day and week did that: without Monday other features counted until Sunday.
    assert!(is_caught(&Candidate {
        spread: 2,
        ..Candidate::right()
    }));
}

/// How many canaries somebody tells who knows all the others and reads a hash of the exact counts,
/// which was made with some secret bytes that he does not know, or with none.
fn told_by_hash(secret: &[u8]) -> usize {
    let policy = Policy::small();
    let table = policy.table("countries_weekly").unwrap();
    let coins: Vec<bool> = (0..20).map(|one| takes_part(one, 0)).collect();
    let hash = |secret: &[u8], coins: &[bool]| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(secret);
        for cell in Candidate::right().cells(table, coins, 0) {
            hasher.update(cell.dims.join(" ").as_bytes());
            for count in cell.counts {
                hasher.update(&count.to_le_bytes());
            }
        }
        hasher.finalize()
    };
    let published = hash(secret, &coins);
    let is_told = |canary: &usize| {
        let mut guess = coins.clone();
        guess[*canary] = true;
        let if_in = hash(&[], &guess) == published;
        guess[*canary] = false;
        let if_out = hash(&[], &guess) == published;
        if_in != if_out && if_in == coins[*canary]
    };
    (0..coins.len()).filter(is_told).count()
}

#[test]
fn a_hash_of_the_exact_counts_tells_every_canary_and_a_salted_one_none() {
    assert_eq!(told_by_hash(&[]), 20);
    assert_eq!(told_by_hash(&[9; 32]), 0);
}
