//! A world of one test's own: topics, settings, a fleet that sends, processes that strip; and the
//! oracle that says whether what came out is right.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, KafkaConfig, TopicsConfig, create_topics};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, Upload, What};
use kaiku_rehearsal::Sender;
use kaiku_wire::Day;
use tempfile::TempDir;

use super::kafka::{Isolation, Proxy, Record, apache, read, unique_prefix};
use super::oracle::{self, Oracle};
use super::process::{Stage, settings};
use super::replay::await_committed;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::sample);

/// How many lines of each log are shown where a test fails.
const LAST_LINES: usize = 30;

/// Whether the long form of the tests was asked for, by `KAIKU_TEST_FULL=1`.
pub(crate) fn is_full() -> bool {
    std::env::var("KAIKU_TEST_FULL").is_ok_and(|value| value == "1")
}

/// The seed of a test: `KAIKU_TEST_SEED`, else the test's own. It is printed, and shown where the
/// test fails.
pub(crate) fn seed(own: u64) -> u64 {
    let given = std::env::var("KAIKU_TEST_SEED").ok();
    let seed = given.map_or(own, |text| {
        text.parse().expect("KAIKU_TEST_SEED is a number")
    });
    println!("KAIKU_TEST_SEED={seed}");
    seed
}

/// Topics on a broker, and a folder with settings.
pub(crate) struct World {
    pub(crate) kafka: Cluster,
    pub(crate) folder: TempDir,
    replay: bool,
    /// How many brokers have each record.
    replication: i32,
    pub(crate) partitions: i32,
    pub(crate) group: String,
    /// Fingerprints of what a registry has, by its ids; 0 for the schema of another kind of record.
    pub(crate) ids: HashMap<u32, u64>,
    /// Of partitions whose log has lost something: what was counted of them until then, and from which
    /// offset on the log counts now.
    pub(crate) past: HashMap<i32, (Vec<Record>, i64)>,
}

impl World {
    /// On the Apache Kafka of this test run, whatever broker is named otherwise: the short sessions
    /// of these tests are settings of the broker too. With history to be replayed.
    pub(crate) fn new(name: &str, partitions: i32) -> World {
        let world = World::on(apache().cluster(&unique_prefix(name)), partitions, true);
        world.settings(&world.kafka, "");
        world
    }

    /// On a broker of one's own. The settings are still to be written.
    pub(crate) fn on(kafka: Cluster, partitions: i32, replay: bool) -> World {
        World::copied(kafka, partitions, replay, 1)
    }

    /// The same, with every record on so many brokers.
    pub(crate) fn copied(kafka: Cluster, partitions: i32, replay: bool, replication: i32) -> World {
        let shape = TopicsConfig {
            partitions,
            replay,
            replication,
        };
        let admin = Admin::connect(&kafka).unwrap();
        create_topics(&admin, &shape, &[]).unwrap();
        World {
            group: format!("{}enrich", kafka.prefix()),
            folder: tempfile::tempdir().unwrap(),
            kafka,
            replay,
            replication,
            partitions,
            ids: HashMap::new(),
            past: HashMap::new(),
        }
    }

    /// Writes settings for processes that reach the broker as `kafka` says: short times, history
    /// replayed, nothing deleted; `more` are lines for the section `enrich`.
    pub(crate) fn settings(&self, kafka: &Cluster, more: &str) {
        self.settings_with(
            kafka,
            &format!(
                "delete_raw = false\nmix_uploads = 40\nmix_time = \"20ms\"\n\
                 mix_longest = \"500ms\"\n{more}"
            ),
            "",
        );
    }

    /// The same, with no more in the section `enrich` than is needed, and other sections.
    pub(crate) fn settings_with(&self, kafka: &Cluster, enrich: &str, sections: &str) {
        // A partition of a lander that was killed comes back as soon as one of enrich does.
        let aggregate = "[aggregate]\nsession_timeout = \"1s\"\n";
        let sections = if sections.contains("[aggregate]\n") {
            sections.replacen("[aggregate]\n", aggregate, 1)
        } else {
            format!("{sections}\n{aggregate}")
        };
        settings(
            self.folder.path(),
            kafka,
            &format!(
                "[topics]\nreplay = {}\nreplication = {}\n\n[enrich]\ngroup = \"{}\"\nkeys_dir = \"keys\"\nretry = \"300ms\"\n\
                 session_timeout = \"1s\"\n{enrich}\n[telemetry]\nserve = false\n{sections}",
                self.replay, self.replication, self.group
            ),
        );
    }

    /// Where processes reach the broker through a proxy.
    pub(crate) fn behind(&self, proxy: &Proxy) -> Cluster {
        let config = KafkaConfig::at(&proxy.bootstrap());
        Cluster::new(&config.with_prefix(self.kafka.prefix())).unwrap()
    }

    pub(crate) fn keys_dir(&self) -> PathBuf {
        self.folder.path().join("keys")
    }

    /// Starts a process that strips.
    pub(crate) fn enrich(&self, name: &str) -> Stage {
        self.enrich_failing(name, "")
    }

    /// The same, with what a test has happen at some of its steps.
    pub(crate) fn enrich_failing(&self, name: &str, failpoints: &str) -> Stage {
        self.process("enrich", name, failpoints)
    }

    /// Starts a process that can be asked how it is.
    pub(super) fn process(&self, verb: &str, name: &str, failpoints: &str) -> Stage {
        // State is written anew as often as with many devices, and as far in one transaction as with few of them.
        let failpoints = format!("state.few=return(40);{failpoints}");
        let variables = [
            ("FAILPOINTS", failpoints),
            ("KAIKU_TELEMETRY__SERVE", "true".to_owned()),
            ("KAIKU_TELEMETRY__LISTEN", "127.0.0.1:0".to_owned()),
        ];
        Stage::start_with(self.folder.path(), verb, name, &variables)
    }

    /// What a process has logged.
    pub(crate) fn log(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }

    /// Waits until a process has logged something.
    pub(crate) fn await_log(&self, file: &str, text: &str, within: Duration) {
        let start = Instant::now();
        while !self.log(file).contains(text) {
            assert!(
                start.elapsed() < within,
                "{file} says nothing of {text:?}:\n{}",
                self.log(file)
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A fleet of this world.
    pub(crate) fn feeder(&self, devices: u32, seed: u64) -> Feeder {
        self.feeder_from(FleetConfig::default().first_day, devices, seed)
    }

    /// The same, from this day on.
    pub(crate) fn feeder_from(&self, first_day: Day, devices: u32, seed: u64) -> Feeder {
        let config = FleetConfig {
            first_day,
            devices,
            seed,
            partitions: self.partitions,
            ..FleetConfig::default()
        };
        Feeder::new(&self.kafka, config)
    }

    /// Waits until every raw record is committed.
    pub(crate) fn await_quiet(&self, within: Duration) {
        await_committed(&self.kafka, &self.group, within);
    }

    /// All that stands on events.raw.
    pub(crate) fn raw(&self) -> Vec<Record> {
        let topic = self.kafka.topics().raw();
        read(&self.kafka, &topic, Isolation::Uncommitted)
    }

    /// All that counts, which is all that stands on events.raw where its log has lost nothing.
    pub(crate) fn counted(&self) -> Vec<Record> {
        let mut all: Vec<_> = self
            .past
            .values()
            .flat_map(|(records, _)| records.clone())
            .collect();
        let counts = |record: &Record| {
            let past = self.past.get(&record.partition);
            past.is_none_or(|(_, from)| record.offset >= *from)
        };
        all.extend(self.raw().into_iter().filter(counts));
        all
    }

    /// The fold of all that counts.
    pub(crate) fn oracle(&self) -> Oracle<'static> {
        self.oracle_of(&self.counted())
    }

    /// The fold of these records.
    pub(crate) fn oracle_of<'a>(
        &self,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Oracle<'static> {
        self.fold(self.partitions, i64::MAX, records)
    }

    /// The fold to which no record's time may lie behind `now`, in milliseconds since 1970.
    pub(crate) fn oracle_until(&self, now: i64) -> Oracle<'static> {
        self.fold(self.partitions, now, &self.raw())
    }

    /// The fold of the first partitions alone.
    pub(crate) fn oracle_within(&self, partitions: i32) -> Oracle<'static> {
        let raw = self.raw();
        let within = raw.iter().filter(|record| record.partition < partitions);
        self.fold(partitions, i64::MAX, within)
    }

    fn fold<'a>(
        &self,
        partitions: i32,
        now: i64,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Oracle<'static> {
        let mut oracle = Oracle::new(&CATALOGUE, partitions);
        oracle.now = now;
        oracle.ids.clone_from(&self.ids);
        for record in records {
            oracle.take(record);
        }
        oracle
    }

    /// Holds what came out, and the state, against the fold of what went in. Nothing may be open.
    pub(crate) fn assert_exact(&self) -> Oracle<'static> {
        let oracle = self.oracle();
        self.assert_exact_as(&oracle);
        oracle
    }

    /// The same, against a fold of one's own.
    pub(crate) fn assert_exact_as(&self, oracle: &Oracle<'_>) {
        self.assert_exact_without_state(oracle);
        oracle::assert_state(&self.kafka, &self.keys_dir(), oracle);
    }

    /// The same, where the state is gone.
    pub(crate) fn assert_exact_without_state(&self, oracle: &Oracle<'_>) {
        oracle::assert_exact(&self.kafka, oracle);
        println!("{}", oracle.summary());
    }
}

/// Where a test fails, the last words of each process.
impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        for found in std::fs::read_dir(self.folder.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = found.file_name().to_string_lossy().into_owned();
            if name.ends_with(".log") {
                let log = self.log(&name);
                let lines: Vec<&str> = log.lines().collect();
                let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
                println!("--- {name}\n{}", last.join("\n"));
            }
        }
    }
}

/// A fleet that sends onto events.raw, a few uploads at a time.
pub(crate) struct Feeder {
    fleet: Fleet,
    pub(crate) sender: Sender,
    pub(crate) day: Day,
    millis: i64,
    uploads: std::vec::IntoIter<Upload>,
    /// How often each upload is sent.
    pub(crate) copies: usize,
}

impl Feeder {
    pub(crate) fn new(kafka: &Cluster, config: FleetConfig) -> Feeder {
        let (partitions, day) = (config.partitions, config.first_day);
        let mut feeder = Feeder {
            fleet: Fleet::new(config, &CATALOGUE),
            sender: Sender::onto(kafka, partitions).unwrap(),
            day,
            millis: 0,
            uploads: Vec::new().into_iter(),
            copies: 1,
        };
        feeder.begin(day);
        feeder
    }

    fn begin(&mut self, day: Day) {
        self.day = day;
        self.millis = day.start_millis();
        self.uploads = self.fleet.day(day).collect::<Vec<_>>().into_iter();
    }

    /// How many uploads of the day are left.
    pub(crate) fn left(&self) -> usize {
        self.uploads.len()
    }

    /// Sends the next uploads of the day; gives how many there were.
    pub(crate) fn some(&mut self, uploads: usize) -> usize {
        let mut sent = 0;
        for upload in self.uploads.by_ref().take(uploads) {
            for _ in 0..self.copies {
                self.millis += 1;
                self.sender.upload(&upload, self.millis).unwrap();
            }
            sent += 1;
        }
        self.sender.flush().unwrap();
        sent
    }

    /// Sends the rest of the day, closes it on every partition, and begins the next.
    pub(crate) fn end_day(&mut self) {
        self.some(usize::MAX);
        self.next_day();
    }

    /// Closes the day, whatever is left of it, and begins the next.
    pub(crate) fn next_day(&mut self) {
        let next = self.day.next();
        self.sender.tick(next).unwrap();
        self.begin(next);
    }

    /// Begins the next day, and closes this one with the first upload of it.
    pub(crate) fn skip_day(&mut self) {
        self.begin(self.day.next());
    }

    /// Goes on so many days later.
    pub(crate) fn skip_to(&mut self, day: Day) {
        while self.day.next() < day {
            // The fleet lives through every day, whether it is sent or not.
            let next = self.day.next();
            self.begin(next);
        }
        self.next_day();
    }

    /// A few of the next uploads, to be sent otherwise: batches only.
    pub(crate) fn batches(&mut self, most: usize) -> Vec<Upload> {
        let is_batch = |upload: &Upload| matches!(upload.what, What::Batch(_));
        self.uploads.by_ref().filter(is_batch).take(most).collect()
    }
}
