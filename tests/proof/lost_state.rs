//! State that is gone with its topic, its key or some of its records: whatever of it is left, nothing
//! counts twice, and each line names a way out that leads out.

use kaiku_broker::{Admin, TopicsConfig, create_topics};
use kaiku_wire::{Clock, Day, Month};

use super::doors::option_in;
use super::{QUIET, STOP, await_that};
use crate::support::kafka::{
    Isolation, broker, delete_group, produce, read, set_offset, unique_prefix,
};
use crate::support::oracle::{Oracle, seen};
use crate::support::process::Stage;
use crate::support::world::{Feeder, World, seed};

/// A world of one partition over the turn of a month, with nothing running.
fn over_the_turn(name: &str, number: u64) -> (World, Feeder, usize) {
    let world = World::new(name, 1);
    let mut feeder = world.feeder(400, seed(number));
    let first = world.enrich("first");
    feeder.skip_to(Day::from_ymd(2026, 10, 31).unwrap());
    feeder.some(150);
    world.await_quiet(QUIET);
    let of_october = world.raw().len();
    feeder.next_day();
    feeder.some(150);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    world.assert_exact();
    (world, feeder, of_october)
}

fn delete(world: &World, topics: &[String]) {
    let admin = Admin::connect(&world.kafka).unwrap();
    for topic in topics {
        admin.delete_topic(topic).unwrap();
    }
    await_that("the topics are gone", || {
        let names = admin.names().unwrap();
        topics.iter().all(|topic| !names.contains(topic))
    });
}

/// Makes what is missing of a world's topics, and the state of these months.
fn make_again(world: &World, replay: bool, months: &[Month]) {
    let shape = TopicsConfig {
        partitions: 1,
        replay,
        replication: 1,
    };
    let admin = Admin::connect(&world.kafka).unwrap();
    create_topics(&admin, &shape, months).unwrap();
}

/// Starts a process that refuses, and gives what it says.
fn refused(world: &World, name: &str, reason: &str) -> String {
    let refusing = world.enrich(name);
    let log = format!("enrich-{name}.log");
    world.await_log(&log, "lane refuses to run", QUIET);
    assert!(refusing.terminate(STOP).success());
    let said = world.log(&log);
    let wanted = format!("reason=\"{reason}\"");
    assert!(said.contains(&wanted), "no {wanted} in {said}");
    said
}

/// Goes on without state as a line says, over the rest of the week and longer, and starts once more with
/// nothing in memory; then all that was counted since must be what the fold says.
fn goes_on(world: &World, feeder: &mut Feeder, counted: usize, option: &str) {
    let all = world.raw();
    let mut oracle: Oracle<'_> = world.oracle_of(&all[..counted]);
    oracle.lose_state(0);
    let lost_on = feeder.day;
    let accepted = Stage::start_as(world.folder.path(), "enrich", "accepted", &[], &[option]);
    feeder.some(50);
    world.await_quiet(QUIET);
    assert!(accepted.terminate(STOP).success());
    let after = world.enrich("after");
    for _ in 0..9 {
        feeder.some(50);
        feeder.next_day();
    }
    world.await_quiet(QUIET);
    assert!(after.terminate(STOP).success());
    let all = world.raw();
    let since = &all[counted..];
    since.iter().for_each(|record| oracle.take(record));
    world.assert_exact_without_state(&oracle);
    let said = [(lost_on, "state_lost".to_owned())];
    assert_eq!(seen(&world.kafka)[&0].incidents, said);
}

#[test]
fn a_state_topic_of_the_second_month_that_was_deleted_is_lost_state_whatever_the_first_still_has() {
    let (world, mut feeder, of_october) = over_the_turn("lost-month", 1_421);
    let counted = world.raw().len();
    let topic = world.kafka.topics().state(feeder.day.month());
    delete(&world, &[topic]);
    feeder.some(30);
    let said = refused(&world, "refusing", "state_lost");
    let option = option_in(&said, "--accept-lost-state");
    assert_eq!(option, format!("--accept-lost-state=0:{counted}"));
    // What stands of the month before is not gone on from: where the group's offset has expired, and where
    // somebody has set it to what that month says.
    let before = world.oracle_of(&world.raw()[..counted]);
    delete_group(&world.kafka, &world.group);
    refused(&world, "expired", "state_lost");
    set_offset(&world.kafka, &world.group, 0, of_october as i64);
    refused(&world, "set-back", "state_lost");
    world.assert_exact_without_state(&before);
    set_offset(&world.kafka, &world.group, 0, counted as i64);
    goes_on(&world, &mut feeder, counted, &option);
}

#[test]
fn a_state_topic_that_stands_where_it_stood_days_ago_is_not_gone_on_from() {
    let world = World::new("lost-tail", 1);
    let mut feeder = world.feeder(400, seed(1_422));
    let topic = world.kafka.topics().state(feeder.day.month());
    let first = world.enrich("first");
    feeder.some(100);
    world.await_quiet(QUIET);
    // What the topic has now: whoever brings it back from a copy brings back this.
    let kept = read(&world.kafka, &topic, Isolation::Committed);
    feeder.next_day();
    feeder.some(100);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let before = world.assert_exact();
    let counted = world.raw().len();
    delete(&world, std::slice::from_ref(&topic));
    make_again(&world, true, &[feeder.day.month()]);
    for record in &kept {
        let (key, value) = (record.key.as_deref(), record.value.as_deref());
        produce(&world.kafka, &topic, 0, key, value, None);
    }
    delete_group(&world.kafka, &world.group);
    let said = refused(&world, "refusing", "state_incomplete");
    world.assert_exact_without_state(&before);
    let option = option_in(&said, "--accept-lost-state");
    // The line says which topics are to go; then the offset is that of the group again.
    let month = feeder.day.month();
    let topics = format!("delete the state topics of {} and {month}", month.prev());
    assert!(said.contains(&topics), "{said}");
    delete(&world, &[topic]);
    set_offset(&world.kafka, &world.group, 0, counted as i64);
    assert!(option.starts_with("--accept-lost-state=0:"), "{option}");
    let option = format!("--accept-lost-state=0:{counted}");
    goes_on(&world, &mut feeder, counted, &option);
}

#[test]
fn the_keys_of_the_months_that_are_gone_are_said_to_be_and_no_others_are_made_in_their_place() {
    let kafka = broker().cluster(&unique_prefix("lost-keys"));
    let world = World::on(kafka, 1, false);
    let enrich = "delete_raw = false\ndelete_every = \"300ms\"\nmix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, "");
    let mut feeder = world.feeder_from(Clock::system().today(), 400, seed(1_423));
    let first = world.enrich("first");
    feeder.some(100);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let keys = world.kafka.topics().keys();
    delete(&world, std::slice::from_ref(&keys));
    make_again(&world, false, &[]);
    let mut refusing = world.enrich("refusing");
    world.await_log("enrich-refusing.log", "there is no key of", QUIET);
    let ended = refusing.await_end(QUIET).unwrap();
    assert!(!ended.success(), "it says what is missing, and ends");
    let made = read(&world.kafka, &keys, Isolation::Committed);
    let made = made.iter().map(|one| one.key.clone().unwrap());
    let month = feeder.day.month().to_string().into_bytes();
    assert!(made.into_iter().all(|key| key != month));
}

#[test]
fn a_key_that_is_gone_from_a_topic_of_replayed_history_is_no_log_that_lost_its_end() {
    let world = World::new("lost-key", 1);
    let mut feeder = world.feeder(400, seed(1_424));
    let first = world.enrich("first");
    feeder.some(100);
    world.await_quiet(QUIET);
    assert!(first.terminate(STOP).success());
    let before = world.assert_exact();
    let keys = world.kafka.topics().keys();
    delete(&world, std::slice::from_ref(&keys));
    make_again(&world, true, &[]);
    feeder.some(10);
    refused(&world, "refusing", "key");
    assert!(read(&world.kafka, &keys, Isolation::Committed).is_empty());
    world.assert_exact_without_state(&before);
}

#[test]
fn a_key_file_that_is_lost_is_gone_on_without_as_the_runbook_says() {
    let (world, mut feeder, _) = over_the_turn("lost-file", 1_425);
    let counted = world.raw().len();
    let month = feeder.day.month();
    let file = world.keys_dir().join(format!("{month}.key"));
    std::fs::write(&file, "5a".repeat(32)).unwrap();
    feeder.some(30);
    refused(&world, "refusing", "key");
    // This month's state topic and the topic of the keys go, and the latter is made again.
    let topics = world.kafka.topics();
    delete(&world, &[topics.state(month), topics.keys()]);
    make_again(&world, true, &[]);
    let said = refused(&world, "refusing-again", "state_lost");
    let option = option_in(&said, "--accept-lost-state");
    assert_eq!(option, format!("--accept-lost-state=0:{counted}"));
    goes_on(&world, &mut feeder, counted, &option);
}

#[test]
fn a_state_that_lost_some_of_its_records_is_gone_on_without_as_its_line_says() {
    let (world, mut feeder, _) = over_the_turn("lost-records", 1_426);
    let counted = world.raw().len();
    let topic = world.kafka.topics().state(feeder.day.month());
    let records = read(&world.kafka, &topic, Isolation::Committed);
    let standing = records.iter().rev().filter(|one| one.value.is_some());
    let keys = standing.filter_map(|one| one.key.as_deref());
    let chunk = keys.into_iter().find(|key| key.len() == 8);
    assert!(chunk.is_some());
    produce(&world.kafka, &topic, 0, chunk, None, None);
    feeder.some(30);
    let said = refused(&world, "refusing", "state_incomplete");
    let before = world.kafka.topics().state(feeder.day.month().prev());
    for topic in [&topic, &before] {
        assert!(said.contains(topic.as_str()), "{said}");
    }
    let option = option_in(&said, "--accept-lost-state");
    delete(&world, &[topic, before]);
    goes_on(&world, &mut feeder, counted, &option);
}
