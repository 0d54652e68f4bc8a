//! State that is older, newer, incomplete or gone, and topics that have changed under it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use kaiku_broker::Admin;

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Isolation, add_partitions, apache, delete_group, read, set_offset};
use crate::support::process::Stage;
use crate::support::world::{World, seed};

/// The formats of the chunks of the state, by their first byte.
fn formats(world: &World, month: kaiku_wire::Month) -> Vec<u8> {
    let topic = world.kafka.topics().state(month);
    let mut newest = std::collections::BTreeMap::new();
    for record in read(&world.kafka, &topic, Isolation::Committed) {
        let place = (record.partition, record.key.unwrap());
        if place.1.len() == 8 {
            newest.insert(place, record.value);
        }
    }
    let mut formats: Vec<u8> = newest
        .into_values()
        .flatten()
        .map(|value| value[0])
        .collect();
    formats.sort_unstable();
    formats.dedup();
    formats
}

#[test]
fn a_partition_that_this_version_has_written_is_refused_by_the_one_before_and_counts_once() {
    let world = World::new("formats", 4);
    let mut feeder = world.feeder(1_500, seed(114));
    let (a, b) = (world.enrich("a"), world.enrich("b"));
    feeder.some(400);
    world.await_quiet(QUIET);
    assert_eq!(formats(&world, feeder.day.month()), [5]);
    // A rolling restart that goes the wrong way: what comes to the older one stands still.
    assert!(b.terminate(STOP).success());
    let old = world.enrich_failing("old", "state.newest_format=return(4)");
    world.await_log("enrich-old.log", "run the version that wrote it", QUIET);
    world.await_log("enrich-old.log", "state_unreadable", QUIET);
    feeder.some(300);
    assert!(old.terminate(STOP).success());
    let b = world.enrich("b-again");
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(a.terminate(STOP).success() && b.terminate(STOP).success());
}

/// How many chunks of the state are deleted, and how many stand.
fn chunks(world: &World, month: kaiku_wire::Month) -> [usize; 2] {
    let topic = world.kafka.topics().state(month);
    let mut newest = std::collections::BTreeMap::new();
    for record in read(&world.kafka, &topic, Isolation::Committed) {
        let place = (record.partition, record.key.unwrap());
        if place.1.len() == 8 {
            newest.insert(place, record.value.is_some());
        }
    }
    let stand = newest.values().filter(|stands| **stands).count();
    [newest.len() - stand, stand]
}

#[test]
fn a_log_that_becomes_long_is_written_anew_and_what_stood_before_is_deleted_whoever_is_killed() {
    let world = World::new("long-log", 2);
    let mut feeder = world.feeder(300, seed(119));
    for life in 0..6 {
        let process = world.enrich(&format!("life-{life}"));
        feeder.some(200);
        world.await_quiet(QUIET);
        feeder.end_day();
        process.kill();
    }
    let last = world.enrich("last");
    world.await_quiet(QUIET);
    let month = feeder.day.month();
    await_that("what stood before is deleted, though nothing comes", || {
        let [deleted, stand] = chunks(&world, month);
        deleted > stand && stand > 0
    });
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(last.terminate(STOP).success());
}

#[test]
fn partitions_that_are_added_are_refused_and_nothing_is_counted_twice() {
    let world = World::new("partitions", 2);
    let mut feeder = world.feeder(500, seed(115));
    let running = world.enrich("running");
    feeder.some(200);
    world.await_quiet(QUIET);
    let before = world.assert_exact();
    add_partitions(&world.kafka, &world.kafka.topics().raw(), 3);
    sleep(Duration::from_secs(1));
    // Whoever publishes now spreads the devices otherwise.
    let mut feeder = {
        let mut moved = crate::support::world::Feeder::new(
            &world.kafka,
            kaiku_fleet::FleetConfig {
                devices: 500,
                seed: 115,
                partitions: 3,
                ..kaiku_fleet::FleetConfig::default()
            },
        );
        moved.some(400);
        feeder.some(0);
        moved
    };
    // The process that runs notices at the first record that lies where it does not belong.
    world.await_log("enrich-running.log", "reason=\"partitions\"", QUIET);
    assert!(running.terminate(STOP).success());
    feeder.some(10);
    let mut again = world.enrich("again");
    world.await_log("enrich-again.log", "make a new set of topics", QUIET);
    let status = again.await_end(QUIET).unwrap();
    assert!(!status.success(), "it says what is wrong, and ends");
    // What was counted of it by then is no more than what a fold of two partitions counts.
    let seen = crate::support::oracle::seen(&world.kafka);
    let events: u64 = (0..2).map(|partition| seen[&partition].events).sum();
    assert!(!seen.contains_key(&2), "the new partition is not touched");
    let most = world.oracle_within(2).accepted();
    assert!(
        before.accepted() <= events && events <= most,
        "{events} of {most}"
    );
}

#[test]
fn group_offsets_that_expired_are_taken_from_the_state() {
    let world = World::new("expired", 2);
    let mut feeder = world.feeder(500, seed(116));
    let first = world.enrich("first");
    feeder.some(200);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    feeder.some(200);
    delete_group(&world.kafka, &world.group);
    let second = world.enrich("second");
    world.await_quiet(QUIET);
    world.await_log(
        "enrich-second.log",
        "the group's offsets have expired",
        QUIET,
    );
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(second.terminate(STOP).success());
}

#[test]
fn a_state_topic_that_was_deleted_is_refused_until_somebody_accepts_it() {
    let world = World::new("lost-state", 1);
    let mut feeder = world.feeder(400, seed(117));
    let first = world.enrich("first");
    feeder.some(200);
    feeder.next_day();
    feeder.some(100);
    world.await_quiet(QUIET);
    let before = world.assert_exact();
    let counted = world.raw();
    assert!(first.terminate(STOP).success());
    let topic = world.kafka.topics().state(feeder.day.month());
    Admin::connect(&world.kafka)
        .unwrap()
        .delete_topic(&topic)
        .unwrap();
    feeder.some(50);
    let refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "there is no state for it", QUIET);
    world.await_log(
        "enrich-refusing.log",
        &format!("--accept-lost-state 0:{}", counted.len()),
        QUIET,
    );
    assert!(refusing.terminate(STOP).success());
    world.assert_exact_without_state(&before);
    // Accepted: it goes on where it was, on the day that was open, on which nothing counts any more.
    let option = format!("--accept-lost-state=0:{}", counted.len());
    let accepted = Stage::start_as(world.folder.path(), "enrich", "accepted", &[], &[&option]);
    feeder.some(50);
    world.await_quiet(QUIET);
    assert!(accepted.terminate(STOP).success());
    // From then on it is a partition like any other, and remembers.
    let after = world.enrich("after");
    let lost_on = feeder.day;
    for _ in 0..9 {
        feeder.some(50);
        feeder.end_day();
    }
    world.await_quiet(QUIET);
    assert!(after.terminate(STOP).success());
    let mut oracle = world.oracle_of(&counted);
    oracle.lose_state(0);
    world.raw()[counted.len()..]
        .iter()
        .for_each(|record| oracle.take(record));
    world.assert_exact_as(&oracle);
    let seen = crate::support::oracle::seen(&world.kafka);
    let said = [(lost_on, "state_lost".to_owned())];
    assert_eq!(seen[&0].incidents, said);
}

#[test]
fn an_offset_that_was_moved_by_hand_is_refused_until_it_is_moved_back() {
    let world = World::new("moved", 1);
    let mut feeder = world.feeder(500, seed(118));
    let first = world.enrich("first");
    feeder.some(200);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let before = world.assert_exact();
    let stood = i64::try_from(before.partitions[0].records).unwrap();
    for (number, wrong) in [stood - 120, 0, stood + 30].into_iter().enumerate() {
        feeder.some(20);
        set_offset(&world.kafka, &world.group, 0, wrong);
        let name = format!("wrong-{number}");
        let refusing = world.enrich(&name);
        let log = format!("enrich-{name}.log");
        world.await_log(&log, "reason=\"offset_moved\"", QUIET);
        let both = format!("offset {wrong} is committed, but its state stands at {stood}");
        world.await_log(&log, &both, QUIET);
        assert!(refusing.terminate(STOP).success());
        world.assert_exact_without_state(&before);
    }
    set_offset(&world.kafka, &world.group, 0, stood);
    let again = world.enrich("again");
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(again.terminate(STOP).success());
}

/// How the batches of a partition's log are compressed, by Kafka's numbers: 0 is not at all, 3 is LZ4.
fn compressions(log: &Path) -> BTreeSet<u16> {
    let mut found = BTreeSet::new();
    for file in fs::read_dir(log).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "log") {
            continue;
        }
        // Base offset (8 bytes), length of what follows (4), leader epoch (4), magic (1), checksum (4), attributes.
        let bytes = fs::read(path).unwrap();
        let mut rest = &bytes[..];
        while rest.len() > 23 {
            let length = u32::from_be_bytes(rest[8..12].try_into().unwrap());
            let attributes = u16::from_be_bytes(rest[21..23].try_into().unwrap());
            // A batch that marks the end of a transaction is nobody's to compress.
            if attributes & 0x20 == 0 {
                found.insert(attributes & 7);
            }
            rest = rest.get(12 + length as usize..).unwrap_or_default();
        }
    }
    found
}

#[test]
fn what_a_lane_writes_goes_uncompressed() {
    let world = World::new("uncompressed", 1);
    let process = world.enrich("a");
    let mut feeder = world.feeder(300, seed(107));
    feeder.some(200);
    world.await_quiet(QUIET);
    assert!(process.terminate(STOP).success());
    let topics = world.kafka.topics();
    let months = Admin::connect(&world.kafka).unwrap().months().unwrap();
    let states = months.into_iter().map(|month| topics.state(month));
    let written = states.chain([topics.stripped()]);
    let found = written.map(|topic| compressions(&apache().log_of(&topic, 0)));
    let plain = BTreeSet::from([0]);
    assert!(found.into_iter().all(|of_topic| of_topic == plain));
}
