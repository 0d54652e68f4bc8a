//! The ledger's arithmetic: what was spent, and whether the next release is within the cap.
//!
//! The unit of privacy is a device-week. The cap is on *any* 28 consecutive days, which touch four
//! ISO weeks or five: what a device counts for on these days changes the daily tables of these days
//! and the weekly tables of all weeks that they touch. A weekly table therefore counts in full in
//! every window that touches its week. The days of one ISO week that lie in the window cost no more
//! together than the totals of the day book allow in a week, if they were released under one policy;
//! days of one week that were released under two policies are added up policy by policy.

use std::collections::BTreeMap;

use kaiku_wire::Day;

use crate::policy::Content;
use crate::{Error, Period, Policy, Rho, Unit};

/// Days of one window of the ledger: the cap is on any so many in a row.
pub const WINDOW_DAYS: u32 = 28;

/// What the release of one period took: a line of the ledger, as a manifest states it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// The period.
    pub period: Period,
    /// The sum of the shares of all tables that were released for it.
    pub rho: Rho,
    /// What all periods of this length in one ISO week can cost a device together; for a week, the
    /// same as `rho`.
    pub week_rho: Rho,
    /// What the choice of cells took of δ for the period.
    pub delta: f64,
    /// What the choice of cells can take of δ in all periods of this length in one ISO week; for a
    /// week, the same as `delta`.
    pub week_delta: f64,
    /// The hash of the policy under which it was released.
    pub policy: [u8; 32],
}

impl Spent {
    /// What the policy takes for a period: all its tables of that unit.
    pub fn of(policy: &Policy, period: Period) -> Spent {
        let unit = period.unit();
        Spent {
            period,
            rho: policy.share(unit),
            week_rho: policy.week_share_of(unit),
            delta: policy.selection(unit),
            week_delta: policy.week_selection(unit),
            policy: policy.hash(),
        }
    }
}

/// What was taken of ρ and δ over some days.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    rho: Rho,
    delta: f64,
}

/// Whether a release is within the cap of the policy; to be asked before anything is drawn.
///
/// Every window of 28 consecutive days that touches the new period is summed, as it was paid under
/// the policies of then. ρ may reach the policy's cap. δ, the half behind ε included, may reach four
/// times the policy's, which is that of a device-week: a policy that is followed takes less, and what
/// is left is for a change of policy within a week.
///
/// # Errors
/// [`Error::Cap`] or [`Error::Delta`] where a window would cost more, [`Error::Again`] where the
/// period was paid for already.
pub fn check_cap(policy: &Policy, past: &[Spent], next: Spent) -> Result<(), Error> {
    if past.iter().any(|spent| spent.period == next.period) {
        return Err(Error::Again {
            period: next.period,
        });
    }
    let most = 4.0 * policy.delta();
    let first = next.period.first_day().minus(WINDOW_DAYS - 1);
    let later = |day: &Day| Some(day.next()).filter(|next| next > day);
    let starts = std::iter::successors(Some(first), later);
    for start in starts.take_while(|start| *start <= next.period.last_day()) {
        let end = start.plus(WINDOW_DAYS - 1);
        let sum = within(past.iter().chain([&next]), start, end);
        if sum.rho > policy.cap() {
            return Err(Error::Cap {
                period: next.period,
                would: sum.rho,
                cap: policy.cap(),
                days: WINDOW_DAYS,
            });
        }
        let would = sum.delta + policy.delta() / 2.0;
        if would > most {
            return Err(Error::Delta {
                period: next.period,
                would,
                most,
                days: WINDOW_DAYS,
            });
        }
    }
    Ok(())
}

/// What was paid of ρ in the days from `first` to `last`, both included.
pub fn spent_within(spent: &[Spent], first: Day, last: Day) -> Rho {
    within(spent.iter(), first, last).rho
}

/// What was taken in the days from `start` to `end`.
fn within<'a>(spent: impl Iterator<Item = &'a Spent>, start: Day, end: Day) -> Sum {
    let mut weeks: BTreeMap<(Day, Unit, [u8; 32]), (Sum, Sum)> = BTreeMap::new();
    for spent in spent {
        if spent.period.first_day() > end || spent.period.last_day() < start {
            continue;
        }
        let monday = spent.period.first_day().week().monday();
        let key = (monday, spent.period.unit(), spent.policy);
        let (sum, most) = weeks.entry(key).or_default();
        sum.rho = sum.rho + spent.rho;
        sum.delta += spent.delta;
        most.rho = most.rho.max(spent.week_rho);
        most.delta = most.delta.max(spent.week_delta);
    }
    weeks.values().fold(Sum::default(), |all, (sum, most)| Sum {
        rho: all.rho + sum.rho.min(most.rho),
        delta: all.delta + sum.delta.min(most.delta),
    })
}

/// What the dearest 28 consecutive days cost under a policy that is followed throughout.
pub(crate) fn dearest_window(policy: &Content) -> Rho {
    let whole = policy.week_share(Unit::Day);
    let days = |days: u32| policy.share(Unit::Day).times(days).min(whole);
    let weekly = policy.week_share(Unit::Week);
    let windows = (0..7).map(|before| {
        let touched = if before == 0 { 4 } else { 5 };
        days(before) + whole.times(3) + days(7 - before) + weekly.times(touched)
    });
    windows.max().unwrap_or_default()
}
