//! What holds for every input: no cell under k, sums, the same bytes from the same key.

use std::collections::BTreeMap;

use kaiku_release::{Cell, Error, Period, Policy, Released, Table, release};
use proptest::prelude::*;

use crate::support::{a_day, cell, day, folding, noise};

/// What identifies and fills a row, comparable.
type Seen = Vec<(Vec<String>, u8, bool, Vec<(i64, i64, i64)>)>;

fn seen(released: &Released) -> Seen {
    let numbers = |row: &kaiku_release::Row| {
        row.values()
            .iter()
            .map(|v| (v.value, v.lower, v.upper))
            .collect()
    };
    released
        .rows()
        .iter()
        .map(|row| (row.dims().to_vec(), row.level(), row.folded(), numbers(row)))
        .collect()
}

/// Cells of the table that folds three times, with counts around the thresholds.
fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let models = [
        "Nokia/A", "Nokia/B", "Nokia/C", "Jolla/A", "Jolla/B", "unlisted",
    ];
    let countries = ["FI", "SE", "ZZ"];
    let count = prop_oneof![0_u64..60, 60_u64..140, 140_u64..2_000];
    proptest::collection::btree_map(
        (0..models.len(), 0..countries.len()),
        (count, 0_u64..40),
        0..18,
    )
    .prop_map(move |cells| {
        let named = |((model, country), (devices, crashed))| {
            cell(
                &["maps", models[model], countries[country]],
                &[devices, crashed],
            )
        };
        cells.into_iter().map(named).collect()
    })
}

/// The cell at a level of the table that folds three times, with `*` for what was given up.
fn at_level(dims: &[String], level: u8) -> Vec<String> {
    let mut dims = dims.to_vec();
    if level >= 1
        && let Some((brand, _)) = dims[1].clone().split_once('/')
    {
        dims[1] = format!("{brand}/*");
    }
    if level >= 2 {
        dims[2] = "*".to_owned();
    }
    if level >= 3 {
        dims[1] = "*".to_owned();
    }
    dims
}

fn starred(dims: &[String]) -> Vec<String> {
    let star = |value: &String| match value.as_str() {
        "folded" | "all" => "*".to_owned(),
        _ => value.replace("/folded", "/*").replace("/all", "/*"),
    };
    dims.iter().map(star).collect()
}

/// The truth of each row, found by walking every cell up to the first row that is about it.
fn truths(cells: &[Cell], released: &Released) -> BTreeMap<(u8, Vec<String>), Vec<u64>> {
    let rows: Vec<_> = released
        .rows()
        .iter()
        .map(|row| (row.level(), starred(row.dims())))
        .collect();
    let mut truths: BTreeMap<_, Vec<u64>> =
        rows.iter().cloned().map(|row| (row, vec![0, 0])).collect();
    for cell in cells {
        let home = (0..4)
            .map(|level| (level, at_level(&cell.dims, level)))
            .find(|at| rows.contains(at));
        if let Some(truth) = home.and_then(|at| truths.get_mut(&at)) {
            for (sum, count) in truth.iter_mut().zip(&cell.counts) {
                *sum += count;
            }
        }
    }
    truths
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_holds_k_devices_and_names_its_cells_once(cells in cells(), seal in any::<u64>()) {
        let policy = folding();
        let table = &policy.tables()[0];
        let released = release(table, a_day(), cells.clone(), &noise(seal)).unwrap();
        let truths = truths(&cells, &released);
        prop_assert_eq!(truths.len(), released.rows().len(), "no two rows are about the same cell");
        for row in released.rows() {
            let truth = &truths[&(row.level(), starred(row.dims()))];
            prop_assert!(truth[0] >= policy.k());
            let devices = row.values()[0];
            let figures = table.measures()[0].figures().nth(row.level().into()).unwrap();
            prop_assert!(devices.value >= figures.tau.unwrap());
            prop_assert!(devices.lower >= 50 && devices.lower <= devices.upper);
            for (value, truth) in row.values().iter().zip(truth) {
                let truth = i64::try_from(*truth).unwrap();
                // Nine σ: rarer than what the thresholds rest on.
                prop_assert!((value.value - truth).abs() <= 45);
            }
        }
    }

    #[test]
    fn a_row_is_a_rest_exactly_where_a_finer_row_of_its_group_appears(cells in cells(), seal in any::<u64>()) {
        let policy = folding();
        let released = release(&policy.tables()[0], a_day(), cells, &noise(seal)).unwrap();
        for row in released.rows() {
            let group = starred(row.dims());
            let mut finer = released.rows().iter().filter(|other| other.level() < row.level());
            // A finer row that is itself folded carries the same stars, coarsened further.
            let named = finer.any(|other| at_level(&starred(other.dims()), row.level()) == group);
            prop_assert_eq!(row.folded(), named);
            let words = row.dims().join(" ");
            prop_assert_eq!(words.contains("folded"), row.folded());
            prop_assert_eq!(words.contains("all"), row.level() > 0 && !row.folded() && group.join(" ").contains('*'));
        }
    }

    #[test]
    fn the_same_seal_writes_the_same_and_the_order_of_cells_is_nothing(cells in cells(), seal in any::<u64>()) {
        let policy = folding();
        let table = &policy.tables()[0];
        let once = release(table, a_day(), cells.clone(), &noise(seal)).unwrap();
        let mut turned = cells;
        turned.reverse();
        let twice = release(table, a_day(), turned, &noise(seal)).unwrap();
        prop_assert_eq!(seen(&once), seen(&twice));
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
}

fn features(policy: &Policy) -> &Table {
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
    let draw =
        |period, noise| seen(&release(features(&policy), period, many_features(), &noise).unwrap());
    let first = draw(a_day(), noise(1));
    assert_ne!(first, draw(a_day(), noise(2)));
    assert_ne!(first, draw(Period::Day(day("2026-11-25")), noise(1)));
    let intent = |hash| draw(a_day(), kaiku_release::SealNoise::new([5; 32], [hash; 32]));
    assert_ne!(intent(1), intent(2));
    assert_eq!(intent(1), intent(1));
}

#[test]
fn every_cell_and_measure_has_noise_of_its_own() {
    let policy = Policy::small();
    let released = release(features(&policy), a_day(), many_features(), &noise(1)).unwrap();
    let distinct: std::collections::BTreeSet<Vec<i64>> = released
        .rows()
        .iter()
        .map(|row| row.values().iter().map(|value| value.value).collect())
        .collect();
    assert_eq!(distinct.len(), 25);
}

#[test]
fn features_never_fold_and_unlisted_is_an_ordinary_value() {
    let policy = Policy::small();
    let cells = vec![
        cell(&["maps", "route"], &[40, 0, 0]),
        cell(&["maps", "share"], &[45, 0, 0]),
        cell(&["maps", "unlisted"], &[900, 0, 0]),
    ];
    let released = release(features(&policy), a_day(), cells, &noise(1)).unwrap();
    let dims: Vec<_> = released
        .rows()
        .iter()
        .map(kaiku_release::Row::dims)
        .collect();
    assert_eq!(dims, [["maps", "unlisted"]]);
}

#[test]
fn releases_that_do_not_appear_are_counted_by_first_events_in_one_row() {
    let policy = Policy::small();
    let table = policy.table("releases_daily").unwrap();
    let marks: Vec<_> = table.marks().iter().map(|mark| mark.as_str()).collect();
    assert_eq!(
        marks,
        [
            "first_release_day",
            "first_fatal_release_day",
            "first_app_day",
            "first_fatal_day"
        ]
    );
    let mut cells = vec![cell(&["maps", "4.2"], &[9_000, 50, 8_900, 50])];
    cells.extend((0..20).map(|n| cell(&["maps", &format!("3.{n}")], &[45, 1, 40, 1])));
    cells.push(cell(&["music", "1.0"], &[120, 0, 110, 0]));
    cells.extend((1..9).map(|n| cell(&["music", &format!("1.{n}")], &[49, 0, 48, 0])));
    let released = release(table, a_day(), cells, &noise(1)).unwrap();
    let rows: Vec<_> = released
        .rows()
        .iter()
        .map(|row| (row.dims().join(" "), row.folded()))
        .collect();
    assert_eq!(
        rows,
        [
            ("maps 4.2".to_owned(), false),
            ("maps folded".to_owned(), true),
            ("music all".to_owned(), false),
        ]
    );
    let rest = released.rows()[1].values()[0];
    // Twenty times 40 first events, not 45 devices of a release.
    assert!((rest.value - 800).abs() < 200, "{rest:?}");
}

#[test]
fn cells_that_are_not_of_the_table_are_refused() {
    let policy = Policy::small();
    let table = policy.table("activity_daily").unwrap();
    let refused = |period, cells| release(table, period, cells, &noise(1)).unwrap_err();
    let fi = || cell(&["maps", "FI"], &[100]);
    assert!(matches!(
        refused(a_day(), vec![cell(&["maps"], &[1])]),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused(a_day(), vec![cell(&["maps", "FI"], &[1, 2])]),
        Error::Shape { .. }
    ));
    assert!(matches!(
        refused(a_day(), vec![fi(), fi()]),
        Error::Duplicate { .. }
    ));
    assert!(matches!(
        refused(a_day(), vec![cell(&["maps", "folded"], &[1])]),
        Error::Reserved { .. }
    ));
    assert!(matches!(
        refused(a_day(), vec![cell(&["all", "FI"], &[1])]),
        Error::Reserved { .. }
    ));
    assert!(matches!(
        refused(a_day(), vec![cell(&["maps", "FI"], &[u64::MAX])]),
        Error::Range { .. }
    ));
    let week = Period::Week(day("2026-11-24").week());
    assert!(matches!(refused(week, vec![fi()]), Error::Period { .. }));
}

#[test]
fn nothing_that_prints_a_cell_or_an_error_says_a_value() {
    let policy = Policy::small();
    let secret = cell(&["maps", "secret"], &[31_337]);
    assert_eq!(format!("{secret:?}"), "Cell");
    let cells = vec![secret.clone(), secret];
    let error = release(
        policy.table("activity_daily").unwrap(),
        a_day(),
        cells,
        &noise(1),
    )
    .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(format!("{:?}", noise(1)), "SealNoise");
}

#[test]
fn no_cells_give_no_rows() {
    let policy = Policy::small();
    for table in policy.tables() {
        assert!(
            release(table, a_day(), Vec::new(), &noise(1))
                .unwrap()
                .rows()
                .is_empty()
        );
    }
}
