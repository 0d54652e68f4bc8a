//! Stripped records that landing can't take: one whose schema comes late is waited for, and the ways past
//! those that nobody can mend.

use kaiku_broker::Admin;

use super::doors::{option_in, quick_to_land};
use super::schema_ids::with_registry;
use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Isolation, produce, read};
use crate::support::process::Stage;
use crate::support::world::{World, seed};

const ENRICH: &str = "delete_raw = false\nmix_uploads = 40\nmix_longest = \"300ms\"\n";
const LANDS: &str = "[aggregate]\nroll_time = \"300ms\"\nretry = \"200ms\"\nseal_every = \"200ms\"\ndelete_stripped = false\n";

/// Puts a record onto `events.stripped`, as somebody else may who has the right; where it stands.
fn put(world: &World, value: &[u8]) -> i64 {
    let stripped = world.kafka.topics().stripped();
    let admin = Admin::connect(&world.kafka).unwrap();
    let (_, at) = admin.watermarks(&stripped, 0).unwrap();
    produce(&world.kafka, &stripped, 0, None, Some(value), None);
    at
}

/// Landing has stopped for this reason at a record; it goes on with the option that its log shows, and that
/// names so much of the partition.
fn assert_way_past(world: &World, why: &str, at: i64) -> Stage {
    let name = format!("refusing-{why}");
    let refusing = world.aggregate(&name, "");
    let file = format!("aggregate-{name}.log");
    world.await_log(&file, &format!("reason=\"{why}\""), QUIET);
    world.await_log(&file, "--reject-stripped 0:", QUIET);
    assert!(refusing.get("readyz").contains(why));
    assert!(refusing.terminate(STOP).success());
    let option = option_in(&world.log(&file), "--reject-stripped");
    let last = option.rsplit(['-', ':']).next().unwrap();
    assert_eq!(last, at.to_string(), "{option}");
    let folder = world.folder.path();
    Stage::start_as(folder, "aggregate", &format!("past-{why}"), &[], &[&option])
}

#[test]
fn a_stripped_record_whose_schema_is_registered_late_is_waited_for_and_one_that_never_is_can_be_left_out()
 {
    let (registry, world) = with_registry("land-schema");
    let section = registry.section();
    world.settings_with(&world.kafka, ENRICH, &format!("{LANDS}{section}"));
    let mut feeder = world.feeder(500, seed(1_417));
    let enriching = world.enrich("all");
    feeder.end_day();
    world.await_quiet(QUIET);
    // The registry has not heard of it yet, as one that replicates late.
    let events = kaiku_stripped::schemas::STRIPPED_EVENTS.text();
    let (id, subject) = registry.forget(events);
    let lander = world.aggregate("waiting", "");
    let waits = "landing waits; trying again";
    world.await_log("aggregate-waiting.log", waits, QUIET);
    assert!(lander.get("readyz").contains("landing_waits"));
    registry.put(id, &subject, events);
    await_that("all has landed", || world.has_landed());
    await_that("a day is sealed", || world.manifests() >= 1);
    assert!(lander.terminate(STOP).success());

    let at = put(&world, &[&[0, 0, 0, 3, 0xb6][..], b"whatever"].concat());
    let soon = format!("{LANDS}unknown_schema = \"1s\"\n{section}");
    world.settings_with(&world.kafka, ENRICH, &soon);
    let past = assert_way_past(&world, "landing_schema", at);
    feeder.end_day();
    feeder.end_day();
    world.await_quiet(QUIET);
    await_that("three days are sealed", || world.manifests() >= 3);
    assert!(past.terminate(STOP).success());
    assert!(enriching.terminate(STOP).success());
    assert_eq!(world.said_of_days(), [None, Some("stripped_lost"), None]);
}

#[test]
fn a_stripped_record_of_a_closed_day_is_gone_on_without_and_the_open_day_is_withheld() {
    let world = quick_to_land("land-closed");
    world.settings_with(&world.kafka, ENRICH, LANDS);
    let mut feeder = world.feeder(500, seed(1_418));
    let enriching = world.enrich("all");
    feeder.end_day();
    feeder.some(100);
    world.await_quiet(QUIET);
    let lander = world.aggregate("first", "");
    await_that("a day is sealed", || world.manifests() >= 1);
    await_that("all has landed", || world.has_landed());
    assert!(lander.terminate(STOP).success());
    // The first record once more.
    let stripped = world.kafka.topics().stripped();
    let all = read(&world.kafka, &stripped, Isolation::Committed);
    let first = all.iter().min_by_key(|record| record.offset).unwrap();
    let at = put(&world, first.value.as_deref().unwrap());
    let past = assert_way_past(&world, "landing_closed_day", at);
    feeder.end_day();
    feeder.end_day();
    world.await_quiet(QUIET);
    await_that("three days are sealed", || world.manifests() >= 3);
    assert!(past.terminate(STOP).success());
    assert!(enriching.terminate(STOP).success());
    assert_eq!(world.said_of_days(), [None, Some("stripped_lost"), None]);
}
