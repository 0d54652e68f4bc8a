//! Every number against the files, read by another way: row by row, without Arrow, without the monthly copies and
//! without the manifests.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_report::{App, Cell, Kind, Section};
use kaiku_wire::Day;

use crate::support::{FileRow, Files, Kept, app, count, files, kept, rate, rows, section, text};

const APPS: [&str; 3] = ["maps", "music", "app-2"];
const ENDS: [&str; 3] = ["_estimate", "_lower", "_upper"];

/// Three numbers: estimate, lower and upper end.
type Three = [f64; 3];

fn of_row(row: &FileRow, measure: &str) -> Three {
    ENDS.map(|end| row.numbers[&format!("{measure}{end}")] as f64)
}

fn of_rate(part: Three, whole: Three) -> Three {
    let least = if whole[1] > 0.0 {
        (part[2] / whole[1]).min(1.0)
    } else {
        1.0
    };
    [
        (part[0] / whole[0]).min(1.0),
        (part[1] / whole[2]).min(1.0),
        least,
    ]
}

/// The sum of a measure over days on which a row stands, with the interval of its noise.
fn of_sum(files: &Files, days: &[String], names: &[&str], measure: &str) -> Option<Three> {
    let (mut value, mut variance, mut found) = (0.0, 0.0, false);
    for day in days {
        let Some((sigmas, rows)) = files.get(day) else {
            continue;
        };
        for row in rows
            .iter()
            .filter(|row| row.names.values().eq(names.iter()))
        {
            value += row.numbers[measure] as f64;
            variance += sigmas[measure] * sigmas[measure];
            found = true;
        }
    }
    let half = 1.959_963_984_540_054 * f64::sqrt(variance);
    found.then(|| [value, value - half, value + half].map(|end| end.max(0.0)))
}

/// The seven days up to the last one of a table.
fn week(files: &Files) -> Vec<String> {
    let last = Day::parse(files.keys().next_back().unwrap()).unwrap();
    (0..7)
        .rev()
        .map(|back| last.minus(back).to_string())
        .collect()
}

/// Holds three cells of a row against what the files give.
fn assert_three(
    row: &BTreeMap<&str, &Cell>,
    names: [&str; 3],
    expected: Option<Three>,
    what: &str,
) {
    for (name, expected) in names
        .into_iter()
        .zip(expected.map_or([None; 3], |three| three.map(Some)))
    {
        let shown = match row[name] {
            Cell::Rate(_) => rate(row[name]),
            other => count(other).map(|count| count as f64),
        };
        let same = match (shown, expected) {
            (Some(shown), Some(expected)) if matches!(row[name], Cell::Rate(_)) => {
                (shown - expected).abs() < 1e-6
            }
            (Some(shown), Some(expected)) => (shown - expected.round()).abs() < 0.5,
            (shown, expected) => shown.is_none() && expected.is_none(),
        };
        assert!(
            same,
            "{what}: {name} is {shown:?}, and the files say {expected:?}"
        );
    }
}

fn counted(name: &str) -> [String; 3] {
    ENDS.map(|end| format!("{name}{end}"))
}

fn rated(name: &str) -> [String; 3] {
    ["", "_lower", "_upper"].map(|end| format!("{name}{end}"))
}

fn check(row: &BTreeMap<&str, &Cell>, names: [String; 3], expected: Option<Three>, what: &str) {
    assert_three(row, [&names[0], &names[1], &names[2]], expected, what);
}

/// The row of a file whose names are these.
fn find<'a>(rows: &'a [FileRow], names: &[&str]) -> Option<&'a FileRow> {
    rows.iter().find(|row| row.names.values().eq(names.iter()))
}

fn names_of(row: &BTreeMap<&str, &Cell>, columns: &[&str]) -> Vec<String> {
    // Files have their names in the order of the alphabet here, as a map has them.
    let sorted: BTreeSet<&str> = columns.iter().copied().collect();
    sorted.into_iter().map(|column| text(row[column])).collect()
}

fn strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// A period that is published with a row count of its own: what is withheld has no row, and is not shown.
#[test]
fn every_number_over_time_is_that_of_its_file() {
    let kept = kept();
    for name in APPS {
        let app = app(&kept.made.report, name);
        for (id, table, dims) in [
            ("heard", "activity_daily", &[][..]),
            ("devices_daily", "activity_daily", &[]),
            ("devices_weekly", "activity_weekly", &[]),
            ("features_trend", "features_daily", &["feature"]),
            ("causes_trend", "causes_weekly", &["cause"]),
            ("releases_adoption", "releases_daily", &["release"]),
            ("crash_free", "activity_daily", &[]),
            ("bounds_cost", "activity_daily", &[]),
        ] {
            let files = files(&kept.folder, table, name);
            let shown = rows(section(app, id));
            assert!(shown.len() > 5, "{id} of {name}");
            let mut found = 0;
            for row in &shown {
                let period = row
                    .get("day")
                    .or_else(|| row.get("week"))
                    .map(|cell| text(cell))
                    .unwrap();
                let names = names_of(row, dims);
                let in_file = files
                    .get(&period)
                    .and_then(|(_, rows)| find(rows, &strs(&names)));
                let devices = in_file.map(|row| of_row(row, "devices"));
                check(
                    row,
                    counted("devices"),
                    devices,
                    &format!("{id} of {name} in {period}"),
                );
                found += usize::from(devices.is_some());
                if id == "heard" {
                    let before = Day::parse(&period).unwrap().minus(7).to_string();
                    let was = files.get(&before).and_then(|(_, rows)| find(rows, &[]));
                    check(
                        row,
                        counted("week_before"),
                        was.map(|row| of_row(row, "devices")),
                        id,
                    );
                }
                let rate = |measure| Some(of_rate(of_row(in_file?, measure), devices?));
                if id == "crash_free" {
                    check(row, rated("crash_rate"), rate("crashed"), id);
                    let rest =
                        rate("crashed").map(|rate| [1.0 - rate[0], 1.0 - rate[2], 1.0 - rate[1]]);
                    check(row, rated("crash_free"), rest, id);
                }
                if id == "bounds_cost" {
                    check(row, rated("bounded_rate"), rate("bounded"), id);
                }
            }
            let in_files: usize = files.values().map(|(_, rows)| rows.len()).sum();
            assert!(found > 0 && found <= in_files, "{id} of {name}");
            if matches!(
                id,
                "devices_daily"
                    | "devices_weekly"
                    | "features_trend"
                    | "causes_trend"
                    | "releases_adoption"
            ) {
                assert_eq!(found, in_files, "{id} of {name} leaves out rows");
            }
        }
    }
}

/// Sections of the last week, the tables that they are of, and what names a row.
const OF_A_WEEK: [(&str, &str, &[&str]); 13] = [
    ("features", "features_weekly", &["feature"]),
    ("features_change", "features_weekly", &["feature"]),
    ("causes", "causes_weekly", &["cause"]),
    ("crash_by_brand", "brands_weekly", &["brand"]),
    ("crash_by_model", "models_weekly", &["brand", "model"]),
    (
        "crash_by_operator",
        "operators_weekly",
        &["country", "operator"],
    ),
    ("crash_by_country", "countries_weekly", &["country"]),
    ("components", "components_weekly", &["component", "cause"]),
    ("countries", "countries_weekly", &["country"]),
    ("brands", "brands_weekly", &["brand"]),
    ("models", "models_weekly", &["brand", "model"]),
    ("operators", "operators_weekly", &["country", "operator"]),
    ("pairs", "feature_pairs_weekly", &["a", "b"]),
];

#[test]
fn every_number_of_the_last_week_is_that_of_its_file() {
    let kept = kept();
    for name in APPS {
        let app = app(&kept.made.report, name);
        for (id, table, dims) in OF_A_WEEK {
            let of_table = files(&kept.folder, table, name);
            let (week, (_, last)) = of_table.last_key_value().unwrap();
            let section = section(app, id);
            let whole = &files(&kept.folder, "activity_weekly", name)[week].1[0];
            let shown = rows(section);
            let (mut found, mut with_before) = (0, 0);
            for row in &shown {
                let names = names_of(row, dims);
                let in_file = find(last, &strs(&names));
                let devices = in_file.map(|row| of_row(row, "devices"));
                let what = format!("{id} of {name}: {names:?}");
                check(row, counted("devices"), devices, &what);
                found += usize::from(devices.is_some());
                if has(section, "share") {
                    let share = devices.map(|devices| of_rate(devices, of_row(whole, "devices")));
                    check(row, rated("share"), share, &what);
                }
                if has(section, "crash_rate") {
                    let crashed = in_file.map(|row| of_row(row, "crashed"));
                    check(row, counted("crashed"), crashed, &what);
                    let rate = crashed.map(|crashed| of_rate(crashed, devices.unwrap()));
                    check(row, rated("crash_rate"), rate, &what);
                }
                let before = Day::parse(week).unwrap().minus(7).to_string();
                let was = find(&of_table[&before].1, &strs(&names));
                if has(section, "week_before_estimate") {
                    let was = was.map(|row| of_row(row, "devices"));
                    check(row, counted("week_before"), was, &what);
                    with_before += usize::from(was.is_some());
                } else if has(section, "week_before") {
                    let of_app = &files(&kept.folder, "activity_weekly", name)[&before].1[0];
                    let was = was.map(|row| match has(section, "crash_rate") {
                        true => of_rate(of_row(row, "crashed"), of_row(row, "devices")),
                        false => of_rate(of_row(row, "devices"), of_row(of_app, "devices")),
                    });
                    check(row, rated("week_before"), was, &what);
                    with_before += usize::from(was.is_some());
                }
                if id == "pairs" {
                    let features = &files(&kept.folder, "features_weekly", name)[week].1;
                    check_cosine(row, &names, features, devices.unwrap()[1], &what);
                }
            }
            assert_eq!(found, last.len(), "{id} of {name} leaves out rows");
            assert!(
                id == "pairs" || with_before > 0,
                "{id} of {name} has nothing of the week before"
            );
        }
    }
}

fn has(section: &Section, column: &str) -> bool {
    section.columns.iter().any(|one| one.name == column)
}

/// The same of sections of seven days, and their rates with the measures that they are of.
type OfSevenDays = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [(&'static str, &'static str)],
);

const OF_SEVEN_DAYS: [OfSevenDays; 4] = [
    (
        "features_often",
        "features_daily",
        &["feature"],
        &[("twice", "devices_2plus"), ("five_times", "devices_5plus")],
    ),
    (
        "crash_by_release",
        "releases_daily",
        &["release"],
        &[("crash_rate", "crashed")],
    ),
    (
        "causes_by_release",
        "causes_daily",
        &["release", "cause"],
        &[],
    ),
    ("sessions", "sessions_daily", &["length"], &[]),
];

#[test]
fn every_sum_of_seven_days_is_that_of_its_files() {
    let kept = kept();
    for name in APPS {
        let app = app(&kept.made.report, name);
        for (id, table, dims, rates) in OF_SEVEN_DAYS {
            let of_table = files(&kept.folder, table, name);
            let days = week(&of_table);
            let section = section(app, id);
            let shown = rows(section);
            assert!(!shown.is_empty(), "{id} of {name}");
            let mut all = [0.0; 2];
            for row in &shown {
                let names = names_of(row, dims);
                let what = format!("{id} of {name}: {names:?}");
                let devices = of_sum(&of_table, &days, &strs(&names), "devices");
                check(row, counted("device_days"), devices, &what);
                if id == "crash_by_release" {
                    let days: Vec<String> = days
                        .iter()
                        .map(|day| Day::parse(day).unwrap().minus(7).to_string())
                        .collect();
                    let sum = |measure| of_sum(&of_table, &days, &strs(&names), measure);
                    let was = sum("crashed").zip(sum("devices"));
                    check(
                        row,
                        rated("days_before"),
                        was.map(|(part, whole)| of_rate(part, whole)),
                        &what,
                    );
                }
                for (rate, measure) in rates {
                    let part = of_sum(&of_table, &days, &strs(&names), measure).unwrap();
                    check(
                        row,
                        rated(rate),
                        Some(of_rate(part, devices.unwrap())),
                        &what,
                    );
                }
                if let Some(devices) = devices {
                    all[0] += devices[0];
                    all[1] += ((devices[2] - devices[0]) / 1.959_963_984_540_054).powi(2);
                }
            }
            if id == "sessions" {
                let half = 1.959_963_984_540_054 * all[1].sqrt();
                let whole = [all[0], all[0] - half, all[0] + half];
                for row in &shown {
                    let names = names_of(row, dims);
                    let devices = of_sum(&of_table, &days, &strs(&names), "devices");
                    check(
                        row,
                        rated("share"),
                        devices.map(|devices| of_rate(devices, whole)),
                        id,
                    );
                }
            }
        }
        check_crash_free(kept, app, name);
    }
}

/// A pair's cosine is that of its lower bound and the features that it is of.
fn check_cosine(
    row: &BTreeMap<&str, &Cell>,
    names: &[String],
    features: &[FileRow],
    lower: f64,
    what: &str,
) {
    let of = |name: &str| find(features, &[name]).map(|row| of_row(row, "devices")[0]);
    let both = of(&names[0]).zip(of(&names[1]));
    let cosine = both.map(|(a, b)| (lower / (a * b).sqrt()).min(1.0));
    let shown = rate(row["cosine"]);
    assert_eq!(shown.is_some(), cosine.is_some(), "{what}");
    let apart = shown.unwrap_or(0.0) - cosine.unwrap_or(0.0);
    assert!(apart.abs() < 1e-6, "{what}");
}

/// The rate of seven days stands in the last row.
fn check_crash_free(kept: &Kept, app: &App, name: &str) {
    let crash_free = rows(section(app, "crash_free"));
    let activity = files(&kept.folder, "activity_daily", name);
    let days = week(&activity);
    let sum = |measure| of_sum(&activity, &days, &[], measure).unwrap();
    let rate = of_rate(sum("crashed"), sum("devices"));
    let last = crash_free.last().unwrap();
    check(last, rated("week_crash_rate"), Some(rate), "seven days");
}

#[test]
fn a_tile_has_the_number_of_its_sections_last_row() {
    let kept = kept();
    for name in APPS {
        let app = app(&kept.made.report, name);
        let last = |id: &str, column: &str| {
            section(app, id)
                .column(column)
                .unwrap()
                .last()
                .cloned()
                .unwrap()
        };
        let first = |id: &str, column: &str| section(app, id).column(column).unwrap()[0].clone();
        let tile = |id: &str| section(app, id).tile.clone().unwrap();
        let heard = count(&last("heard", "devices_estimate")).unwrap();
        assert_eq!(tile("heard").value.replace(',', ""), heard.to_string());
        let free = rate(&last("crash_free", "week_crash_free")).unwrap();
        assert_eq!(tile("crash_free").value, format!("{:.2} %", free * 100.0));
        for (id, column) in [("top_feature", "feature"), ("worst_cause", "cause")] {
            let title = match first(id, &format!("{column}_title")) {
                Cell::None => text(&first(id, column)),
                title => text(&title),
            };
            let devices = count(&first(id, "devices_estimate")).unwrap();
            assert_eq!(tile(id).value, title);
            assert!(
                tile(id)
                    .detail
                    .replace(',', "")
                    .contains(&format!("{devices} devices")),
                "{id}"
            );
        }
    }
}

/// A tile has a sentence on its change, and each section says what it covers.
#[test]
fn every_section_says_what_it_shows_or_why_it_shows_nothing() {
    for app in &kept().made.report.apps {
        for section in &app.sections {
            let is_empty = section.rows() == 0;
            assert_eq!(section.empty.is_some(), is_empty, "{}", section.id);
            assert!(is_empty || section.sentence.len() > 40, "{}", section.id);
            let counts = section
                .columns
                .iter()
                .any(|column| column.kind == Kind::Count);
            if counts && !is_empty {
                let covers = "not about people who do not take part";
                assert!(
                    section.sentence.contains(covers),
                    "{}: {}",
                    section.id,
                    section.sentence
                );
            }
        }
    }
}
