//! The pass-through: a plain consumer and a plain producer that copy the raw records, in a process
//! of their own, this program started once more.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, KafkaConfig, drain, send_waiting};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::measure::{Reading, Usage};
use crate::support::replay::make_topics;
use crate::{Size, variable};

/// Age at which a transaction commits, as that of a lane under load.
const TRANSACTION: Duration = Duration::from_millis(200);
const STEP: Duration = Duration::from_millis(100);

/// What a child is told, by variables of its environment.
const WAY: &str = "KAIKU_BENCH_PASS_WAY";
const BROKERS: &str = "KAIKU_BENCH_PASS_BROKERS";
const PREFIX: &str = "KAIKU_BENCH_PASS_PREFIX";
const RECORDS: &str = "KAIKU_BENCH_PASS_RECORDS";

/// How the records are passed through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each for itself.
    Plain,
    /// In transactions, with their offsets.
    Transactions,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Plain => "plain",
            Way::Transactions => "transactions",
        }
    }
}

/// The topic that the records are copied to stands under a longer prefix.
fn copies(kafka: &Cluster, way: Way) -> Cluster {
    kafka.with_prefix(&format!("{}{}.", kafka.prefix(), way.name()))
}

/// A child that ends with this.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Passes the records through in a child, and says what it used.
pub(crate) fn run(kafka: &Cluster, way: Way, size: Size, records: u64) -> Usage {
    make_topics(&copies(kafka, way), size.partitions);
    let child = Command::new(std::env::current_exe().unwrap())
        .env(WAY, way.name())
        .env(BROKERS, kafka.brokers())
        .env(PREFIX, kafka.prefix())
        .env(RECORDS, records.to_string())
        .env("KAIKU_BENCH_DEVICES", size.devices.to_string())
        .env("KAIKU_BENCH_PARTITIONS", size.partitions.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Guard(child);
    // The child bounds itself, and what hangs in a library does not.
    let until = Instant::now() + size.deadline() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < until, "the pass-through does not end");
        std::thread::sleep(STEP);
    };
    let mut line = String::new();
    child
        .0
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut line)
        .unwrap();
    assert!(status.success(), "the pass-through failed");
    Usage::from_line(&line).expect("the pass-through says what it used")
}

/// Whether this process is to pass records through.
pub(crate) fn is_child() -> bool {
    std::env::var_os(WAY).is_some()
}

/// Passes the records through, and prints what that used.
pub(crate) fn child() {
    let size = Size::asked();
    let mut config = KafkaConfig::at(&std::env::var(BROKERS).unwrap());
    config.prefix = std::env::var(PREFIX).unwrap();
    config.insecure = true;
    let kafka = Cluster::new(&config).unwrap();
    let records = variable(RECORDS).unwrap();
    let way = match std::env::var(WAY).unwrap().as_str() {
        "plain" => Way::Plain,
        _ => Way::Transactions,
    };
    println!("{}", Pass::new(&kafka, way, size).copy(records).to_line());
}

/// A pass-through at work.
struct Pass {
    consumer: BaseConsumer,
    producer: BaseProducer,
    way: Way,
    from: String,
    to: String,
    /// For each partition, the offset behind the last record that was taken.
    next: Vec<i64>,
    until: Instant,
    deadline: Duration,
}

impl Pass {
    fn new(kafka: &Cluster, way: Way, size: Size) -> Pass {
        let group = format!("{}{}", kafka.prefix(), way.name());
        // What enrich sets, where it is about speed.
        let consumer: BaseConsumer = kafka
            .client("bench")
            .set("group.id", &group)
            .set("enable.auto.commit", "false")
            .set("auto.offset.reset", "error")
            .set("queued.max.messages.kbytes", "32768")
            .set("fetch.wait.max.ms", "100")
            .create()
            .unwrap();
        let mut producer = kafka.client("bench");
        producer
            .set("acks", "all")
            .set("compression.type", "lz4")
            .set("enable.idempotence", "true")
            .set("delivery.report.only.error", "true")
            .set("linger.ms", "5");
        if way == Way::Transactions {
            producer.set("transactional.id", &group);
        }
        let (from, to) = (kafka.topics().raw(), copies(kafka, way).topics().raw());
        let producer: BaseProducer = producer.create().unwrap();
        if way == Way::Transactions {
            producer.init_transactions(Duration::from_secs(60)).unwrap();
        }
        let mut all = TopicPartitionList::new();
        for partition in 0..size.partitions {
            all.add_partition_offset(&from, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&all).unwrap();
        let next = (0..size.partitions).map(|_| 0).collect();
        let (until, deadline) = (Instant::now() + size.deadline(), size.deadline());
        Pass {
            consumer,
            producer,
            way,
            from,
            to,
            next,
            until,
            deadline,
        }
    }

    fn copy(mut self, records: u64) -> Usage {
        let mut begun: Option<Reading> = None;
        let mut open: Option<Instant> = None;
        let mut copied = 0;
        while copied < records {
            assert!(
                Instant::now() < self.until,
                "{copied} of {records} records came in time"
            );
            if self.way == Way::Transactions && open.is_some_and(|at| at.elapsed() >= TRANSACTION) {
                self.commit();
                open = None;
            }
            let message = match self.consumer.poll(STEP) {
                None => continue,
                Some(message) => message.expect("a record can be read"),
            };
            begun.get_or_insert_with(|| Reading::of(std::process::id()));
            if self.way == Way::Transactions && open.is_none() {
                self.producer.begin_transaction().unwrap();
                open = Some(Instant::now());
            }
            self.pass(&message);
            let partition = usize::try_from(message.partition()).unwrap();
            self.next[partition] = message.offset() + 1;
            copied += 1;
            if copied % 1_000 == 0 {
                self.producer.poll(Duration::ZERO);
            }
        }
        match self.way {
            Way::Plain => self.producer.flush(self.deadline).unwrap(),
            Way::Transactions => self.commit(),
        }
        Reading::of(std::process::id()).since(&begun.expect("there are records"))
    }

    fn pass(&self, message: &BorrowedMessage<'_>) {
        let record = BaseRecord::to(&self.to)
            .partition(message.partition())
            .key(message.key().unwrap())
            .payload(message.payload().unwrap())
            .timestamp(message.timestamp().to_millis().unwrap());
        send_waiting(&self.producer, record, self.until).unwrap();
    }

    fn commit(&self) {
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in (0..).zip(&self.next) {
            offsets
                .add_partition_offset(&self.from, partition, Offset::Offset(*next))
                .unwrap();
        }
        let group = self.consumer.group_metadata().unwrap();
        self.producer
            .send_offsets_to_transaction(&offsets, &group, self.deadline)
            .unwrap();
        drain(&self.producer, self.deadline);
        self.producer.commit_transaction(self.deadline).unwrap();
    }
}
