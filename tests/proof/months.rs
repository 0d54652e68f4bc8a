//! A month's key is made once, and the turn of a month counts no device twice.

use std::collections::BTreeSet;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_wire::Day;

use super::{QUIET, STOP};
use crate::support::kafka::{Isolation, alter_topic, read};
use crate::support::world::{World, seed};

/// Where the records of a topic stand, by partition and offset.
fn standing(world: &World, topic: &str) -> BTreeSet<(i32, i64)> {
    let records = read(&world.kafka, topic, Isolation::Committed);
    let places = records.iter().map(|one| (one.partition, one.offset));
    places.collect()
}

#[test]
fn two_processes_that_make_a_month_s_key_at_once_make_one_and_compaction_keeps_it() {
    let world = World::new("keys", 4);
    let mut feeder = world.feeder(600, seed(112));
    feeder.some(300);
    let race = "keys.fenced=sleep(700)";
    let processes = [
        world.enrich_failing("a", race),
        world.enrich_failing("b", race),
    ];
    world.await_quiet(QUIET);
    // Over the turn of the month, where both need a key at the same time again.
    feeder.skip_to(Day::from_ymd(2026, 10, 31).unwrap());
    feeder.some(400);
    feeder.next_day();
    feeder.some(400);
    world.await_quiet(QUIET);
    for process in processes {
        assert!(process.terminate(STOP).success());
    }
    // One key each, or the state could not be opened.
    world.assert_exact();

    let keys = world.kafka.topics().keys();
    let state = world.kafka.topics().state(feeder.day.month());
    let before = standing(&world, &state);
    for topic in [&keys, &state] {
        let compact = [
            (
                "cleanup.policy",
                if *topic == keys {
                    "compact,delete"
                } else {
                    "compact"
                },
            ),
            ("segment.ms", "100"),
            ("min.cleanable.dirty.ratio", "0.001"),
            ("retention.ms", "-1"),
        ];
        alter_topic(&world.kafka, topic, &compact);
    }
    let start = Instant::now();
    loop {
        // A segment can be compacted once another has begun.
        feeder.end_day();
        let process = world.enrich("compacting");
        world.await_quiet(QUIET);
        assert!(process.terminate(STOP).success());
        // Each day writes its devices anew: what stood before is superseded, and goes.
        let now = standing(&world, &state);
        let gone = before.difference(&now).count();
        if gone > 0 {
            println!(
                "{gone} of {} records of the state are compacted away",
                before.len()
            );
            break;
        }
        assert!(start.elapsed() < QUIET, "nothing is compacted");
        // The days must not run past today's: the broker takes no time of the future.
        sleep(Duration::from_secs(4));
    }
    let again = world.enrich("again");
    feeder.some(200);
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(again.terminate(STOP).success());
}

#[test]
fn timestamps_that_go_back_over_the_turn_of_a_month_count_no_device_twice() {
    let world = World::new("turn", 3);
    let mut feeder = world.feeder(800, seed(113));
    let mut process = world.enrich("first");
    feeder.skip_to(Day::from_ymd(2026, 10, 30).unwrap());
    for life in 0..5 {
        feeder.some(300);
        // Uploads that a slow clock has stamped with the days before, the old month among them.
        let (batches, day) = (feeder.batches(150), feeder.day);
        for (number, upload) in (0..).zip(&batches) {
            let back = (number % 4) * 86_400_000;
            let stamp = day.start_millis() - back;
            feeder.sender.upload_on(upload, day, stamp).unwrap();
        }
        feeder.sender.flush().unwrap();
        if life % 2 == 0 {
            process.kill();
            process = world.enrich(&format!("life-{life}"));
        }
        feeder.end_day();
    }
    feeder.some(200);
    world.await_quiet(QUIET);
    let oracle = world.assert_exact();
    assert!(oracle.partitions.iter().all(|partition| {
        partition
            .closed
            .contains(&Day::from_ymd(2026, 10, 31).unwrap())
    }));
    assert!(process.terminate(STOP).success());
}
