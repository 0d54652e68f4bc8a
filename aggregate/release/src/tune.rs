//! Chooses the shares of a policy for a stated fleet and a stated price of a device-week.
//!
//! What is best is the least sum, over all measures by their weights, of what a count of them loses:
//! the part of it that lies in cells that do not appear, and the noise in those that do, see
//! [`loss`]. The shares of all measures compete for one budget, the price of a device-week; a measure
//! of which a week holds much pays more for the same noise. The three policies that are compiled in
//! are what comes out of this, byte for byte.

mod allocate;
mod loss;
mod tables;
mod text;

use allocate::{Demand, allocate};
use tables::Tables;

use crate::{Error, Policy, Rho};

/// The least number of devices in a published cell.
const K: u64 = 50;

/// δ of a device-week.
const DELTA: f64 = 1e-9;

/// How much more than the dearest 28 days the cap leaves, in percent: room for a change of policy in
/// the middle of a week.
const ROOM: u64 = 15;

/// What a policy is to be made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    /// The name of the policy.
    pub name: String,
    /// Devices that are heard from on a day. Their number also says which tables are worth their
    /// price: those of `small`, from 100,000 those of `default`, from 1,000,000 those of `large`.
    pub devices: u64,
    /// The most that a device-week may cost: ε at δ = 1e-9, the half of δ that the choice of cells
    /// takes included.
    pub epsilon: f64,
}

impl Aim {
    /// For a fleet of so many devices a day, at the price of the policy that is compiled in for fleets
    /// of this size.
    pub fn of(devices: u64) -> Aim {
        Aim {
            name: "tuned".to_owned(),
            devices,
            epsilon: Tables::of(devices).epsilon(),
        }
    }

    /// What the three policies that are compiled in are made for.
    pub fn shipped() -> [Aim; 3] {
        [
            ("small", 20_000),
            ("default", 100_000),
            ("large", 1_000_000),
        ]
        .map(|(name, devices)| Aim {
            name: name.to_owned(),
            ..Aim::of(devices)
        })
    }
}

/// The text of the policy file that is best for an aim.
///
/// # Errors
/// [`Error::Aim`] where the aim can't be met: no such name, fleet or price.
pub fn tune(aim: &Aim) -> Result<String, Error> {
    if !(1_000..=10_000_000_000).contains(&aim.devices) {
        return Err(refused("a fleet has 1,000 to 10,000,000,000 devices a day"));
    }
    if !(0.1..=10.0).contains(&aim.epsilon) {
        return Err(refused("ε of a device-week lies between 0.1 and 10"));
    }
    let tables = Tables::of(aim.devices);
    // With any shares: what they cost is not known before, what they count for is.
    let even = vec![Rho::from_millionths(100); tables.measures().count()];
    let draft = parse(&text::bare(aim, &tables, &even, MOST_CAP))?;
    let shares = shares(aim, &tables, &draft);
    let dear = parse(&text::bare(aim, &tables, &shares, MOST_CAP))?.dearest_window();
    let hundredths = (dear.millionths() * (100 + ROOM)).div_ceil(100 * 10_000);
    let cap = Rho::from_millionths(hundredths * 10_000);
    let policy = parse(&text::bare(aim, &tables, &shares, cap))?;
    let text = text::commented(aim, &tables, &shares, &policy);
    parse(&text)?;
    Ok(text)
}

/// The most that a policy may name as its cap.
const MOST_CAP: Rho = Rho::from_millionths(10_000_000);

/// The best shares, in the order of the measures, rounded down to three digits.
fn shares(aim: &Aim, tables: &Tables, draft: &Policy) -> Vec<Rho> {
    let derived = draft.tables().iter().flat_map(|table| table.measures());
    let demands: Vec<Demand> = tables
        .measures()
        .zip(derived)
        .map(|(measure, derived)| {
            let figures = derived.figures();
            Demand {
                weight: measure.weight,
                delta2: f64::from(figures.delta2),
                delta2_week: f64::from(figures.delta2_week),
                counts: measure.counts(aim.devices),
                threshold: figures.tau.map(|_| (K as f64, draft.z())),
            }
        })
        .collect();
    let budget = Rho::of_epsilon(aim.epsilon, DELTA / 2.0);
    let shares = allocate(&demands, budget.value());
    shares.into_iter().map(three_digits).collect()
}

/// A share in millionths, rounded down to three digits, and at least one millionth.
fn three_digits(share: f64) -> Rho {
    let millionths = libm::floor(share * 1e6).max(1.0) as u64;
    let mut step = 1;
    while millionths / step >= 1_000 {
        step *= 10;
    }
    Rho::from_millionths(millionths / step * step)
}

fn parse(text: &str) -> Result<Policy, Error> {
    Policy::parse(text).map_err(|problems| {
        let texts: Vec<_> = problems.into_iter().map(|problem| problem.text).collect();
        refused(&texts.join("; "))
    })
}

fn refused(text: &str) -> Error {
    Error::Aim {
        text: text.to_owned(),
    }
}
