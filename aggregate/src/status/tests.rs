//! Tests of what the stores say, without Kafka.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::*;
use crate::testing::{Hand, closed, day, files, fleet, land_day, log, sealer};

const MONDAY: &str = "2026-11-23";

fn config(folder: &Path) -> Config {
    let place = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    Config {
        landing: place("landing"),
        rollups: place("rollups"),
        ..Config::default()
    }
}

/// The stores of two partitions as their stage binds them.
async fn bound(folder: &Path) -> Source {
    let source = Source {
        topic: "events.stripped".to_owned(),
        topic_id: None,
        partitions: 2,
    };
    let store = Landing::open(&config(folder).landing, None).unwrap();
    source.bind(&store).await.unwrap();
    source
}

#[test]
fn stores_that_are_not_there_are_said_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let found = status(&config(folder.path()), None, 0).unwrap();
    assert_eq!((found.unread.len(), found.wrong.len()), (2, 0));
    assert!(found.unread[0].contains("aggregate.landing"), "{found:?}");
    assert!(found.unread[1].contains("aggregate.rollups"), "{found:?}");
    assert!(found.days.is_none());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_days_are_those_of_the_logs_and_of_the_chain() {
    let folder = tempfile::tempdir().unwrap();
    let monday = day(MONDAY);
    for number in 0..2 {
        for partition in 0..2 {
            land_day(folder.path(), partition, monday.plus(number)).await;
        }
    }
    let behind = log(folder.path(), 1).await;
    let mut hand = Hand::new(&behind);
    hand.take(&fleet(monday.plus(2), "maps", 3)).await.unwrap();
    hand.take(&closed(monday.plus(2))).await.unwrap();
    hand.roll().await;
    let mut sealer = sealer(folder.path(), 2, Policy::small()).await;
    let look_at = |chain: &Chain, logs: &BTreeMap<i32, Looked>| {
        let closed = logs.values().map(|log| log.closed).min().flatten();
        let now = monday.plus(3).start_millis() + 7_200_000;
        days(
            chain,
            &Policy::small(),
            closed,
            logs,
            Duration::from_secs(3600),
            now,
        )
    };
    let mut logs = BTreeMap::new();
    for partition in 0..2 {
        let looked = look(&sealer.landing, &sealer.source, partition, true).await;
        logs.insert(partition, looked.unwrap());
    }
    let before = look_at(&sealer.chain, &logs);
    assert_eq!(before.next, Some(Period::Day(monday)));
    assert!(before.is_closed && needs_counts(&sealer.chain, &Policy::small()));
    assert_eq!((before.last_day, before.open_days), (None, 4));
    for number in 0..2 {
        sealer.seal(Period::Day(monday.plus(number))).await.unwrap();
    }
    let after = look_at(&sealer.chain, &logs);
    assert_eq!(
        (after.began, after.last_day),
        (Some(monday), Some(monday.next()))
    );
    // The first partition has not closed it.
    assert_eq!(
        (after.next, after.is_closed),
        (Some(Period::Day(monday.plus(2))), false)
    );
    assert_eq!((after.open_days, after.overdue), (2, 3_600_000));
    assert_eq!((after.last_week, after.publishes), (None, (true, true)));
}

#[test]
fn without_kafka_the_store_says_which_partitions_there_are_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let source = runtime.block_on(bound(folder.path()));
    std::fs::create_dir(folder.path().join("rollups")).unwrap();
    let before = files(folder.path());
    let found = status(&config(folder.path()), None, 0).unwrap();
    assert_eq!((found.unread.len(), found.wrong.len()), (0, 0), "{found:?}");
    let partitions = &found.landing.partitions;
    assert_eq!(
        partitions.len(),
        usize::try_from(source.partitions).unwrap()
    );
    assert!(
        partitions
            .iter()
            .all(|one| one.end == Some(0) && one.lag().is_none())
    );
    let days = found.days.unwrap();
    assert_eq!((days.next, days.open_days), (None, 0));
    assert_eq!(files(folder.path()), before);
}
