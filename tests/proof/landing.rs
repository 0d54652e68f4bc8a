//! Landing and seal: killed between any two writes, overtaken, two at once.

use std::thread::sleep;
use std::time::{Duration, Instant};

use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{Action, LIST_OFFSETS, Side, apache};
use crate::support::oracle::landing;
use crate::support::outcome::files;
use crate::support::process::{Stage, free_address, http};
use crate::support::world::{World, is_full, seed};

const PARTITIONS: i32 = 3;
/// Closed days that each world has.
pub(super) const DAYS: u64 = 3;

/// Every step of landing and seal.
pub(super) const STEPS: [&str; 9] = [
    "land.data",
    "land.entry",
    "seal.intent",
    "seal.key",
    "seal.file",
    "seal.files",
    "seal.manifest",
    "seal.ledger",
    "seal.key_gone",
];

/// A world whose events are stripped: some closed days, and an open one behind them.
pub(super) fn stripped_world(name: &str, seed: u64, deletes: bool) -> World {
    let world = World::new(name, PARTITIONS);
    set(&world, roll_events(), deletes);
    let mut feeder = world.feeder(700, seed);
    let enrich = world.enrich("all");
    for _ in 0..DAYS {
        feeder.end_day();
    }
    feeder.some(200);
    world.await_quiet(QUIET);
    assert!(enrich.terminate(STOP).success());
    world.assert_exact();
    world
}

/// How many events an entry has.
pub(super) fn roll_events() -> u64 {
    if is_full() { 200 } else { 1_500 }
}

/// Settings with which an entry has so many events.
fn set(world: &World, roll_events: u64, deletes: bool) {
    set_with(world, roll_events, deletes, "");
}

/// The same, and more of aggregate.
pub(super) fn set_with(world: &World, roll_events: u64, deletes: bool, more: &str) {
    let sections = format!(
        "log = \"info,kaiku_stage::failpoint=debug\"\n\
         [aggregate]\nroll_time = \"1s\"\nroll_events = {roll_events}\nroll_on_close = false\n\
         seal_every = \"200ms\"\nretry = \"200ms\"\ndelete_stripped = {deletes}\n\
         delete_landing = {deletes}\n{more}"
    );
    let enrich = "delete_raw = false\nmix_uploads = 40\nmix_time = \"20ms\"\n\
                  mix_longest = \"500ms\"\n";
    world.settings_with(&world.kafka, enrich, &sections);
}

/// Waits until all that is committed has landed and every closed day is sealed.
fn await_sealed(world: &World) {
    await_that("all has landed, and every closed day is sealed", || {
        world.has_landed() && world.manifests() == DAYS
    });
}

#[test]
fn a_lander_that_is_killed_between_any_two_writes_lands_each_record_once() {
    let seed = seed(109);
    let world = stripped_world("land-kills", seed, false);
    // At first it lands, then it seals; each life ends at one step, and the next begins there.
    let (mut kills, mut reached) = (0, std::collections::BTreeSet::new());
    let mut live = |step: &'static str, more: &str| {
        let mut process = world.aggregate("killed", &format!("{step}=return{more}"));
        let ended = process.await_end(Duration::from_secs(3)).is_some();
        if ended {
            reached.insert(step);
            kills += 1;
        }
        process.kill();
        ended
    };
    let mut lives = 0;
    while !world.has_landed() {
        live(STEPS[(lives + seed as usize) % 2], ";seal.intent=pause");
        lives += 1;
        assert!(lives < 400, "it does not come to an end");
    }
    let mut lives = 0;
    while world.manifests() < DAYS {
        for step in &STEPS[2..] {
            live(step, "");
        }
        lives += 1;
        assert!(lives < 20, "{} days are sealed", world.manifests());
    }
    live("seal.key_gone", "");
    let last = world.aggregate("last", "");
    await_sealed(&world);
    sleep(Duration::from_secs(1));
    assert!(last.terminate(STOP).success());
    world.assert_landed();
    world.assert_published(DAYS);
    assert_eq!(
        reached.len(),
        STEPS.len(),
        "every step was reached: {reached:?}"
    );
    println!("{kills} kills");
}

#[test]
fn a_slow_lander_that_is_let_go_after_the_seal_and_the_deletion_changes_nothing() {
    // One is held at a step; another does all of the work meanwhile.
    for step in [
        "land.data",
        "land.entry",
        "seal.intent",
        "seal.key",
        "seal.file",
    ] {
        let world = stripped_world("land-slow", seed(110), true);
        // Of a range that nobody has begun, so that the other one surely cuts it elsewhere.
        let (passes, comings) = if step == "land.data" {
            ("", 1)
        } else {
            ("1*off->", 2)
        };
        let slow = world.aggregate("slow", &format!("{step}={passes}1*sleep(8000)->off"));
        let comes = format!("step=\"{step}\"");
        await_that("it is held at the step", || {
            world.log("aggregate-slow.log").matches(&comes).count() >= comings
        });
        let held = Instant::now();
        slow.freeze();
        assert!(world.manifests() < DAYS, "it is held at {step}");
        // Both look whether an entry is due where a day closes: with a bound that is not reached, this one's
        // ends elsewhere, and no entry of the two is the same by chance.
        set(&world, 10_000_000, true);
        let quick = world.aggregate("quick", "");
        await_sealed(&world);
        sleep(Duration::from_secs(1));
        assert!(quick.terminate(STOP).success());
        let before = files(&world.folder.path().join("rollups"));
        slow.thaw();
        if step == "land.data" {
            // It was overtaken, and says so.
            world.await_log("aggregate-slow.log", "behind", QUIET);
        }
        // Until it has gone on, and has had the time to do harm.
        sleep(
            Duration::from_secs(13)
                .saturating_sub(held.elapsed())
                .max(Duration::from_secs(5)),
        );
        let log = world.log("aggregate-slow.log");
        assert!(!log.contains("ERROR"), "{step}: {log}");
        assert!(slow.terminate(STOP).success());
        let after = files(&world.folder.path().join("rollups"));
        assert!(before == after, "{step}: what was published has changed");
        world.assert_published(DAYS);
        for landed in landing::landed(&world.folder.path().join("landing")).values() {
            assert_eq!(landed.orphans, Vec::<String>::new(), "{step}");
        }
    }
}

#[test]
fn a_lander_whose_first_questions_the_broker_does_not_answer_asks_again() {
    let world = World::new("land-starts", 1);
    let proxy = &apache().proxy;
    let proxied = world.behind(proxy);
    let lands = "[aggregate]\nroll_time = \"1s\"\nretry = \"200ms\"\n";
    world.settings_with(&proxied, "", lands);
    let topic = world.kafka.topics().stripped();
    let rule = proxy.rule(2, LIST_OFFSETS, &topic, Side::Answer, Action::Drop);
    let process = world.aggregate("early", "");
    world.await_log("aggregate-early.log", "asking for the offsets", QUIET);
    let enrich = "mix_longest = \"300ms\"\n";
    world.settings_with(&world.kafka, enrich, lands);
    let enriching = world.enrich("a");
    world.feeder(50, seed(112)).some(100);
    world.await_quiet(QUIET);
    await_that("all has landed", || world.has_landed());
    assert!(rule.hits() > 0);
    assert!(enriching.terminate(STOP).success());
    assert!(process.terminate(STOP).success());
}

#[test]
fn what_a_transaction_that_does_not_end_hides_is_shown_as_lag() {
    let world = World::new("land-hanging", 1);
    let address = free_address();
    let topic = world.kafka.topics().stripped();
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
    let shown = [
        ("KAIKU_TELEMETRY__SERVE", "true".to_owned()),
        ("KAIKU_TELEMETRY__LISTEN", address.to_string()),
    ];
    let process = Stage::start_with(world.folder.path(), "aggregate", "a", &shown);
    let lag = |records: u32| {
        let line = format!("kaiku_land_lag_records{{partition=\"0\"}} {records}\n");
        http(address, "metrics").contains(&line)
    };
    await_that("seven records are hidden", || lag(7));
    let hidden = "kaiku_land_hidden_seconds{partition=\"0\"} ";
    await_that("it is shown for how long", || {
        let metrics = http(address, "metrics");
        let seconds = metrics.split(hidden).nth(1);
        let seconds = seconds.and_then(|rest| rest.lines().next()?.parse::<f64>().ok());
        seconds.is_some_and(|seconds| seconds >= 5.0)
    });
    hanging.abort_transaction(QUIET).unwrap();
    await_that("none is", || lag(0));
    assert!(process.terminate(STOP).success());
}

#[test]
fn two_landers_and_two_sealers_at_once_come_to_one_result() {
    let world = stripped_world("land-two", seed(111), false);
    let steps = "land.data=30%sleep(60);land.entry=30%sleep(60);seal.intent=50%sleep(200);\
                 seal.key=50%sleep(200);seal.file=30%sleep(100);seal.files=50%sleep(200);\
                 seal.manifest=50%sleep(200)";
    let processes = [world.aggregate("a", steps), world.aggregate("b", steps)];
    await_sealed(&world);
    sleep(Duration::from_secs(2));
    for process in processes {
        assert!(process.terminate(STOP).success());
    }
    world.assert_landed();
    world.assert_published(DAYS);
    let log = [world.log("aggregate-a.log"), world.log("aggregate-b.log")].concat();
    assert!(!log.contains("ERROR"), "{log}");
}
