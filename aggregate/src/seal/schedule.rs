//! Which period is sealed next, and when it should be. Pure: it is handed the chain and what is landed.

use std::time::Duration;

use kaiku_release::{Period, Policy, Unit};
use kaiku_wire::{Day, Week};

use crate::rollups::Chain;

/// The next period: a day, or behind a Sunday its week; the first day of which counts were landed where
/// nothing is sealed. `has_counts` says whether counts of a week are left.
pub(crate) fn next(
    chain: &Chain,
    policy: &Policy,
    first_landed: impl FnOnce() -> Option<Day>,
    has_counts: impl FnOnce(Week) -> bool,
) -> Option<Period> {
    match chain.last_day() {
        Some(day) => {
            let week = week_behind(chain, policy, day, has_counts);
            Some(week.unwrap_or(Period::Day(day.next())))
        }
        None => first_landed().map(Period::Day),
    }
}

/// The week that is due once this day is sealed, where the policy has a table of weeks.
pub(super) fn week_behind(
    chain: &Chain,
    policy: &Policy,
    day: Day,
    has_counts: impl FnOnce(Week) -> bool,
) -> Option<Period> {
    let week = day.week();
    let period = Period::Week(week);
    let is_due = day == week.sunday()
        && !chain.has(period)
        && has_tables(policy, Unit::Week)
        && (is_last_of(chain, policy) || has_counts(week));
    is_due.then_some(period)
}

/// Whether a policy has tables of this length.
pub(crate) fn has_tables(policy: &Policy, unit: Unit) -> bool {
    policy.tables().iter().any(|table| table.unit() == unit)
}

/// Whether what was sealed last was sealed under a policy: then the counts of its week were kept. Under one
/// without weekly tables they go with their days.
fn is_last_of(chain: &Chain, policy: &Policy) -> bool {
    let policy = hex::encode(policy.hash());
    let last = chain.manifests().last();
    last.is_some_and(|manifest| manifest.policy_hash == policy)
}

/// How many days are open on a day, this one included, where `next` is the first that is not sealed.
pub(crate) fn open_days(next: Day, today: Day) -> i32 {
    (today.days_since_epoch() - next.days_since_epoch() + 1).max(0)
}

/// For how many milliseconds the seal of a period that ends with this day has been overdue.
pub(crate) fn overdue(last: Day, now: i64, within: Duration) -> i64 {
    let within = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
    let due = last.next().start_millis().saturating_add(within);
    now.saturating_sub(due).max(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_period_is_overdue_so_long_after_the_midnight_behind_it() {
        let day = Day::parse("2026-11-29").unwrap();
        let (midnight, hour) = (day.next().start_millis(), Duration::from_secs(3600));
        assert_eq!(overdue(day, midnight, hour), 0);
        assert_eq!(overdue(day, midnight + 3_600_000, hour), 0);
        assert_eq!(overdue(day, midnight + 3_600_001, hour), 1);
    }

    #[test]
    fn today_is_open_too() {
        let day = Day::parse("2026-11-29").unwrap();
        assert_eq!(open_days(day, day), 1);
        assert_eq!(open_days(day, day.plus(2)), 3);
        assert_eq!(open_days(day.next(), day), 0);
    }

    #[test]
    fn before_the_first_seal_the_first_day_with_counts_is_next() {
        let (chain, policy) = (Chain::default(), Policy::small());
        let day = Day::parse("2026-11-29").unwrap();
        let first = next(&chain, &policy, || Some(day), |_| true);
        assert_eq!(first, Some(Period::Day(day)));
        assert_eq!(next(&chain, &policy, || None, |_| true), None);
    }
}
