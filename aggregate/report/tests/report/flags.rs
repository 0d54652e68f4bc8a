//! What is flagged, and what `--fail-on worse` goes by.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_history::{Change, History};
use kaiku_report::{Chart, Made, Settings, make};

use crate::support::{app, count, kept, rate, rows, section, text, written};

fn flags(made: &Made, name: &str, id: &str, names: &str) -> Vec<(String, String)> {
    let rows = rows(section(app(&made.report, name), id));
    let flagged = rows
        .iter()
        .filter(|row| matches!(row["flag"], kaiku_report::Cell::Text(flag) if !flag.is_empty()));
    flagged
        .map(|row| (text(row[names]), text(row["flag"])))
        .collect()
}

fn change(table: &str, dims: &[&str], devices: f64, parts: f64) -> Change {
    Change {
        from: 14,
        table: table.to_owned(),
        dims: dims.iter().map(|name| (*name).to_owned()).collect(),
        devices,
        parts,
    }
}

#[test]
fn true_changes_are_found_and_named_and_nothing_else_is() {
    let mut history = History::of_days(21);
    let (rises, falls) = (
        history.names.features["maps"][5].clone(),
        history.names.features["maps"][3].clone(),
    );
    let cause = history.names.causes["music"][1].clone();
    history.changes = vec![
        change("features_weekly", &["maps", &rises], 1.5, 1.0),
        change("features_weekly", &["maps", &falls], 0.6, 1.0),
        change("causes_weekly", &["music", &cause], 2.0, 1.0),
        change("brands_weekly", &["maps", "Apple"], 1.0, 5.0),
        change("countries_weekly", &["maps", "DE"], 0.0, 1.0),
    ];
    let folder = written("changes", &history);
    let made = make(&folder, &Settings::default()).unwrap();
    let of = |app: &str, id: &str, names: &str| flags(&made, app, id, names);
    let pair = |name: &str, flag: &str| (name.to_owned(), flag.to_owned());
    let mut features = of("maps", "features", "feature");
    features.sort();
    let mut expected = [pair(&rises, "rising"), pair(&falls, "falling")];
    expected.sort();
    assert_eq!(features, expected);
    assert_eq!(of("music", "features", "feature"), []);
    assert_eq!(of("music", "causes", "cause"), [pair(&cause, "worse")]);
    assert_eq!(
        of("maps", "crash_by_brand", "brand"),
        [pair("Apple", "worse")]
    );
    // A country that has left is not shown any more, and said to have gone.
    assert_eq!(of("maps", "countries", "country"), [pair("DE", "falling")]);
    let worse: Vec<_> = made.worse.iter().map(|worse| worse.app.as_str()).collect();
    assert_eq!(worse, ["maps", "music"], "{:?}", made.worse);
    let tile = section(app(&made.report, "music"), "worst_cause")
        .tile
        .clone()
        .unwrap();
    assert!(tile.unit.contains("worse"), "{tile:?}");
}

/// One with few devices whose rate rises much is less sure than one with many whose rate doubles.
#[test]
fn what_changed_most_surely_stands_first_and_not_what_few_devices_did() {
    let mut history = History::of_days(21);
    let few = "Few".to_owned();
    history
        .names
        .brands
        .push((few.clone(), vec!["Few/M-1".to_owned()]));
    history.changes = vec![
        Change {
            from: 0,
            ..change("brands_weekly", &["maps", &few], 0.4, 1.0)
        },
        change("brands_weekly", &["maps", &few], 1.0, 20.0),
        change("brands_weekly", &["maps", "Samsung"], 1.0, 4.0),
    ];
    let made = make(&written("few", &history), &Settings::default()).unwrap();
    let maps = app(&made.report, "maps");
    let worse: Vec<String> = rows(section(maps, "changed"))
        .iter()
        .filter(|row| text(row["flag"]) == "worse")
        .map(|row| text(row["name"]))
        .collect();
    assert_eq!(worse, ["Samsung", "Few"]);
}

/// By its lower end, and of those with the same one, which often is 0, the one with more devices.
#[test]
fn the_worst_stands_first_by_what_is_surely_bad() {
    for app in &kept().made.report.apps {
        for id in [
            "crash_by_brand",
            "crash_by_model",
            "crash_by_operator",
            "crash_by_country",
        ] {
            let keys: Vec<(f64, i64)> = rows(section(app, id))
                .iter()
                .map(|row| {
                    (
                        rate(row["crash_rate_lower"]).unwrap(),
                        count(row["devices_lower"]).unwrap(),
                    )
                })
                .collect();
            let is_ordered = |pair: &[(f64, i64)]| {
                pair[0].0 > pair[1].0 || (pair[0].0 == pair[1].0 && pair[0].1 >= pair[1].1)
            };
            assert!(keys.windows(2).all(is_ordered), "{id}: {keys:?}");
        }
    }
}

#[test]
fn a_line_to_compare_with_has_one_letter_in_every_chart() {
    let mut letters = BTreeMap::new();
    for app in &kept().made.report.apps {
        for chart in app.sections.iter().flat_map(|section| &section.charts) {
            let (Chart::Dots { lines, .. } | Chart::Trend { lines, .. }) = chart else {
                continue;
            };
            for line in lines {
                let (what, _) = line.label.split_once(':').unwrap();
                letters
                    .entry(line.letter)
                    .or_insert_with(BTreeSet::new)
                    .insert(what);
            }
        }
    }
    let expected = [
        ("a", "all devices of the app"),
        ("b", "bad behaviour by Google Play"),
        ("m", "bad behaviour of a model by Google Play"),
    ];
    let expected = expected.map(|(letter, what)| (letter, BTreeSet::from([what])));
    assert_eq!(letters, BTreeMap::from(expected));
}

#[test]
fn every_chart_of_rows_with_flags_draws_them() {
    for app in &kept().made.report.apps {
        for section in &app.sections {
            let has_flags = section.columns.iter().any(|column| column.name == "flag");
            for chart in &section.charts {
                if let Chart::Dots { flag, .. } | Chart::Heat { flag, .. } = chart {
                    assert_eq!(flag.is_some(), has_flags, "{}", section.id);
                }
            }
        }
    }
}

#[test]
fn a_history_in_which_nothing_changes_has_no_flag() {
    let made = make(
        &written("calm", &History::of_days(21)),
        &Settings::default(),
    )
    .unwrap();
    for (id, names) in [
        ("features", "feature"),
        ("causes", "cause"),
        ("crash_by_brand", "brand"),
        ("crash_by_model", "label"),
        ("crash_by_operator", "label"),
        ("crash_by_country", "country"),
        ("crash_by_release", "release"),
        ("countries", "country"),
        ("brands", "brand"),
    ] {
        for name in ["maps", "music"] {
            assert_eq!(flags(&made, name, id, names), [], "{id} of {name}");
        }
    }
    assert_eq!(made.worse, []);
    let tile = section(app(&made.report, "maps"), "heard")
        .tile
        .clone()
        .unwrap();
    assert!(
        tile.change.sentence.contains("would have been seen"),
        "{}",
        tile.change.sentence
    );
}

#[test]
fn a_feature_that_was_not_shown_before_is_new() {
    let mut history = History::of_days(21);
    let feature = history.names.features["maps"][7].clone();
    // Nothing until the third week.
    let gone = |table| Change {
        from: 0,
        ..change(table, &["maps", &feature], 0.0, 1.0)
    };
    history.changes = vec![gone("features_weekly"), gone("features_daily")];
    let mut later = history.clone();
    later.days = 14;
    let folder = written("new-feature", &later);
    let made = make(&folder, &Settings::default()).unwrap();
    let unseen = rows(section(app(&made.report, "maps"), "features_unseen"));
    assert!(unseen.iter().any(|row| text(row["feature"]) == feature));
    assert_eq!(flags(&made, "maps", "features", "feature"), []);
    history.first = history.first.plus(14);
    history.days = 7;
    history.changes.clear();
    history.write(&folder).unwrap();
    let made = make(&folder, &Settings::default()).unwrap();
    assert_eq!(
        flags(&made, "maps", "features", "feature"),
        [(feature, "new".to_owned())]
    );
}
