//! `kaiku status` on a real broker: its numbers are those of the world, it changes nothing, and a broker that is
//! away keeps it from nothing else.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use kaiku_broker::Admin;
use kaiku_fleet::FleetConfig;
use serde_json::{Value, json};

use crate::proof::{QUIET, STOP, await_that};
use crate::support::kafka::{delete_group, produce, set_offset};
use crate::support::oracle::landing::landed;
use crate::support::outcome::files;
use crate::support::ports::free_port;
use crate::support::world::{Feeder, World};

const PARTITIONS: i32 = 2;

/// Runs the verb in a world's folder: its exit code, and what it prints.
fn status(folder: &Path, options: &[&str], brokers: Option<&str>) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kaiku"));
    command
        .args(["status", "--config", "kaiku.toml"])
        .args(options)
        .current_dir(folder);
    if let Some(brokers) = brokers {
        command.env("KAIKU_KAFKA__BROKERS", brokers);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.stderr.is_empty(), "{output:?}");
    (output.status.code(), said)
}

fn object(folder: &Path, brokers: Option<&str>) -> (Option<i32>, Value) {
    let (code, said) = status(folder, &["--format", "json"], brokers);
    (code, serde_json::from_str(&said).expect("one object"))
}

/// Records that nobody can read, on the day that is open.
fn spoil(world: &World, feeder: &Feeder, partition: i32, records: usize) {
    let (topic, millis) = (world.kafka.topics().raw(), feeder.day.start_millis() + 1);
    for _ in 0..records {
        let value = b"nothing of the kind".as_slice();
        produce(
            &world.kafka,
            &topic,
            partition,
            Some(b"key"),
            Some(value),
            Some(millis),
        );
    }
}

/// Two days that are sealed and one that is open, with two records rejected yesterday and three today; all
/// of it landed, and nothing running any more.
fn world() -> (World, Feeder) {
    let world = World::new("status", PARTITIONS);
    let enrich =
        "delete_raw = false\nmix_uploads = 40\nmix_time = \"20ms\"\nmix_longest = \"500ms\"\n";
    let aggregate = "[aggregate]\nroll_time = \"1s\"\nseal_every = \"200ms\"\ndelete_stripped = false\n\
                     delete_landing = false\n";
    world.settings_with(&world.kafka, enrich, aggregate);
    let config = FleetConfig {
        devices: 200,
        garbage: 0.0,
        partitions: PARTITIONS,
        ..FleetConfig::default()
    };
    let mut feeder = Feeder::new(&world.kafka, config);
    let (enrich, lands) = (world.enrich("a"), world.aggregate("a", ""));
    feeder.end_day();
    spoil(&world, &feeder, 0, 2);
    feeder.end_day();
    spoil(&world, &feeder, 0, 3);
    feeder.some(100);
    world.await_quiet(QUIET);
    await_that("all has landed, and two days are sealed", || {
        world.has_landed() && world.manifests() == 2
    });
    assert!(enrich.terminate(STOP).success());
    assert!(lands.terminate(STOP).success());
    (world, feeder)
}

fn ends(world: &World, topic: &str) -> Vec<(i64, i64)> {
    let admin = Admin::connect(&world.kafka).unwrap();
    let ends = (0..PARTITIONS).map(|partition| admin.watermarks(topic, partition).unwrap());
    ends.collect()
}

/// Some fields of an object, in this order.
fn fields<const N: usize>(object: &Value, keys: [&str; N]) -> Value {
    Value::Array(keys.map(|key| object[key].clone()).to_vec())
}

#[test]
fn the_numbers_are_those_of_the_world_and_nothing_is_changed() {
    let (world, feeder) = world();
    let folder = world.folder.path();
    let counted: Vec<i64> = ends(&world, &world.kafka.topics().raw())
        .iter()
        .map(|(_, end)| *end)
        .collect();
    // One partition gets behind.
    spoil(&world, &feeder, 1, 7);
    let before = files(folder);
    let (code, said) = object(folder, None);
    assert_eq!((code, &said["unread"]), (Some(1), &json!([])), "{said:#}");
    assert_eq!(said["raw"]["lag"], 7);
    for (partition, waiting) in [(0, 0), (1, 7)] {
        let row = &said["raw"]["partitions"][partition];
        let next = counted[partition];
        let expected = json!([partition, 0, next + waiting, next, "group", waiting, false]);
        let keys = [
            "partition",
            "low",
            "high",
            "next",
            "known_by",
            "lag",
            "owned",
        ];
        assert_eq!(fields(row, keys), expected, "{said:#}");
    }
    assert_landed_and_sealed(&world, &feeder, &said);
    // No process has what waits: that alone needs a hand.
    assert_eq!(said["findings"].as_array().unwrap().len(), 1, "{said:#}");
    let found = fields(&said["findings"][0], ["what", "part", "partitions"]);
    assert_eq!(found, json!(["not_owned", "raw", [1]]));
    assert_eq!(files(folder), before, "nothing is changed");

    // Where the group has nothing any more, the state says the same.
    delete_group(&world.kafka, &world.group);
    let (_, said) = object(folder, None);
    for (partition, next) in counted.iter().enumerate() {
        let row = &said["raw"]["partitions"][partition];
        assert_eq!(
            fields(row, ["next", "known_by"]),
            json!([next, "state"]),
            "{said:#}"
        );
    }
    assert_at_work(&world);
    assert_without_broker(&world, &feeder);
}

fn assert_landed_and_sealed(world: &World, feeder: &Feeder, said: &Value) {
    let [open, yesterday, first] = [0, 1, 2].map(|days| feeder.day.minus(days));
    let stripped = ends(world, &world.kafka.topics().stripped());
    for (partition, landed) in landed(&world.folder.path().join("landing")) {
        let partition = usize::try_from(partition).unwrap();
        let row = &said["stripped"]["partitions"][partition];
        let high = stripped[partition].1;
        let expected = json!([high, landed.end, high - landed.end, yesterday]);
        assert_eq!(
            fields(row, ["high", "landed", "lag", "closed"]),
            expected,
            "{said:#}"
        );
    }
    let days = &said["days"];
    let found = fields(
        days,
        ["closed", "first_sealed", "last_sealed", "first_report"],
    );
    assert_eq!(
        found,
        json!([yesterday, first, yesterday, null]),
        "{said:#}"
    );
    assert_eq!(
        fields(&days["next"], ["first_day", "closed"]),
        json!([open, false])
    );
    let rejected = json!([
        {"day": yesterday, "total": 2, "reasons": {"not_avro": 2}},
        {"day": open, "total": 3, "reasons": {"not_avro": 3}},
    ]);
    assert_eq!(said["rejections"]["days"], rejected, "{said:#}");
}

/// With enrich at work nothing needs a hand.
fn assert_at_work(world: &World) {
    let folder = world.folder.path();
    let enrich = world.enrich("b");
    await_that("every record is counted", || {
        let raw = &object(folder, None).1["raw"];
        (&raw["lag"], &raw["partitions"][1]["known_by"]) == (&json!(0), &json!("group"))
    });
    let (code, said) = object(folder, None);
    assert_eq!(
        (code, &said["needs_hand"]),
        (Some(0), &json!(false)),
        "{said:#}"
    );
    assert_eq!(
        said["rejections"]["days"][1]["reasons"]["not_avro"], 10,
        "{said:#}"
    );
    for row in said["raw"]["partitions"].as_array().unwrap() {
        assert_eq!(fields(row, ["lag", "owned"]), json!([0, true]), "{said:#}");
    }
    let (code, said) = status(folder, &[], None);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.ends_with("\nnothing needs a hand\n"), "{said}");
    println!("{said}");
    assert!(enrich.terminate(STOP).success());
}

/// Without its broker the rest is told all the same.
fn assert_without_broker(world: &World, feeder: &Feeder) {
    let folder = world.folder.path();
    let nobody = format!("127.0.0.1:{}", free_port());
    let (code, said) = object(folder, Some(&nobody));
    assert_eq!((code, &said["raw"]), (Some(1), &Value::Null), "{said:#}");
    assert_eq!(said["unread"].as_array().unwrap().len(), 1, "{said:#}");
    let unread = &said["unread"][0];
    let why = unread["text"].as_str().unwrap();
    assert_eq!(unread["part"], "kafka");
    assert!(
        why.contains(&nobody) && why.contains("is the broker up"),
        "{why}"
    );
    let yesterday = json!(feeder.day.prev());
    assert_eq!(said["days"]["last_sealed"], yesterday, "{said:#}");
    assert_eq!(
        said["stripped"]["partitions"][1]["closed"], yesterday,
        "{said:#}"
    );
    let (_, said) = status(folder, &[], Some(&nobody));
    assert!(said.starts_with("UNREAD  kafka "), "{said}");
    println!("{said}");
}

#[test]
fn an_offset_that_was_moved_and_a_state_that_is_gone_are_told_before_enrich_is_started() {
    let world = World::new("status-moved", PARTITIONS);
    let mut feeder = world.feeder(200, 9);
    let enrich = world.enrich("a");
    feeder.some(100);
    world.await_quiet(QUIET);
    assert!(enrich.terminate(STOP).success());
    let folder = world.folder.path();
    let found = || {
        let (_, said) = object(folder, None);
        let findings = said["findings"].as_array().unwrap().clone();
        let found = findings
            .iter()
            .map(|one| fields(one, ["what", "partitions"]));
        found.collect::<Vec<_>>()
    };
    assert!(found().is_empty());
    let topic = world.kafka.topics().raw();
    let counted = ends(&world, &topic)[1].1;
    set_offset(&world.kafka, &world.group, 1, counted - 3);
    assert_eq!(found(), [json!(["offset_moved", [1]])]);
    set_offset(&world.kafka, &world.group, 1, counted);
    let state = world.kafka.topics().state(feeder.day.month());
    let admin = Admin::connect(&world.kafka).unwrap();
    admin.delete_topic(&state).unwrap();
    await_that("the state is gone", || {
        !admin.names().unwrap().contains(&state)
    });
    let both = [0, 1].map(|partition| json!(["state_lost", [partition]]));
    assert_eq!(found(), both);
}

#[test]
fn topics_and_stores_that_were_never_made_are_said_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let prefix = crate::support::kafka::unique_prefix("status-none");
    let kafka = crate::support::kafka::broker().cluster(&prefix);
    crate::support::process::settings(folder.path(), &kafka, "");
    let before = files(folder.path());
    let (code, said) = object(folder.path(), None);
    assert_eq!(
        (code, &said["needs_hand"]),
        (Some(1), &json!(false)),
        "{said:#}"
    );
    let unread = said["unread"].to_string();
    for wanted in [
        "kaiku topics create",
        "aggregate.landing",
        "aggregate.rollups",
    ] {
        assert!(unread.contains(wanted), "{said:#}");
    }
    assert_eq!(files(folder.path()), before);
    assert!(
        !Admin::connect(&kafka)
            .unwrap()
            .names()
            .unwrap()
            .iter()
            .any(|name| name.starts_with(&prefix))
    );
}

#[test]
fn what_is_counted_and_landed_while_it_is_asked_for_is_no_loss() {
    let world = World::new("status-busy", PARTITIONS);
    let enrich = "mix_uploads = 5\nmix_time = \"10ms\"\nmix_longest = \"50ms\"\n";
    let aggregate = "[aggregate]\nroll_time = \"50ms\"\nseal_every = \"200ms\"\n";
    world.settings_with(&world.kafka, enrich, aggregate);
    let mut feeder = world.feeder(300, 7);
    let (enrich, lands) = (world.enrich("a"), world.aggregate("a", ""));
    feeder.some(50);
    world.await_quiet(QUIET);
    let over = AtomicBool::new(false);
    let mut answers = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                feeder.some(10);
            }
        });
        for _ in 0..10 {
            let (_, said) = status(world.folder.path(), &["--format", "json"], None);
            answers.push(said);
        }
        over.store(true, Ordering::Relaxed);
    });
    for said in answers {
        let said: Value = serde_json::from_str(&said).expect("one object");
        for found in said["findings"].as_array().unwrap() {
            let what = found["what"].as_str().unwrap();
            let is_lost = ["raw_anew", "raw_gap", "landing_gap"].contains(&what);
            assert!(!is_lost, "{found:#}");
        }
    }
    assert!(enrich.terminate(STOP).success());
    assert!(lands.terminate(STOP).success());
}
