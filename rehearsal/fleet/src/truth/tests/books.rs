//! What takes a place in which book, and what finds none.

use super::*;

/// The bounds with another total for the features of a week.
fn with_features(a_week: u32) -> Bounds {
    let mut bounds = BOUNDS;
    bounds.day.features.a_week = a_week;
    bounds
}

#[test]
fn the_eleventh_feature_of_a_day_has_no_daily_mark_and_still_a_weekly_one() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let all: Vec<_> = (0..11).map(|n| feature(&catalogue, n)).collect();
    send(&mut truth, batch(&catalogue, 0, all.repeat(2)), monday());
    let totals = truth.totals();
    assert_eq!(totals.marks.of(Mark::FirstItemDay), 10);
    assert_eq!(totals.marks.of(Mark::FirstItemWeek), 11);
    assert_eq!(totals.marks.of(Mark::SecondUseDay), 10);
    assert_eq!(totals.marks.of(Mark::FirstBoundedDay), 1);
    // Its second use finds no place either, and the mark of that is spent.
    assert_eq!((totals.accepted, totals.bounded), (21, 1));
    assert_eq!((totals.bounded_marked, totals.handed_on()), (0, 21));
}

#[test]
fn what_is_bounded_and_says_so_first_is_handed_on_and_counts_as_bounded() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let all: Vec<_> = (0..11).map(|n| feature(&catalogue, n)).collect();
    send(&mut truth, batch(&catalogue, 0, all), monday());
    let again = times(feature(&catalogue, 10), 3);
    let tuesday = monday().next();
    let ten: Vec<_> = (0..10).map(|n| feature(&catalogue, n)).collect();
    send(&mut truth, batch(&catalogue, 11, ten), tuesday);
    send(&mut truth, batch(&catalogue, 21, vec![again; 3]), tuesday);
    let totals = truth.totals();
    assert_eq!((totals.accepted, totals.bounded), (21, 3));
    assert_eq!((totals.bounded_marked, totals.bounded_marked_times), (1, 3));
    assert_eq!(totals.handed_on_times(), 24);
    assert_eq!(totals.marks.of(Mark::FirstBoundedDay), 2);
}

#[test]
fn the_weeks_total_of_the_day_book_ends_its_marks_and_the_next_week_begins_anew() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4).under(with_features(35));
    let ten: Vec<_> = (0..10).map(|n| feature(&catalogue, n)).collect();
    let marked = |truth: &Truth<'_>| truth.totals().marks.of(Mark::FirstItemDay);
    for (day, so_far) in (0..9).zip([10, 20, 30, 35, 35, 35, 35, 45, 55]) {
        let first = i64::from(day) * 10;
        send(
            &mut truth,
            batch(&catalogue, first, ten.clone()),
            monday().plus(day),
        );
        assert_eq!(marked(&truth), so_far, "day {day}");
    }
}

#[test]
fn sixteen_features_are_fifteen_of_the_week_and_seven_of_them_make_pairs() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let all: Vec<_> = (0..16).map(|n| feature(&catalogue, n)).collect();
    send(&mut truth, batch(&catalogue, 0, all.clone()), monday());
    send(&mut truth, batch(&catalogue, 16, all), monday().next());
    let totals = truth.totals();
    assert_eq!(totals.marks.of(Mark::FirstItemWeek), 15);
    assert_eq!((totals.pairs, truth.pairs().len()), (21, 21));
    assert_eq!(totals.marks.of(Mark::FirstPairWeek), 21);
}

#[test]
fn an_unlisted_feature_is_a_feature_and_enters_into_no_pair() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let stray = RawEvent {
        feature: Some("nowhere"),
        ..RawEvent::new(EventType::FeatureUsed)
    };
    let events = vec![stray, feature(&catalogue, 0), feature(&catalogue, 1)];
    send(&mut truth, batch(&catalogue, 0, events), monday());
    let totals = truth.totals();
    assert_eq!((totals.marks.of(Mark::FirstItemWeek), totals.pairs), (3, 1));
    assert_eq!(cell(&truth, 1, monday(), "unlisted"), [1, 0, 0]);
}

#[test]
fn a_cause_counts_by_release_by_component_and_by_itself_each_in_its_own_places() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let component = |cause, component| RawEvent {
        component,
        ..fatal(cause)
    };
    let events = ["panic", "abort", "segfault", "unhandled", "out_of_memory"]
        .map(|cause| component(cause, Some("tiles")));
    send(&mut truth, batch(&catalogue, 0, events.to_vec()), monday());
    let again = vec![
        component("panic", None),
        component("panic", Some("routing")),
    ];
    send(&mut truth, batch(&catalogue, 5, again), monday());
    let marks = truth.totals().marks;
    let causes = [
        (Mark::FirstItemDay, 3),
        (Mark::FirstItemWeek, 5),
        (Mark::FirstCauseReleaseDay, 4),
        (Mark::FirstCauseComponentWeek, 4),
    ];
    for (mark, count) in causes {
        assert_eq!(marks.of(mark), count, "{mark}");
    }
}

#[test]
fn a_third_release_that_fails_fatally_finds_no_place_among_the_fatal_ones() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let releases = ["unlisted-1", release(&catalogue, 0), release(&catalogue, 1)];
    for (first, release) in (0..).zip(releases) {
        let mut batch = batch(&catalogue, first * 2, vec![fatal("panic"); 2]);
        batch.release = release;
        send(&mut truth, batch, monday());
    }
    let totals = truth.totals();
    // The second failure of the third release was due for a place, and found none.
    assert_eq!((totals.accepted, totals.bounded), (5, 1));
    let fatals = [
        (Mark::FirstFatalReleaseDay, 2),
        (Mark::FirstFatalWeek, 1),
        (Mark::FirstFatalDay, 1),
        (Mark::FirstBoundedDay, 1),
    ];
    for (mark, count) in fatals {
        assert_eq!(totals.marks.of(mark), count, "{mark}");
    }
    assert_eq!(cell(&truth, 2, monday(), releases[2]), [1, 0]);
}

#[test]
fn where_state_was_lost_the_day_does_not_count_and_its_week_has_what_is_left_of_it() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 1).under(with_features(35));
    let ten: Vec<_> = (0..10).map(|n| feature(&catalogue, n)).collect();
    let tuesday = monday().next();
    truth.lose_state(0, tuesday);
    let mut marks = Vec::new();
    for day in 0..7 {
        let first = i64::from(day) * 10;
        let batch = batch(&catalogue, first, ten.clone());
        send(&mut truth, batch, tuesday.plus(day));
        let totals = truth.totals();
        marks.push([Mark::FirstItemDay, Mark::FirstItemWeek].map(|mark| totals.marks.of(mark)));
    }
    // 20 of the 35 places of the week are taken for used.
    let expected = [
        [0, 0],
        [10, 0],
        [15, 0],
        [15, 0],
        [15, 0],
        [15, 0],
        [25, 10],
    ];
    assert_eq!(marks, expected);
}
