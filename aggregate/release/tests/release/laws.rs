//! What holds for every input: no cell under k, each cell alone, the same bytes from the same key.

use kaiku_release::{Cell, Error, Estimate, Period, Policy, Released, Row, Table, release};
use proptest::prelude::*;

use crate::support::{a_day, a_week, cell, day, narrow, noise, period_of};

/// What a release says, comparable.
fn seen(released: &Released) -> Vec<(Vec<String>, Vec<Estimate>)> {
    let rows = released.rows().iter();
    rows.map(|row| (row.dims().to_vec(), row.values().to_vec()))
        .collect()
}

/// Cells of the table of countries, with counts around the threshold.
fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let count = prop_oneof![0_u64..60, 60_u64..110, 110_u64..2_000];
    proptest::collection::btree_map(0..40_u32, (count, 0_u64..100), 0..30).prop_map(|cells| {
        let named = |(country, (devices, crashed)): (u32, (u64, u64))| {
            cell(
                &["maps", &format!("C{country}")],
                &[devices, crashed.min(devices)],
            )
        };
        cells.into_iter().map(named).collect()
    })
}

/// Cells of the table of features, with a part of a part.
fn features() -> impl Strategy<Value = Vec<Cell>> {
    proptest::collection::btree_map(0..30_u32, (0_u64..400, 0.8_f64..1.0, 0.0_f64..1.0), 1..20)
        .prop_map(|cells| {
            let named = |(feature, (devices, twice, often)): (u32, (u64, f64, f64))| {
                let twice = (devices as f64 * twice) as u64;
                let often = (twice as f64 * often) as u64;
                cell(&["maps", &format!("f{feature}")], &[devices, twice, often])
            };
            cells.into_iter().map(named).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_holds_k_devices_and_reached_the_threshold(cells in cells(), seal in any::<u64>()) {
        let policy = narrow();
        let table = &policy.tables()[0];
        let tau = table.measures()[0].figures().tau.unwrap();
        let released = release(table, a_week(), cells.clone(), &noise(seal)).unwrap();
        for row in released.rows() {
            let truth = cells.iter().find(|cell| cell.dims == row.dims()).unwrap();
            prop_assert!(truth.counts[0] >= policy.k());
            let devices = row.values()[0];
            prop_assert!(devices.value >= tau);
            prop_assert!(devices.lower >= 50 && devices.lower <= devices.upper);
            for (value, truth) in row.values().iter().zip(&truth.counts) {
                // Nine σ: rarer than what the thresholds rest on.
                prop_assert!((value.value - i64::try_from(*truth).unwrap()).abs() <= 45);
            }
        }
    }

    #[test]
    fn what_becomes_of_a_cell_depends_on_no_other(cells in cells(), seal in any::<u64>()) {
        let policy = narrow();
        let table = &policy.tables()[0];
        let together = release(table, a_week(), cells.clone(), &noise(seal)).unwrap();
        let mut alone = Vec::new();
        for cell in cells {
            alone.extend(seen(&release(table, a_week(), vec![cell], &noise(seal)).unwrap()));
        }
        alone.sort_by(|a, b| a.0.cmp(&b.0));
        prop_assert_eq!(seen(&together), alone);
    }

    #[test]
    fn the_same_seal_writes_the_same_and_the_order_of_cells_is_nothing(cells in cells(), seal in any::<u64>()) {
        let policy = narrow();
        let table = &policy.tables()[0];
        let once = release(table, a_week(), cells.clone(), &noise(seal)).unwrap();
        let mut turned = cells;
        turned.reverse();
        let twice = release(table, a_week(), turned, &noise(seal)).unwrap();
        prop_assert_eq!(seen(&once), seen(&twice));
        prop_assert!(once.rows().iter().map(Row::dims).is_sorted());
    }

    #[test]
    fn noise_does_not_depend_on_the_counts(more in 0_u64..5_000, seal in any::<u64>()) {
        let policy = Policy::small();
        let table = policy.table("features_daily").unwrap();
        let value = |devices| {
            let cells = vec![cell(&["maps", "route"], &[devices, 300, 20])];
            let released = release(table, a_day(), cells, &noise(seal)).unwrap();
            released.rows()[0].values().iter().map(|value| value.value).collect::<Vec<_>>()
        };
        let (few, many) = (value(5_000), value(5_000 + more));
        prop_assert_eq!(many[0] - few[0], i64::try_from(more).unwrap());
        prop_assert_eq!(&few[1..], &many[1..]);
    }

    #[test]
    fn estimates_are_nested_never_negative_and_within_their_intervals(cells in features(), seal in any::<u64>()) {
        let policy = Policy::small();
        let table = policy.table("features_daily").unwrap();
        let released = release(table, a_day(), cells, &noise(seal)).unwrap();
        for row in released.rows() {
            let [devices, twice, often] = row.values() else { panic!("three measures") };
            prop_assert!(often.estimate <= twice.estimate && twice.estimate <= devices.estimate);
            for value in row.values() {
                prop_assert!(value.estimate >= 0);
                prop_assert!(value.lower <= value.estimate && value.estimate <= value.upper, "{value:?}");
            }
        }
    }
}

#[test]
fn a_part_is_held_against_its_whole_wherever_it_stands_in_the_file() {
    let text = include_str!("../../policies/small.toml");
    let turned = text
        .replace("second_use_day", "swap")
        .replace("fifth_use_day", "second_use_day")
        .replace("swap", "fifth_use_day");
    let policy = Policy::parse(&turned).unwrap();
    let table = policy.table("features_daily").unwrap();
    let mut differ = 0;
    for seal in 0..200 {
        // Nearly all use it often, so that noise alone decides which is larger.
        let cells = vec![cell(&["maps", "route"], &[400, 398, 399])];
        let released = release(table, a_day(), cells, &noise(seal)).unwrap();
        let [devices, often, twice] = released.rows()[0].values() else {
            panic!("three measures")
        };
        assert!(often.estimate <= twice.estimate && twice.estimate <= devices.estimate);
        differ += u32::from(often.value > twice.value);
    }
    assert!(
        differ > 50,
        "the values themselves are not nested: {differ}"
    );
}

fn features_table(policy: &Policy) -> &Table {
    policy.table("features_daily").unwrap()
}

fn many_features() -> Vec<Cell> {
    (0..25)
        .map(|n| cell(&["maps", &format!("feature.{n}")], &[1_000, 300, 20]))
        .collect()
}

#[test]
fn another_key_another_intent_another_day_draw_other_noise() {
    let policy = Policy::small();
    let draw = |period, noise| {
        seen(&release(features_table(&policy), period, many_features(), &noise).unwrap())
    };
    let first = draw(a_day(), noise(1));
    assert_ne!(first, draw(a_day(), noise(2)));
    assert_ne!(first, draw(Period::Day(day("2026-11-25")), noise(1)));
    let intent = |hash| draw(a_day(), kaiku_release::SealNoise::new([5; 32], [hash; 32]));
    assert_ne!(intent(1), intent(2));
    assert_eq!(intent(1), intent(1));
}

#[test]
fn unlisted_is_an_ordinary_value_and_small_cells_leave_no_rest() {
    let policy = Policy::small();
    let cells = vec![
        cell(&["maps", "route"], &[40, 0, 0]),
        cell(&["maps", "share"], &[45, 0, 0]),
        cell(&["maps", "unlisted"], &[900, 0, 0]),
    ];
    let released = release(features_table(&policy), a_day(), cells, &noise(1)).unwrap();
    let dims: Vec<_> = released.rows().iter().map(Row::dims).collect();
    assert_eq!(dims, [["maps", "unlisted"]]);
}

#[test]
fn cells_that_are_not_of_the_table_are_refused() {
    let policy = narrow();
    let table = &policy.tables()[0];
    let refused = |period, cells| release(table, period, cells, &noise(1)).unwrap_err();
    let fi = || cell(&["maps", "FI"], &[100, 1]);
    let shape = [
        cell(&["maps"], &[1, 0]),
        cell(&["maps", "FI", "x"], &[1, 0]),
        cell(&["maps", "FI"], &[1]),
        cell(&["maps", "FI"], &[1, 0, 0]),
    ];
    for one in shape {
        assert!(matches!(
            refused(a_week(), vec![one]),
            Error::Shape {
                dims: 2,
                counts: 2,
                ..
            }
        ));
    }
    assert!(matches!(
        refused(a_week(), vec![fi(), fi()]),
        Error::Duplicate { .. }
    ));
    assert!(matches!(
        refused(a_week(), vec![cell(&["maps", "FI"], &[u64::MAX, 0])]),
        Error::Range { .. }
    ));
    assert!(matches!(refused(a_day(), vec![fi()]), Error::Period { .. }));
}

#[test]
fn a_part_that_is_more_than_its_whole_releases_nothing() {
    let policy = Policy::small();
    let table = features_table(&policy);
    let cells = |counts: &[u64]| {
        vec![
            cell(&["maps", "a"], &[900, 90, 9]),
            cell(&["maps", "b"], counts),
        ]
    };
    for (counts, part, whole) in [
        ([100, 101, 0], "devices_2plus", "devices"),
        ([100, 50, 51], "devices_5plus", "devices_2plus"),
        // Under k, where nothing of it would be seen, too.
        ([4, 5, 0], "devices_2plus", "devices"),
    ] {
        let error = release(table, a_day(), cells(&counts), &noise(1)).unwrap_err();
        let said = error.to_string();
        assert!(matches!(error, Error::Containment { .. }), "{said}");
        assert!(
            said.contains(&format!("count of {part} than of {whole},")),
            "{said}"
        );
    }
    assert!(release(table, a_day(), cells(&[100, 100, 100]), &noise(1)).is_ok());
}

#[test]
fn nothing_that_prints_a_cell_or_an_error_says_a_value() {
    let policy = narrow();
    let secret = cell(&["maps", "secret"], &[31_337, 0]);
    assert_eq!(format!("{secret:?}"), "Cell");
    let table = &policy.tables()[0];
    let more = cell(&["maps", "secret"], &[31_336, 31_337]);
    for cells in [vec![secret.clone(), secret], vec![more]] {
        let error = release(table, a_week(), cells, &noise(1)).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret") && !said.contains("3133"), "{said}");
    }
    assert_eq!(format!("{:?}", noise(1)), "SealNoise");
}

#[test]
fn no_cells_give_no_rows_and_a_release_says_what_it_is_of() {
    let policy = Policy::large();
    for table in policy.tables() {
        let period = period_of(table);
        let released = release(table, period, Vec::new(), &noise(1)).unwrap();
        assert!(released.rows().is_empty());
        assert_eq!(
            (released.table(), released.period()),
            (table.name(), period)
        );
    }
}
