//! What counts after the state of a partition was lost.

use super::*;

#[test]
fn on_the_day_on_which_state_was_lost_no_event_counts_and_none_takes_a_place() {
    let mut device = on(0);
    let outcome = device.count(Books::Neither, 1, RELEASE, using(10), |_| {});
    assert_eq!(outcome, Outcome::StateLost);
    assert_eq!(device, on(0));
}

#[test]
fn for_the_rest_of_the_week_no_weekly_mark_and_no_pair_is_made() {
    let mut device = on(1);
    let books = Books::on(day(1), Some(day(0)));
    let mut pairs = 0;
    let mut using = |feature| device.count(books, 1, RELEASE, using(feature), |_| pairs += 1);
    let daily = [Mark::FirstAppDay, Mark::FirstReleaseDay, Mark::FirstItemDay];
    assert_eq!(marks_of(using(10)), daily);
    assert_eq!(marks_of(using(11)), [Mark::FirstItemDay]);
    assert_eq!(pairs, 0);
}

#[test]
fn what_is_left_of_the_week_is_what_the_lost_days_can_not_have_taken() {
    let apps = BOUNDS.day.apps;
    // Lost on Thursday: four days may have taken all that a week has room for.
    assert_eq!(apps.taken_within(4), apps.a_week);
    let mut device = on(4);
    let books = Books::on(day(4), Some(day(3)));
    let outcome = device.count(books, 1, RELEASE, Sight::Started, |_| {});
    assert_eq!(outcome, Outcome::Bounded { first: false });
    // Lost on Tuesday: two days are left for the other five.
    let lost = Some(day(1));
    let mut device = Device::default();
    let mut marks = 0;
    for number in 2..7 {
        device.turn(day(number));
        for app in 0..9 {
            let books = Books::on(day(number), lost);
            let outcome = device.count(books, app, RELEASE, Sight::Started, |_| {});
            marks += u32::from(has(outcome, Mark::FirstAppDay));
        }
    }
    assert_eq!(marks, apps.a_week - 2 * apps.a_day);
}
