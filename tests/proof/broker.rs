//! A broker that is killed and comes back, and one that has deleted what was not read.

use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_broker::Admin;

use super::publisher::{Publisher, missing, standing};
use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Isolation, alter_topic, own, read, unique_prefix};
use crate::support::process::Stage;
use crate::support::world::{World, is_full, seed};

const MEGABYTE: u64 = 1 << 20;

#[test]
fn a_broker_that_is_killed_and_comes_back_loses_nothing_acknowledged_and_needs_no_hand() {
    let mut kafka = own();
    let world = World::on(kafka.cluster(&unique_prefix("away")), 3, false);
    let enrich = "delete_raw = false\nmix_uploads = 50\nmix_time = \"50ms\"\nmix_longest = \"1s\"\n\
                  transaction_timeout = \"5s\"\n";
    world.settings_with(&world.kafka, enrich, "");
    let processes = [world.enrich("a"), world.enrich("b")];
    let publisher = Publisher::start(&world.kafka);
    let away = if is_full() { [1, 20, 300] } else { [1, 12, 3] };
    sleep(Duration::from_secs(6));
    let memory = |processes: &[Stage]| processes.iter().map(Stage::memory).sum::<u64>();
    let before = memory(&processes);
    let mut highest = before;
    for seconds in away {
        kafka.kill();
        let until = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < until {
            sleep(Duration::from_millis(500));
            highest = highest.max(memory(&processes));
        }
        kafka.launch().unwrap();
        sleep(Duration::from_secs(4));
    }
    let (acknowledged, failed) = publisher.stop();
    world.await_quiet(QUIET);
    highest = highest.max(memory(&processes));
    let lost = missing(&acknowledged, || standing(&world));
    assert!(
        acknowledged.len() > 1_000,
        "{} acknowledged",
        acknowledged.len()
    );
    assert_eq!(lost, [0; 0], "acknowledged, and not there");
    let oracle = world.assert_exact();
    assert!(oracle.accepted() > 1_000);
    let grown = highest.saturating_sub(before) / MEGABYTE;
    assert!(
        grown < 256,
        "two processes grew by {grown} MB while the broker was away"
    );
    println!(
        "{} acknowledged, {failed} given up, away {away:?} s, grown by {grown} MB",
        acknowledged.len()
    );
    for process in processes {
        assert!(process.terminate(STOP).success());
    }
}

#[test]
fn a_stage_that_starts_before_its_broker_says_so_and_goes_on_once_it_is_there() {
    let mut kafka = own();
    let world = World::on(kafka.cluster(&unique_prefix("early")), 2, false);
    let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, "[aggregate]\nroll_time = \"1s\"\n");
    world.feeder(50, seed(60)).some(100);
    kafka.kill();
    let stages = [world.enrich("early"), world.aggregate("early", "")];
    for stage in &stages {
        await_that("it says what it waits for", || {
            let answer = stage.get("readyz");
            answer.starts_with("HTTP/1.1 503") && answer.contains("asking 127.0.0.1:")
        });
    }
    kafka.launch().unwrap();
    world.await_quiet(QUIET);
    world.assert_exact();
    await_that("all has landed", || world.has_landed());
    // One that runs says so when its broker goes, and when it is back.
    kafka.kill();
    let [_, aggregate] = &stages;
    await_that("it is not at work without a broker", || {
        aggregate.get("readyz").starts_with("HTTP/1.1 503")
    });
    kafka.launch().unwrap();
    // Both: a lane that is in the middle of its start may ask for longer than a stop may take.
    for stage in &stages {
        await_that("it is at work again", || {
            stage.get("readyz").starts_with("HTTP/1.1 200")
        });
    }
    // One that finds no broker still ends when it is asked to.
    kafka.kill();
    let waiting = world.enrich("waiting");
    world.await_log("enrich-waiting.log", "can't start yet", QUIET);
    for stage in stages.into_iter().chain([waiting]) {
        assert!(stage.terminate(STOP).success());
    }
}

#[test]
fn what_retention_deleted_before_it_was_counted_is_named_and_never_passed_over() {
    let world = World::new("gap", 1);
    let mut feeder = world.feeder(1_500, seed(108));
    feeder.some(150);
    let first = world.enrich("first");
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let (topic, topics) = (world.kafka.topics().raw(), world.kafka.topics());
    let records = |from: i64, to: i64| {
        let all = read(&world.kafka, &topics.raw(), Isolation::Uncommitted);
        let mut all: Vec<_> = all
            .into_iter()
            .filter(|r| from <= r.offset && r.offset < to)
            .collect();
        all.sort_by_key(|record| record.offset);
        all
    };
    let counted = records(0, i64::MAX);

    // While enrich is away, more comes, and is deleted by its age.
    feeder.some(150);
    let admin = Admin::connect(&world.kafka).unwrap();
    let stood = admin.watermarks(&topic, 0).unwrap().1;
    alter_topic(
        &world.kafka,
        &topic,
        &[("retention.ms", "1"), ("segment.ms", "1")],
    );
    let start = Instant::now();
    let low = loop {
        let (low, _) = admin.watermarks(&topic, 0).unwrap();
        if low > i64::try_from(counted.len()).unwrap() {
            break low;
        }
        // A segment is closed when the next record comes.
        feeder.some(1);
        assert!(start.elapsed() < QUIET, "nothing is deleted");
        sleep(Duration::from_millis(500));
    };
    alter_topic(&world.kafka, &topic, &[("retention.ms", "-1")]);
    sleep(Duration::from_secs(2));
    let low = admin.watermarks(&topic, 0).unwrap().0.max(low);
    assert!(low <= stood + 100);
    feeder.some(40);

    let refusing = world.enrich("refusing");
    let next = counted.len();
    let gap = format!(
        "raw records {next} to {} were deleted before they were counted",
        low - 1
    );
    world.await_log("enrich-refusing.log", &gap, QUIET);
    world.await_log("enrich-refusing.log", "raw_gap", QUIET);
    // It goes on refusing, and takes nothing in.
    sleep(Duration::from_secs(2));
    assert!(refusing.terminate(STOP).success());
    let mut oracle = world.oracle_of(&counted);
    world.assert_exact_as(&oracle);

    let option = format!("--accept-gap=0:{low}");
    let folder = world.folder.path();
    let going_on = Stage::start_as(folder, "enrich", "accepted", &[], &[&option]);
    world.await_quiet(QUIET);
    for record in records(low, i64::MAX) {
        oracle.take(&record);
    }
    world.assert_exact_as(&oracle);
    assert!(going_on.terminate(STOP).success());
    // Once it has gone on there is nothing to be accepted any more; what is left is to say so, on the
    // day into which the gap reached.
    let lost_on = feeder.day;
    let after = world.enrich("after");
    feeder.end_day();
    feeder.end_day();
    world.await_quiet(QUIET);
    assert!(after.terminate(STOP).success());
    let seen = crate::support::oracle::seen(&world.kafka);
    let said = [(lost_on, "raw_lost".to_owned())];
    assert_eq!(seen[&0].incidents, said);
}
