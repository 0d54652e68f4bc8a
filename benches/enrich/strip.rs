//! `kaiku enrich` as a process of its own, from the assignment of its partitions to the last
//! commit.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::Size;
use crate::load::Load;
use crate::measure::{Reading, Usage, resident};
use crate::support::process::{Stage, free_address, settings};

const START: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(20);

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stripped {
    pub(crate) usage: Usage,
    /// Events that enrich says it has counted.
    pub(crate) counted: u64,
    /// Bytes in memory, with every device in its state.
    pub(crate) resident: u64,
    /// Bytes in memory before the first device.
    pub(crate) resident_before: u64,
}

/// Several runs of the same kind.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<Stripped>);

impl Runs {
    pub(crate) fn add(&mut self, run: Stripped) {
        self.0.push(run);
    }

    pub(crate) fn last(&self) -> &Stripped {
        self.0.last().expect("something has run")
    }

    pub(crate) fn mean(&self) -> Usage {
        Usage::mean(self.0.iter().map(|run| run.usage))
    }
}

/// Strips the records that stand on events.raw.
pub(crate) fn run(kafka: &Cluster, size: Size, load: &Load) -> Stripped {
    let folder = tempfile::tempdir().unwrap();
    let group = format!("{}enrich", kafka.prefix());
    let listen = free_address();
    settings(
        folder.path(),
        kafka,
        // As by default; but the last uploads find no others to mix with, and need not wait, and all
        // devices are new in one hour.
        &format!(
            "[topics]\nreplay = true\n\n[enrich]\ngroup = \"{group}\"\nkeys_dir = \"keys\"\ndelete_raw = false\n\
             mix_longest = \"500ms\"\nnew_devices_per_hour = 1000000000\n\n[telemetry]\nlisten = \"{listen}\"\n"
        ),
    );
    let stage = Stage::start(folder.path(), "enrich", "bench");
    let process = Process {
        id: stage.id(),
        log: folder.path().join("enrich-bench.log"),
    };
    process.await_assignment();
    let (before, resident_before) = (Reading::of(stage.id()), resident(stage.id()));
    process.await_last_commit(kafka, &group, size);
    let usage = Reading::of(stage.id()).since(&before);
    let resident = resident(stage.id());
    let counted = await_counted(listen, load.events());
    assert!(
        stage.terminate(Duration::from_secs(60)).success(),
        "enrich did not stop cleanly"
    );
    Stripped {
        usage,
        counted,
        resident,
        resident_before,
    }
}

/// The process, and where it says what it does.
struct Process {
    id: u32,
    log: PathBuf,
}

impl Process {
    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Fails, with the log, once the process is over or the time is up.
    fn still(&self, begun: Instant, within: Duration, what: &str) {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id));
        let runs = stat.is_ok_and(|stat| !stat.contains(") Z "));
        assert!(runs, "enrich has ended: {what}\n{}", self.said());
        let in_time = begun.elapsed() < within;
        assert!(in_time, "after {within:?}: {what}\n{}", self.said());
        std::thread::sleep(STEP);
    }

    /// By its log: nothing else shows the moment.
    fn await_assignment(&self) {
        let begun = Instant::now();
        while !self.said().contains("partitions assigned") {
            self.still(begun, START, "no partition is assigned");
        }
    }

    fn await_last_commit(&self, kafka: &Cluster, group: &str, size: Size) {
        let raw = kafka.topics().raw();
        let admin = Admin::connect(kafka).unwrap();
        let end = |partition| admin.watermarks(&raw, partition).unwrap().1;
        let wanted: i64 = (0..size.partitions).map(end).sum();
        let consumer: BaseConsumer = kafka
            .client("bench")
            .set("group.id", group)
            .create()
            .unwrap();
        let mut partitions = TopicPartitionList::new();
        partitions.add_partition_range(&raw, 0, size.partitions - 1);
        let begun = Instant::now();
        loop {
            // Right behind a commit the broker may have no stable offset to show.
            let committed = consumer.committed_offsets(partitions.clone(), Duration::from_secs(10));
            let sum = committed.as_ref().map_or(0, sum_of);
            if sum >= wanted {
                return;
            }
            let what = format!(
                "{sum} of {wanted} records committed ({:?})",
                committed.err()
            );
            self.still(begun, size.deadline(), &what);
        }
    }
}

/// The sum of the offsets that are known.
fn sum_of(list: &TopicPartitionList) -> i64 {
    let known = |offset| match offset {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    };
    let elements = list.elements();
    elements.iter().filter_map(|one| known(one.offset())).sum()
}

/// What enrich has counted, by its own metrics; they follow the commit.
fn await_counted(listen: SocketAddr, wanted: u64) -> u64 {
    let begun = Instant::now();
    loop {
        let mut answer = ureq::get(format!("http://{listen}/metrics"))
            .call()
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        let counted = text
            .lines()
            .find_map(|line| line.strip_prefix("kaiku_enrich_events_total{outcome=\"counted\"} "))
            .map_or(0, |number| number.parse().unwrap());
        if counted == wanted {
            return counted;
        }
        assert!(
            begun.elapsed() < START,
            "{counted} of {wanted} events were counted"
        );
        std::thread::sleep(STEP);
    }
}
