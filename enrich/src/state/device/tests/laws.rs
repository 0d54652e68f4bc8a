//! The laws on which the noise rests, for generated histories of two weeks: with repetitions, days
//! that turn, apps that are forgotten, and a state that is lost.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::{Bounds, Week};
use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Step {
    Upload {
        app: u64,
        release: u64,
        /// Sent before, on the same day.
        again: bool,
        sights: Vec<Sight>,
    },
    Forget(Option<u64>),
}

/// What a device does on each of fourteen days.
type History = Vec<Vec<Step>>;

/// What a mark is about. Two events that are about the same must not both have it in one period.
type About = (Mark, bool, u64, u64, u64);

fn sight() -> impl Strategy<Value = Sight> {
    prop_oneof![
        1 => Just(Sight::Started),
        1 => Just(Sight::Stopped),
        4 => (0..30_u64, 1..7_u16, any::<bool>()).prop_map(|(feature, times, pairs)| {
            Sight::FeatureUsed { feature, times, pairs }
        }),
        3 => (0..9_u64, 0..4_u64, any::<bool>()).prop_map(|(cause, component, fatal)| {
            Sight::Failed { cause, component, fatal }
        }),
    ]
}

fn step(forgets: u32) -> impl Strategy<Value = Step> {
    let sights = prop::collection::vec(sight(), 1..8);
    let upload = (0..6_u64, 0..5_u64, prop::bool::weighted(0.2), sights);
    let upload = upload.prop_map(|(app, release, again, sights)| Step::Upload {
        app,
        release,
        again,
        sights,
    });
    let forget = prop::option::of(0..6_u64).prop_map(Step::Forget);
    prop_oneof![60 => upload, forgets => forget]
}

/// Steps on each day, or none with a probability of `idle`.
fn history(most: usize, forgets: u32, idle: f64) -> impl Strategy<Value = History> {
    let day = prop::collection::vec(step(forgets), 0..most);
    let day = (prop::bool::weighted(idle), day);
    let day = day.prop_map(|(idle, steps)| if idle { vec![] } else { steps });
    prop::collection::vec(day, 14)
}

/// Days that are full, in weeks that have room for all of them.
fn under_the_totals() -> impl Strategy<Value = History> {
    history(6, 0, 0.75).prop_filter("a total is reached", |history| {
        !run(history, None).total_reached
    })
}

/// What one history gives.
#[derive(Default)]
struct Given {
    marks: Vec<(Day, About)>,
    /// Whether a total of the day book was reached.
    total_reached: bool,
}

fn run(history: &History, lost: Option<i32>) -> Given {
    let mut device = Device::default();
    let mut given = Given::default();
    for (number, steps) in (0..).zip(history) {
        let today = day(number);
        let books = Books::on(today, lost.map(day));
        if lost == Some(number) {
            device = Device::default();
        }
        let mut next = 0;
        for step in steps {
            device.turn(today);
            match step {
                Step::Forget(app) => device.forget(*app),
                Step::Upload {
                    app,
                    release,
                    again,
                    sights,
                } => {
                    let count = i64::try_from(sights.len()).unwrap();
                    // A day has numbers of its own: what is sent again is of the same day.
                    let first =
                        i64::from(number) * 1_000 + next - if *again { count.min(next) } else { 0 };
                    let fresh = device.fresh(*app, [0; 8], first, sights.len());
                    next = next.max(first - i64::from(number) * 1_000 + count);
                    for (_, sight) in sights.iter().enumerate().filter(|(at, _)| fresh.has(*at)) {
                        event(
                            &mut device,
                            books,
                            (*app, *release),
                            *sight,
                            today,
                            &mut given,
                        );
                    }
                }
            }
        }
        given.total_reached |= total_reached(&device);
    }
    given
}

fn event(
    device: &mut Device,
    books: Books,
    (app, release): (u64, u64),
    sight: Sight,
    today: Day,
    given: &mut Given,
) {
    let of_app = |key| app * 1_000 + key;
    // Keys are those of an app, as the strip makes them.
    let sight = match sight {
        Sight::FeatureUsed {
            feature,
            times,
            pairs,
        } => Sight::FeatureUsed {
            feature: of_app(feature),
            times,
            pairs,
        },
        Sight::Failed {
            cause,
            component,
            fatal,
        } => Sight::Failed {
            cause: of_app(cause),
            component,
            fatal,
        },
        other => other,
    };
    let release = of_app(release);
    let mut pairs = Vec::new();
    let outcome = device.count(books, app, release, sight, |other| pairs.push(other));
    let marks = match outcome {
        Outcome::Counted(marks) => all(marks),
        Outcome::Bounded { first: true } => vec![Mark::FirstBoundedDay],
        Outcome::Bounded { first: false } | Outcome::StateLost => vec![],
    };
    let (item, component, is_feature) = match sight {
        Sight::FeatureUsed { feature, .. } => (feature, 0, true),
        Sight::Failed {
            cause, component, ..
        } => (cause, component, false),
        Sight::Started | Sight::Stopped => (0, 0, false),
    };
    let about = |mark| match mark {
        Mark::FirstReleaseDay | Mark::FirstFatalReleaseDay => (mark, false, app, release, 0),
        Mark::FirstItemDay | Mark::FirstItemWeek | Mark::SecondUseDay | Mark::FifthUseDay => {
            (mark, is_feature, app, item, 0)
        }
        Mark::FirstCauseReleaseDay => (mark, false, app, release, item),
        Mark::FirstCauseComponentWeek => (mark, false, app, component, item),
        _ => (mark, false, app, 0, 0),
    };
    let marks = marks.into_iter().map(|mark| (today, about(mark)));
    given.marks.extend(marks);
    let pairs = pairs.into_iter().map(|other| {
        let both = (item.min(other), item.max(other));
        (today, (Mark::FirstPairWeek, true, app, both.0, both.1))
    });
    given.marks.extend(pairs);
}

fn total_reached(device: &Device) -> bool {
    let book = BOUNDS.day;
    let rooms = [
        book.apps,
        book.releases,
        book.features,
        book.causes,
        book.release_causes,
        book.fatals,
    ];
    let mut both = device.taken.0.iter().zip(rooms);
    both.any(|(taken, room)| u32::from(*taken) >= room.a_week)
}

/// How many marks of a kind a day and a week may have; `None` for the day of a weekly mark.
fn most(mark: Mark, is_feature: bool) -> (Option<u32>, u32) {
    let Bounds {
        day: book, week, ..
    } = BOUNDS;
    let daily = |room: kaiku_wire::Room| (Some(room.a_day), room.a_week);
    match mark {
        Mark::FirstAppDay | Mark::FirstSessionDay | Mark::FirstBoundedDay => daily(book.apps),
        Mark::FirstReleaseDay => daily(book.releases),
        Mark::FirstItemDay if is_feature => daily(book.features),
        Mark::FirstItemDay => daily(book.causes),
        Mark::SecondUseDay | Mark::FifthUseDay => daily(book.features),
        Mark::FirstFatalDay | Mark::FirstFatalReleaseDay => daily(book.fatals),
        Mark::FirstCauseReleaseDay => daily(book.release_causes),
        Mark::FirstAppWeek | Mark::FirstFatalWeek => (None, week.apps),
        Mark::FirstItemWeek if is_feature => (None, week.features),
        Mark::FirstItemWeek => (None, week.causes),
        Mark::FirstCauseComponentWeek => (None, week.component_causes),
        Mark::FirstPairWeek => (None, week.pairs()),
    }
}

fn is_daily(mark: Mark) -> bool {
    most(mark, false).0.is_some()
}

fn check_bounds(given: &Given) -> Result<(), TestCaseError> {
    let mut days: BTreeMap<(Day, Mark, bool), u32> = BTreeMap::new();
    let mut weeks: BTreeMap<(Week, Mark, bool), u32> = BTreeMap::new();
    let mut once = BTreeSet::new();
    for (on, about) in &given.marks {
        let (mark, is_feature, ..) = *about;
        *days.entry((*on, mark, is_feature)).or_default() += 1;
        *weeks.entry((on.week(), mark, is_feature)).or_default() += 1;
        let period = if is_daily(mark) {
            *on
        } else {
            on.week().monday()
        };
        prop_assert!(
            once.insert((period, *about)),
            "twice: {:?} on {}",
            about,
            on
        );
    }
    for ((on, mark, is_feature), marks) in days {
        let (of_day, _) = most(mark, is_feature);
        prop_assert!(of_day.is_none_or(|most| marks <= most), "{mark} on {on}");
    }
    for ((week, mark, is_feature), marks) in weeks {
        let (_, of_week) = most(mark, is_feature);
        prop_assert!(marks <= of_week, "{mark} in the week of {}", week.monday());
    }
    Ok(())
}

/// The daily marks of the days that are chosen.
fn daily(given: &Given, chosen: impl Fn(Day) -> bool) -> Vec<(Day, About)> {
    let of_day = given.marks.iter().filter(|(_, about)| is_daily(about.0));
    of_day.filter(|(on, _)| chosen(*on)).copied().collect()
}

proptest! {
    #[test]
    fn no_day_and_no_week_has_more_marks_than_its_bounds_and_none_has_one_twice(
        history in history(12, 2, 0.1),
        lost in prop::option::weighted(0.5, 0..14_i32),
    ) {
        check_bounds(&run(&history, lost))?;
    }

    #[test]
    fn a_day_or_a_week_that_is_removed_changes_no_mark_of_another_week(
        history in history(8, 2, 0.1),
        removed in 0..14_usize,
        whole_week in any::<bool>(),
    ) {
        let week = day(i32::try_from(removed).unwrap()).week();
        let mut without = history.clone();
        for (number, steps) in without.iter_mut().enumerate() {
            let in_week = day(i32::try_from(number).unwrap()).week() == week;
            if number == removed || (whole_week && in_week) {
                steps.clear();
            }
        }
        let of_others = |given: &Given| -> Vec<_> {
            given.marks.iter().filter(|(on, _)| on.week() != week).copied().collect()
        };
        prop_assert_eq!(of_others(&run(&history, None)), of_others(&run(&without, None)));
    }

    #[test]
    fn a_day_that_is_removed_changes_no_daily_mark_of_another_day_under_the_totals(
        history in under_the_totals(),
        removed in 0..14_usize,
    ) {
        let (whole, mut without) = (run(&history, None), history);
        without[removed].clear();
        let removed = day(i32::try_from(removed).unwrap());
        let others = |given: &Given| daily(given, |on| on != removed);
        prop_assert_eq!(others(&whole), others(&run(&without, None)));
    }
}

#[test]
fn the_histories_reach_the_bounds_of_days_and_weeks() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let bounded = |given: &Given| {
        let mut marks = given.marks.iter();
        marks.any(|(_, about)| about.0 == Mark::FirstBoundedDay)
    };
    let mut full = 0;
    for _ in 0..40 {
        let many = history(12, 0, 0.1).new_tree(&mut runner).unwrap();
        assert!(run(&many.current(), None).total_reached);
        let few = under_the_totals().new_tree(&mut runner).unwrap();
        full += u32::from(bounded(&run(&few.current(), None)));
    }
    assert!(full > 20, "{full} of 40 have a day that is full");
}
