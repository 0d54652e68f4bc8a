//! One device's week under the rules of `docs/counting.md`, and what it can change.

use std::collections::BTreeMap;

use kaiku_release::{Cell, Dimension, Measure, Period, Policy, Table, Unit, release};
use kaiku_wire::Mark;
use proptest::prelude::*;

use crate::books::{Event, Kind, Marked, week};
use crate::support::{day, noise, shipped};

/// So many devices in every cell beside the one that is looked at that all of them appear.
const OTHERS: u64 = 1_000_000;

/// The periods of a table in the ISO week of the device, by the number of their first day.
fn periods(table: &Table) -> Vec<(u32, Period)> {
    let monday = day("2026-11-23");
    match table.unit() {
        Unit::Day => (0..7).map(|n| (n, Period::Day(monday.plus(n)))).collect(),
        Unit::Week => vec![(0, Period::Week(monday.week()))],
    }
}

/// What stands in a dimension for a mark.
fn value_of(dimension: Dimension, marked: &Marked) -> String {
    let Marked { event, pair, .. } = marked;
    match dimension {
        Dimension::App => format!("app{}", event.app),
        Dimension::Release => format!("r{}", event.release),
        Dimension::Feature | Dimension::Cause => format!("i{}", event.kind.item()),
        Dimension::Component => format!("k{}", event.kind.component()),
        Dimension::Length => format!("l{}", event.kind.length()),
        Dimension::A => format!("f{}", pair.unwrap().0),
        Dimension::B => format!("f{}", pair.unwrap().1),
        // One home a week.
        Dimension::Country | Dimension::Brand | Dimension::Model | Dimension::Operator => {
            "home".to_owned()
        }
    }
}

/// Whether a mark goes into a table: it is about the same kind of event, or of pairs.
fn belongs(table: &Table, marked: &Marked) -> bool {
    let mut kinds = table
        .dimensions()
        .iter()
        .filter_map(|dimension| dimension.kind());
    let kind = kinds.all(|kind| kind.as_str() == marked.event.kind.name());
    kind && table.is_of_pairs() == marked.pair.is_some()
}

/// What the device adds to the cells of one period of a table, in the order of the table's marks.
fn contribution(table: &Table, first: u32, marks: &[Marked]) -> BTreeMap<Vec<String>, Vec<u64>> {
    let mut cells: BTreeMap<Vec<String>, Vec<u64>> = BTreeMap::new();
    let of_period = marks
        .iter()
        .filter(|marked| table.unit() == Unit::Week || marked.event.day == first);
    for marked in of_period.filter(|marked| belongs(table, marked)) {
        let Some(column) = table.marks().iter().position(|mark| *mark == marked.mark) else {
            continue;
        };
        let dims = table.dimensions().iter();
        let dims = dims.map(|dimension| value_of(*dimension, marked)).collect();
        let counts = cells
            .entry(dims)
            .or_insert_with(|| vec![0; table.marks().len()]);
        counts[column] += 1;
    }
    cells
}

/// The contribution as cells on top of what others have counted.
fn cells(contribution: &BTreeMap<Vec<String>, Vec<u64>>, with: bool) -> Vec<Cell> {
    let cell = |(dims, counts): (&Vec<String>, &Vec<u64>)| Cell {
        dims: dims.clone(),
        counts: counts
            .iter()
            .map(|count| OTHERS + if with { *count } else { 0 })
            .collect(),
    };
    contribution.iter().map(cell).collect()
}

/// The sum of difference² / 2σ² over all rows of a period of a table that are released with the
/// device and without it, under the same noise.
fn price(table: &Table, period: Period, contribution: &BTreeMap<Vec<String>, Vec<u64>>) -> f64 {
    let released = |with| release(table, period, cells(contribution, with), &noise(3)).unwrap();
    let (with, without) = (released(true), released(false));
    assert_eq!(with.rows().len(), contribution.len());
    let mut price = 0.0;
    for (a, b) in with.rows().iter().zip(without.rows()) {
        assert_eq!(a.dims(), b.dims());
        let values = a.values().iter().zip(b.values()).zip(table.measures());
        for ((a, b), measure) in values {
            let off = (a.value - b.value) as f64;
            let sigma = measure.figures().sigma;
            price += off * off / (2.0 * sigma * sigma);
        }
    }
    price
}

/// What a history changes in all periods of the week of a policy.
pub(crate) fn price_of_week(policy: &Policy, marks: &[Marked]) -> f64 {
    let tables = policy.tables().iter();
    let prices = tables.flat_map(|table| {
        let periods = periods(table).into_iter();
        periods.map(move |(first, period)| price(table, period, &contribution(table, first, marks)))
    });
    prices.sum()
}

/// How many marks of a measure a history has in the week, and the most in one period.
fn marks_of(table: &Table, measure: &Measure, marks: &[Marked]) -> (u64, u64) {
    let column = table
        .marks()
        .iter()
        .position(|mark| *mark == measure.figures().mark);
    let counts = periods(table).into_iter().map(|(first, _)| {
        let cells = contribution(table, first, marks);
        cells
            .values()
            .map(|counts| counts[column.unwrap()])
            .sum::<u64>()
    });
    let counts: Vec<u64> = counts.collect();
    (counts.iter().sum(), counts.into_iter().max().unwrap())
}

/// Events of one device on the days of a week, more than it can count for.
fn history() -> impl Strategy<Value = Vec<Event>> {
    let kind = prop_oneof![
        Just(Kind::Started),
        (0..6_u32).prop_map(|length| Kind::Stopped { length }),
        (0..14_u32, 1..7_u32).prop_map(|(feature, times)| Kind::Used { feature, times }),
        (0..5_u32, 0..4_u32, any::<bool>()).prop_map(|(cause, component, fatal)| Kind::Failed {
            cause,
            component,
            fatal
        }),
    ];
    let event = (0..7_u32, 0..6_u32, 0..4_u32, kind).prop_map(|(day, app, release, kind)| Event {
        day,
        app,
        release,
        kind,
    });
    proptest::collection::vec(event, 0..400).prop_map(|mut events| {
        events.sort_by_key(|event| event.day);
        events
    })
}

/// A history that takes every place that there is.
fn greedy() -> Vec<Event> {
    let failed = |cause, fatal| Kind::Failed {
        cause,
        component: 0,
        fatal,
    };
    let mut events = Vec::new();
    for day in 0..7 {
        // Apps are scarcest: all that a day holds at first, then two a day to the end of the week.
        let apps = if day == 0 { 6 } else { 2 };
        let mut put = |app, release, kind| {
            events.push(Event {
                day,
                app,
                release,
                kind,
            });
        };
        for app in 0..apps {
            put(app, 0, failed(0, true));
            put(app, 0, Kind::Stopped { length: 1 });
        }
        for app in 0..apps {
            for other in 1..4 {
                put(app, other, failed(other, false));
            }
            for feature in 0..20 {
                put(app, 0, Kind::Used { feature, times: 5 });
            }
        }
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn no_history_of_a_device_week_changes_more_than_is_stated(events in history()) {
        let marks = week(&events);
        for policy in shipped() {
            let price = price_of_week(&policy, &marks);
            let stated = policy.week_share().value();
            prop_assert!(price <= stated, "{price} > {stated}");
        }
    }

    #[test]
    fn no_mark_is_given_more_often_than_its_sensitivity(events in history()) {
        let marks = week(&events);
        let policy = Policy::large();
        for table in policy.tables() {
            for measure in table.measures() {
                let figures = measure.figures();
                let (in_week, in_period) = marks_of(table, measure, &marks);
                prop_assert!(in_week <= u64::from(figures.delta2_week));
                prop_assert!(in_period <= u64::from(figures.delta2));
            }
        }
    }

    #[test]
    fn a_day_of_a_device_changes_no_more_than_is_stated_for_a_day(events in history()) {
        let marks = week(&events);
        let policy = Policy::small();
        for first in 0..7 {
            let daily = policy.tables().iter().filter(|table| table.unit() == Unit::Day);
            let price: f64 = daily
                .map(|table| price(table, periods(table)[first as usize].1, &contribution(table, first, &marks)))
                .sum();
            prop_assert!(price <= policy.costs().day.rho.value());
        }
    }
}

#[test]
fn a_history_that_takes_every_place_pays_the_stated_price_to_a_thousandth() {
    let marks = week(&greedy());
    for policy in shipped() {
        for table in policy.tables() {
            for measure in table.measures() {
                let figures = measure.figures();
                let expected = (u64::from(figures.delta2_week), u64::from(figures.delta2));
                let found = marks_of(table, measure, &marks);
                assert_eq!(found, expected, "{} {}", table.name(), measure.name());
            }
        }
        let price = price_of_week(&policy, &marks);
        let stated = policy.week_share().value();
        assert!(
            price <= stated && price > 0.999 * stated,
            "{price} of {stated}"
        );
    }
}

#[test]
fn each_mark_of_a_device_falls_into_a_cell_of_its_own() {
    let marks = week(&greedy());
    for table in Policy::large().tables() {
        for (first, _) in periods(table) {
            for counts in contribution(table, first, &marks).values() {
                assert!(counts.iter().all(|count| *count <= 1), "{}", table.name());
            }
        }
    }
}

#[test]
fn a_sigma_a_tenth_smaller_would_change_more_than_is_stated() {
    // That the sum above finds such an error: with 0.9 σ it is 1 / 0.81 of the price.
    let price = price_of_week(&Policy::small(), &week(&greedy())) / 0.81;
    assert!(price > 1.2 * Policy::small().week_share().value());
}

#[test]
fn a_mark_is_a_first_of_its_period() {
    let marks = week(&greedy());
    let of = |mark: Mark, day: u32| {
        let found = marks.iter();
        found
            .filter(|one| one.mark == mark && one.event.day == day)
            .count()
    };
    // Four of the six apps on the first day, then two a day until the week's sixteen are used up.
    let apps: Vec<_> = (0..7).map(|day| of(Mark::FirstAppDay, day)).collect();
    assert_eq!(apps, [4, 2, 2, 2, 2, 2, 2]);
    let features: Vec<_> = (0..7).map(|day| of(Mark::FirstItemWeek, day)).collect();
    assert_eq!(features[1..], [0; 6]);
}
