//! SIGKILL at every step from the poll to behind the commit, again and again.

use std::thread::sleep;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{KEYS, LANE, QUIET, STOP};
use crate::support::process::Stage;
use crate::support::world::{Feeder, World, is_full, seed};

#[test]
fn killed_at_any_step_from_the_poll_to_the_commit_every_event_counts_once() {
    let seed = seed(104);
    let mut rng = StdRng::seed_from_u64(seed);
    let world = World::new("kills", 2);
    let mut feeder = world.feeder(3_000, seed);
    let mut kills = 0;
    let mut run = |feeder: &mut Feeder, step: &str, skip: u32, within: Duration| {
        feeder.some(60);
        if feeder.left() < 100 {
            feeder.end_day();
        }
        let mut process = world.enrich_failing("killed", &format!("{step}={skip}*off->return"));
        // At a step that is not reached once more it goes on living: then it is killed from here.
        let ended = process.await_end(within);
        process.kill();
        kills += 1;
        ended.is_some()
    };
    let mut reached = std::collections::BTreeSet::new();
    // The first process makes the month's key: behind the first step.
    let (first, rest) = LANE.split_at(1);
    let steps = || first.iter().chain(&KEYS).chain(rest).copied();
    for step in steps() {
        if run(&mut feeder, step, 0, QUIET) {
            reached.insert(step);
        }
    }
    let random = if is_full() { 200 } else { 16 };
    for _ in 0..random {
        let step = LANE[rng.random_range(2..LANE.len())];
        let within = Duration::from_secs(4);
        run(&mut feeder, step, rng.random_range(0..3), within);
    }
    // And from outside, at no step at all.
    for number in 0..random / 4 {
        feeder.some(60);
        let process = Stage::start(world.folder.path(), "enrich", &format!("outside-{number}"));
        sleep(Duration::from_millis(rng.random_range(300..2_500)));
        process.kill();
        kills += 1;
    }
    feeder.copies = 2;
    feeder.end_day();
    let last = world.enrich("last");
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(last.terminate(STOP).success());
    let expected: std::collections::BTreeSet<_> = steps().collect();
    assert_eq!(reached, expected, "every step was reached");
    println!("{kills} kills");
}
