//! What finds no place: in the day book, in the week book, over the days of a week.

use kaiku_wire::Room;

use super::*;

/// Fills the places of a day with features of app 1.
fn full_day(device: &mut Device, from: u64) {
    for feature in from..from + u64::from(BOUNDS.day.features.a_day) {
        assert!(has(used(device, 1, feature), Mark::FirstItemDay));
    }
}

#[test]
fn a_feature_without_a_place_in_the_day_has_its_weekly_mark() {
    let mut device = on(0);
    full_day(&mut device, 0);
    let over = marks_of(used(&mut device, 1, 99));
    assert_eq!(over, [Mark::FirstItemWeek, Mark::FirstBoundedDay]);
}

#[test]
fn a_feature_without_a_place_in_the_week_has_its_daily_mark() {
    let mut device = on(0);
    full_day(&mut device, 0);
    device.turn(day(1));
    full_day(&mut device, 100);
    let neither = Outcome::Bounded { first: true };
    assert_eq!(used(&mut device, 1, 99), neither, "neither book has room");
    device.turn(day(2));
    let daily = [Mark::FirstAppDay, Mark::FirstReleaseDay, Mark::FirstItemDay];
    assert_eq!(marks_of(used(&mut device, 1, 99)), daily);
}

#[test]
fn an_app_without_a_place_in_the_day_says_nothing_of_it() {
    let mut device = on(0);
    for app in 0..u64::from(BOUNDS.day.apps.a_day) {
        started(&mut device, app, RELEASE + app);
    }
    let nothing = Outcome::Bounded { first: false };
    assert_eq!(started(&mut device, 9, RELEASE), nothing);
    assert_eq!(used(&mut device, 9, 10), nothing);
    device.turn(day(1));
    let daily = [Mark::FirstAppDay, Mark::FirstReleaseDay, Mark::FirstItemDay];
    assert_eq!(marks_of(used(&mut device, 9, 10)), daily, "a new day");
}

#[test]
fn the_first_event_of_an_app_that_is_bounded_on_a_day_is_handed_on_with_that_mark_alone() {
    let mut device = on(0);
    let releases = u64::from(BOUNDS.day.releases.a_day);
    for release in 0..releases - 1 {
        started(&mut device, 1, release);
    }
    started(&mut device, 2, RELEASE);
    let bounded = |first| Outcome::Bounded { first };
    assert_eq!(started(&mut device, 1, 100), bounded(true));
    assert_eq!(started(&mut device, 1, 101), bounded(false));
    assert_eq!(started(&mut device, 2, 102), bounded(true), "each app once");
    assert!(matches!(started(&mut device, 1, 0), Outcome::Counted(_)));
    device.turn(day(1));
    for release in 0..releases {
        started(&mut device, 1, release);
    }
    assert_eq!(started(&mut device, 1, 100), bounded(true), "each day once");
}

#[test]
fn a_session_of_a_release_without_a_place_has_its_mark() {
    let mut device = on(0);
    for release in 0..u64::from(BOUNDS.day.releases.a_day) {
        started(&mut device, 1, release);
    }
    let session = |device: &mut Device| count(device, 1, 100, Sight::Stopped);
    let expected = [Mark::FirstSessionDay, Mark::FirstBoundedDay];
    assert_eq!(marks_of(session(&mut device)), expected);
    assert_eq!(session(&mut device), Outcome::Bounded { first: false });
}

#[test]
fn a_failure_of_a_release_without_a_place_is_of_its_app_and_its_component_alone() {
    let mut device = on(0);
    for release in 0..u64::from(BOUNDS.day.releases.a_day) {
        started(&mut device, 1, release);
    }
    let expected = [
        Mark::FirstItemDay,
        Mark::FirstItemWeek,
        Mark::FirstFatalWeek,
        Mark::FirstCauseComponentWeek,
        Mark::FirstBoundedDay,
    ];
    assert_eq!(marks_of(failed(&mut device, 100, 5, true)), expected);
}

#[test]
fn a_cause_without_a_place_in_its_app_can_have_one_in_its_release() {
    let mut device = on(0);
    let causes = u64::from(BOUNDS.day.causes.a_day);
    const { assert!(BOUNDS.day.release_causes.a_day > BOUNDS.day.causes.a_day) };
    for cause in 0..causes {
        failed(&mut device, RELEASE, cause, false);
    }
    let over = failed(&mut device, RELEASE, 100, false);
    assert!(!has(over, Mark::FirstItemDay) && has(over, Mark::FirstCauseReleaseDay));
}

#[test]
fn a_second_use_counts_even_where_something_else_is_bounded() {
    let mut device = on(0);
    for release in 0..u64::from(BOUNDS.day.releases.a_day) {
        count(&mut device, 1, release, using(10));
    }
    let mut other = on(0);
    count(&mut other, 1, 0, using(10));
    let again = count(&mut other, 1, 0, using(10));
    assert_eq!(marks_of(again), [Mark::SecondUseDay]);
    let bounded = count(&mut device, 1, 100, using(10));
    assert_eq!(bounded, Outcome::Bounded { first: true });
}

/// How many marks of a kind a device has on each day of a week that does something new all the time.
fn each_day(mark: Mark, mut event: impl FnMut(&mut Device, u64) -> Outcome) -> Vec<u32> {
    let mut device = on(0);
    let mut number = 0;
    let days = (0..7).map(|of_week| {
        device.turn(day(of_week));
        let mut marks = 0;
        for _ in 0..20 {
            number += 1;
            marks += u32::from(has(event(&mut device, number), mark));
        }
        marks
    });
    days.collect()
}

/// What a week has room for, as much on each day as there can be.
fn in_full(room: Room) -> Vec<u32> {
    let within = (0..=7).map(|days| room.taken_within(days));
    let within: Vec<_> = within.collect();
    within.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn each_kind_of_place_has_its_room_on_a_day_and_its_total_of_the_week() {
    let book = BOUNDS.day;
    let feature = each_day(Mark::FirstItemDay, |device, new| used(device, 1, new));
    assert_eq!(feature, in_full(book.features));
    let app = each_day(Mark::FirstAppDay, |device, new| started(device, new, new));
    assert_eq!(app, in_full(book.apps));
    let release = each_day(Mark::FirstReleaseDay, |device, new| started(device, 1, new));
    assert_eq!(release, in_full(book.releases));
    let cause = |device: &mut Device, new| failed(device, RELEASE, new, false);
    assert_eq!(each_day(Mark::FirstItemDay, cause), in_full(book.causes));
    let of_both = each_day(Mark::FirstCauseReleaseDay, cause);
    assert_eq!(of_both, in_full(book.release_causes));
    // Fewer fatals than releases find a place; the rest of a day's releases are not fatal.
    let fatal = each_day(Mark::FirstFatalReleaseDay, |device, new| {
        failed(device, new % 3, 5, true)
    });
    assert_eq!(fatal, in_full(book.fatals));
}

#[test]
fn eight_features_of_twenty_five_a_day_are_as_many_on_sunday_as_on_monday() {
    let mut device = on(0);
    for of_week in 0..7_u64 {
        device.turn(day(i32::try_from(of_week).unwrap()));
        let features = (0..8).map(|number| (of_week * 11 + number * 3) % 25);
        let marks =
            features.filter(|feature| has(used(&mut device, 1, *feature), Mark::FirstItemDay));
        assert_eq!(marks.count(), 8, "day {of_week}");
    }
}

#[test]
fn each_kind_of_place_of_the_week_book_is_bounded() {
    let week = BOUNDS.week;
    let sum = |mark, event: fn(&mut Device, u64) -> Outcome| {
        each_day(mark, event).into_iter().sum::<u32>()
    };
    let features = sum(Mark::FirstItemWeek, |device, new| used(device, 1, new));
    assert_eq!(features, week.features);
    let apps = sum(Mark::FirstAppWeek, |device, new| {
        started(device, new, RELEASE)
    });
    assert_eq!(apps, week.apps);
    let cause: fn(&mut Device, u64) -> Outcome = |device, new| failed(device, RELEASE, new, true);
    assert_eq!(sum(Mark::FirstItemWeek, cause), week.causes);
    let of_component = sum(Mark::FirstCauseComponentWeek, |device, new| {
        count(device, 1, RELEASE, failing(5, new, false))
    });
    assert_eq!(of_component, week.component_causes);
}
