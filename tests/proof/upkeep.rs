//! What enrich does beside its lanes: one partition that fails keeps nothing else from being done, a
//! broker that does not answer keeps nobody from the group, and an operator is told what is true.

use std::net::SocketAddr;
use std::process::Command;

use kaiku_broker::Admin;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{
    Action, DELETE_RECORDS, LIST_OFFSETS, Side, alter_topic, apache, own, unique_prefix,
};
use crate::support::process::{Stage, free_address, http};
use crate::support::world::{World, seed};

/// Topics with the broker's time, and raw records that are deleted as soon as they are committed.
fn live_world(name: &str, partitions: i32) -> World {
    let world = World::on(apache().cluster(&unique_prefix(name)), partitions, false);
    world.settings_with(&world.kafka, DELETING, "");
    world
}

const DELETING: &str = "delete_margin = 0\ndelete_every = \"500ms\"\nmix_longest = \"300ms\"\n";

#[test]
fn a_partition_whose_records_can_t_be_deleted_keeps_no_other_from_it() {
    let world = live_world("undeleted", 2);
    let topic = world.kafka.topics().raw();
    // One partition is asked for, and it is the first.
    let first = format!("{topic}\0\0\0\u{1}\0\0\0\0");
    let never = apache().proxy.rule(
        usize::MAX,
        DELETE_RECORDS,
        &first,
        Side::Request,
        Action::Drop,
    );
    world.settings_with(&world.behind(&apache().proxy), DELETING, "");
    let mut feeder = world.feeder(200, seed(142));
    feeder.some(100);
    let process = world.enrich("a");
    world.await_quiet(QUIET);
    let admin = Admin::connect(&world.kafka).unwrap();
    await_that("the second is deleted", || {
        let (low, high) = admin.watermarks(&topic, 1).unwrap();
        low == high
    });
    // A turn leaves out a partition that has committed nothing yet, which may be the first.
    await_that("the first was tried", || never.hits() > 0);
    assert_eq!(admin.watermarks(&topic, 0).unwrap().0, 0);
    world.await_log("enrich-a.log", "upkeep failed", QUIET);
    assert!(process.terminate(STOP).success());
}

#[test]
fn a_broker_that_does_not_answer_the_upkeep_keeps_nobody_from_the_group() {
    // The proxy of a broker that no other test uses.
    let kafka = own();
    let world = World::on(kafka.cluster(&unique_prefix("silent")), 4, false);
    // Four partitions of which nobody answers, one behind the other, would take longer.
    let enrich = format!("{DELETING}poll_timeout = \"15s\"\n");
    world.settings_with(&world.behind(&kafka.proxy), &enrich, "");
    let process = world.enrich("a");
    let mut feeder = world.feeder(300, seed(143));
    feeder.some(100);
    world.await_quiet(QUIET);
    let topic = world.kafka.topics().raw();
    let asked = kafka
        .proxy
        .rule(usize::MAX, LIST_OFFSETS, &topic, Side::Answer, Action::Drop);
    await_that("it asks in vain", || asked.hits() >= 3);
    feeder.some(100);
    world.await_quiet(QUIET);
    let log = world.log("enrich-a.log");
    for word in [
        "lane lost its partition",
        "joining the group anew",
        "maximum poll interval",
    ] {
        assert!(!log.contains(word), "{log}");
    }
    assert!(process.terminate(STOP).success());
}

/// A process that shows its metrics.
fn shown(world: &World, name: &str) -> (Stage, SocketAddr) {
    let address = free_address();
    let variables = [
        ("KAIKU_TELEMETRY__SERVE", "true".to_owned()),
        ("KAIKU_TELEMETRY__LISTEN", address.to_string()),
    ];
    let stage = Stage::start_with(world.folder.path(), "enrich", name, &variables);
    (stage, address)
}

/// The partitions of which a process shows a metric.
fn partitions(address: SocketAddr, metric: &str) -> Vec<String> {
    let start = format!("{metric}{{partition=\"");
    let text = http(address, "metrics");
    let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
    let mut partitions: Vec<_> = lines
        .map(|line| line.split('"').next().unwrap().to_owned())
        .collect();
    partitions.sort();
    partitions
}

#[test]
fn a_partition_that_has_gone_to_another_process_is_shown_by_that_one_alone() {
    let world = live_world("shown", 2);
    let mut feeder = world.feeder(200, seed(144));
    feeder.some(100);
    let metrics = [
        "kaiku_enrich_lag_records",
        "kaiku_enrich_last_commit_seconds",
        "kaiku_enrich_retention_headroom_seconds",
    ];
    let (first, of_first) = shown(&world, "a");
    for metric in metrics {
        await_that(metric, || partitions(of_first, metric) == ["0", "1"]);
    }
    let (second, of_second) = shown(&world, "b");
    for metric in metrics {
        await_that(metric, || {
            let of_both = [of_first, of_second].map(|address| partitions(address, metric));
            of_both.iter().all(|one| one.len() == 1) && of_both[0] != of_both[1]
        });
    }
    let text = http(of_first, "metrics");
    assert!(
        text.contains("kaiku_enrich_overdue{what=\"key_file\"} 0"),
        "{text}"
    );
    for process in [first, second] {
        assert!(process.terminate(STOP).success());
    }
}

/// What `kaiku doctor enrich` says, and whether all is well.
fn doctor(world: &World) -> (String, bool) {
    let output = Command::new(env!("CARGO_BIN_EXE_kaiku"))
        .args(["doctor", "enrich", "--config", "kaiku.toml"])
        .current_dir(world.folder.path())
        .output()
        .unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.success(),
    )
}

#[test]
fn the_doctor_says_which_key_can_t_be_opened_and_what_works_for_now() {
    let world = live_world("doctor", 1);
    let process = world.enrich("a");
    let mut feeder = world.feeder(100, seed(145));
    feeder.some(50);
    world.await_quiet(QUIET);
    assert!(process.terminate(STOP).success());
    let (said, well) = doctor(&world);
    assert!(well, "{said}");

    let raw = world.kafka.topics().raw();
    alter_topic(&world.kafka, &raw, &[("retention.ms", "60000")]);
    let (said, well) = doctor(&world);
    assert!(well && said.contains("keeps records for 0 hours"), "{said}");

    let month = kaiku_wire::Clock::system().today().month();
    let file = world.keys_dir().join(format!("{month}.key"));
    let right = std::fs::read(&file).unwrap();
    std::fs::write(&file, "ab".repeat(32)).unwrap();
    let (said, well) = doctor(&world);
    let other = format!("the key of {month} was sealed under another key-encryption key");
    assert!(!well && said.contains(&other), "{said}");
    std::fs::write(&file, right).unwrap();
    let aside = world.folder.path().join("aside");
    std::fs::rename(world.keys_dir(), &aside).unwrap();
    let (said, well) = doctor(&world);
    let missing = format!("the key-encryption key of {month} in enrich.keys_dir can't be read");
    assert!(!well && said.contains(&missing), "{said}");
    assert!(!world.keys_dir().exists(), "it makes nothing");

    // What should be gone is named as well: a month of long ago, of which nobody needs anything.
    std::fs::rename(&aside, world.keys_dir()).unwrap();
    std::fs::write(world.keys_dir().join("2020-01.key"), "ab".repeat(32)).unwrap();
    let (said, _) = doctor(&world);
    let gone = "2020-01.key should be gone from enrich.keys_dir";
    assert!(said.contains(gone), "{said}");
    let process = world.enrich("b");
    await_that("it is gone", || {
        !world.keys_dir().join("2020-01.key").exists()
    });
    assert!(process.terminate(STOP).success());
    let (said, well) = doctor(&world);
    assert!(well, "{said}");
}

#[test]
fn what_was_aborted_behind_the_last_raw_record_is_hidden_for_a_while_and_then_no_lag() {
    let world = live_world("raw-hanging", 1);
    let mut feeder = world.feeder(200, seed(147));
    feeder.some(50);
    let process = world.enrich("a");
    world.await_quiet(QUIET);
    let topic = world.kafka.topics().raw();
    let mut client = world.kafka.client("test");
    client.set("transactional.id", format!("{topic}-hanging"));
    let hanging: BaseProducer = client.create().unwrap();
    hanging.init_transactions(QUIET).unwrap();
    hanging.begin_transaction().unwrap();
    for _ in 0..7 {
        let record = BaseRecord::<(), str>::to(&topic).partition(0).payload("p");
        hanging.send(record).map_err(|(error, _)| error).unwrap();
    }
    hanging.flush(QUIET).unwrap();
    let shown = |name: &str| {
        let metrics = process.get("metrics");
        let found = metrics.split(&format!("{name}{{partition=\"0\"}} ")).nth(1);
        found.and_then(|rest| rest.lines().next()?.parse::<f64>().ok())
    };
    await_that("seven records are hidden", || {
        let hidden = shown("kaiku_enrich_hidden_seconds");
        shown("kaiku_enrich_lag_records") == Some(7.0) && hidden >= Some(5.0)
    });
    hanging.abort_transaction(QUIET).unwrap();
    await_that("none waits", || {
        let left = shown("kaiku_enrich_retention_headroom_seconds");
        shown("kaiku_enrich_lag_records") == Some(0.0)
            && shown("kaiku_enrich_hidden_seconds") == Some(0.0)
            && left == Some(14.0 * 86_400.0)
    });
    assert!(process.terminate(STOP).success());
}
