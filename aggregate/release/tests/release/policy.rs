//! Policy files: what is refused, and where.

use kaiku_release::Policy;

use crate::support::NARROW;

pub(crate) const SMALL: &str = include_str!("../../policies/small.toml");

/// What is said about the small policy after a change to its text.
pub(crate) fn complaints(from: &str, to: &str) -> Vec<String> {
    assert!(SMALL.contains(from), "{from}");
    let problems = Policy::parse(&SMALL.replacen(from, to, 1)).unwrap_err();
    problems.iter().map(ToString::to_string).collect()
}

/// Whether a change to the small policy is refused, for a reason with these words, and at its place.
fn refused(from: &str, to: &str, words: &str) {
    let complaints = complaints(from, to);
    let text = complaints.join("\n");
    assert!(text.contains(words), "{text}");
    for complaint in complaints {
        assert!(complaint.starts_with("line "), "{complaint}");
    }
}

/// The same for a reason with any of some words.
pub(crate) fn refused_any(from: &str, to: &str, words: &[&str]) {
    let text = complaints(from, to).join("\n");
    assert!(
        words.iter().any(|words| text.contains(words)),
        "{to}: {text}"
    );
}

/// The line and column of a text, as an editor has them.
fn place_of(text: &str, part: &str) -> String {
    let before = &text[..text.find(part).unwrap()];
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("line {line}, column {column}")
}

#[test]
fn every_problem_is_reported_at_once_each_at_its_place() {
    let changes = [
        ("k = 50", "k = 1"),
        ("delta = 1e-9", "delta = 1.0"),
        ("name = \"releases_daily\"", "name = \"Releases\""),
        ("\"first_release_day\"", "\"first_release\""),
        (
            "dimensions = [\"app\", \"feature\"]",
            "dimensions = [\"app\", \"featur\"]",
        ),
        ("period = \"week\"", "period = \"month\""),
        (
            "mark = \"first_session_day\"",
            "mrk = \"first_session_day\"",
        ),
    ];
    let mut text = SMALL.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let problems = Policy::parse(&text).unwrap_err();
    let places: Vec<_> = problems
        .iter()
        .map(|problem| problem.place.as_str())
        .collect();
    for part in [
        "1\ndelta",
        "1.0\n",
        "\"Releases\"",
        "\"first_release\"",
        "\"featur\"",
        "\"month\"",
        "mrk",
    ] {
        let place = place_of(&text, part);
        assert!(
            places.contains(&place.as_str()),
            "{part} at {place}: {problems:?}"
        );
    }
    let lines = |place: &&str| -> usize {
        let digits = place.trim_start_matches("line ").split(',').next().unwrap();
        digits.parse().unwrap()
    };
    assert!(places.iter().map(lines).is_sorted(), "{places:?}");
}

#[test]
fn a_mark_that_does_not_fit_its_cells_is_refused() {
    refused(
        "mark = \"first_release_day\"",
        "mark = \"first_app_day\"",
        "the mark first_app_day is coarser",
    );
    refused(
        "dimensions = [\"app\", \"release\"]",
        "dimensions = [\"app\"]",
        "the mark first_release_day is finer",
    );
    refused(
        "mark = \"first_item_day\"",
        "mark = \"first_item_week\"",
        "of the week",
    );
    refused(
        "dimensions = [\"app\", \"a\", \"b\"]",
        "dimensions = [\"app\", \"feature\"]",
        "of pairs or of events",
    );
}

#[test]
fn a_rate_whose_part_is_not_contained_in_its_whole_is_refused() {
    // A device may have its first fatal failure of an app, and none of the one release.
    let rate = "description = \"Those of them with a fatal failure\"\nmark = \"first_fatal_day\"";
    refused(
        rate,
        "description = \"x\"\nmark = \"first_app_day\"",
        "not every device with the mark first_app_day has the mark first_app_day",
    );
    let sessions = "mark = \"first_session_day\"\nrho";
    refused(
        sessions,
        "mark = \"first_session_day\"\nrate_of = \"devices\"\nrho",
        "a rate is of the measure that decides, the table's first",
    );
    let twice = "name = \"devices_2plus\"\ndescription = \"Those of them that used it at least twice\"\nmark = \"second_use_day\"";
    assert!(SMALL.contains(twice));
    refused(
        "mark = \"first_item_day\"",
        "mark = \"fifth_use_day\"",
        "not every device with the mark second_use_day has the mark fifth_use_day",
    );
}

#[test]
fn a_rate_of_another_measure_than_the_one_that_decides_is_refused() {
    refused(
        "rate_of = \"devices\"",
        "rate_of = \"users\"",
        "a rate is of the measure that decides",
    );
    let second = "mark = \"fifth_use_day\"";
    let at = SMALL.find(second).unwrap();
    let text = format!(
        "{}{}",
        &SMALL[..at],
        SMALL[at..].replacen("rate_of = \"devices\"", "rate_of = \"devices_2plus\"", 1)
    );
    let problems = Policy::parse(&text).unwrap_err();
    assert!(
        problems[0].text.contains("the measure that decides"),
        "{problems:?}"
    );
}

#[test]
fn a_policy_that_can_not_be_followed_within_its_cap_is_refused_where_the_cap_stands() {
    let policy = Policy::small();
    let cap = format!("cap_rho = {}", policy.cap());
    let needed = policy.dearest_window();
    let complaints = complaints(&cap, "cap_rho = 0.1");
    let place = place_of(SMALL, &cap).replace("column 1", "column 11");
    assert_eq!(
        complaints,
        [format!(
            "{place}: 28 days of these tables cost a device up to ρ = {needed}, the cap is 0.1"
        )]
    );
}

/// The first share of the small policy, as it stands there.
pub(crate) fn first_share() -> String {
    let line = SMALL.lines().find(|line| line.starts_with("rho = "));
    format!("{}\n", line.unwrap())
}

#[test]
fn names_are_plain_and_columns_are_not_taken_twice() {
    refused("name = \"small\"", "name = \"Small\"", "a name has");
    refused(
        "name = \"features_daily\"",
        "name = \"../up\"",
        "a name has",
    );
    refused(
        "name = \"features_daily\"",
        "name = \"9lives\"",
        "a name has",
    );
    refused("name = \"features_daily\"", "name = \"\"", "a name has");
    let long = "a".repeat(41);
    refused(
        "name = \"features_daily\"",
        &format!("name = \"{long}\""),
        "a name has",
    );
    refused(
        "name = \"features_daily\"",
        "name = \"activity_daily\"",
        "two tables",
    );
    for taken in [
        "devices_upper",
        "devices_lower",
        "devices_estimate",
        "devices",
        "app",
        "day",
        "week",
    ] {
        refused(
            "name = \"crashed\"",
            &format!("name = \"{taken}\""),
            "in this table already",
        );
    }
    Policy::parse(&SMALL.replace("features_daily", &"a".repeat(40))).unwrap();
}

#[test]
fn a_table_is_of_an_app_first_and_of_no_dimension_twice() {
    let features = "dimensions = [\"app\", \"feature\"]";
    refused(
        features,
        "dimensions = [\"feature\", \"app\"]",
        "the first dimension is the app",
    );
    refused(
        features,
        "dimensions = []",
        "the first dimension is the app",
    );
    refused(
        features,
        "dimensions = [\"app\", \"feature\", \"feature\"]",
        "twice",
    );
    refused(
        features,
        "dimensions = \"app\"",
        "`dimensions` is a list of texts",
    );
    refused(
        features,
        "dimensions = [\"app\", 7]",
        "`dimensions` is a text",
    );
    refused(
        features,
        "dimensions = [\"app\", \"level\"]",
        "`level` is no dimension",
    );
}

#[test]
fn what_is_missing_or_unknown_is_said() {
    refused("k = 50\n", "", "`k` is missing");
    refused("delta = 1e-9\n", "", "`delta` is missing");
    refused(
        "k = 50",
        "k = 50\nsecret = 1",
        "`secret` is none of name, k, delta, cap_rho, table",
    );
    refused(
        "period = \"day\"",
        "period = \"day\"\nfolds = []",
        "`folds` is none of",
    );
    refused(
        "mark = \"first_app_day\"",
        "marks = [\"first_app_day\"]",
        "`mark` is missing",
    );
    refused(
        "description = \"Distinct devices\"\n",
        "",
        "`description` is missing",
    );
    refused(
        "description = \"Distinct devices\"\n",
        "description = 7\n",
        "`description` is a text",
    );
    refused("[[table]]", "[[table", "line ");
    let nothing = Policy::parse("").unwrap_err();
    assert_eq!(nothing.len(), 6, "{nothing:?}");
    let said = |text: &str| {
        let problems = Policy::parse(text).unwrap_err();
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    };
    let head = "name = \"x\"\nk = 50\ndelta = 1e-9\ncap_rho = 1\n";
    assert!(said(&format!("{head}table = []")).contains("at least one table"));
    assert!(said(&format!("{head}table = 7")).contains("`table` is a list of tables"));
    assert!(said(&format!("{head}table = [7]")).contains("`table` is a list of tables"));
    let bare =
        "[[table]]\nname = \"t\"\ndescription = \"x\"\nperiod = \"day\"\ndimensions = [\"app\"]\n";
    assert!(said(&format!("{head}{bare}measure = []")).contains("at least one measure"));
}

#[test]
fn all_syntax_errors_stand_at_their_places() {
    let problems = Policy::parse("name = \nk = = 3\n").unwrap_err();
    let places: Vec<_> = problems.iter().map(|problem| &problem.place[..7]).collect();
    assert!(
        places.contains(&"line 1,") && places.contains(&"line 2,"),
        "{problems:?}"
    );
}

#[test]
fn the_hash_is_that_of_the_meaning_not_of_the_layout() {
    let hash = |text: &str| Policy::parse(text).unwrap().hash();
    let small = hash(SMALL);
    assert_eq!(small, Policy::small().hash());
    let bare: String = SMALL
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| [line, "\n"])
        .collect();
    assert_ne!(bare, SMALL);
    assert_eq!(hash(&bare), small);
    for (from, to) in [
        ("k = 50", "k = 51"),
        ("delta = 1e-9", "delta = 2e-9"),
        ("cap_rho = 1", "cap_rho = 2"),
        ("Distinct devices that", "Devices that"),
        ("Devices heard from on the day", "Devices"),
        (first_share().as_str(), "rho = 0.0005\n"),
        ("name = \"small\"", "name = \"other\""),
        ("name = \"sessions_daily\"", "name = \"lengths_daily\""),
        (
            "dimensions = [\"app\", \"country\"]",
            "dimensions = [\"app\", \"brand\"]",
        ),
        ("rate_of = \"devices\"\n", ""),
    ] {
        assert!(SMALL.contains(from), "{from}");
        assert_ne!(hash(&SMALL.replacen(from, to, 1)), small, "{to}");
    }
    assert_ne!(hash(NARROW), small);
}

#[test]
fn a_description_can_not_be_taken_for_a_line_of_the_canonical_text() {
    let text = NARROW.replacen("Devices by country", "x\\nk 7", 1);
    let policy = Policy::parse(&text).unwrap();
    let lines = policy
        .canonical()
        .lines()
        .filter(|line| line.starts_with("k "));
    assert_eq!(lines.collect::<Vec<_>>(), ["k 50"]);
}
