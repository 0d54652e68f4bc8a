//! Tests of the landing log, from records to entries.
#![allow(clippy::unwrap_used)]

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use kaiku_wire::{Incident, Mark};

use super::lane::{Failure, Took};
use super::marginals::{COUNTS, DIMENSIONS, SCHEMA, TABLE};
use super::{Appended, Log, Source, counts_of};
use crate::Error;
use crate::testing::{
    Hand, closed, closed_after, day, events, events_under, files, fleet, landing, log, pair, used,
};

async fn counts(log: &Log, folder: &std::path::Path, of: &str) -> RecordBatch {
    let entries = log.within(day(of), day(of));
    assert_eq!(entries.len(), 1);
    let mut counts = counts_of(&landing(folder), &entries[0]).await.unwrap();
    assert_eq!(counts.len(), 1);
    counts.remove(0)
}

/// The cells of one table, as `dimensions: counts`.
fn cells(batch: &RecordBatch, table: &str) -> Vec<String> {
    let text = |name, row| {
        let column = batch.column_by_name(name).unwrap();
        column.as_string::<i32>().value(row).to_owned()
    };
    let number = |name, row| {
        let column = batch.column_by_name(name).unwrap();
        column.as_primitive::<Int64Type>().value(row)
    };
    let rows = (0..batch.num_rows()).filter(|row| text(TABLE, *row) == table);
    let shown = rows.map(|row| {
        let dimensions = DIMENSIONS.map(|name| text(name, row)).join(" ");
        let counts = COUNTS.map(|name| number(name, row).to_string());
        format!("{}: {}", dimensions.trim_end(), counts.join(" "))
    });
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    shown
}

#[tokio::test]
async fn what_lands_are_the_cells_of_each_table_and_no_joint_record() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 3).await;
    let mut hand = Hand::new(&log);
    let today = day("2026-11-24");
    let marks = [Mark::FirstItemDay, Mark::FirstAppWeek];
    let twice = used("maps", "route.bicycle", &marks);
    let unmarked = used("maps", "share", &[]);
    let record = events(today, vec![twice.clone(), unmarked, twice]);
    assert_eq!(hand.take(&record).await.unwrap(), Took::Nothing);
    hand.take(&pair(today, "maps", "route.bicycle", "share"))
        .await
        .unwrap();
    assert_eq!(hand.take(&closed(today)).await.unwrap(), Took::DayClosed);
    assert_eq!(hand.lane.take_events(), 3);
    assert_eq!(hand.roll().await, Appended::Ours);
    let counts = counts(&log, folder.path(), "2026-11-24").await;
    assert_eq!(counts.schema().fields(), SCHEMA.fields());
    let of = |table| cells(&counts, table);
    assert_eq!(of("features_daily"), ["maps route.bicycle: 2 0 0"]);
    assert_eq!(of("activity_weekly"), ["maps: 2 0 0"]);
    assert_eq!(of("countries_weekly"), ["maps FI: 2 0 0"]);
    assert_eq!(of("models_weekly"), ["maps Nokia TA-1053: 2 0 0"]);
    assert_eq!(
        of("feature_pairs_weekly"),
        ["maps route.bicycle share: 1 0 0"]
    );
    assert_eq!(of("activity_daily"), Vec::<String>::new());
    assert_eq!(log.closed(), Some(today));
    assert_eq!(log.next(), (2, 3));
}

#[tokio::test]
async fn many_records_lose_nothing_on_the_way_through_the_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    let today = day("2026-11-24");
    for _ in 0..700 {
        hand.take(&fleet(today, "maps", 3)).await.unwrap();
        hand.take(&pair(today, "maps", "a", "b")).await.unwrap();
    }
    hand.roll().await;
    let counts = counts(&log, folder.path(), "2026-11-24").await;
    assert_eq!(cells(&counts, "activity_daily"), ["maps: 2100 0 0"]);
    assert_eq!(
        cells(&counts, "feature_pairs_weekly"),
        ["maps a b: 700 0 0"]
    );
}

#[tokio::test]
async fn an_entry_says_under_which_bounds_and_definitions_its_cells_were_made() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    let today = day("2026-11-24");
    for version in [2, 1, 2] {
        let event = used("maps", "share", &[Mark::FirstItemDay]);
        let record = events_under(version, today, vec![event]);
        hand.take(&record).await.unwrap();
    }
    hand.roll().await;
    let entry = log.within(today, today).remove(0);
    assert_eq!(entry.bounds, [1, 2]);
    let policy = kaiku_release::Policy::small();
    let definitions = policy.tables().iter();
    let definitions = definitions.map(|table| (table.name().to_owned(), table.definition()));
    assert_eq!(entry.definitions, definitions.collect());
}

#[tokio::test]
async fn what_happened_is_kept_for_every_day_that_it_may_concern() {
    let folder = tempfile::tempdir().unwrap();
    let log_one = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log_one);
    hand.take(&closed(day("2026-11-22"))).await.unwrap();
    let lost = closed_after(day("2026-11-24"), &[Incident::StateLost]);
    hand.take(&lost).await.unwrap();
    hand.roll().await;
    let read = log(folder.path(), 0).await;
    for (of, count) in [("2026-11-22", 0), ("2026-11-23", 1), ("2026-11-24", 1)] {
        assert_eq!(read.within(day(of), day(of)).len(), count, "{of}");
    }
    let entry = read.within(day("2026-11-24"), day("2026-11-24")).remove(0);
    let days: Vec<_> = entry.incidents.iter().map(|one| one.day).collect();
    assert_eq!(days, [day("2026-11-23"), day("2026-11-24")]);
}

#[tokio::test]
async fn behind_lost_records_every_day_that_they_may_have_been_of_says_so() {
    let lost = |entry: &super::Entry| -> Vec<String> {
        let of = entry.incidents.iter();
        let lost = of.filter(|one| one.incident == Incident::StrippedLost);
        lost.map(|one| one.day.to_string()).collect()
    };
    // What is closed, what is sealed, and the first day that may be concerned.
    for (closed_day, sealed, first) in [
        (Some("2026-11-21"), None, "2026-11-22"),
        (None, Some("2026-11-23"), "2026-11-23"),
        (None, None, "2026-11-24"),
        // The folder was lost while the days of its week were sealed already.
        (None, Some("2026-11-26"), "2026-11-24"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let log = log(folder.path(), 0).await;
        let mut hand = Hand::new(&log);
        if let Some(of) = closed_day {
            hand.take(&closed(day(of))).await.unwrap();
            hand.roll().await;
        }
        let stood = log.next().1;
        hand.lane.skip_to(stood + 7, sealed.map(day));
        hand.take(&fleet(day("2026-11-24"), "maps", 2))
            .await
            .unwrap();
        hand.roll().await;
        let entry = log.within(day("2026-11-24"), day("2026-11-24")).remove(0);
        assert_eq!((entry.start, entry.end), (stood, stood + 8));
        let lost = lost(&entry);
        assert_eq!(lost[0], first);
        let last = sealed.filter(|sealed| *sealed > "2026-11-24");
        assert_eq!(lost.last().unwrap(), last.unwrap_or("2026-11-24"));
        assert!(entry.days.contains(&day(first)));
        // Once it is said, it is not said again.
        hand.take(&fleet(day("2026-11-25"), "maps", 2))
            .await
            .unwrap();
        let (entry, _) = hand.lane.close().await.unwrap();
        assert_eq!(entry.incidents, []);
    }
}

#[tokio::test]
async fn an_entry_tells_its_last_record_from_another_and_one_of_the_version_before_tells_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let log_one = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log_one);
    let (first, last) = (
        fleet(day("2026-11-24"), "maps", 2),
        fleet(day("2026-11-24"), "maps", 3),
    );
    hand.take(&first).await.unwrap();
    hand.take(&last).await.unwrap();
    hand.roll().await;
    let known = super::entry::Last::of(1, &last);
    assert_eq!(hand.lane.last(), Some(known));
    assert_ne!(super::entry::Last::of(1, &first), known);
    let path = folder.path().join("landing/partition=0/0000000001.json");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut entry: serde_json::Value = serde_json::from_str(&text).unwrap();
    entry["format"] = 2.into();
    entry.as_object_mut().unwrap().remove("last");
    std::fs::write(&path, entry.to_string()).unwrap();
    let read = log(folder.path(), 0).await;
    assert_eq!(read.next(), (2, 2));
    assert_eq!(Hand::new(&read).lane.last(), None);
}

#[tokio::test]
async fn counts_that_a_listing_did_not_show_are_found_again_and_not_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (before, today) = (log(folder.path(), 0).await, day("2026-11-24"));
    let mut hand = Hand::new(&before);
    hand.take(&fleet(today, "maps", 2)).await.unwrap();
    hand.roll().await;
    let named = before.within(today, today).remove(0).data_path().unwrap();
    let path = folder.path().join("landing").join(named.as_ref());
    let hidden = path.with_extension("hidden");
    std::fs::rename(&path, &hidden).unwrap();
    let opened = log(folder.path(), 0).await;
    std::fs::rename(&hidden, &path).unwrap();
    opened.empty(|_| false).await.unwrap();
    assert!(path.exists());
    assert_eq!(opened.within(today, today).len(), 1);
}

#[tokio::test]
async fn a_landing_store_is_bound_to_its_topic() {
    let folder = tempfile::tempdir().unwrap();
    let store = landing(folder.path());
    let source = Source {
        topic: "events.stripped".to_owned(),
        topic_id: Some("00ff".to_owned()),
        partitions: 4,
    };
    source.bind(&store).await.unwrap();
    source.bind(&store).await.unwrap();
    let mut others = [source.clone(), source.clone(), source.clone()];
    others[0].topic = "b-events.stripped".to_owned();
    others[1].topic_id = Some("01ff".to_owned());
    others[2].partitions = 8;
    for other in others {
        let refused = other.bind(&store).await.unwrap_err();
        assert!(matches!(refused, Error::Source { .. }), "{refused}");
        assert_ne!(other.id(), source.id());
    }
}

#[tokio::test]
async fn an_entry_of_another_topic_stops_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let today = day("2026-11-24");
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(today, "maps", 2)).await.unwrap();
    hand.roll().await;
    let opened = Log::open(landing(folder.path()), "another".to_owned(), 0).await;
    assert!(matches!(opened, Err(Error::Log { partition: 0, .. })));
}

#[tokio::test]
async fn who_loses_the_race_adopts_the_winner_and_goes_on_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (log(folder.path(), 0).await, log(folder.path(), 0).await);
    let (mut winner, mut loser) = (Hand::new(&one), Hand::new(&other));
    let today = day("2026-11-24");
    for hand in [&mut winner, &mut loser] {
        hand.take(&fleet(today, "maps", 2)).await.unwrap();
    }
    loser.take(&fleet(today, "maps", 5)).await.unwrap();
    assert_eq!(winner.roll().await, Appended::Ours);
    let Appended::Theirs(theirs) = loser.roll().await else {
        panic!("both have won")
    };
    assert_eq!((theirs.start, theirs.end), (0, 1));
    assert_eq!(loser.lane.position(), 1);
    loser.take(&fleet(today, "maps", 5)).await.unwrap();
    assert_eq!(loser.roll().await, Appended::Ours);
    // The objects of two entries, and nothing of the one that lost.
    assert_eq!(files(&folder.path().join("landing")).len(), 4);
    let read = log(folder.path(), 0).await;
    assert_eq!(read.next(), (3, 2));
}

#[tokio::test]
async fn an_entry_that_was_put_with_an_unknown_outcome_is_put_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day("2026-11-24"), "maps", 2))
        .await
        .unwrap();
    let (entry, data) = hand.lane.close().await.unwrap();
    assert_eq!(
        log.append(&entry, data.clone()).await.unwrap(),
        Appended::Ours
    );
    assert_eq!(log.append(&entry, data).await.unwrap(), Appended::Ours);
    assert_eq!(log.next(), (2, 1));
}

#[tokio::test]
async fn a_slow_writer_cannot_put_an_old_range_back() {
    let folder = tempfile::tempdir().unwrap();
    let (one, slow) = (log(folder.path(), 0).await, log(folder.path(), 0).await);
    let mut slow = Hand::new(&slow);
    slow.take(&fleet(day("2026-11-24"), "maps", 9))
        .await
        .unwrap();
    let mut hand = Hand::new(&one);
    hand.take(&fleet(day("2026-11-24"), "maps", 2))
        .await
        .unwrap();
    hand.roll().await;
    assert_eq!(one.empty(|_| true).await.unwrap(), 1);
    assert!(one.within(day("2026-11-24"), day("2026-11-24")).is_empty());
    assert!(matches!(slow.roll().await, Appended::Theirs(_)));
    // Only the entry stands, with its range.
    let left = files(&folder.path().join("landing"));
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        ["partition=0/0000000001.json"]
    );
    assert_eq!(log(folder.path(), 0).await.next(), (2, 1));
}

#[tokio::test]
async fn what_an_open_day_needs_is_kept_and_tells_how_far_records_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    for text in ["2026-11-23", "2026-11-24", "2026-11-25"] {
        hand.take(&fleet(day(text), "maps", 2)).await.unwrap();
        hand.take(&closed(day(text))).await.unwrap();
        hand.roll().await;
    }
    let needed = log.empty(|of| of < day("2026-11-24")).await.unwrap();
    assert_eq!(needed, 2);
    assert!(log.within(day("2026-11-23"), day("2026-11-23")).is_empty());
    assert_eq!(log.within(day("2026-11-24"), day("2026-11-24")).len(), 1);
    assert_eq!(log.first_day(), Some(day("2026-11-24")));
}

#[tokio::test]
async fn an_object_that_is_named_by_no_entry_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let log_one = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log_one);
    hand.take(&fleet(day("2026-11-24"), "maps", 2))
        .await
        .unwrap();
    hand.roll().await;
    let stray = folder
        .path()
        .join("landing/partition=0/0000000001-0123456789abcdef.parquet");
    std::fs::write(&stray, b"of a writer that lost").unwrap();
    log(folder.path(), 0).await;
    assert!(!stray.exists());
    assert_eq!(files(&folder.path().join("landing")).len(), 2);
}

#[tokio::test]
async fn a_log_with_a_missing_entry_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log_one = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log_one);
    for _ in 0..3 {
        hand.take(&fleet(day("2026-11-24"), "maps", 2))
            .await
            .unwrap();
        hand.roll().await;
    }
    std::fs::remove_file(folder.path().join("landing/partition=0/0000000002.json")).unwrap();
    let opened = Log::open(landing(folder.path()), log_one.source().to_owned(), 0).await;
    assert!(matches!(opened, Err(Error::Log { partition: 0, .. })));
}

#[tokio::test]
async fn counts_that_were_altered_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day("2026-11-24"), "maps", 2))
        .await
        .unwrap();
    hand.roll().await;
    let entry = log.within(day("2026-11-24"), day("2026-11-24")).remove(0);
    let path = folder
        .path()
        .join("landing")
        .join(entry.data_path().unwrap().as_ref());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let read = counts_of(&landing(folder.path()), &entry).await;
    assert!(matches!(read, Err(Error::Altered { .. })));
}

#[tokio::test]
async fn a_record_that_is_cut_or_too_long_stops_the_partition() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let record = fleet(day("2026-11-24"), "maps", 2);
    let mut long = record.clone();
    long.push(0);
    let twice = [record.clone(), record.clone()].concat();
    let cut = (0..record.len()).map(|length| record[..length].to_vec());
    for wrong in cut.chain([long, twice, b"\xC3\x01".to_vec()]) {
        let mut hand = Hand::new(&log);
        hand.take(&record).await.unwrap();
        let failure = hand.take(&wrong).await;
        let stopped = matches!(failure, Err(Failure::Stop(Error::Decode { offset: 1, .. })));
        assert!(stopped, "{} bytes: {failure:?}", wrong.len());
    }
    let mut unknown = record;
    unknown[4] ^= 1;
    let failure = Hand::new(&log).take(&unknown).await;
    assert!(matches!(
        failure,
        Err(Failure::Stop(Error::UnknownSchema { .. }))
    ));
}

#[tokio::test]
async fn an_event_of_a_closed_day_stops_the_partition() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log);
    hand.take(&closed(day("2026-11-24"))).await.unwrap();
    hand.take(&fleet(day("2026-11-24"), "maps", 2))
        .await
        .unwrap();
    let failure = hand.lane.settle().await;
    assert!(matches!(failure, Err(Error::ClosedDay { .. })));
}

#[tokio::test]
async fn marks_of_closed_days_alone_make_an_entry_without_counts() {
    let folder = tempfile::tempdir().unwrap();
    let log_one = log(folder.path(), 0).await;
    let mut hand = Hand::new(&log_one);
    hand.take(&closed(day("2026-11-24"))).await.unwrap();
    hand.roll().await;
    assert_eq!(files(&folder.path().join("landing")).len(), 1);
    assert_eq!(
        log(folder.path(), 0).await.closed(),
        Some(day("2026-11-24"))
    );
}
