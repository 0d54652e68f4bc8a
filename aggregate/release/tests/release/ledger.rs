//! The ledger: the cap, and nothing paid twice.

use kaiku_release::{Error, Period, Policy, Rho, Spent, Unit, check_cap};
use kaiku_wire::Day;

use crate::support::{day, shipped};

/// A Monday.
const MONDAY: &str = "2026-11-02";

fn a_day(text: &str) -> Period {
    Period::Day(day(text))
}

/// What a policy takes for all days from a first one, and for the weeks that end among them.
fn followed(policy: &Policy, first: Day, days: u32) -> Vec<Spent> {
    let mut all = Vec::new();
    for one in (0..days).map(|n| first.plus(n)) {
        all.push(Spent::of(policy, Period::Day(one)));
        if one == one.week().sunday() {
            all.push(Spent::of(policy, Period::Week(one.week())));
        }
    }
    all
}

/// Whether each is within the cap, the ones before being spent.
fn check_all(policy: &Policy, all: &[Spent]) -> Result<(), Error> {
    for (n, next) in all.iter().enumerate() {
        check_cap(policy, &all[..n], *next)?;
    }
    Ok(())
}

/// The policy `small` with another cap.
fn capped(cap: Rho) -> Result<Policy, Vec<kaiku_release::Problem>> {
    let small = include_str!("../../policies/small.toml");
    let old = format!("cap_rho = {}", Policy::small().cap());
    assert!(small.contains(&old));
    Policy::parse(&small.replace(&old, &format!("cap_rho = {cap}")))
}

#[test]
fn a_policy_can_be_followed_for_ever_from_any_day_of_the_week() {
    for policy in shipped() {
        for offset in 0..7 {
            let all = followed(&policy, day(MONDAY).plus(offset), 70);
            check_all(&policy, &all).unwrap();
        }
    }
}

#[test]
fn the_least_cap_that_a_policy_may_name_is_what_its_dearest_28_days_cost() {
    let needed = Policy::small().dearest_window();
    let exact = capped(needed).unwrap();
    check_all(&exact, &followed(&exact, day(MONDAY), 70)).unwrap();
    let less = Rho::from_millionths(needed.millionths() - 1);
    let problems = capped(less).unwrap_err();
    assert!(problems[0].text.contains("the cap is"), "{problems:?}");
}

#[test]
fn the_dearest_28_days_are_reached_and_not_exceeded() {
    for policy in shipped() {
        let needed = policy.dearest_window();
        let less = Rho::from_millionths(needed.millionths() - 1);
        let found = |cap| {
            let cheap = capped_for_test(cap);
            let offsets = 0..7;
            let check =
                |offset| check_all(&cheap, &followed(&policy, day(MONDAY).plus(offset), 70));
            offsets.map(check).all(|result| result.is_ok())
        };
        assert!(found(needed), "{}", policy.name());
        assert!(!found(less), "{}", policy.name());
    }
}

#[test]
fn the_days_of_a_week_cost_no_more_than_the_weeks_total() {
    let policy = Policy::small();
    let (one, total) = (policy.share(Unit::Day), policy.week_share_of(Unit::Day));
    assert!(one.times(7) > total && one.times(3) < total);
    // The days of one week, and a cap that their total just reaches.
    let week = |days: u32, cap: Rho| {
        let all: Vec<_> = (0..days)
            .map(|n| Spent::of(&policy, Period::Day(day(MONDAY).plus(n))))
            .collect();
        // The cap alone is asked of the policy.
        let capped = capped_for_test(cap);
        check_all(&capped, &all)
    };
    week(7, total).unwrap();
    let less = Rho::from_millionths(total.millionths() - 1);
    assert!(matches!(week(7, less), Err(Error::Cap { .. })));
    week(3, one.times(3)).unwrap();
    let less = Rho::from_millionths(one.times(3).millionths() - 1);
    assert!(matches!(week(3, less), Err(Error::Cap { .. })));
}

/// A policy of almost no cost with a cap, for ledgers that others have written.
fn capped_for_test(cap: Rho) -> Policy {
    let text = format!(
        "name = \"cheap\"\nk = 50\ndelta = 1e-9\ncap_rho = {cap}\n[[table]]\nname = \"t\"\n\
         description = \"x\"\nperiod = \"day\"\ndimensions = [\"app\"]\n[[table.measure]]\n\
         name = \"devices\"\ndescription = \"x\"\nmark = \"first_app_day\"\nrho = 0.000001\n"
    );
    Policy::parse(&text).unwrap()
}

#[test]
fn days_of_one_week_under_two_policies_are_added_up() {
    let policy = Policy::small();
    // The same shares, but another policy: what the one's days have left is not the other's.
    let other = capped(Rho::from_millionths(9_000_000)).unwrap();
    let spent = |policy: &Policy, n| Spent::of(policy, Period::Day(day(MONDAY).plus(n)));
    let mixed: Vec<_> = (0..7)
        .map(|n| spent(if n < 3 { &policy } else { &other }, n))
        .collect();
    let (one, total) = (policy.share(Unit::Day), policy.week_share_of(Unit::Day));
    let cost = one.times(3) + one.times(4).min(total);
    check_all(&capped_for_test(cost), &mixed).unwrap();
    let less = Rho::from_millionths(cost.millionths() - 1);
    assert!(matches!(
        check_all(&capped_for_test(less), &mixed),
        Err(Error::Cap { would, .. }) if would == cost
    ));
}

#[test]
fn a_change_of_policy_in_the_middle_of_a_week_is_within_the_cap() {
    for policy in shipped() {
        let mut all = followed(&policy, day(MONDAY), 31);
        for spent in &mut all[20..] {
            spent.policy = [9; 32];
        }
        check_all(&policy, &all).unwrap();
    }
}

#[test]
fn a_period_is_paid_once() {
    let policy = Policy::small();
    let past = followed(&policy, day(MONDAY), 7);
    for spent in &past {
        assert!(matches!(
            check_cap(&policy, &past, *spent),
            Err(Error::Again { period }) if period == spent.period
        ));
    }
}

/// What someone else has spent on a period, of a policy of its own.
fn spent(period: Period, rho: Rho, delta: f64) -> Spent {
    Spent {
        period,
        rho,
        week_rho: rho,
        delta,
        week_delta: delta,
        policy: [1; 32],
    }
}

#[test]
fn what_was_spent_under_another_policy_counts_for_28_days() {
    let policy = Policy::small();
    let left = Rho::from_millionths(policy.share(Unit::Day).millionths());
    let dear = Rho::from_millionths(policy.cap().millionths() - left.millionths());
    let past = [spent(a_day("2026-11-01"), dear, 0.0)];
    let next = |text| Spent::of(&policy, a_day(text));
    check_cap(&policy, &past, next("2026-11-02")).unwrap();
    let both = [past[0], next("2026-11-10")];
    assert!(matches!(
        check_cap(&policy, &both, next("2026-11-28")),
        Err(Error::Cap { days: 28, .. })
    ));
    // From the 29th on, no window of 28 days holds both.
    check_cap(&policy, &both, next("2026-11-29")).unwrap();
    // A day that is sealed late stands in the windows after it, too.
    let later = [next("2026-11-02"), spent(a_day("2026-11-20"), dear, 0.0)];
    assert!(matches!(
        check_cap(&policy, &later, next("2026-11-01")),
        Err(Error::Cap { .. })
    ));
}

#[test]
fn a_week_counts_in_every_window_that_it_touches() {
    let policy = Policy::small();
    let week = spent(Period::Week(day(MONDAY).week()), policy.cap(), 0.0);
    let next = |text| Spent::of(&policy, a_day(text));
    for text in ["2026-10-06", "2026-11-01", "2026-11-05", "2026-12-05"] {
        let found = check_cap(&policy, &[week], next(text));
        assert!(matches!(found, Err(Error::Cap { .. })), "{text}");
    }
    for text in ["2026-10-05", "2026-12-06"] {
        check_cap(&policy, &[week], next(text)).unwrap();
    }
}

#[test]
fn the_last_day_of_the_calendar_can_be_paid_for() {
    let policy = Policy::small();
    check_cap(&policy, &[], Spent::of(&policy, Period::Day(Day::MAX))).unwrap();
}

#[test]
fn a_week_is_held_against_windows_that_begin_on_each_of_its_days() {
    let policy = Policy::small();
    // A day that only the window from the week's Sunday on has in common with it.
    let far = day(MONDAY).week().sunday().plus(27);
    let past = [spent(Period::Day(far), policy.cap(), 0.0)];
    let next = Spent::of(&policy, Period::Week(day(MONDAY).week()));
    assert!(matches!(
        check_cap(&policy, &past, next),
        Err(Error::Cap { .. })
    ));
    let past = [spent(Period::Day(far.next()), policy.cap(), 0.0)];
    check_cap(&policy, &past, next).unwrap();
}

#[test]
fn delta_adds_up_and_four_times_that_of_a_week_is_the_end() {
    let policy = Policy::small();
    let rho = Rho::default();
    // With the half behind ε, and what the day itself takes, 4 δ are just reached.
    let next = Spent::of(&policy, a_day("2026-11-20"));
    let full = 3.5 * policy.delta() - next.delta;
    let ledger = |delta| [spent(a_day("2026-11-01"), rho, delta)];
    check_cap(&policy, &ledger(full * 0.999_999), next).unwrap();
    let found = check_cap(&policy, &ledger(full * 1.000_001), next);
    assert!(
        matches!(found, Err(Error::Delta { days: 28, .. })),
        "{found:?}"
    );
    let later = Spent::of(&policy, a_day("2026-11-29"));
    check_cap(&policy, &ledger(full * 2.0), later).unwrap();
}

#[test]
fn the_choice_of_cells_takes_half_of_delta_in_a_week() {
    for policy in shipped() {
        let week: f64 = Unit::ALL
            .map(|unit| policy.week_selection(unit))
            .into_iter()
            .sum();
        assert!(
            (week / (policy.delta() / 2.0) - 1.0).abs() < 1e-12,
            "{week:e}"
        );
        let day = Spent::of(&policy, a_day("2026-11-03"));
        assert_eq!(day.delta, policy.selection(Unit::Day));
        assert!(day.delta < day.week_delta && day.week_delta < 7.0 * day.delta);
        let whole = Spent::of(&policy, Period::Week(day_week()));
        assert_eq!(whole.delta, whole.week_delta);
        assert_eq!(whole.rho, whole.week_rho);
    }
}

fn day_week() -> kaiku_wire::Week {
    day(MONDAY).week()
}
