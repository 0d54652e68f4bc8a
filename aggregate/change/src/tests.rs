//! What one comparison says, and what a page of them says.

use crate::judge::benjamini_hochberg;
use crate::{Candidate, Comparison, Flag, RateCandidate, Settings, Side, Verdict, judge};

fn week(value: f64) -> Side {
    Side {
        value,
        noise_variance: 7.0 * 20.0 * 20.0,
        periods: 7,
    }
}

fn count(before: f64, after: f64) -> Comparison {
    Comparison::Count(Candidate {
        before: week(before),
        after: week(after),
    })
}

fn rate(before: (f64, f64), after: (f64, f64)) -> Comparison {
    Comparison::Rate(RateCandidate {
        before: (week(before.0), week(before.1)),
        after: (week(after.0), week(after.1)),
    })
}

fn alone(comparison: Comparison) -> Verdict {
    judge(&[comparison], &Settings::default())[0]
}

#[test]
fn a_count_that_gains_a_fifth_is_up_and_one_that_loses_it_is_down() {
    assert_eq!(alone(count(7_000.0, 8_400.0)).flag, Flag::Up);
    assert_eq!(alone(count(8_400.0, 7_000.0)).flag, Flag::Down);
    assert_eq!(alone(count(7_000.0, 8_400.0)).ratio, Some(1.2));
}

#[test]
fn which_side_came_first_changes_the_flag_and_not_the_chance() {
    let (there, back) = (
        alone(count(7_000.0, 7_700.0)),
        alone(count(7_700.0, 7_000.0)),
    );
    assert!((there.p - back.p).abs() < 1e-12);
}

#[test]
fn a_large_count_that_moves_within_the_common_shocks_is_not_flagged() {
    // 2 % of 7,000,000 is 38 standard deviations of people, and no more than what a holiday does.
    assert_eq!(alone(count(7_000_000.0, 7_140_000.0)).flag, Flag::None);
    let calm = Settings {
        common_shock: 0.0,
        ..Settings::default()
    };
    assert_eq!(
        judge(&[count(7_000_000.0, 7_140_000.0)], &calm)[0].flag,
        Flag::Up
    );
}

#[test]
fn days_on_which_the_same_devices_come_count_for_less_than_days_of_new_ones() {
    let new = Settings {
        same_devices: 0.0,
        ..Settings::default()
    };
    let one = [count(7_000.0, 7_700.0)];
    assert!(judge(&one, &new)[0].p < judge(&one, &Settings::default())[0].p / 10.0);
}

#[test]
fn periods_of_different_lengths_are_compared_by_their_means() {
    let five = Side {
        value: 5_000.0,
        noise_variance: 5.0 * 400.0,
        periods: 5,
    };
    let verdict = alone(Comparison::Count(Candidate {
        before: five,
        after: week(7_000.0),
    }));
    assert_eq!(verdict.flag, Flag::None);
    assert!((verdict.p - 1.0).abs() < 1e-12);
}

#[test]
fn a_chance_that_stands_alone_falls_among_many() {
    let shown = count(7_000.0, 7_480.0);
    assert_eq!(alone(shown).flag, Flag::Up);
    let mut page = vec![count(7_000.0, 7_000.0); 71];
    page.push(shown);
    let verdicts = judge(&page, &Settings::default());
    assert!(verdicts[71].p < 0.05);
    assert!(verdicts.iter().all(|verdict| verdict.flag == Flag::None));
    // And what could have been missed on the larger page is more.
    assert!(verdicts[71].could_have_missed > alone(shown).could_have_missed);
}

/// The fifteen of section 3.2 of Benjamini and Hochberg (1995), of which four stand.
#[test]
fn of_the_fifteen_chances_of_the_paper_four_stand() {
    let chances = [
        0.0298, 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ];
    assert_eq!(benjamini_hochberg(chances.to_vec(), 0.05), 4);
    assert_eq!(benjamini_hochberg(vec![0.001, 0.04, 0.04, 0.5], 0.05), 1);
    // The last that lies below its step counts, and with it those before that do not.
    assert_eq!(benjamini_hochberg(vec![0.03, 0.04, 0.045, 0.05], 0.05), 4);
    assert_eq!(benjamini_hochberg(Vec::new(), 0.05), 0);
}

#[test]
fn many_true_changes_help_each_other() {
    let mut page = vec![count(7_000.0, 7_000.0); 36];
    page.extend([count(7_000.0, 7_560.0); 36]);
    let flags = judge(&page, &Settings::default());
    assert!(flags[..36].iter().all(|verdict| verdict.flag == Flag::None));
    assert!(flags[36..].iter().all(|verdict| verdict.flag == Flag::Up));
}

#[test]
fn a_crash_rate_that_doubles_is_up_although_the_fleet_shrinks() {
    let verdict = alone(rate((700.0, 70_000.0), (700.0, 35_000.0)));
    assert_eq!(verdict.flag, Flag::Up);
    assert_eq!(verdict.ratio, Some(2.0));
}

#[test]
fn a_fleet_that_grows_changes_no_rate() {
    let verdict = alone(rate((700.0, 70_000.0), (1_400.0, 140_000.0)));
    assert_eq!(verdict.flag, Flag::None);
    assert_eq!(verdict.ratio, Some(1.0));
}

#[test]
fn a_rate_over_next_to_nothing_says_nothing() {
    let verdict = alone(rate((3.0, 150.0), (200.0, 70_000.0)));
    assert_eq!(verdict.flag, Flag::None);
    assert!((verdict.p - 1.0).abs() < f64::EPSILON);
    assert!(verdict.could_have_missed.is_infinite());
}

#[test]
fn what_says_nothing_takes_no_part_in_the_page() {
    let none = Side {
        value: f64::NAN,
        noise_variance: 1.0,
        periods: 0,
    };
    let mut page = vec![
        Comparison::Count(Candidate {
            before: none,
            after: none
        });
        500
    ];
    page.push(count(7_000.0, 7_480.0));
    assert_eq!(judge(&page, &Settings::default())[500].flag, Flag::Up);
    assert_eq!(judge(&[], &Settings::default()), []);
}

#[test]
fn nothing_before_has_no_ratio_and_no_change_that_could_be_named() {
    for before in [0.0, -40.0] {
        let verdict = alone(count(before, 7_000.0));
        assert_eq!(verdict.flag, Flag::Up);
        assert_eq!(verdict.ratio, None);
        assert!(verdict.could_have_missed.is_infinite());
    }
}

#[test]
fn noise_alone_is_no_change() {
    // σ = 20 a day: a sum of seven scatters by 53, a difference of two by 75.
    assert_eq!(alone(count(-20.0, 60.0)).flag, Flag::None);
}

#[test]
fn what_could_have_been_missed_shrinks_with_the_count_down_to_the_common_shocks() {
    let missed: Vec<f64> = [1e4, 1e5, 1e6, 1e8]
        .map(|value| alone(count(value, value)).could_have_missed)
        .to_vec();
    assert!(missed.is_sorted_by(|more, less| more > less), "{missed:?}");
    // (1.96 + 0.84) × √2 × 1 %.
    assert!((missed[3] - 0.0398).abs() < 0.001, "{missed:?}");
}

#[test]
fn a_rate_that_stands_at_one_can_rise_no_further() {
    let verdict = alone(rate((70_000.0, 70_000.0), (70_000.0, 70_000.0)));
    assert!(verdict.could_have_missed.is_infinite());
    assert_eq!(verdict.flag, Flag::None);
}
