//! The pass-through: a plain consumer and a plain producer that copy the raw records, in this
//! process, which should do nothing else; it is the limit that librdkafka sets.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kaiku_broker::{Cluster, drain, send_waiting};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::load::settle;
use super::usage::{Reading, Usage};
use crate::send::Undelivered;

/// Age at which a transaction commits, as that of a lane under load.
const TRANSACTION: Duration = Duration::from_millis(200);
const STEP: Duration = Duration::from_millis(100);

/// How the records are passed through; idempotently either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Each for itself.
    Plain,
    /// In transactions of 200 ms, with their offsets.
    Transactions,
}

impl Way {
    /// Both.
    pub const ALL: [Way; 2] = [Way::Plain, Way::Transactions];

    /// Its name, as a child is told it.
    pub fn name(self) -> &'static str {
        match self {
            Way::Plain => "plain",
            Way::Transactions => "transactions",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Way> {
        Way::ALL.into_iter().find(|way| way.name() == name)
    }
}

/// The topic that the records are copied to stands under a longer prefix.
pub fn copies(cluster: &Cluster, way: Way) -> Cluster {
    cluster.with_prefix(&format!("{}{}.", cluster.prefix(), way.name()))
}

/// Copies so many records, and says what this process has used from the first of them to the last
/// acknowledgement.
///
/// # Errors
/// Where the broker does not give or take them in time.
pub fn pass(
    cluster: &Cluster,
    way: Way,
    partitions: i32,
    records: u64,
    within: Duration,
) -> Result<Usage> {
    Pass::new(cluster, way, partitions, within)?.copy(records)
}

/// A pass-through at work.
struct Pass {
    consumer: BaseConsumer,
    producer: BaseProducer<Undelivered>,
    way: Way,
    from: String,
    to: String,
    /// For each partition, the offset behind the last record that was taken.
    next: Vec<i64>,
    until: Instant,
    within: Duration,
}

impl Pass {
    fn new(cluster: &Cluster, way: Way, partitions: i32, within: Duration) -> Result<Pass> {
        let group = format!("{}{}", cluster.prefix(), way.name());
        let (from, to) = (cluster.topics().raw(), copies(cluster, way).topics().raw());
        Ok(Pass {
            consumer: consumer(cluster, &group, &from, partitions)?,
            producer: producer(cluster, &group, way)?,
            way,
            from,
            to,
            next: (0..partitions).map(|_| 0).collect(),
            until: Instant::now() + within,
            within,
        })
    }

    fn copy(mut self, records: u64) -> Result<Usage> {
        let mut begun: Option<Reading> = None;
        let mut open: Option<Instant> = None;
        let mut copied = 0;
        while copied < records {
            let in_time = Instant::now() < self.until;
            ensure!(in_time, "{copied} of {records} records came in time");
            if self.way == Way::Transactions && open.is_some_and(|at| at.elapsed() >= TRANSACTION) {
                self.commit()?;
                open = None;
            }
            let message = match self.consumer.poll(STEP) {
                None => continue,
                Some(message) => message.context("reading a record")?,
            };
            if begun.is_none() {
                begun = Some(Reading::of(std::process::id())?);
            }
            if self.way == Way::Transactions && open.is_none() {
                self.producer
                    .begin_transaction()
                    .context("opening a transaction")?;
                open = Some(Instant::now());
            }
            self.pass(&message)?;
            let partition = usize::try_from(message.partition())?;
            self.next[partition] = message.offset() + 1;
            copied += 1;
            if copied % 1_000 == 0 {
                self.producer.poll(Duration::ZERO);
            }
        }
        match self.way {
            Way::Plain => settle(&self.producer)?,
            Way::Transactions => self.commit()?,
        }
        let begun = begun.context("there is no record to pass through")?;
        Ok(Reading::of(std::process::id())?.since(&begun))
    }

    fn pass(&self, message: &BorrowedMessage<'_>) -> Result<()> {
        let record = BaseRecord::to(&self.to)
            .partition(message.partition())
            .key(message.key().unwrap_or_default())
            .payload(message.payload().unwrap_or_default())
            .timestamp(message.timestamp().to_millis().unwrap_or_default());
        send_waiting(&self.producer, record, self.until).context("writing a record")
    }

    fn commit(&self) -> Result<()> {
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in (0..).zip(&self.next) {
            offsets.add_partition_offset(&self.from, partition, Offset::Offset(*next))?;
        }
        let group = self.consumer.group_metadata().context("it has no group")?;
        self.producer
            .send_offsets_to_transaction(&offsets, &group, self.within)
            .context("adding offsets to a transaction")?;
        drain(&self.producer, self.within);
        self.producer
            .commit_transaction(self.within)
            .context("committing a transaction")
    }
}

/// What enrich sets, where it is about speed.
fn consumer(cluster: &Cluster, group: &str, topic: &str, partitions: i32) -> Result<BaseConsumer> {
    let consumer: BaseConsumer = cluster
        .client("bench-pass")
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("queued.min.messages", "10000")
        .set("queued.max.messages.kbytes", "4096")
        .set("fetch.queue.backoff.ms", "5")
        .set("fetch.wait.max.ms", "100")
        .create()
        .context("making a consumer")?;
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&all).context("reading the load")?;
    Ok(consumer)
}

fn producer(cluster: &Cluster, group: &str, way: Way) -> Result<BaseProducer<Undelivered>> {
    let mut client = cluster.client("bench-pass");
    client
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("enable.idempotence", "true")
        .set("delivery.report.only.error", "true")
        // As a lane has it: full batches leave, and what is left over at the end.
        .set("linger.ms", "1000")
        .set("batch.num.messages", "100000");
    if way == Way::Transactions {
        client.set("transactional.id", group);
    }
    let producer: BaseProducer<Undelivered> = client
        .create_with_context(Undelivered::default())
        .context("making a producer")?;
    if way == Way::Transactions {
        producer
            .init_transactions(Duration::from_secs(60))
            .context("preparing transactions")?;
    }
    Ok(producer)
}
