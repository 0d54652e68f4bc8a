//! Three brokers, of which one is killed, frozen or cut off while the others go on.

use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_rehearsal::Sender;

use super::publisher::{Publisher, missing, standing};
use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Three, alter_topic, unique_prefix};
use crate::support::oracle::landing::landed;
use crate::support::world::{World, is_full, seed};

/// More than there are brokers, so that each leads some.
const PARTITIONS: i32 = 6;

/// How a broker goes away.
#[derive(Clone, Copy, Debug)]
pub(super) enum Away {
    Killed,
    Frozen,
    CutOff,
}

impl Away {
    pub(super) const ALL: [Away; 3] = [Away::Killed, Away::Frozen, Away::CutOff];

    pub(super) fn go(self, three: &mut Three, id: usize) {
        let broker = three.broker(id);
        match self {
            Away::Killed => broker.node.kill(),
            Away::Frozen => broker.node.freeze(),
            Away::CutOff => broker.proxy.silence(true),
        }
    }

    pub(super) fn come_back(self, three: &mut Three, id: usize) {
        match self {
            Away::Killed => three.launch(id),
            Away::Frozen => three.broker(id).node.thaw(),
            Away::CutOff => three.broker(id).proxy.silence(false),
        }
    }
}

#[test]
fn whichever_of_three_brokers_goes_away_nothing_is_lost_or_counted_twice_and_no_hand_is_needed() {
    let mut three = Three::start();
    let kafka = three.proxied(&unique_prefix("three"));
    let world = World::copied(kafka, PARTITIONS, false, 3);
    let enrich = "delete_raw = false\nmix_uploads = 50\nmix_time = \"50ms\"\nmix_longest = \"1s\"\n\
                  transaction_timeout = \"5s\"\n";
    let lands = "[aggregate]\nroll_time = \"1s\"\nretry = \"200ms\"\n";
    world.settings_with(&world.kafka, enrich, lands);
    let processes = [
        world.enrich("a"),
        world.enrich("b"),
        world.aggregate("lands", ""),
    ];
    let publisher = Publisher::start(&world.kafka);
    let raw = world.kafka.topics().raw();
    let rounds = if is_full() { 4 } else { 1 };
    for round in 0..rounds {
        for (id, away) in (1..).zip(Away::ALL) {
            let id = (id + round) % 3 + 1;
            sleep(Duration::from_secs(4));
            away.go(&mut three, id);
            sleep(Duration::from_secs(8));
            away.come_back(&mut three, id);
            three.await_in_step(&raw);
        }
    }
    let (acknowledged, failed) = publisher.stop();
    let start = Instant::now();
    world.await_quiet(QUIET);
    let rest = start.elapsed().as_secs();
    println!(
        "{} acknowledged, {failed} given up, at rest after {rest} s",
        acknowledged.len()
    );
    assert!(acknowledged.len() > 1_000);
    let lost = missing(&acknowledged, || standing(&world));
    assert_eq!(lost, [0; 0], "acknowledged, and not there");
    world.await_quiet(QUIET);
    world.assert_exact();
    await_that("all has landed", || world.has_landed());
    world.assert_landed();
    for process in processes {
        process.await_ready(QUIET);
        let stands_still = process.metrics("kaiku_lane_stopped");
        assert_eq!(stands_still, Vec::<String>::new());
        assert!(process.terminate(STOP).success());
    }
}

#[test]
fn a_broker_that_leads_though_it_has_missed_records_is_noticed_once_there_are_as_many_again() {
    let mut three = Three::start();
    let world = World::copied(three.cluster(&unique_prefix("unclean")), 1, false, 3);
    let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, "");
    let raw = world.kafka.topics().raw();
    let mut feeder = world.feeder(600, seed(1_421));
    feeder.some(100);
    three.await_in_step(&raw);
    let leader = three.leader(&raw, 0);
    let behind = leader % 3 + 1;
    let other = behind % 3 + 1;
    three.broker(behind).node.kill();
    feeder.some(100);
    let counting = world.enrich("counting");
    world.await_quiet(QUIET);
    assert!(counting.terminate(STOP).success());
    let oracle = world.assert_exact();

    // Both that have all of it die, and somebody lets the third go on alone.
    let alone = [
        ("unclean.leader.election.enable", "true"),
        ("min.insync.replicas", "1"),
    ];
    alter_topic(&world.kafka, &raw, &alone);
    three.broker(leader).node.kill();
    three.broker(other).node.kill();
    three.launch(behind);
    three.await_leader(&raw, 0, behind);
    feeder.sender = Sender::onto(&world.kafka, 1).unwrap();
    feeder.some(250);
    three.launch(leader);
    three.launch(other);
    three.await_in_step(&raw);
    let as_it_must_be = [
        ("unclean.leader.election.enable", "false"),
        ("min.insync.replicas", "2"),
    ];
    alter_topic(&world.kafka, &raw, &as_it_must_be);
    let refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "reason=\"raw_cut\"", QUIET);
    world.assert_exact_as(&oracle);
    assert!(refusing.get("readyz").starts_with("HTTP/1.1 503"));
    assert!(refusing.terminate(STOP).success());
}

#[test]
fn a_partition_whose_only_broker_is_away_keeps_no_other_from_landing() {
    let mut three = Three::start();
    let world = World::copied(three.cluster(&unique_prefix("leaderless")), 3, false, 1);
    let lands = "[aggregate]\nroll_time = \"500ms\"\nretry = \"200ms\"\n";
    let enrich = "delete_raw = false\nmix_uploads = 50\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, lands);
    let mut feeder = world.feeder(600, seed(1_422));
    feeder.some(300);
    let counting = world.enrich("counting");
    world.await_quiet(QUIET);
    assert!(counting.terminate(STOP).success());
    let away = three.leader(&world.kafka.topics().stripped(), 0);
    three.broker(away).node.kill();
    let lander = world.aggregate("lands", "");
    let landing = world.folder.path().join("landing");
    let lands = || landed(&landing).into_keys().collect::<Vec<_>>();
    await_that("those that have a broker land", || lands() == [1, 2]);
    three.launch(away);
    await_that("all has landed", || world.has_landed());
    world.assert_landed();
    // While it runs it says so, too, though the group goes on: of two brokers one is not its coordinator.
    for partition in 0..2 {
        lander.await_ready(QUIET);
        let away = three.leader(&world.kafka.topics().stripped(), partition);
        three.broker(away).node.kill();
        let said = format!("partition {partition} stands still (landing_waits)");
        await_that(&said, || lander.get("readyz").contains(&said));
        three.launch(away);
    }
    lander.await_ready(QUIET);
    assert!(lander.terminate(STOP).success());
}
