//! The ledger's arithmetic: what was spent, and whether the next release is within the cap.

use kaiku_wire::Day;

use crate::budget::WINDOW_DAYS;
use crate::{Error, Period, Policy, Rho};

/// What the release of one period took: a line of the ledger, as a manifest states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The period.
    pub period: Period,
    /// The sum of the shares of all tables that were released for it.
    pub rho: Rho,
}

impl Spent {
    /// What the policy takes for a period: all its tables of that unit.
    pub fn of(policy: &Policy, period: Period) -> Spent {
        Spent {
            period,
            rho: policy.share(period.unit()),
        }
    }
}

/// Whether a release is within the cap of the policy; to be asked before anything is drawn.
///
/// Every window of 28 consecutive days that touches the new period is summed, over the periods
/// that touch the window, so that a ledger that was written under several policies is summed as
/// it was paid.
///
/// # Errors
/// [`Error::Cap`] where a window would cost more than the cap, [`Error::Again`] where the period
/// was paid for already.
pub fn check_cap(policy: &Policy, past: &[Spent], next: Spent) -> Result<(), Error> {
    if past.iter().any(|spent| spent.period == next.period) {
        return Err(Error::Again {
            period: next.period,
        });
    }
    let first = next.period.first_day().minus(WINDOW_DAYS - 1);
    let length = next.period.last_day().days_since_epoch() - first.days_since_epoch();
    for start in (0..=length.unsigned_abs()).map(|offset| first.plus(offset)) {
        let end = start.plus(WINDOW_DAYS - 1);
        let would = past
            .iter()
            .filter(|spent| touches(spent.period, start, end))
            .map(|spent| spent.rho)
            .sum::<Rho>()
            + next.rho;
        if would > policy.cap() {
            return Err(Error::Cap {
                period: next.period,
                would,
                cap: policy.cap(),
                days: WINDOW_DAYS,
            });
        }
    }
    Ok(())
}

/// Whether a period has a day in the window.
fn touches(period: Period, start: Day, end: Day) -> bool {
    period.first_day() <= end && period.last_day() >= start
}
