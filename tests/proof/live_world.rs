//! A live world: two hosts and a broker under one clock that the test sets. Weeks and months turn in
//! minutes, raw records are deleted, and what is over is gone on every host, whatever was missed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kaiku_broker::Admin;
use kaiku_wire::{Day, Month};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tempfile::TempDir;

use super::{QUIET, STOP, await_that};
use crate::support::kafka::{
    Apache, Isolation, Record, alter_topic, own_with_clock, read, unique_prefix,
};
use crate::support::process::{Stage, settings};
use crate::support::world::{Feeder, World, seed};

const PARTITIONS: i32 = 2;
/// Uploads a step: fewer than are left standing, so that the test has seen every one.
const UPLOADS: usize = 150;
const MARGIN: i64 = 400;
const HOUR: i64 = 3_600_000;

/// A host with a folder of keys of its own.
struct Host {
    name: &'static str,
    folder: TempDir,
    process: Option<Stage>,
}

impl Host {
    fn keys(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// The months whose key-encryption key lies here.
    fn months(&self) -> BTreeSet<Month> {
        let found = std::fs::read_dir(self.keys()).unwrap();
        let names = found.map(|one| one.unwrap().file_name().to_string_lossy().into_owned());
        let keys = names.filter_map(|name| Some(name.strip_suffix(".key")?.to_owned()));
        keys.map(|name| Month::parse(&name).unwrap()).collect()
    }

    /// How many keys of months that are over its process still knows.
    fn keys_in_memory(&self) -> Option<u32> {
        let metrics = self.process.as_ref()?.get("metrics");
        let shown = metrics.split("kaiku_enrich_overdue{what=\"key_memory\"} ");
        shown
            .skip(1)
            .find_map(|rest| rest.lines().next()?.parse().ok())
    }

    fn stop(&mut self) {
        let process = self.process.take().expect("it runs");
        assert!(
            process.terminate(STOP).success(),
            "{} does not stop",
            self.name
        );
    }

    fn log(&self) -> String {
        let file = self.folder.path().join(format!("enrich-{}.log", self.name));
        std::fs::read_to_string(file).unwrap_or_default()
    }
}

/// Where a test fails, its last words.
impl Drop for Host {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            println!("--- {}\n{last}", self.name);
        }
    }
}

struct Live {
    apache: Apache,
    world: World,
    first: Host,
    second: Host,
    feeder: Feeder,
    /// Every raw record that was ever there, though it is deleted.
    raw: BTreeMap<(i32, i64), Record>,
}

impl Live {
    fn begin(day: Day, seed: u64) -> Live {
        let apache = own_with_clock();
        set_clock(&apache, day, 12);
        let kafka = apache.cluster(&unique_prefix("world"));
        let world = World::on(kafka, PARTITIONS, false);
        // The test wants to see all of them in the end.
        let rejected = world.kafka.topics().rejected();
        alter_topic(&world.kafka, &rejected, &[("retention.ms", "-1")]);
        let host = |name, create_keys| {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("keys")).unwrap();
            let text = format!(
                "[enrich]\ngroup = \"{}\"\nkeys_dir = \"keys\"\ncreate_keys = {create_keys}\n\
                 retry = \"300ms\"\nsession_timeout = \"1s\"\nmix_longest = \"300ms\"\ngrace = \"5s\"\n\
                 delete_margin = {MARGIN}\ndelete_every = \"1s\"\n[telemetry]\nserve = false\n",
                world.group
            );
            settings(folder.path(), &world.kafka, &text);
            Host {
                name,
                folder,
                process: None,
            }
        };
        let (first, second) = (host("first", true), host("second", false));
        let feeder = world.feeder(400, seed);
        Live {
            apache,
            world,
            first,
            second,
            feeder,
            raw: BTreeMap::new(),
        }
    }

    fn start(&mut self, which: fn(&mut Live) -> &mut Host, failpoints: &str) {
        let variables = [
            ("FAILPOINTS", format!("{};{failpoints}", self.clock())),
            ("KAIKU_TELEMETRY__SERVE", "true".to_owned()),
            ("KAIKU_TELEMETRY__LISTEN", "127.0.0.1:0".to_owned()),
        ];
        let host = which(self);
        let process = Stage::start_with(host.folder.path(), "enrich", host.name, &variables);
        host.process = Some(process);
    }

    /// What has a process see the broker's clock.
    fn clock(&self) -> String {
        format!("clock.file=return({})", self.apache.clock_file().display())
    }

    /// Goes to a day, and publishes.
    fn at(&mut self, day: Day, hour: i64) {
        set_clock(&self.apache, day, hour);
        self.publish();
    }

    fn publish(&mut self) {
        assert!(self.feeder.some(UPLOADS) > UPLOADS / 2);
        self.feeder.next_day();
        self.see();
    }

    /// Copies what stands on events.raw, before it is deleted.
    fn see(&mut self) {
        for record in self.world.raw() {
            self.raw.insert((record.partition, record.offset), record);
        }
    }

    /// Goes to a day, publishes, and waits until all of it is committed.
    fn live_through(&mut self, day: Day, hour: i64) {
        self.at(day, hour);
        self.world.await_quiet(QUIET);
        self.see();
    }

    /// Waits until the first host has made a key ahead, and hands its file out.
    fn hand_out(&self, month: Month) {
        let file = format!("{month}.key");
        await_that("a key is made ahead", || {
            self.first.months().contains(&month)
        });
        std::fs::copy(
            self.first.keys().join(&file),
            self.second.keys().join(&file),
        )
        .unwrap();
    }

    /// The months whose sealed key can be read on enrich.keys.
    fn records(&self) -> BTreeSet<Month> {
        let topic = self.world.kafka.topics().keys();
        let mut newest = BTreeMap::new();
        for record in read(&self.world.kafka, &topic, Isolation::Committed) {
            let name = String::from_utf8(record.key.unwrap()).unwrap();
            newest.insert(Month::parse(&name).unwrap(), record.value);
        }
        let sealed = newest.into_iter().filter(|(_, value)| value.is_some());
        sealed.map(|(month, _)| month).collect()
    }

    fn topics(&self) -> BTreeSet<Month> {
        let admin = Admin::connect(&self.world.kafka).unwrap();
        admin.months().unwrap().into_iter().collect()
    }

    /// What `kaiku doctor enrich` says on a host.
    fn doctor(&self, host: &Host) -> String {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_kaiku"))
            .args(["doctor", "enrich", "--config", "kaiku.toml"])
            .env("FAILPOINTS", self.clock())
            .current_dir(host.folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Waits until nothing is left of months up to this one, on the broker and in the memory of processes.
    fn await_gone(&self, month: Month) {
        let is_over = |months: BTreeSet<Month>| months.into_iter().all(|one| one > month);
        await_that("the state topic goes", || is_over(self.topics()));
        await_that("the sealed key goes", || is_over(self.records()));
        let hosts = [&self.first, &self.second].into_iter();
        await_that("no process knows the key any more", || {
            let mut running = hosts.clone().filter(|host| host.process.is_some());
            running.all(|host| host.keys_in_memory() == Some(0))
        });
    }

    /// Holds what came out against the fold of all that was ever published.
    fn assert_exact(&self) {
        for partition in 0..PARTITIONS {
            let offsets = self.raw.keys().filter(|(one, _)| *one == partition);
            let seen: Vec<i64> = offsets.map(|(_, offset)| *offset).collect();
            let all: Vec<i64> = (0..).take(seen.len()).collect();
            assert_eq!(seen, all, "the test has seen every record");
        }
        let oracle = self.world.oracle_of(self.raw.values());
        self.world.assert_exact_without_state(&oracle);
    }
}

fn first(live: &mut Live) -> &mut Host {
    &mut live.first
}

fn second(live: &mut Live) -> &mut Host {
    &mut live.second
}

/// Sets the clock of the broker, and of every process under it.
fn set_clock(apache: &Apache, day: Day, hour: i64) {
    let ahead = day.start_millis() + hour * HOUR - chrono::Utc::now().timestamp_millis();
    apache.set_clock(Duration::from_millis(
        ahead.try_into().expect("it goes forward"),
    ));
}

#[test]
fn over_two_turns_of_a_month_what_is_over_goes_on_both_hosts_and_nothing_else_does() {
    let month = kaiku_wire::Clock::system().today().month().next();
    let months = [
        month,
        month.next(),
        month.next().next(),
        month.next().next().next(),
    ];
    let last = |month: Month| month.next().first_day().prev();
    let mut live = Live::begin(last(months[0]).minus(5), seed(140));
    // What was published before enrich has ever run is of the month before: so the keys are made in
    // the wrong order.
    live.publish();
    set_clock(&live.apache, months[1].first_day().plus(2), 9);
    live.start(first, "");
    live.world.await_quiet(QUIET);
    live.hand_out(months[0]);
    live.hand_out(months[1]);
    live.start(second, "");
    for week in 0..4 {
        live.live_through(months[1].first_day().plus(3 + 7 * week), 10);
    }
    // A day ahead the next key is there; no table of devices is over yet.
    live.live_through(last(months[1]), 12);
    live.hand_out(months[2]);
    assert_eq!(live.topics(), months[..3].iter().copied().collect());
    assert_eq!(live.records(), months[..3].iter().copied().collect());

    // The month turns. The second host is away, and the first dies halfway through what is to go.
    live.second.stop();
    live.first.stop();
    live.start(first, "months.records=return");
    live.at(months[2].first_day(), 1);
    let mut process = live.first.process.take().unwrap();
    assert!(process.await_end(QUIET).is_some(), "nothing was destroyed");
    assert!(
        live.topics().contains(&months[0]),
        "it died before the topic went"
    );
    assert!(!live.first.months().contains(&months[0]));
    assert!(live.second.months().contains(&months[0]));
    live.start(first, "");
    live.start(second, "");
    live.await_gone(months[0]);
    await_that("the second host's file goes", || {
        !live.second.months().contains(&months[0])
    });
    // The key of the month before is needed still: both restore with it.
    live.live_through(months[2].first_day(), 3);
    assert_eq!(live.records(), months[1..3].iter().copied().collect());
    live.assert_exact();
    for week in 0..4 {
        live.live_through(months[2].first_day().plus(4 + 7 * week), 10);
    }
    live.live_through(last(months[2]), 12);
    live.hand_out(months[3]);

    // The next turn is over before the second host is back.
    live.second.stop();
    live.live_through(months[3].first_day(), 1);
    live.await_gone(months[1]);
    await_that("the first host's file goes", || {
        !live.first.months().contains(&months[1])
    });
    assert!(live.second.months().contains(&months[1]));
    live.start(second, "");
    await_that("the second host's file goes", || {
        !live.second.months().contains(&months[1])
    });
    live.first.stop();
    live.live_through(months[3].first_day(), 4);
    let left: BTreeSet<Month> = months[2..].iter().copied().collect();
    assert_eq!(live.topics(), left);
    assert_eq!(live.records(), left);
    assert_eq!(live.second.months(), left);
    assert_eq!(live.first.months(), left);
    live.assert_exact();
    live.second.stop();
    let doctor = live.doctor(&live.second);
    assert!(!doctor.contains("WRONG"), "{doctor}");
    // By position, once nothing that is needed stands in front of it; and raw records were deleted.
    let admin = Admin::connect(&live.world.kafka).unwrap();
    let topics = live.world.kafka.topics();
    assert!(admin.watermarks(&topics.keys(), 0).unwrap().0 > 0);
    for partition in 0..PARTITIONS {
        assert!(admin.watermarks(&topics.raw(), partition).unwrap().0 > 0);
    }
    // A turn of the broker's clock outlives a transaction that is open: librdkafka says so, and the
    // lane begins again. Of the stages themselves none may complain.
    for host in [&live.first, &live.second] {
        assert!(!host.log().contains("ERROR kaiku"), "{}", host.log());
    }
}

/// Records of a transaction that was aborted, in every partition of a month's state.
fn write_and_abort(live: &Live, month: Month) {
    let topic = live.world.kafka.topics().state(month);
    let producer: BaseProducer = live
        .world
        .kafka
        .client("test-aborted")
        .set("transactional.id", &topic)
        .create()
        .unwrap();
    producer.init_transactions(QUIET).unwrap();
    producer.begin_transaction().unwrap();
    for partition in 0..PARTITIONS {
        let record = BaseRecord::to(&topic).partition(partition);
        let record = record.key("meta").payload("not committed");
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(QUIET).unwrap();
    producer.abort_transaction(QUIET).unwrap();
}

#[test]
fn a_month_stays_while_what_comes_after_it_was_written_and_not_committed() {
    let month = kaiku_wire::Clock::system().today().month().next();
    let months = [month, month.next(), month.next().next()];
    let last = |month: Month| month.next().first_day().prev();
    let mut live = Live::begin(last(months[0]), seed(141));
    live.start(first, "");
    live.live_through(last(months[0]), 13);
    live.live_through(months[1].first_day().plus(2), 12);
    live.live_through(last(months[1]), 12);
    await_that("a key is made ahead", || live.topics().contains(&months[2]));
    live.first.stop();
    write_and_abort(&live, months[2]);

    // The first transaction of each lane in the new month takes long.
    set_clock(&live.apache, months[2].first_day().plus(1), 1);
    let doctor = live.doctor(&live.first);
    let stays = format!(
        "`{}` should be gone: it stays until",
        live.world.kafka.topics().state(months[0])
    );
    assert!(doctor.contains(&stays), "{doctor}");
    live.start(first, &format!("lane.begun={PARTITIONS}*sleep(15000)->off"));
    live.publish();
    let begun = Instant::now();
    await_that("it has restored with the key", || {
        live.first.keys_in_memory() == Some(1)
    });
    while begun.elapsed() < Duration::from_secs(10) {
        assert!(live.topics().contains(&months[0]), "its state is needed");
        assert!(
            live.first.months().contains(&months[0]),
            "its key is needed"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    live.world.await_quiet(QUIET);
    live.await_gone(months[0]);
    live.see();
    live.assert_exact();
    live.first.stop();
}
