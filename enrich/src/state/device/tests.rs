//! Tests of what one device can count for.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn on(day: i32) -> Device {
    let mut device = Device::default();
    device.turn(Day::from_days_since_epoch(day).unwrap());
    device
}

// 2026-11-23 is a Monday.
const MONDAY: i32 = 20_780;

fn used(device: &mut Device, app: u64, feature: u64, times: u16) -> Outcome {
    let sight = Sight::FeatureUsed {
        feature,
        times,
        pairs: true,
    };
    device.count(app, 100 + app, sight, |_| {})
}

fn has(outcome: &Outcome, mark: Mark) -> bool {
    matches!(outcome, Outcome::Counted(marks) if marks.has(mark))
}

#[test]
fn the_monday_of_these_tests_is_one() {
    let day = Day::from_days_since_epoch(MONDAY).unwrap();
    assert_eq!(day.week().monday(), day);
}

#[test]
fn only_the_first_use_of_a_day_is_the_first_of_the_day() {
    let mut device = on(MONDAY);
    let first = used(&mut device, 1, 10, 1);
    assert!(has(&first, Mark::FirstAppDay) && has(&first, Mark::FirstItemDay));
    assert!(has(&first, Mark::FirstAppWeek) && has(&first, Mark::FirstItemWeek));
    assert_eq!(used(&mut device, 1, 10, 9), {
        let mut marks = Marks::default();
        marks.set(Mark::SecondUseDay, true);
        marks.set(Mark::FifthUseDay, true);
        Outcome::Counted(marks)
    });
    device.turn(Day::from_days_since_epoch(MONDAY + 1).unwrap());
    let next = used(&mut device, 1, 10, 1);
    assert!(has(&next, Mark::FirstItemDay) && !has(&next, Mark::FirstItemWeek));
    device.turn(Day::from_days_since_epoch(MONDAY + 7).unwrap());
    assert!(has(&used(&mut device, 1, 10, 1), Mark::FirstItemWeek));
}

#[test]
fn the_fifth_app_of_a_day_does_not_count() {
    let mut device = on(MONDAY);
    for app in 0..4 {
        assert!(matches!(
            used(&mut device, app, 10 + app, 1),
            Outcome::Counted(_)
        ));
    }
    assert_eq!(used(&mut device, 4, 14, 1), Outcome::Bounded);
    assert!(matches!(used(&mut device, 3, 13, 1), Outcome::Counted(_)));
}

#[test]
fn a_feature_over_the_bound_of_the_week_is_dropped_on_a_new_day_too() {
    let mut device = on(MONDAY);
    let mut counted = 0;
    for day in 0..2 {
        device.turn(Day::from_days_since_epoch(MONDAY + day).unwrap());
        for feature in 0..10 {
            let outcome = used(
                &mut device,
                1,
                u64::try_from(day * 10 + feature).unwrap(),
                1,
            );
            counted += u32::from(matches!(outcome, Outcome::Counted(_)));
        }
    }
    assert_eq!(counted, bounds::WEEK_FEATURES);
}

#[test]
fn a_third_release_that_fails_fatally_counts_as_not_fatal() {
    let mut device = on(MONDAY);
    let sight = Sight::Failed {
        cause: 5,
        fatal: true,
    };
    let fatal = |device: &mut Device, release| {
        let outcome = device.count(1, release, sight, |_| {});
        [
            Mark::FirstFatalReleaseDay,
            Mark::FirstFatalDay,
            Mark::FirstFatalWeek,
        ]
        .map(|mark| has(&outcome, mark))
    };
    assert_eq!(fatal(&mut device, 1), [true, true, true]);
    assert_eq!(fatal(&mut device, 1), [false, false, false]);
    assert_eq!(fatal(&mut device, 2), [true, false, false]);
    assert_eq!(fatal(&mut device, 3), [false, false, false]);
}

#[test]
fn a_session_over_the_bound_is_dropped() {
    let mut device = on(MONDAY);
    for _ in 0..bounds::DAY_SESSIONS_PER_APP {
        assert!(matches!(
            device.count(1, 2, Sight::Stopped, |_| {}),
            Outcome::Counted(_)
        ));
    }
    assert_eq!(device.count(1, 2, Sight::Stopped, |_| {}), Outcome::Bounded);
}

#[test]
fn an_upload_that_was_seen_counts_from_where_it_is_new() {
    let mut device = on(MONDAY);
    assert_eq!(device.seen_before(1, [1; 8], 0, 10), 0);
    assert_eq!(device.seen_before(1, [1; 8], 0, 10), 10);
    assert_eq!(device.seen_before(1, [1; 8], 5, 10), 5);
    assert_eq!(
        device.seen_before(1, [1; 8], 40, 2),
        0,
        "a gap is taken as it is"
    );
    assert_eq!(device.seen_before(1, [1; 8], 2, 3), 3);
    assert_eq!(
        device.seen_before(2, [1; 8], 0, 3),
        0,
        "another app has numbers of its own"
    );
}

#[test]
fn a_forgotten_device_can_not_count_twice_in_its_week() {
    let mut device = on(MONDAY);
    used(&mut device, 1, 10, 1);
    device.forget(None);
    assert_eq!(used(&mut device, 1, 10, 1), Outcome::Bounded);
    device.turn(Day::from_days_since_epoch(MONDAY + 1).unwrap());
    assert_eq!(used(&mut device, 2, 10, 1), Outcome::Bounded);
    let later = Day::from_days_since_epoch(MONDAY + 7).unwrap();
    assert!(device.is_empty_on(later));
    device.turn(later);
    assert!(matches!(used(&mut device, 1, 10, 1), Outcome::Counted(_)));
}

#[test]
fn one_forgotten_app_leaves_the_others() {
    let mut device = on(MONDAY);
    used(&mut device, 1, 10, 1);
    device.forget(Some(1));
    assert_eq!(used(&mut device, 1, 10, 1), Outcome::Bounded);
    assert!(matches!(used(&mut device, 2, 20, 1), Outcome::Counted(_)));
}

#[test]
fn what_a_forgotten_app_counted_for_still_bounds_the_device() {
    let mut device = on(MONDAY);
    for feature in 0..10 {
        used(&mut device, 1, feature, 1);
    }
    device.forget(Some(1));
    assert_eq!(used(&mut device, 2, 20, 1), Outcome::Bounded);
}

proptest! {
    #[test]
    fn marks_never_exceed_the_bounds(
        events in prop::collection::vec((0..7_u64, 0..9_u64, 0..30_u64, 0..4_u8, any::<bool>()), 1..300),
    ) {
        let mut device = on(MONDAY);
        let mut sums = [0_u32; 10];
        let mut pairs = 0_u32;
        for (app, release, item, kind, fatal) in events {
            let sight = match kind {
                0 => Sight::Started,
                1 => Sight::Stopped,
                2 => Sight::FeatureUsed { feature: item * 100 + app, times: 1, pairs: true },
                _ => Sight::Failed { cause: item * 100 + app, fatal },
            };
            let outcome = device.count(app, release * 100 + app, sight, |_| pairs += 1);
            for mark in Mark::ALL {
                sums[mark as usize] += u32::from(has(&outcome, mark));
            }
        }
        let sum = |mark: Mark| sums[mark as usize];
        prop_assert!(sum(Mark::FirstAppDay) <= bounds::DAY_APPS);
        prop_assert!(sum(Mark::FirstReleaseDay) <= bounds::DAY_RELEASES);
        prop_assert!(sum(Mark::FirstItemDay) <= bounds::DAY_FEATURES + bounds::DAY_CAUSES);
        prop_assert!(sum(Mark::SecondUseDay) <= bounds::DAY_FEATURES);
        prop_assert!(sum(Mark::FirstFatalReleaseDay) <= bounds::DAY_FATALS);
        prop_assert!(sum(Mark::FirstFatalDay) <= bounds::DAY_FATALS);
        prop_assert!(pairs <= bounds::WEEK_PAIRS);
    }

    #[test]
    fn every_number_of_a_stream_counts_once_whatever_is_sent_again(
        resends in prop::collection::vec((0..60_i64, 1..12_usize), 1..40),
    ) {
        let mut device = on(MONDAY);
        let mut reached = 0_i64;
        let mut counted = 0_i64;
        for (back, events) in resends {
            let first = (reached - back).max(0);
            let seen = device.seen_before(1, [1; 8], first, events);
            let count = i64::try_from(events).unwrap();
            counted += count - i64::try_from(seen).unwrap();
            reached = reached.max(first + count);
            prop_assert_eq!(counted, reached);
        }
    }
}
