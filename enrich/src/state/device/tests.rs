//! The rules of `docs/counting.md`, a sentence each.
#![allow(clippy::unwrap_used)]

use kaiku_catalogue::{Catalogue, Country, Model, Operator};
use kaiku_stripped::Marks;
use kaiku_wire::{BOUNDS, Mark};

use super::*;

mod bounded;
mod laws;
mod lost;

// 2026-11-23 is a Monday.
const MONDAY: i32 = 20_780;
/// The release of most of these tests.
const RELEASE: u64 = 1_000;
const NO_COMPONENT: u64 = 0;

fn day(number: i32) -> Day {
    Day::from_days_since_epoch(MONDAY + number).unwrap()
}

/// A device that nothing is known of, so many days after Monday.
fn on(number: i32) -> Device {
    let mut device = Device::default();
    device.turn(day(number));
    device
}

fn count(device: &mut Device, app: u64, release: u64, sight: Sight) -> Outcome {
    device.count(Books::Both, app, release, sight, |_| {})
}

fn started(device: &mut Device, app: u64, release: u64) -> Outcome {
    count(device, app, release, Sight::Started)
}

fn using(feature: u64) -> Sight {
    Sight::FeatureUsed {
        feature,
        times: 1,
        pairs: true,
    }
}

fn used(device: &mut Device, app: u64, feature: u64) -> Outcome {
    count(device, app, RELEASE, using(feature))
}

fn failing(cause: u64, component: u64, fatal: bool) -> Sight {
    Sight::Failed {
        cause,
        component,
        fatal,
    }
}

fn failed(device: &mut Device, release: u64, cause: u64, fatal: bool) -> Outcome {
    count(device, 1, release, failing(cause, NO_COMPONENT, fatal))
}

/// The marks of an event that counts.
fn marks_of(outcome: Outcome) -> Vec<Mark> {
    let Outcome::Counted(marks) = outcome else {
        panic!("it does not count: {outcome:?}");
    };
    all(marks)
}

fn all(marks: Marks) -> Vec<Mark> {
    Mark::ALL
        .into_iter()
        .filter(|mark| marks.has(*mark))
        .collect()
}

fn has(outcome: Outcome, mark: Mark) -> bool {
    matches!(outcome, Outcome::Counted(marks) if marks.has(mark))
}

#[test]
fn the_monday_of_these_tests_is_one() {
    assert_eq!(day(0).week().monday(), day(0));
}

#[test]
fn only_the_first_use_of_a_period_is_its_first() {
    let mut device = on(0);
    let of_day = [Mark::FirstAppDay, Mark::FirstReleaseDay, Mark::FirstItemDay];
    let of_week = [Mark::FirstAppWeek, Mark::FirstItemWeek];
    let first = used(&mut device, 1, 10);
    assert!(of_day.iter().chain(&of_week).all(|mark| has(first, *mark)));
    let again = count(&mut device, 1, RELEASE, Sight::Started);
    assert_eq!(
        marks_of(again),
        [],
        "what holds its places counts all the same"
    );
    device.turn(day(1));
    assert_eq!(marks_of(used(&mut device, 1, 10)), of_day);
    device.turn(day(7));
    let next_week = used(&mut device, 1, 10);
    assert!(of_week.iter().all(|mark| has(next_week, *mark)));
}

#[test]
fn the_second_and_the_fifth_use_of_a_day_are_marked_in_the_event_that_reaches_them() {
    let mut device = on(0);
    let use_times = |device: &mut Device, times| {
        let sight = Sight::FeatureUsed {
            feature: 10,
            times,
            pairs: true,
        };
        let outcome = count(device, 1, RELEASE, sight);
        [Mark::SecondUseDay, Mark::FifthUseDay].map(|mark| has(outcome, mark))
    };
    assert_eq!(use_times(&mut device, 1), [false, false]);
    assert_eq!(use_times(&mut device, 1), [true, false]);
    assert_eq!(use_times(&mut device, 2), [false, false]);
    assert_eq!(use_times(&mut device, 1), [false, true]);
    assert_eq!(use_times(&mut device, 9), [false, false]);
    device.turn(day(1));
    assert_eq!(use_times(&mut device, u16::MAX), [true, true]);
}

#[test]
fn the_first_session_of_an_app_on_a_day_is_marked_and_needs_no_place() {
    let mut device = on(0);
    let first = |device: &mut Device, app| {
        let outcome = count(device, app, RELEASE, Sight::Stopped);
        has(outcome, Mark::FirstSessionDay)
    };
    started(&mut device, 1, RELEASE);
    assert!(first(&mut device, 1));
    assert!(!first(&mut device, 1));
    assert!(first(&mut device, 2));
    device.turn(day(1));
    assert!(first(&mut device, 1));
}

#[test]
fn a_cause_is_marked_by_its_app_by_its_release_and_by_its_component() {
    let mut device = on(0);
    let of_failure = [
        Mark::FirstItemDay,
        Mark::FirstItemWeek,
        Mark::FirstCauseReleaseDay,
        Mark::FirstCauseComponentWeek,
    ];
    let found = |device: &mut Device, release, component| {
        let outcome = count(device, 1, release, failing(7, component, false));
        of_failure.map(|mark| has(outcome, mark))
    };
    assert_eq!(found(&mut device, 1, 90), [true, true, true, true]);
    assert_eq!(found(&mut device, 2, 90), [false, false, true, false]);
    assert_eq!(found(&mut device, 2, 91), [false, false, false, true]);
    let none = found(&mut device, 1, NO_COMPONENT);
    assert_eq!(none, [false, false, false, true], "none is a component");
    device.turn(day(1));
    assert_eq!(found(&mut device, 1, 90), [true, false, true, false]);
}

#[test]
fn a_fatal_failure_is_marked_by_release_by_day_and_by_week() {
    let mut device = on(0);
    let fatal = |device: &mut Device, release| {
        let outcome = failed(device, release, 5, true);
        [
            Mark::FirstFatalReleaseDay,
            Mark::FirstFatalDay,
            Mark::FirstFatalWeek,
        ]
        .map(|mark| has(outcome, mark))
    };
    failed(&mut device, 1, 5, false);
    assert_eq!(fatal(&mut device, 1), [true, true, true]);
    assert_eq!(fatal(&mut device, 1), [false, false, false]);
    assert_eq!(fatal(&mut device, 2), [true, false, false]);
    assert_eq!(fatal(&mut device, 3), [false, false, false], "two a day");
    device.turn(day(1));
    assert_eq!(fatal(&mut device, 3), [true, true, false]);
}

#[test]
fn each_feature_of_a_week_makes_a_pair_with_each_other_one_of_its_app() {
    let mut device = on(0);
    let pairs = |device: &mut Device, app, feature, pairs| {
        let mut others = Vec::new();
        let sight = Sight::FeatureUsed {
            feature,
            times: 1,
            pairs,
        };
        device.count(Books::Both, app, RELEASE, sight, |other| others.push(other));
        others
    };
    let none: [u64; 0] = [];
    assert_eq!(pairs(&mut device, 1, 10, true), none);
    assert_eq!(pairs(&mut device, 1, 11, true), [10]);
    assert_eq!(pairs(&mut device, 1, 11, true), none, "once a week");
    assert_eq!(
        pairs(&mut device, 2, 20, true),
        none,
        "of its own app alone"
    );
    assert_eq!(pairs(&mut device, 1, 12, false), none, "unlisted");
    device.turn(day(1));
    assert_eq!(pairs(&mut device, 1, 13, true), [10, 11]);
    assert_eq!(pairs(&mut device, 2, 21, true), [20]);
}

#[test]
fn seven_features_make_all_the_pairs_of_a_week() {
    let mut device = on(0);
    let mut pairs = 0;
    for feature in 0..10 {
        device.count(Books::Both, 1, RELEASE, using(feature), |_| pairs += 1);
    }
    assert_eq!(pairs, BOUNDS.week.pairs());
}

fn in_country(code: &str) -> Home {
    Home {
        model: Model::UNLISTED,
        operator: Operator::UNLISTED,
        country: Catalogue::sample().country(code),
    }
}

#[test]
fn a_device_is_at_home_for_a_week_where_it_brought_something_new_first() {
    let mut device = on(0);
    let home = |device: &mut Device, code| device.home(|| in_country(code)).country.as_str();
    assert_eq!(home(&mut device, "FI"), "FI");
    device.turn(day(6));
    assert_eq!(home(&mut device, "SE"), "FI");
    device.forget(Some(1));
    assert_eq!(home(&mut device, "SE"), "FI", "another app is still here");
    device.turn(day(7));
    assert_eq!(home(&mut device, "SE"), "SE");
}

#[test]
fn a_forgotten_device_has_no_home() {
    let mut device = on(0);
    device.home(|| in_country("FI"));
    device.forget(None);
    let named = device.home(|| in_country("SE"));
    assert_ne!(named.country, Country::UNKNOWN);
    assert_eq!(device.home, None, "what is left is that it was here");
}

#[test]
fn a_forgotten_device_counts_for_nothing_until_its_week_is_over() {
    let mut device = on(0);
    let nothing = Outcome::Bounded { first: false };
    used(&mut device, 1, 10);
    device.forget(None);
    assert_eq!(used(&mut device, 1, 10), nothing);
    device.turn(day(1));
    assert_eq!(used(&mut device, 2, 10), nothing);
    let later = day(7);
    assert!(!device.is_empty_on(day(6)) && device.is_empty_on(later));
    device.turn(later);
    assert!(has(used(&mut device, 1, 10), Mark::FirstItemWeek));
}

#[test]
fn one_forgotten_app_leaves_the_others() {
    let mut device = on(0);
    used(&mut device, 1, 10);
    device.forget(Some(1));
    assert_eq!(used(&mut device, 1, 10), Outcome::Bounded { first: false });
    assert!(has(used(&mut device, 2, 20), Mark::FirstAppWeek));
}

#[test]
fn what_a_forgotten_app_counted_for_still_bounds_the_device_in_both_books() {
    let mut device = on(0);
    let (of_day, of_week) = (BOUNDS.day.features.a_day, BOUNDS.week.features);
    for feature in 0..u64::from(of_day) {
        used(&mut device, 1, feature);
    }
    device.forget(Some(1));
    assert!(!has(used(&mut device, 2, 100), Mark::FirstItemDay));
    device.turn(day(1));
    let of_second =
        |device: &mut Device, feature| has(used(device, 2, 200 + feature), Mark::FirstItemWeek);
    // One was taken on Monday by the second app, in the week book alone.
    let left = u64::from(of_week - of_day - 1);
    for feature in 0..left {
        assert!(of_second(&mut device, feature));
    }
    assert!(!of_second(&mut device, left));
}

#[test]
fn a_device_takes_no_more_memory_than_is_said() {
    let mut device = on(0);
    device.fresh(1, [1; 8], 0, 20);
    for feature in 0..8 {
        used(&mut device, 1, feature);
    }
    for cause in 0..2 {
        failed(&mut device, RELEASE, cause, true);
    }
    let slots = device.slots.capacity() * size_of::<Slot>();
    assert!(size_of::<Slot>() == 16 && size_of::<Device>() <= 96);
    assert!(
        slots <= 300,
        "{slots} bytes for {} places",
        device.slots.len()
    );
}

#[test]
fn of_an_app_that_was_forgotten_no_feature_and_no_cause_is_known_any_more() {
    let mut device = on(0);
    used(&mut device, 1, 77);
    failed(&mut device, RELEASE, 88, true);
    used(&mut device, 2, 99);
    device.forget(Some(1));
    let names = |app: u64| {
        let of_app = device
            .slots
            .iter()
            .filter(move |slot| slot.app == half(app));
        of_app.map(|slot| slot.key).collect::<Vec<_>>()
    };
    assert!(names(1).len() > 2);
    assert!(names(1).windows(2).all(|keys| keys[0] == keys[1]));
    assert!(names(2).contains(&99));
}
