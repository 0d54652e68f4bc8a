//! Ways out of standstills that nobody can mend: each as the log names it, taken once, said in what is
//! published.

use std::thread::sleep;
use std::time::Duration;

use kaiku_broker::Admin;
use kaiku_fleet::FleetConfig;
use kaiku_wire::Clock;

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{alter_topic, broker, own, produce, unique_prefix};
use crate::support::process::Stage;
use crate::support::world::{Feeder, World, seed};

/// The option that a log names.
pub(super) fn option_in(log: &str, name: &str) -> String {
    let (_, behind) = log.rsplit_once(&format!("{name} ")).unwrap();
    let value: String = behind
        .chars()
        .take_while(|one| one.is_ascii_digit() || ":-".contains(*one))
        .collect();
    format!("{name}={value}")
}

#[test]
fn records_with_a_producers_time_are_named_and_can_be_rejected_and_nothing_else_is() {
    let kafka = own();
    for (name, before) in [("create-time", 100), ("create-time-first", 0)] {
        let world = World::on(kafka.cluster(&unique_prefix(name)), 1, false);
        let enrich = "delete_raw = false\nmix_longest = \"300ms\"\n";
        world.settings_with(&world.kafka, enrich, "");
        let raw = world.kafka.topics().raw();
        // A producer's time that lies far back would have the record deleted for it.
        let config = FleetConfig {
            devices: 400,
            seed: seed(1_411),
            partitions: 1,
            first_day: Clock::system().today(),
            ..FleetConfig::default()
        };
        let mut feeder = Feeder::new(&world.kafka, config);
        feeder.some(before);
        alter_topic(
            &world.kafka,
            &raw,
            &[("message.timestamp.type", "CreateTime")],
        );
        sleep(Duration::from_secs(1));
        feeder.some(30);
        alter_topic(
            &world.kafka,
            &raw,
            &[("message.timestamp.type", "LogAppendTime")],
        );
        sleep(Duration::from_secs(1));
        feeder.some(100);
        let standing = world.enrich("standing");
        let why = "topic_is_not_log_append_time";
        world.await_log("enrich-standing.log", why, QUIET);
        let range = format!("--reject 0:{before}-{}", before + 29);
        world.await_log("enrich-standing.log", &range, QUIET);
        assert!(standing.terminate(STOP).success());

        let option = option_in(&world.log("enrich-standing.log"), "--reject");
        let folder = world.folder.path();
        let going_on = Stage::start_as(folder, "enrich", "rejecting", &[], &[&option]);
        world.await_quiet(QUIET);
        assert!(going_on.terminate(STOP).success());
        let rejected = "a record is rejected, as was asked";
        let log = world.log("enrich-rejecting.log");
        assert_eq!(log.matches(rejected).count(), 30, "{log}");
        let all = world.raw();
        let (first, behind) = (before as i64, before as i64 + 30);
        let mut oracle = world.oracle_of(&[]);
        for record in &all {
            if (first..behind).contains(&record.offset) {
                oracle.reject(record);
            } else {
                oracle.take(record);
            }
        }
        world.assert_exact_as(&oracle);
    }
}

#[test]
fn a_state_topic_that_is_deleted_under_a_running_lane_is_a_standstill_with_its_way_out() {
    let world = World::new("state-under", 1);
    let enrich = "delete_raw = false\nmix_uploads = 40\nmix_time = \"20ms\"\n\
                  mix_longest = \"500ms\"\ntransaction_timeout = \"5s\"\n";
    world.settings_with(&world.kafka, enrich, "");
    let mut feeder = world.feeder(400, seed(1_412));
    let running = world.enrich("running");
    feeder.some(200);
    world.await_quiet(QUIET);
    let counted = world.raw().len();
    let topic = world.kafka.topics().state(feeder.day.month());
    Admin::connect(&world.kafka)
        .unwrap()
        .delete_topic(&topic)
        .unwrap();
    feeder.some(50);
    world.await_log("enrich-running.log", "is not there any more", QUIET);
    world.await_log("enrich-running.log", "reason=\"state_lost\"", QUIET);
    let said = format!("--accept-lost-state 0:{counted}");
    world.await_log("enrich-running.log", &said, QUIET);
    assert!(running.terminate(STOP).success());
    let option = option_in(&world.log("enrich-running.log"), "--accept-lost-state");
    let folder = world.folder.path();
    let accepted = Stage::start_as(folder, "enrich", "accepted", &[], &[&option]);
    world.await_quiet(QUIET);
    assert!(accepted.terminate(STOP).success());
}

#[test]
fn what_was_accepted_is_written_down_at_once_and_is_not_asked_for_again() {
    let world = World::new("spent", 1);
    let mut feeder = world.feeder(400, seed(1_413));
    let first = world.enrich("first");
    feeder.some(200);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let topic = world.kafka.topics().state(feeder.day.month());
    let admin = Admin::connect(&world.kafka).unwrap();
    admin.delete_topic(&topic).unwrap();
    let refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "--accept-lost-state", QUIET);
    assert!(refusing.terminate(STOP).success());
    let option = option_in(&world.log("enrich-refusing.log"), "--accept-lost-state");
    let folder = world.folder.path();
    // No record comes while it is accepted.
    let accepted = Stage::start_as(folder, "enrich", "accepted", &[], &[&option]);
    world.await_log("enrich-accepted.log", "lane restored", QUIET);
    assert!(accepted.terminate(STOP).success());
    let after = world.enrich("after");
    feeder.some(50);
    world.await_quiet(QUIET);
    assert!(after.terminate(STOP).success());
}

/// One partition, of which each day is landed and sealed at once.
pub(super) fn quick_to_land(name: &str) -> World {
    let world = World::new(name, 1);
    let lands = "[aggregate]\nroll_time = \"300ms\"\nretry = \"200ms\"\nseal_every = \"200ms\"\n";
    let enrich = "delete_raw = false\nmix_uploads = 40\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, lands);
    world
}

#[test]
fn a_landing_store_that_was_lost_is_gone_on_without_and_the_days_that_it_concerns_are_withheld() {
    let world = quick_to_land("landing-lost");
    let mut feeder = world.feeder(500, seed(1_414));
    let enriching = world.enrich("all");
    feeder.end_day();
    feeder.end_day();
    feeder.some(100);
    world.await_quiet(QUIET);
    let lander = world.aggregate("first", "");
    await_that("two days are sealed", || world.manifests() >= 2);
    assert!(lander.terminate(STOP).success());
    // The disk is gone, and some of what it had is gone from the topic too.
    let landing = world.folder.path().join("landing");
    std::fs::remove_dir_all(&landing).unwrap();
    let stripped = world.kafka.topics().stripped();
    let admin = Admin::connect(&world.kafka).unwrap();
    let (_, high) = admin.watermarks(&stripped, 0).unwrap();
    admin.delete_records(&stripped, 0, high - 3).unwrap();
    feeder.some(100);
    world.await_quiet(QUIET);
    let refusing = world.aggregate("refusing", "");
    let said = format!("--accept-landing-gap 0:{}", high - 3);
    world.await_log("aggregate-refusing.log", &said, QUIET);
    assert!(refusing.terminate(STOP).success());
    let option = option_in(&world.log("aggregate-refusing.log"), "--accept-landing-gap");
    let folder = world.folder.path();
    let accepted = Stage::start_as(folder, "aggregate", "accepted", &[], &[&option]);
    feeder.end_day();
    feeder.end_day();
    world.await_quiet(QUIET);
    await_that("four days are sealed", || world.manifests() >= 4);
    assert!(accepted.terminate(STOP).success());
    assert!(enriching.terminate(STOP).success());
    let expected = [None, None, Some("stripped_lost"), None];
    assert_eq!(world.said_of_days(), expected);
}

#[test]
fn a_stripped_record_that_nobody_can_read_is_gone_on_without_and_its_days_are_withheld() {
    let world = quick_to_land("landing-reject");
    let mut feeder = world.feeder(500, seed(1_416));
    let enriching = world.enrich("all");
    feeder.end_day();
    feeder.some(100);
    world.await_quiet(QUIET);
    // Somebody else may write there.
    let stripped = world.kafka.topics().stripped();
    let admin = Admin::connect(&world.kafka).unwrap();
    let (_, at) = admin.watermarks(&stripped, 0).unwrap();
    produce(&world.kafka, &stripped, 0, None, Some(b"no record"), None);
    let refusing = world.aggregate("refusing", "");
    let said = format!("--reject-stripped 0:{at}");
    world.await_log("aggregate-refusing.log", &said, QUIET);
    assert!(refusing.get("readyz").starts_with("HTTP/1.1 503"));
    assert!(refusing.terminate(STOP).success());
    let option = option_in(&world.log("aggregate-refusing.log"), "--reject-stripped");
    let folder = world.folder.path();
    let accepted = Stage::start_as(folder, "aggregate", "accepted", &[], &[&option]);
    feeder.some(100);
    feeder.end_day();
    feeder.end_day();
    world.await_quiet(QUIET);
    await_that("three days are sealed", || world.manifests() >= 3);
    assert!(accepted.terminate(STOP).success());
    assert!(enriching.terminate(STOP).success());
    assert_eq!(world.said_of_days(), [None, Some("stripped_lost"), None]);
    let log = world.log("aggregate-accepted.log");
    let lines = log
        .lines()
        .filter(|line| line.contains("is rejected, as was asked"));
    assert_eq!(
        lines
            .filter(|line| line.contains(&format!("offset={at}")))
            .count(),
        1,
        "{log}"
    );
}

#[test]
fn two_sets_of_topics_on_one_cluster_with_the_groups_of_the_settings_keep_out_of_each_others_way() {
    let worlds = ["ops-d", "ops-e"].map(|name| {
        let kafka = broker().cluster(&unique_prefix(name));
        let mut world = World::on(kafka, 2, true);
        world.group = String::new();
        world.settings(&world.kafka, "");
        world.group = format!("{}kaiku-enrich", world.kafka.prefix());
        world
    });
    let stages = worlds.each_ref().map(|world| world.enrich("own"));
    let mut feeders = worlds
        .each_ref()
        .map(|world| world.feeder(300, seed(1_415)));
    for _ in 0..10 {
        for feeder in &mut feeders {
            feeder.some(30);
        }
        sleep(Duration::from_millis(500));
    }
    for (world, feeder) in worlds.iter().zip(&mut feeders) {
        feeder.end_day();
        world.await_quiet(QUIET);
        world.assert_exact();
        let log = world.log("enrich-own.log");
        assert!(
            !log.contains("lane lost") && !log.contains("fenced"),
            "{log}"
        );
    }
    for stage in stages {
        assert!(stage.terminate(STOP).success());
    }
}

#[test]
fn a_state_of_the_group_that_was_the_default_is_refused_until_that_group_is_named() {
    let kafka = broker().cluster(&unique_prefix("old-group"));
    let mut world = World::on(kafka, 1, true);
    // What the version before did where no group was named.
    world.group = format!("old-{}", world.kafka.prefix());
    world.settings(&world.kafka, "");
    let mut feeder = world.feeder(300, seed(1_416));
    feeder.some(100);
    let before = world.enrich("before");
    world.await_quiet(QUIET);
    assert!(before.terminate(STOP).success());
    let named = std::mem::take(&mut world.group);
    world.settings(&world.kafka, "");
    let refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "reason=\"group\"", QUIET);
    let said = format!("its state belongs to group {named}");
    world.await_log("enrich-refusing.log", &said, QUIET);
    assert!(refusing.terminate(STOP).success());
    world.group = named;
    world.settings(&world.kafka, "");
    let again = world.enrich("again");
    feeder.end_day();
    world.await_quiet(QUIET);
    world.assert_exact();
    assert!(again.terminate(STOP).success());
}
