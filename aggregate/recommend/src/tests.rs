//! What goes together, and what is never suggested.

#![allow(clippy::unwrap_used)]

use kaiku_suggestions::{Error, MOST_BYTES};
use kaiku_wire::{Day, Week};

use crate::{Fact, Facts, FeatureRow, PairRow, Settings, file, mine};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn week(number: u32) -> Week {
    day("2026-10-19").plus(7 * number).week()
}

fn pair(at: u32, a: &str, b: &str, lower: f64) -> PairRow {
    PairRow {
        week: week(at),
        a: a.to_owned(),
        b: b.to_owned(),
        lower,
        estimate: lower,
    }
}

fn feature(at: u32, name: &str, estimate: f64) -> FeatureRow {
    FeatureRow {
        week: week(at),
        feature: name.to_owned(),
        lower: estimate - 40.0,
        estimate,
    }
}

fn facts(names: &[&str]) -> Facts {
    let fact = Fact {
        recommend: true,
        expires: day("2028-01-01"),
    };
    names
        .iter()
        .map(|name| ((*name).to_owned(), fact))
        .collect()
}

fn settings() -> Settings {
    Settings {
        day: day("2026-11-24"),
        ..Settings::default()
    }
}

/// What is suggested to whom, with the score in hundredths.
fn told(pairs: &[PairRow], features: &[FeatureRow], facts: &Facts) -> Vec<(String, String, i64)> {
    let found = mine(pairs, features, facts, &settings());
    let told = found.into_iter();
    told.map(|one| (one.because, one.feature, (one.score * 100.0).round() as i64))
        .collect()
}

fn line(because: &str, feature: &str, score: i64) -> (String, String, i64) {
    (because.to_owned(), feature.to_owned(), score)
}

#[test]
fn each_of_two_that_go_together_is_suggested_to_who_uses_the_other() {
    let features = [feature(0, "a", 1_000.0), feature(0, "b", 250.0)];
    let found = told(&[pair(0, "b", "a", 200.0)], &features, &facts(&["a", "b"]));
    assert_eq!(found, [line("a", "b", 40), line("b", "a", 40)]);
}

#[test]
fn what_has_expired_appears_nowhere_and_what_may_not_be_recommended_only_as_a_reason() {
    let features = [
        feature(0, "a", 1_000.0),
        feature(0, "b", 1_000.0),
        feature(0, "c", 1_000.0),
    ];
    let pairs = [
        pair(0, "a", "b", 500.0),
        pair(0, "b", "c", 500.0),
        pair(0, "a", "c", 500.0),
    ];
    let mut facts = facts(&["a", "b", "c"]);
    facts.get_mut("a").unwrap().recommend = false;
    facts.get_mut("c").unwrap().expires = day("2026-11-24");
    assert_eq!(told(&pairs, &features, &facts), [line("a", "b", 50)]);
    let made = file(
        "maps",
        day("2026-12-01"),
        &pairs,
        &features,
        &facts,
        &settings(),
    );
    // The last week that was looked at ends on 2026-10-25.
    assert_eq!(made.unwrap_err(), Error::Expiry);
    let made = file(
        "maps",
        day("2026-11-29"),
        &pairs,
        &features,
        &facts,
        &settings(),
    );
    let made = made.unwrap().unwrap();
    let names: Vec<_> = made
        .features()
        .iter()
        .map(|one| (&*one.name, one.is_offered))
        .collect();
    assert_eq!(names, [("a", false), ("b", true)]);
    assert_eq!(made.pairs().count(), 1);
}

#[test]
fn what_the_catalogue_does_not_list_is_not_suggested() {
    let features = [feature(0, "a", 1_000.0), feature(0, "unlisted", 1_000.0)];
    let pairs = [pair(0, "a", "unlisted", 500.0)];
    assert!(told(&pairs, &features, &facts(&["a"])).is_empty());
}

#[test]
fn the_last_four_weeks_are_averaged_and_those_before_are_not_looked_at() {
    let mut features = Vec::new();
    let mut pairs = Vec::new();
    for at in 0..6 {
        features.extend([feature(at, "a", 1_000.0), feature(at, "b", 1_000.0)]);
        pairs.push(pair(
            at,
            "a",
            "b",
            if at < 2 { 990.0 } else { 100.0 * f64::from(at) },
        ));
    }
    // (200 + 300 + 400 + 500) / 4.
    assert_eq!(told(&pairs, &features, &facts(&["a", "b"]))[0].2, 35);
}

#[test]
fn a_pair_that_was_withheld_in_half_of_the_weeks_counts_half_and_a_feature_by_the_weeks_in_which_it_was_shown()
 {
    let mut features = Vec::new();
    for at in 0..4 {
        features.push(feature(at, "a", 1_000.0));
    }
    features.extend([feature(0, "b", 1_000.0), feature(2, "b", 1_000.0)]);
    let pairs = [pair(0, "a", "b", 400.0), pair(2, "a", "b", 400.0)];
    assert_eq!(told(&pairs, &features, &facts(&["a", "b"]))[0].2, 20);
}

#[test]
fn what_is_alike_stands_by_popularity() {
    let features = [
        feature(0, "rare", 400.0),
        feature(0, "known", 1_600.0),
        feature(0, "a", 10_000.0),
    ];
    let pairs = [pair(0, "a", "rare", 400.0), pair(0, "a", "known", 800.0)];
    let found = told(&pairs, &features, &facts(&["rare", "known", "a"]));
    assert_eq!(found[..2], [line("a", "known", 20), line("a", "rare", 20)]);
}

#[test]
fn nothing_that_was_published_suggests_nothing() {
    let none = told(&[], &[], &facts(&["a"]));
    assert!(none.is_empty());
    let made = file(
        "maps",
        day("2026-12-01"),
        &[],
        &[],
        &facts(&["a"]),
        &settings(),
    );
    assert_eq!(made, Ok(None));
    // A lower bound of nothing says nothing.
    let features = [feature(0, "a", 1_000.0), feature(0, "b", 1_000.0)];
    assert!(told(&[pair(0, "a", "b", 0.0)], &features, &facts(&["a", "b"])).is_empty());
}

#[test]
fn where_not_all_pairs_fit_each_feature_keeps_its_best() {
    let names: Vec<String> = (0..200).map(|n| format!("feature.{n:03}")).collect();
    let mut features = Vec::new();
    let mut pairs = Vec::new();
    for (a, name) in names.iter().enumerate() {
        features.push(feature(0, name, 100_000.0 - a as f64));
        for (b, other) in names.iter().enumerate().skip(a + 1) {
            // The first half goes together far more than the second.
            let lower = 50_000.0 / (1.0 + (a + b) as f64 / 10.0);
            pairs.push(pair(0, name, other, lower));
        }
    }
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    let facts = facts(&named);
    let made = file(
        "maps",
        day("2026-11-02"),
        &pairs,
        &features,
        &facts,
        &settings(),
    );
    let made = made.unwrap().unwrap();
    assert!(
        (MOST_BYTES - 64..=MOST_BYTES).contains(&made.bytes()),
        "{}",
        made.bytes()
    );
    for name in &names {
        let has_one = made.pairs().any(|(a, b, _)| a == name || b == name);
        assert!(has_one, "{name} has no pair");
    }
}

#[test]
fn four_weeks_know_twice_as_much_as_one() {
    let mut features = Vec::new();
    let mut pairs = Vec::new();
    for at in 0..4 {
        features.extend([feature(at, "a", 1_000.0), feature(at, "b", 1_000.0)]);
        pairs.push(PairRow {
            estimate: 500.0,
            ..pair(at, "a", "b", 400.0)
        });
    }
    let facts = facts(&["a", "b"]);
    assert_eq!(told(&pairs[..1], &features[..2], &facts)[0].2, 40);
    assert_eq!(told(&pairs, &features, &facts)[0].2, 45);
}
