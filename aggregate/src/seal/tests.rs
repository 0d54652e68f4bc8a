//! Tests of the seal: what is published, that it is published once, and what is left behind.
#![allow(clippy::unwrap_used)]

use kaiku_release::{Policy, Unit};

use super::{clean, destroy_spent_keys};
use crate::object;
use crate::testing::{Hand, closed, day, files, fleet, land_day, landing, log, rollups, sealer};
use crate::{Error, verify};

const DAY: &str = "2026-11-24";

/// The names of the policy's tables, in order.
fn tables() -> Vec<String> {
    let policy = Policy::small();
    let names = policy.tables().iter().map(|table| table.name().to_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

async fn two_partitions(folder: &std::path::Path) {
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
    assert_eq!(sealer.due(), Some(day(DAY)));
    sealer.seal(day(DAY)).await.unwrap();
    assert_eq!(sealer.due(), None);
}

#[tokio::test]
async fn each_listed_app_gets_a_file_of_each_table_and_last_comes_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    let manifest = sealer.seal(day(DAY)).await.unwrap();
    assert_eq!((manifest.number, manifest.first_day), (1, day(DAY)));
    let share = Policy::small().share(Unit::Day);
    assert_eq!(manifest.rho_millionths, share.millionths());
    let published = files(&folder.path().join("rollups"));
    let names: Vec<&str> = published.keys().map(String::as_str).collect();
    let mut expected = vec!["_manifests/day=2026-11-24.json".to_owned()];
    for table in tables() {
        for app in ["idle", "maps", "music"] {
            expected.push(format!("{table}/app={app}/day=2026-11-24/rollup.parquet"));
        }
    }
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
    sealer.seal(day(DAY)).await.unwrap();
    let published = files(&folder.path().join("rollups"));
    let expected = [
        (
            "activity_daily",
            "country: Utf8, level: Int32, folded: Boolean, devices: Int64, devices_lower: Int64, devices_upper: Int64",
        ),
        (
            "features_daily",
            "feature: Utf8, level: Int32, folded: Boolean, devices: Int64, devices_lower: Int64, devices_upper: Int64, devices_2plus: Int64, devices_2plus_lower: Int64, devices_2plus_upper: Int64, devices_5plus: Int64, devices_5plus_lower: Int64, devices_5plus_upper: Int64",
        ),
        (
            "releases_daily",
            "release: Utf8, level: Int32, folded: Boolean, devices: Int64, devices_lower: Int64, devices_upper: Int64, crashed: Int64, crashed_lower: Int64, crashed_upper: Int64",
        ),
    ];
    let listed: Vec<&str> = expected.iter().map(|(table, _)| *table).collect();
    assert_eq!(
        listed,
        tables(),
        "a table's columns are frozen from its first day"
    );
    for (table, columns) in expected {
        let name = format!("{table}/app=maps/day={DAY}/rollup.parquet");
        let read = object::read(&name, published[&name].clone().into()).unwrap();
        let fields = read[0].schema();
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
    first.seal(day(DAY)).await.unwrap();
    let published = files(&folder.path().join("rollups"));
    // Another process that has not yet heard of it, and one that starts afterwards.
    second.seal(day(DAY)).await.unwrap();
    assert_eq!(second.due(), None);
    assert_eq!(sealer(folder.path(), 2, Policy::small()).await.due(), None);
    assert_eq!(files(&folder.path().join("rollups")), published);
}

#[tokio::test]
async fn a_seal_that_was_interrupted_anywhere_ends_with_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    sealer(folder.path(), 2, Policy::small())
        .await
        .seal(day(DAY))
        .await
        .unwrap();
    let root = folder.path().join("rollups");
    let published = files(&root);
    // The files appear in the order of the tables and apps, the manifest at last.
    let mut order: Vec<&String> = published
        .keys()
        .filter(|name| !name.starts_with('_'))
        .collect();
    order.sort();
    for written in 0..=order.len() {
        std::fs::remove_file(root.join("_manifests/day=2026-11-24.json")).unwrap();
        for missing in &order[written..] {
            std::fs::remove_file(root.join(missing)).unwrap();
        }
        let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
        assert_eq!(resumed.due(), Some(day(DAY)));
        resumed.seal(day(DAY)).await.unwrap();
        assert_eq!(files(&root), published, "{written} files");
    }
}

#[tokio::test]
async fn a_seal_is_not_resumed_with_another_policy_or_other_inputs() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    sealer(folder.path(), 2, Policy::small())
        .await
        .seal(day(DAY))
        .await
        .unwrap();
    let root = folder.path().join("rollups");
    std::fs::remove_dir_all(&root).unwrap();
    let text = include_str!("../../release/policies/small.toml").replace("k = 50", "k = 40");
    let mut other = sealer(folder.path(), 2, Policy::parse(&text).unwrap()).await;
    let refused = other.seal(day(DAY)).await.unwrap_err();
    assert!(
        matches!(refused, Error::Changed { what: "policy", .. }),
        "{refused}"
    );
    let fewer = sealer(folder.path(), 1, Policy::small())
        .await
        .seal(day(DAY))
        .await
        .unwrap_err();
    assert!(
        matches!(
            fewer,
            Error::Changed {
                what: "set of landing objects",
                ..
            }
        ),
        "{fewer}"
    );
    assert!(files(&root).is_empty());
}

#[tokio::test]
async fn a_file_that_was_altered_is_not_adopted() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    sealer(folder.path(), 2, Policy::small())
        .await
        .seal(day(DAY))
        .await
        .unwrap();
    let root = folder.path().join("rollups");
    std::fs::remove_file(root.join("_manifests/day=2026-11-24.json")).unwrap();
    let (from, to) = (
        root.join("features_daily/app=maps/day=2026-11-24/rollup.parquet"),
        root.join("features_daily/app=idle/day=2026-11-24/rollup.parquet"),
    );
    std::fs::copy(from, to).unwrap();
    let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
    assert!(matches!(
        resumed.seal(day(DAY)).await,
        Err(Error::Altered { .. })
    ));
}

#[tokio::test]
async fn after_the_seal_the_key_is_destroyed_and_the_counts_are_deleted() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    sealer.seal(day(DAY)).await.unwrap();
    let key = "_seal/day=2026-11-24/key";
    assert!(files(&folder.path().join("landing")).contains_key(key));
    let before = clean(&sealer, true).await.unwrap();
    assert_eq!(before, [(0, 3), (1, 3)]);
    let left = files(&folder.path().join("landing"));
    let left: Vec<&str> = left.keys().map(String::as_str).collect();
    let expected = [
        "_seal/day=2026-11-24/intent.json",
        "partition=0/0000000001.json",
        "partition=1/0000000001.json",
    ];
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_key_that_a_crash_left_is_destroyed_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    sealer.seal(day(DAY)).await.unwrap();
    destroy_spent_keys(&landing(folder.path()), &sealer.chain)
        .await
        .unwrap();
    assert!(
        !files(&folder.path().join("landing"))
            .keys()
            .any(|name| name.ends_with("key"))
    );
}

#[tokio::test]
async fn days_follow_each_other_in_a_chain_that_can_be_verified() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    // The second of three days has no event, and is sealed all the same.
    for (of, devices) in [(day(DAY), 500), (day(DAY).plus(2), 600)] {
        hand.take(&fleet(of, "maps", devices)).await.unwrap();
        hand.take(&closed(of)).await.unwrap();
        hand.roll().await;
    }
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    let mut sealed = Vec::new();
    while let Some(due) = sealer.due() {
        sealer.seal(due).await.unwrap();
        clean(&sealer, true).await.unwrap();
        sealed.push(due);
    }
    assert_eq!(sealed, [day(DAY), day(DAY).next(), day(DAY).plus(2)]);
    let store = rollups(folder.path());
    let verified = verify(&store).await.unwrap();
    let files = 3 * 3 * tables().len() as u64;
    assert_eq!((verified.periods, verified.files), (3, files));
    assert_eq!(verified.problems, Vec::<String>::new());
    let root = folder.path().join("rollups");
    std::fs::write(root.join("activity_daily/extra.parquet"), b"x").unwrap();
    std::fs::write(
        root.join("features_daily/app=maps/day=2026-11-24/rollup.parquet"),
        b"x",
    )
    .unwrap();
    std::fs::remove_file(root.join("features_daily/app=idle/day=2026-11-24/rollup.parquet"))
        .unwrap();
    assert_eq!(verify(&store).await.unwrap().problems.len(), 3);
    std::fs::remove_file(root.join("_manifests/day=2026-11-24.json")).unwrap();
    assert!(matches!(verify(&store).await, Err(Error::Chain { .. })));
}

#[tokio::test]
async fn a_day_beyond_the_cap_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day(DAY), "maps", 500)).await.unwrap();
    hand.take(&closed(day(DAY).plus(40))).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 1, Policy::small()).await;
    for _ in 0..30 {
        let due = sealer.due().unwrap();
        sealer.seal(due).await.unwrap();
    }
    // One day under a policy that costs more leaves too little for the next one.
    let text = include_str!("../../release/policies/small.toml");
    let text = text
        .replace("rho = [0.018]", "rho = [0.09]")
        .replace("cap_rho = ", "cap_rho = 9");
    sealer.policy = Policy::parse(&text).unwrap().into();
    let due = sealer.due().unwrap();
    sealer.seal(due).await.unwrap();
    sealer.policy = Policy::small().into();
    let before = files(folder.path());
    let refused = sealer.seal(due.next()).await;
    assert!(matches!(refused, Err(Error::Gate { .. })));
    assert_eq!(files(folder.path()), before);
}
