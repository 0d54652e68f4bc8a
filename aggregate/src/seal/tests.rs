//! Tests of the seal: what is published, that it is published once, and what is left behind.
#![allow(clippy::unwrap_used)]

mod audit;
#[cfg(feature = "s3")]
mod s3;
mod second_draw;
mod weeks;

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;
use kaiku_release::{Aim, Period, Policy, Unit, tune};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Sealer, clean};
use crate::Error;
use crate::object;
use crate::testing::{Hand, closed, day, files, fleet, land_day, log, sealer};

const DAY: &str = "2026-11-24";

fn period(text: &str) -> Period {
    Period::Day(day(text))
}

/// The names of the policy's tables of a unit, in order.
fn tables(unit: Unit) -> Vec<String> {
    let policy = Policy::small();
    let tables = policy.tables().iter().filter(|table| table.unit() == unit);
    let names = tables.map(|table| table.name().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn two_partitions(folder: &Path) {
    land_day(folder, 0, day(DAY)).await;
    land_day(folder, 1, day(DAY)).await;
}

#[tokio::test]
async fn a_day_is_due_when_every_partition_has_closed_it() {
    let folder = tempfile::tempdir().unwrap();
    land_day(folder.path(), 0, day(DAY)).await;
    assert_eq!(sealer(folder.path(), 2, Policy::small()).await.due(), None);
    // A partition without an event closes days all the same.
    let quiet = log(folder.path(), 1).await;
    let mut hand = Hand::new(&quiet);
    hand.take(&closed(day(DAY).prev())).await.unwrap();
    hand.roll().await;
    assert_eq!(sealer(folder.path(), 2, Policy::small()).await.due(), None);
    hand.take(&closed(day(DAY).next())).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    assert_eq!(sealer.due(), Some(period(DAY)));
    sealer.seal(period(DAY)).await.unwrap();
    assert_eq!(sealer.due(), None);
}

#[tokio::test]
async fn each_listed_app_gets_a_file_of_each_table_and_last_comes_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    let manifest = sealer.seal(period(DAY)).await.unwrap();
    assert_eq!((manifest.number, manifest.first_day), (1, day(DAY)));
    let share = Policy::small().share(Unit::Day);
    assert_eq!(manifest.rho_millionths, share.millionths());
    let published = files(&folder.path().join("rollups"));
    let names: Vec<&str> = published.keys().map(String::as_str).collect();
    let endings = ["json", "jsonl", "sig"];
    let mut expected: Vec<String> = endings
        .iter()
        .map(|ending| format!("manifests/day=2026-11-24.{ending}"))
        .collect();
    for table in tables(Unit::Day) {
        for app in ["idle", "maps", "music"] {
            expected.push(format!("{table}/app={app}/day=2026-11-24/rollup.parquet"));
        }
    }
    expected.sort();
    assert_eq!(names, expected);
    // 800 devices of maps appear; the 60 of music stay under the threshold; idle has none.
    for (app, rows) in [("maps", 1), ("music", 0), ("idle", 0)] {
        let name = format!("features_daily/app={app}/day=2026-11-24/rollup.parquet");
        let read = object::read(&name, published[&name].clone().into()).unwrap();
        let found: usize = read.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(found, rows, "{app}");
    }
    assert!(files(&folder.path().join(".kaiku-tmp")).is_empty());
}

#[tokio::test]
async fn the_columns_are_frozen() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    sealer.seal(period(DAY)).await.unwrap();
    let published = files(&folder.path().join("rollups"));
    let measures = |names: &[&str]| {
        let each = names.iter().map(|name| {
            ["", "_lower", "_upper", "_estimate"].map(|end| format!("{name}{end}: Int64"))
        });
        each.flatten().collect::<Vec<_>>().join(", ")
    };
    let expected = [
        (
            "activity_daily",
            measures(&["devices", "crashed", "bounded"]),
        ),
        (
            "features_daily",
            format!(
                "feature: Utf8, {}",
                measures(&["devices", "devices_2plus", "devices_5plus"])
            ),
        ),
        (
            "releases_daily",
            format!("release: Utf8, {}", measures(&["devices", "crashed"])),
        ),
        (
            "sessions_daily",
            format!("length: Utf8, {}", measures(&["devices"])),
        ),
    ];
    let listed: Vec<&str> = expected.iter().map(|(table, _)| *table).collect();
    assert_eq!(
        listed,
        tables(Unit::Day),
        "a table's columns are frozen from its first day"
    );
    for (table, columns) in expected {
        let name = format!("{table}/app=maps/day={DAY}/rollup.parquet");
        let bytes = Bytes::from(published[&name].clone());
        let fields = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let fields = fields.schema();
        let shown = fields.fields().iter().map(|field| {
            assert!(!field.is_nullable(), "{}", field.name());
            format!("{}: {}", field.name(), field.data_type())
        });
        assert_eq!(shown.collect::<Vec<_>>().join(", "), columns, "{table}");
    }
}

#[tokio::test]
async fn a_second_seal_of_a_day_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut first = sealer(folder.path(), 2, Policy::small()).await;
    let mut second = sealer(folder.path(), 2, Policy::small()).await;
    first.seal(period(DAY)).await.unwrap();
    let published = files(&folder.path().join("rollups"));
    // Another process that has not yet heard of it, and one that starts afterwards.
    second.seal(period(DAY)).await.unwrap();
    assert_eq!(second.due(), None);
    assert_eq!(sealer(folder.path(), 2, Policy::small()).await.due(), None);
    assert_eq!(files(&folder.path().join("rollups")), published);
}

#[tokio::test]
async fn a_seal_that_was_interrupted_anywhere_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let interrupted = interrupt(folder.path()).await;
    let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
    resumed.seal(period(DAY)).await.unwrap();
    let root = folder.path().join("rollups");
    let published = files(&root);
    // The files appear in the order of the tables and apps, the manifest at last.
    let order: Vec<&String> = published
        .keys()
        .filter(|name| !name.starts_with("manifests"))
        .collect();
    for written in 0..=order.len() {
        std::fs::remove_dir_all(root.join("manifests")).unwrap();
        for missing in &order[written..] {
            std::fs::remove_file(root.join(missing)).unwrap();
        }
        interrupted.restore(folder.path());
        let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
        assert_eq!(resumed.due(), Some(period(DAY)));
        resumed.seal(period(DAY)).await.unwrap();
        assert_eq!(files(&root), published, "{written} files");
    }
}

#[tokio::test]
async fn a_seal_is_not_resumed_with_another_policy_or_other_inputs() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    interrupt(folder.path()).await;
    let before = files(&folder.path().join("rollups"));
    let text = include_str!("../../release/policies/small.toml").replace("k = 50", "k = 40");
    let other = sealer(folder.path(), 2, Policy::parse(&text).unwrap());
    assert_eq!(refusal(other.await).await, "policy");
    let fewer = sealer(folder.path(), 1, Policy::small());
    assert_eq!(refusal(fewer.await).await, "set of landing objects");
    let mut elsewhere = sealer(folder.path(), 2, Policy::small()).await;
    elsewhere.source = "another topic".to_owned();
    assert_eq!(refusal(elsewhere).await, "topic");
    assert_eq!(files(&folder.path().join("rollups")), before);
}

/// With what a seal is refused that was begun otherwise.
async fn refusal(mut sealer: Sealer) -> &'static str {
    match sealer.seal(period(DAY)).await {
        Err(Error::Changed { what, .. }) => what,
        other => panic!("not refused: {other:?}"),
    }
}

/// A seal that stopped between its files: its intent and its key stand.
async fn interrupt(folder: &Path) -> Interrupted {
    let last = format!("sessions_daily/app=music/day={DAY}/rollup.parquet");
    let blocked = folder.join("rollups").join(last);
    std::fs::create_dir_all(&blocked).unwrap();
    let partitions = std::fs::read_dir(folder.join("landing")).unwrap();
    let partitions = partitions.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("partition=")
    });
    let count = i32::try_from(partitions.count()).unwrap();
    let mut sealer = sealer(folder, count, Policy::small()).await;
    sealer.seal(period(DAY)).await.unwrap_err();
    std::fs::remove_dir(&blocked).unwrap();
    Interrupted(files(&folder.join("landing")))
}

/// The landing store as an interrupted seal has left it.
struct Interrupted(BTreeMap<String, Vec<u8>>);

impl Interrupted {
    fn restore(&self, folder: &Path) {
        let root = folder.join("landing");
        std::fs::remove_dir_all(&root).unwrap();
        for (name, bytes) in &self.0 {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_that_was_altered_is_not_adopted() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    interrupt(folder.path()).await;
    let root = folder.path().join("rollups");
    let (from, to) = (
        root.join("features_daily/app=maps/day=2026-11-24/rollup.parquet"),
        root.join("features_daily/app=idle/day=2026-11-24/rollup.parquet"),
    );
    std::fs::copy(from, to).unwrap();
    let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
    assert!(matches!(
        resumed.seal(period(DAY)).await,
        Err(Error::Altered { .. })
    ));
}

#[tokio::test]
async fn after_the_seal_a_tombstone_stands_for_the_key_and_nothing_says_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    sealer.seal(period(DAY)).await.unwrap();
    let left = files(&folder.path().join("landing"));
    assert_eq!(left["_seal/day=2026-11-24/key"], b"spent\n");
    assert!(!left.contains_key("_seal/day=2026-11-24/intent.json"));
    // The week is open: what it needs is kept.
    assert_eq!(clean(&sealer, true).await.unwrap(), [(0, 0), (1, 0)]);
    assert_eq!(files(&folder.path().join("landing")), left);
}

#[tokio::test]
async fn a_day_beyond_the_cap_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day(DAY), "maps", 500)).await.unwrap();
    hand.take(&closed(day(DAY).plus(60))).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    for _ in 0..30 {
        let due = sealer.due().unwrap();
        sealer.seal(due).await.unwrap();
    }
    // Two weeks under a policy that costs more leave too little for the next day.
    let dear = Aim {
        epsilon: 9.0,
        ..Aim::of(20_000)
    };
    sealer.policy = Policy::parse(&tune(&dear).unwrap()).unwrap().into();
    for _ in 0..15 {
        let due = sealer.due().unwrap();
        sealer.seal(due).await.unwrap();
    }
    sealer.policy = Policy::small().into();
    let before = files(folder.path());
    let due = sealer.due().unwrap();
    let refused = sealer.seal(due).await;
    assert!(
        matches!(refused, Err(Error::Gate { .. })),
        "{:?}",
        refused.map(|manifest| (manifest.number, manifest.rho_millionths))
    );
    assert_eq!(files(folder.path()), before);
}
