//! What is flagged, and what `--fail-on worse` goes by.

use kaiku_history::{Change, History};
use kaiku_report::{Made, Settings, make};

use crate::support::{app, rows, section, text, written};

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
