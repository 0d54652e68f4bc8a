//! The ledger: the cap, and nothing paid twice.

use kaiku_release::{Error, Period, Policy, Rho, Spent, check_cap};

use crate::support::day;

fn days(policy: &Policy, count: u32) -> Vec<Spent> {
    (0..count)
        .map(|n| Spent::of(policy, Period::Day(day("2026-11-01").plus(n))))
        .collect()
}

#[test]
fn a_policy_can_be_followed_for_ever() {
    let policy = Policy::small();
    let all = days(&policy, 100);
    for (n, next) in all.iter().enumerate() {
        check_cap(&policy, &all[..n], *next).unwrap();
    }
}

#[test]
fn a_period_is_paid_once() {
    let policy = Policy::small();
    let past = days(&policy, 3);
    assert!(matches!(
        check_cap(&policy, &past, past[1]),
        Err(Error::Again { .. })
    ));
}

#[test]
fn what_was_spent_under_another_policy_counts_for_28_days() {
    let policy = Policy::small();
    let costly = Rho::from_millionths(
        policy.cap().millionths() - policy.share(kaiku_release::Unit::Day).millionths(),
    );
    let past = [Spent {
        period: Period::Day(day("2026-11-01")),
        rho: costly,
    }];
    let next = |text| Spent::of(&policy, Period::Day(day(text)));
    check_cap(&policy, &past, next("2026-11-02")).unwrap();
    let dear = [past[0], next("2026-11-10")];
    assert!(matches!(
        check_cap(&policy, &dear, next("2026-11-28")),
        Err(Error::Cap { .. })
    ));
    // From the 29th on, no window of 28 days holds both.
    check_cap(&policy, &dear, next("2026-11-29")).unwrap();
    // A day that is sealed late stands in the windows after it, too.
    let later = [
        next("2026-11-02"),
        Spent {
            period: Period::Day(day("2026-11-20")),
            rho: costly,
        },
    ];
    assert!(matches!(
        check_cap(&policy, &later, next("2026-11-01")),
        Err(Error::Cap { .. })
    ));
}

#[test]
fn a_week_counts_in_every_window_that_it_touches() {
    let policy = Policy::small();
    let week = Spent {
        period: Period::Week(day("2026-11-02").week()),
        rho: policy.cap(),
    };
    let next = |text| Spent::of(&policy, Period::Day(day(text)));
    for text in ["2026-10-06", "2026-11-01", "2026-11-05", "2026-12-05"] {
        assert!(
            matches!(
                check_cap(&policy, &[week], next(text)),
                Err(Error::Cap { .. })
            ),
            "{text}"
        );
    }
    for text in ["2026-10-05", "2026-12-06"] {
        check_cap(&policy, &[week], next(text)).unwrap();
    }
}
