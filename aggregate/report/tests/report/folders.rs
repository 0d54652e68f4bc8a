//! Folders in which nothing, little or something odd is.

use std::fs;
use std::path::Path;

use kaiku_history::History;
use kaiku_report::{Cell, Error, Group, Settings, csv, html, make};

use crate::support::{
    POLICY_CHANGES, UNSEALED, WITHHELD, app, count, day, kept, rows, section, text, written,
};

#[test]
fn an_empty_folder_gives_a_report_that_says_so_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    for latest in [
        None,
        Some(r#"{"day":null,"week":null,"number":null,"hash":null}"#),
    ] {
        if let Some(latest) = latest {
            fs::write(folder.path().join("_latest.json"), latest).unwrap();
        }
        let made = make(folder.path(), &Settings::default()).unwrap();
        assert!(made.report.apps.is_empty() && made.report.days.is_none());
        assert!(made.worse.is_empty());
        assert!(
            html(&made.report)
                .unwrap()
                .contains("Nothing is sealed yet")
        );
        assert_eq!(csv(&made.report).unwrap().lines().count(), 1);
        // Nothing is known yet of apps and sections, so none is wrong.
        let asked = Settings {
            app: Some("maps".to_owned()),
            section: Some("features".to_owned()),
            ..Settings::default()
        };
        make(folder.path(), &asked).unwrap();
    }
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "hello").unwrap();
    let made = make(folder.path(), &Settings::default());
    assert!(matches!(made, Err(Error::NoRollups { .. })), "{made:?}");
    let made = make(&folder.path().join("nowhere"), &Settings::default());
    assert!(matches!(made, Err(Error::NoRollups { .. })), "{made:?}");
}

#[test]
fn an_app_or_section_that_is_not_there_is_refused_with_those_that_are() {
    let asked = |app: Option<&str>, section: Option<&str>| Settings {
        app: app.map(str::to_owned),
        section: section.map(str::to_owned),
        ..Settings::default()
    };
    let no_app = make(&kept().folder, &asked(Some("mapps"), None))
        .unwrap_err()
        .to_string();
    assert!(no_app.contains("maps, music"), "{no_app}");
    let no_section = make(&kept().folder, &asked(None, Some("feature")))
        .unwrap_err()
        .to_string();
    assert!(no_section.contains("features_trend"), "{no_section}");
}

#[test]
fn a_single_day_shows_what_it_has_and_compares_nothing() {
    let folder = written("single", &History::of_days(1));
    let made = make(&folder, &Settings::default()).unwrap();
    let maps = app(&made.report, "maps");
    let tile = section(maps, "heard").tile.clone().unwrap();
    assert!(
        tile.change.sentence.contains("No comparison"),
        "{}",
        tile.change.sentence
    );
    assert_eq!(section(maps, "devices_daily").rows(), 1);
    for weekly in [
        "features",
        "causes",
        "crash_by_brand",
        "pairs",
        "devices_weekly",
    ] {
        let section = section(maps, weekly);
        let why = section.empty.as_deref().unwrap();
        assert_eq!(section.rows(), 0, "{weekly}");
        assert!(
            why.contains("week") || why.contains("yet") || why.contains("publishes no table"),
            "{why}"
        );
    }
    assert!(made.report.weeks.is_none());
    html(&made.report).unwrap();
}

#[test]
fn what_has_nothing_to_show_stands_with_its_reason_among_what_is_not_shown() {
    let made = make(
        &written("nothing", &History::of_days(14)),
        &Settings::default(),
    )
    .unwrap();
    let maps = app(&made.report, "maps");
    for id in ["components", "causes_by_release", "causes_first_seen"] {
        let section = section(maps, id);
        assert_eq!(section.group, Group::Unseen, "{id}");
        assert!(section.empty.is_some(), "{id}");
    }
    // What is asked at a glance has its place, and what has something to show too.
    for (id, group) in [
        ("worst_cause", Group::Glance),
        ("features_unseen", Group::Used),
        ("causes", Group::Breaks),
    ] {
        assert_eq!(section(maps, id).group, group, "{id}");
    }
    let groups: Vec<Group> = maps.sections.iter().map(|section| section.group).collect();
    assert!(groups.is_sorted(), "{groups:?}");
    let page = html(&made.report).unwrap();
    let unseen = page.split("id=\"maps-group-unseen\"").nth(1).unwrap();
    let unseen = unseen.split("<section data-app=").next().unwrap();
    assert!(unseen.contains("publishes no table components_weekly"));
}

#[test]
fn a_cause_that_was_there_from_the_beginning_is_not_said_to_be_first_shown() {
    let maps = app(&kept().made.report, "maps");
    let first = section(maps, "causes_first_seen");
    let days: Vec<String> = rows(first).iter().map(|row| text(row["day"])).collect();
    assert_eq!(days, [day(60).to_string()]);
}

#[test]
fn a_day_that_is_not_sealed_is_a_gap_with_its_reason_and_never_nothing() {
    let report = &kept().made.report;
    let gap = day(UNSEALED);
    assert_eq!(report.days.as_ref().unwrap().gaps, [gap]);
    let maps = app(report, "maps");
    for id in ["devices_daily", "features_trend"] {
        for row in rows(section(maps, id)) {
            if *row["day"] == Cell::Day(gap) {
                assert_eq!(count(row["devices_estimate"]), None, "{id}");
            }
        }
    }
    let told = rows(section(maps, "withheld"));
    assert!(
        told.iter()
            .any(|row| *row["period"] == Cell::Day(gap)
                && text(row["reason"]).contains("not sealed"))
    );
    // No week is sealed around a day that is not.
    let week = gap.week().monday();
    let weeks = report.weeks.as_ref().unwrap();
    assert_eq!(weeks.gaps, [week]);
    let devices = rows(section(maps, "devices_weekly"));
    let row = devices
        .iter()
        .find(|row| *row["week"] == Cell::Day(week))
        .unwrap();
    assert_eq!(count(row["devices_estimate"]), None);
}

#[test]
fn what_was_withheld_is_missing_with_its_reason_in_the_section_and_at_the_end() {
    let maps = app(&kept().made.report, "maps");
    let trend = section(maps, "features_trend");
    let withheld = day(WITHHELD);
    let reason = "What was known of some devices was lost";
    let told = trend
        .withheld
        .iter()
        .find(|one| one.period == withheld)
        .unwrap();
    assert!(told.reason.contains(reason), "{}", told.reason);
    let of_day = rows(trend)
        .into_iter()
        .filter(|row| *row["day"] == Cell::Day(withheld));
    let numbers: Vec<_> = of_day.map(|row| count(row["devices_estimate"])).collect();
    assert!(!numbers.is_empty() && numbers.iter().all(Option::is_none));
    let all = rows(section(maps, "withheld"));
    let of_table =
        |row: &&std::collections::BTreeMap<&str, &Cell>| text(row["table"]) == "features_daily";
    assert!(
        all.iter()
            .filter(of_table)
            .any(|row| text(row["reason"]).contains(reason))
    );
    assert!(
        all.iter()
            .any(|row| text(row["reason"]).contains("before they were counted"))
    );
    let page = html(&kept().made.report).unwrap();
    assert!(page.contains(reason));
}

#[test]
fn two_policies_are_both_named_and_their_tables_shown_since_they_are_there() {
    let report = &kept().made.report;
    let names: Vec<&str> = report
        .policies
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    assert_eq!(names, ["small", "default"]);
    assert_eq!(report.policies[1].from, day(POLICY_CHANGES));
    let maps = app(report, "maps");
    // The new policy's tables are there, and what both have goes on across the change.
    assert!(section(maps, "components").rows() > 0);
    assert!(section(maps, "causes_by_release").rows() > 0);
    assert_eq!(
        section(maps, "devices_daily").column("day").unwrap()[0],
        Cell::Day(day(0))
    );
}

#[test]
fn since_leaves_out_what_was_before() {
    let since = day(60);
    let settings = Settings {
        since: Some(since),
        ..Settings::default()
    };
    let report = make(&kept().folder, &settings).unwrap().report;
    assert_eq!(report.days.as_ref().unwrap().first, since);
    let days = section(app(&report, "maps"), "devices_daily")
        .column("day")
        .unwrap();
    assert_eq!(days[0], Cell::Day(since));
    // What was spent, and which manifest is the last one, does not depend on what is shown: not even where the last
    // week begins before.
    let whole = &kept().made.report;
    assert_eq!(report.manifest, whole.manifest);
    let late = Settings {
        since: Some(day(81)),
        ..Settings::default()
    };
    let late = make(&kept().folder, &late).unwrap().report;
    assert_eq!((late.manifest, late.weeks), (whole.manifest.clone(), None));
    // The rest is what it is in the whole report.
    let whole = section(app(&kept().made.report, "maps"), "features").clone();
    let features = section(app(&report, "maps"), "features");
    assert_eq!(
        features.column("devices_estimate"),
        whole.column("devices_estimate")
    );
}

/// A name that would be markup, one that would run from right to left and take its neighbours with it.
const MARKUP: &str = "<img src=x onerror=alert(1)>\"'&amp;</script><script>alert(2)</script>";
const RIGHT_TO_LEFT: &str = "\u{202e}شركة (SE)";

#[test]
fn names_with_markup_or_from_right_to_left_are_text_and_nothing_else() {
    let mut history = History::of_days(7);
    history.names.brands[0].0 = MARKUP.to_owned();
    history.names.countries[0].1[0] = RIGHT_TO_LEFT.to_owned();
    let folder = written("odd-names", &history);
    let catalogue = folder.join("catalogue.json");
    let text_of = fs::read_to_string(&catalogue).unwrap();
    let titled = text_of.replacen(
        "\"title\": \"Maps\"",
        &format!("\"title\": {}", serde_json::json!(MARKUP)),
        1,
    );
    assert_ne!(titled, text_of);
    fs::write(&catalogue, titled).unwrap();
    let report = make(&folder, &Settings::default()).unwrap().report;
    let maps = app(&report, "maps");
    assert_eq!(maps.title, MARKUP);
    let brands = section(maps, "brands").column("brand").unwrap();
    assert!(brands.contains(&Cell::text(MARKUP)));
    let page = html(&report).unwrap();
    assert!(!page.contains("<img") && !page.contains("<script>alert"));
    assert_eq!(
        page.matches("<script").count(),
        2,
        "the data and the script"
    );
    let operator = format!("<bdi>{RIGHT_TO_LEFT}</bdi>");
    assert!(page.contains(&operator));
}

#[test]
fn what_is_in_no_list_has_one_name_in_the_page_and_that_of_the_tables_in_its_data() {
    let mut history = History::of_days(14);
    history.names.brands[0] = ("unlisted".to_owned(), vec!["unlisted".to_owned()]);
    history.names.countries[0] = (
        "ZZ".to_owned(),
        ["unlisted", "Abroad (ZZ)"].map(str::to_owned).to_vec(),
    );
    let report = make(&written("unlisted", &history), &Settings::default())
        .unwrap()
        .report;
    let maps = app(&report, "maps");
    let first = |id: &str, column: &str| text(&section(maps, id).column(column).unwrap()[0]);
    assert_eq!(first("brands", "brand"), "unlisted");
    assert_eq!(first("countries", "country"), "ZZ");
    assert_eq!(first("models", "label"), "not listed");
    assert_eq!(first("operators", "label"), "not listed");
    let labels = section(maps, "operators").column("label").unwrap();
    assert!(
        labels.contains(&Cell::text("Abroad (no country)")),
        "{labels:?}"
    );
    let page = html(&report).unwrap();
    assert!(page.contains("<td>not listed"));
    for raw in ["<td>unlisted", "<td>ZZ", "in no list"] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert_eq!(
        page.matches("What “not listed” is").count(),
        report.apps.len()
    );
}

#[test]
fn what_does_not_agree_with_its_manifest_is_refused() {
    let folder = written("altered", &History::of_days(2));
    let place = |name: &str| folder.join(name);
    let (first, second) = ("day=2025-10-27", "day=2025-10-28");
    let file = |day: &str| place(&format!("features_daily/app=maps/{day}/rollup.parquet"));
    let kept = fs::read(file(first)).unwrap();
    // A file of another table has other rows than the manifest says.
    fs::copy(
        place(&format!("activity_daily/app=maps/{first}/rollup.parquet")),
        file(first),
    )
    .unwrap();
    refused(&folder, |error| matches!(error, Error::Altered { .. }));
    fs::remove_file(file(first)).unwrap();
    refused(&folder, |error| matches!(error, Error::Altered { .. }));
    fs::write(file(first), &kept[..kept.len() / 2]).unwrap();
    refused(&folder, |error| matches!(error, Error::Parquet { .. }));
    fs::write(file(first), kept).unwrap();
    make(&folder, &Settings::default()).unwrap();
    // A manifest that names a file outside, one of another format, and one that is none.
    let manifest = place(&format!("manifests/{second}.json"));
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("features_daily/app=maps", "features_daily/../maps"),
    )
    .unwrap();
    refused(&folder, |error| matches!(error, Error::Place { .. }));
    fs::write(
        &manifest,
        text.replacen("\"format\": 2", "\"format\": 3", 1),
    )
    .unwrap();
    refused(&folder, |error| {
        matches!(error, Error::Format { format: 3, .. })
    });
    fs::write(&manifest, "{").unwrap();
    refused(&folder, |error| matches!(error, Error::Document { .. }));
}

fn refused(folder: &Path, is_it: impl Fn(&Error) -> bool) {
    let made = make(folder, &Settings::default());
    assert!(
        made.as_ref().is_err_and(is_it),
        "{:?}",
        made.map(|_| "a report")
    );
}

#[test]
fn a_monthly_copy_is_read_in_place_of_its_files() {
    let folder = written("copies", &History::of_days(45));
    let whole = make(&folder, &Settings::default()).unwrap().report;
    assert!(
        folder
            .join("monthly/features_daily/app=maps/month=2025-11/rollup.parquet")
            .is_file()
    );
    // Without the files of a month that has a copy, the same report is made.
    fs::remove_dir_all(folder.join("features_daily/app=maps/day=2025-11-15")).unwrap();
    assert_eq!(make(&folder, &Settings::default()).unwrap().report, whole);
    // A copy of another app has fewer rows on each day.
    let copy = |app: &str| {
        folder.join(format!(
            "monthly/features_daily/app={app}/month=2025-11/rollup.parquet"
        ))
    };
    let kept = fs::read(copy("maps")).unwrap();
    fs::copy(copy("music"), copy("maps")).unwrap();
    refused(&folder, |error| matches!(error, Error::Altered { .. }));
    fs::write(copy("maps"), kept).unwrap();
    fs::remove_dir_all(folder.join("monthly")).unwrap();
    refused(&folder, |error| matches!(error, Error::Altered { .. }));
}
