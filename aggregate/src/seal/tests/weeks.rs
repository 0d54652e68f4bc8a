//! Tests of weekly tables, and of periods that are not published.

use kaiku_wire::{Incident, Week};

use super::*;
use crate::rollups::manifest::WithheldReason;
use crate::testing::{closed_after, events, events_under, rollups, used};
use crate::verify::{Expected, verify};

const MONDAY: &str = "2026-11-23";

fn week() -> Period {
    Period::Week(Week::from_monday(day(MONDAY)).unwrap())
}

/// Lands the days of the week from its day `first` on, and one more.
async fn land_week(folder: &Path, first: u32) -> Hand {
    let log = log(folder, 0).await;
    let mut hand = Hand::new(&log);
    for number in first..8 {
        let of = day(MONDAY).plus(number);
        hand.take(&fleet(of, "maps", 400)).await.unwrap();
        hand.take(&closed(of)).await.unwrap();
        hand.roll().await;
    }
    hand
}

/// Seals all that is due.
async fn seal_all(sealer: &mut Sealer) -> Vec<Period> {
    let mut sealed = Vec::new();
    while let Some(due) = sealer.due() {
        sealer.seal(due).await.unwrap();
        clean(sealer, true).await.unwrap();
        sealed.push(due);
    }
    sealed
}

#[tokio::test]
async fn behind_a_sunday_its_week_is_sealed_from_counts_that_were_kept_until_then() {
    let folder = tempfile::tempdir().unwrap();
    land_week(folder.path(), 0).await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    let sealed = seal_all(&mut sealer).await;
    let days = |from: u32, to: u32| (from..to).map(|number| Period::Day(day(MONDAY).plus(number)));
    let expected: Vec<_> = days(0, 7).chain([week()]).chain(days(7, 8)).collect();
    assert_eq!(sealed, expected);
    let manifest = &sealer.chain.manifests()[7];
    assert_eq!(manifest.withheld, []);
    let names: Vec<_> = manifest.tables.iter().map(|table| &table.name).collect();
    let policy = Policy::small();
    let weekly = policy
        .tables()
        .iter()
        .filter(|table| table.unit() == Unit::Week);
    assert_eq!(names, weekly.map(|table| table.name()).collect::<Vec<_>>());
    // 400 devices on each of seven days, each of which is the first of its week.
    let path = "countries_weekly/app=maps/week=2026-11-23/rollup.parquet";
    let published = files(&folder.path().join("rollups"));
    let rows = object::read(path, published[path].clone().into()).unwrap();
    assert_eq!(rows[0].num_rows(), 1);
    // What stands of the landing log is that of the open week alone.
    let left = files(&folder.path().join("landing"));
    let counts = left.keys().filter(|name| name.ends_with("parquet"));
    assert_eq!(counts.count(), 1);
}

#[tokio::test]
async fn a_policy_that_is_followed_never_shows_more_than_its_cap_as_spent() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day(MONDAY), "maps", 400)).await.unwrap();
    hand.take(&closed(day(MONDAY).plus(41))).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    let mut most: f64 = 0.0;
    while let Some(due) = sealer.due() {
        sealer.seal(due).await.unwrap();
        most = most.max(sealer.chain.spent_ratio(&sealer.policy));
    }
    let policy = Policy::small();
    let dearest = policy.costs().days_28.rho.value() / policy.cap().value();
    assert!(most >= dearest && most < 1.0, "{most}");
}

#[tokio::test]
async fn a_week_whose_counts_went_with_their_days_is_not_sealed() {
    let folder = tempfile::tempdir().unwrap();
    land_week(folder.path(), 0).await;
    // Under a policy without weekly tables nothing is kept beyond its day.
    let text = include_str!("../../../release/policies/small.toml");
    let daily = text
        .split_once("[[table]]\nname = \"activity_weekly\"")
        .unwrap()
        .0;
    let daily = Policy::parse(daily).unwrap();
    assert!(daily.tables().iter().all(|table| table.unit() == Unit::Day));
    let mut before = sealer(folder.path(), 1, daily).await;
    for _ in 0..7 {
        let due = before.due().unwrap();
        before.seal(due).await.unwrap();
        clean(&before, true).await.unwrap();
    }
    let sunday = day(MONDAY).plus(6);
    assert_eq!(before.last_day(), Some(sunday));
    let after = sealer(folder.path(), 1, Policy::small()).await;
    assert_eq!(after.due(), Some(Period::Day(sunday.next())));
}

#[tokio::test]
async fn the_week_in_which_a_deployment_began_is_not_published() {
    let folder = tempfile::tempdir().unwrap();
    land_week(folder.path(), 1).await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    seal_all(&mut sealer).await;
    let manifest = &sealer.chain.manifests()[6];
    assert_eq!(
        (manifest.period(), manifest.rho_millionths),
        (Some(week()), 0)
    );
    assert!(manifest.tables.is_empty());
    let reasons = manifest.withheld.iter().map(|one| one.reason);
    assert!(
        reasons
            .into_iter()
            .all(|one| one == WithheldReason::PartialWeek)
    );
    // A reader finds the table all the same, without a row.
    let published = files(&folder.path().join("rollups"));
    let path = "models_weekly/app=maps/week=2026-11-23/rollup.parquet";
    assert!(
        object::read(path, published[path].clone().into())
            .unwrap()
            .is_empty()
    );
    let found = verify(&rollups(folder.path()), &Expected::default()).await;
    assert_eq!(found.unwrap().problems, []);
}

#[tokio::test]
async fn a_day_and_a_week_in_which_state_was_lost_are_withheld_and_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    for number in 0..7 {
        let of = day(MONDAY).plus(number);
        hand.take(&fleet(of, "maps", 400)).await.unwrap();
        let incidents: &[_] = match number {
            2 => &[Incident::StateLost],
            3 => &[Incident::RawLost],
            _ => &[],
        };
        hand.take(&closed_after(of, incidents)).await.unwrap();
        hand.roll().await;
    }
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    seal_all(&mut sealer).await;
    let manifests = sealer.chain.manifests();
    let withheld: Vec<bool> = manifests
        .iter()
        .map(|one| !one.withheld.is_empty())
        .collect();
    let lost = [false, false, true, false, false, false, false, true];
    assert_eq!(withheld, lost);
    let said: Vec<_> = manifests[7]
        .incidents
        .iter()
        .map(|one| one.incident)
        .collect();
    assert_eq!(said, [Incident::StateLost, Incident::RawLost]);
    assert_eq!(manifests[3].incidents[0].first_day, day(MONDAY).plus(3));
    assert_eq!(manifests[3].incidents[0].partitions, 1);
}

#[tokio::test]
async fn a_day_that_was_counted_under_other_bounds_is_withheld_or_refused() {
    for (version, is_older) in [(1, true), (3, false)] {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path(), 0).await;
        let mut hand = Hand::new(&log);
        let event = used("maps", "share", &[kaiku_wire::Mark::FirstItemDay]);
        let record = events_under(version, day(DAY), vec![event; 400]);
        hand.take(&record).await.unwrap();
        hand.take(&closed(day(DAY))).await.unwrap();
        hand.roll().await;
        let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
        match sealer.seal(period(DAY)).await {
            Ok(manifest) => {
                assert!(is_older);
                let reasons = manifest.withheld.iter().map(|one| one.reason);
                assert!(
                    reasons
                        .into_iter()
                        .all(|one| one == WithheldReason::BoundsChanged)
                );
                assert!(manifest.tables.is_empty());
            }
            Err(error) => assert!(matches!(error, Error::Bounds { found: 3, .. }) && !is_older),
        }
    }
}

#[tokio::test]
async fn a_table_whose_parts_are_more_than_their_whole_is_withheld_and_the_others_are_published() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day(DAY), "maps", 400)).await.unwrap();
    // Crashes in a country in which no device has its home.
    let mut lost = used("maps", "panic", &[kaiku_wire::Mark::FirstFatalReleaseDay]);
    lost.release = "4.1";
    hand.take(&events(day(DAY), vec![lost])).await.unwrap();
    hand.take(&closed(day(DAY))).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    let manifest = sealer.seal(period(DAY)).await.unwrap();
    let withheld: Vec<_> = manifest
        .withheld
        .iter()
        .map(|one| (one.table.as_str(), one.reason))
        .collect();
    assert_eq!(
        withheld,
        [("releases_daily", WithheldReason::Contradiction)]
    );
    assert_eq!(manifest.tables.len(), tables(Unit::Day).len() - 1);
    let found = verify(&rollups(folder.path()), &Expected::default()).await;
    assert_eq!(found.unwrap().problems, []);
}

#[tokio::test]
async fn a_log_of_the_version_before_is_gone_on_with_and_its_days_are_withheld() {
    let folder = tempfile::tempdir().unwrap();
    land_day(folder.path(), 0, day(DAY)).await;
    let root = folder.path().join("landing/partition=0");
    let path = root.join("0000000001.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(&text).unwrap();
    entry["format"] = 1.into();
    for later in ["source", "incidents", "bounds", "definitions", "last"] {
        entry.as_object_mut().unwrap().remove(later);
    }
    std::fs::write(&path, entry.to_string()).unwrap();
    // Counts of joint records: nobody reads them any more.
    for file in std::fs::read_dir(&root).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|ending| ending == "parquet") {
            std::fs::write(file, b"of another shape").unwrap();
        }
    }
    land_day(folder.path(), 0, day(DAY).next()).await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    seal_all(&mut sealer).await;
    let withheld = sealer
        .chain
        .manifests()
        .iter()
        .map(|one| one.withheld.len());
    let daily = tables(Unit::Day).len();
    assert_eq!(withheld.collect::<Vec<_>>(), [daily, 0]);
}

#[tokio::test]
async fn a_table_whose_definition_changed_begins_with_the_next_period() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    // What was landed under `small` has no cells of the one table that only `large` has.
    let mut sealer = sealer(folder.path(), 2, Policy::large()).await;
    let manifest = sealer.seal(period(DAY)).await.unwrap();
    let withheld: Vec<_> = manifest
        .withheld
        .iter()
        .map(|one| (one.table.as_str(), one.reason))
        .collect();
    assert_eq!(withheld, [("causes_daily", WithheldReason::PolicyChanged)]);
    let published = manifest.tables.iter().map(|one| one.name.clone());
    let mut published: Vec<_> = published.collect();
    published.sort();
    assert_eq!(published, tables(Unit::Day));
    let found = verify(&rollups(folder.path()), &Expected::default()).await;
    assert_eq!(found.unwrap().problems, []);
}
