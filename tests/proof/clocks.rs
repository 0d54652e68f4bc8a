//! Clocks that are wrong: the machine's, the broker's, and that of a single record.

use std::thread::sleep;
use std::time::Duration;

use kaiku_raw::Reason;
use kaiku_wire::Day;

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{alter_topic, own_with_clock, unique_prefix};
use crate::support::world::{World, seed};

const DAY: i64 = 86_400_000;

/// How long an idle lane of these tests gets to do what it must not do.
const LONG: Duration = Duration::from_secs(4);

fn live_world(name: &str, kafka: kaiku_broker::Cluster, enrich: &str) -> World {
    let world = World::on(kafka.with_prefix(&unique_prefix(name)), 2, false);
    live_settings(&world, enrich);
    world
}

fn live_settings(world: &World, enrich: &str) {
    let enrich = format!("delete_raw = false\nmix_longest = \"300ms\"\ngrace = \"5s\"\n{enrich}");
    world.settings_with(&world.kafka, &enrich, "");
}

#[test]
fn a_clock_a_day_ahead_closes_no_day_early_and_one_a_day_behind_stops_with_its_reason() {
    let kafka = own_with_clock();
    let world = live_world("clocks", kafka.cluster(""), "");
    let mut feeder = world.feeder(300, seed(1_131));
    feeder.some(200);
    let today = Day::from_millis(chrono::Utc::now().timestamp_millis());
    // Ahead: the lanes think that the day is over, and ask; the broker says that it is not.
    let ahead = world.enrich_failing("ahead", &format!("clock.ahead=return({DAY})"));
    world.await_quiet(QUIET);
    sleep(LONG);
    let oracle = world.assert_exact();
    assert!(
        oracle.partitions.iter().all(|p| p.closed.is_empty()),
        "a day closed early"
    );
    assert!(
        oracle.partitions.iter().all(|p| p.ticks > 0),
        "the broker was asked for the time"
    );
    assert!(ahead.terminate(STOP).success());

    // The broker's clock jumps a day ahead: nothing of it is taken in, and no day closes.
    kafka.set_clock(Duration::from_millis(DAY.unsigned_abs()));
    feeder.some(100);
    let stopped = world.enrich("stopped");
    world.await_log("enrich-stopped.log", "broker_clock_ahead", QUIET);
    sleep(LONG);
    world.assert_exact_as(&oracle);
    assert!(stopped.terminate(STOP).success());

    // The clock is set right again, and the operator says what the records of then shall count as.
    kafka.set_clock(Duration::ZERO);
    live_settings(&world, "clock_ahead = \"open_day\"\n");
    let told = world.enrich("told");
    feeder.some(100);
    world.await_quiet(QUIET);
    // As if those records had come at the end of the day that was open.
    let mut raw = world.raw();
    for record in &mut raw {
        let of_open_day = today.next().start_millis() - 1;
        record.timestamp = record.timestamp.map(|millis| millis.min(of_open_day));
    }
    world.assert_exact_as(&world.oracle_of(&raw));
    assert!(told.terminate(STOP).success());
}

#[test]
fn a_record_that_is_stamped_2100_is_rejected_and_closes_nothing() {
    let world = World::new("stamped", 2);
    // A broker that takes any time that a producer gives.
    let any = [
        ("message.timestamp.type", "CreateTime"),
        ("message.timestamp.after.max.ms", "9223372036854775807"),
    ];
    alter_topic(&world.kafka, &world.kafka.topics().raw(), &any);
    let mut feeder = world.feeder(300, seed(1_132));
    feeder.some(100);
    let far = Day::from_ymd(2100, 1, 1).unwrap();
    let stamped = feeder.batches(30);
    let (first, others) = stamped.split_first().unwrap();
    await_that("the broker goes by what it was told", || {
        let sent = feeder.sender.upload(first, far.start_millis());
        sent.and_then(|_| feeder.sender.flush()).is_ok()
    });
    for upload in others {
        feeder.sender.upload(upload, far.start_millis()).unwrap();
    }
    feeder.some(100);
    let process = world.enrich("a");
    world.await_quiet(QUIET);
    feeder.end_day();
    world.await_quiet(QUIET);
    // To the oracle the time of such a record is a reason to refuse it.
    let now = chrono::Utc::now().timestamp_millis();
    let oracle = world.oracle_until(now);
    world.assert_exact_as(&oracle);
    let rejected: u64 = oracle
        .partitions
        .iter()
        .filter_map(|partition| {
            partition
                .truth
                .totals()
                .rejected
                .get(&Reason::FutureTimestamp)
        })
        .sum();
    assert_eq!(rejected, 30);
    assert!(process.terminate(STOP).success());
}
