//! Processes that come and go.

use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{QUIET, STOP, await_that};
use crate::support::process::Stage;
use crate::support::watch::OffsetWatch;
use crate::support::world::{World, is_full, seed};

#[test]
fn one_process_or_three_and_back_every_two_seconds_and_every_event_counts_once() {
    let world = World::new("members", 6);
    let watch = OffsetWatch::over(&world.kafka, &world.group, 6);
    let mut feeder = world.feeder(if is_full() { 12_000 } else { 3_000 }, seed(106));
    let steady = world.enrich("steady");
    let time = Duration::from_secs(if is_full() { 300 } else { 24 });
    let start = Instant::now();
    let mut more: Vec<Stage> = Vec::new();
    let mut changes = 0;
    while start.elapsed() < time {
        let until = Instant::now() + Duration::from_secs(2);
        if more.is_empty() {
            more.push(world.enrich("second"));
            more.push(world.enrich("third"));
        } else {
            for process in more.drain(..) {
                assert!(process.terminate(STOP).success());
            }
        }
        changes += 1;
        while Instant::now() < until {
            feeder.some(100);
            sleep(Duration::from_millis(50));
        }
        if feeder.left() < 500 {
            feeder.end_day();
        }
    }
    drop(more);
    feeder.end_day();
    world.await_quiet(QUIET);
    watch.assert_never_back();
    world.assert_exact();
    println!("{changes} changes");
    assert!(steady.terminate(STOP).success());
}

#[test]
fn a_partition_that_comes_back_as_it_was_is_gone_on_with_from_memory() {
    let world = World::new("kept", 1);
    let mut feeder = world.feeder(300, seed(1_456));
    feeder.some(200);
    let first = world.enrich("first");
    world.await_quiet(QUIET);
    // Whether it gets the partition or not, the lane of the first ends and begins again; from memory, but where
    // the machine was too busy for the group to wait for it.
    let mut others = 0..;
    await_that("the lane goes on from memory", || {
        let name = format!("other-{}", others.next().unwrap());
        let other = world.enrich(&name);
        world.await_log(&format!("enrich-{name}.log"), "partitions assigned", QUIET);
        assert!(other.terminate(STOP).success());
        let restores = first.metrics("kaiku_lane_restores_total");
        restores.iter().any(|line| line.contains("warm"))
    });
    feeder.some(100);
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(first.terminate(STOP).success());
}
