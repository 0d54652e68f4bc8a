//! Reading all of a topic, and writing single records to it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(crate) use kaiku_broker::Isolation;
use kaiku_broker::{Admin, Cluster};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

/// The longest that reading a topic may take.
const READ: Duration = Duration::from_secs(120);

/// One record, copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    /// None where the record is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// Milliseconds since 1970, by whoever set the time.
    pub(crate) timestamp: Option<i64>,
}

/// All records of `topic` (its full name), by partition and offset, as far as it was written when
/// this was called.
///
/// With [`Isolation::Committed`] it waits until no open transaction stands in the way, for the
/// markers of a commit are written shortly after it was answered.
pub(crate) fn read(cluster: &Cluster, topic: &str, isolation: Isolation) -> Vec<Record> {
    let begin = Instant::now();
    let admin = Admin::connect(cluster).expect("the settings are right");
    let partitions = insist(begin, || admin.partition_count(topic));
    let end = |partition| {
        (
            partition,
            insist(begin, || admin.watermarks(topic, partition)).1,
        )
    };
    let ends: BTreeMap<i32, i64> = (0..partitions).map(end).collect();
    let consumer = consumer(cluster, isolation);
    if isolation == Isolation::Committed {
        wait_for_commits(&consumer, topic, &ends, begin);
    }
    loop {
        assign(&consumer, topic, partitions);
        // Where the first records are deleted while they are read, it begins again.
        if let Some(records) = collect(&consumer, ends.clone(), begin) {
            return records;
        }
    }
}

/// Asks until somebody answers: where a broker has gone away, its partitions have no leader for a
/// moment.
pub(crate) fn insist<T, E: std::fmt::Debug>(begin: Instant, ask: impl Fn() -> Result<T, E>) -> T {
    loop {
        match ask() {
            Ok(answer) => return answer,
            Err(error) => assert!(begin.elapsed() < READ, "nobody answers: {error:?}"),
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Until no open transaction holds back readers before `ends`: a read_committed consumer is told
/// the last stable offset as the end of a partition.
fn wait_for_commits(
    consumer: &BaseConsumer,
    topic: &str,
    ends: &BTreeMap<i32, i64>,
    begin: Instant,
) {
    let stable = |(partition, end): (&i32, &i64)| {
        let (_, stable) = insist(begin, || consumer.fetch_watermarks(topic, *partition, READ));
        stable >= *end
    };
    while !ends.iter().all(stable) {
        assert!(
            begin.elapsed() < READ,
            "an open transaction holds back the readers of {topic}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Until each partition has been read as far as `ends` says; `None` where a partition was read at an
/// offset that is not there any more.
fn collect(
    consumer: &BaseConsumer,
    mut ends: BTreeMap<i32, i64>,
    begin: Instant,
) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !ends.is_empty() {
        assert!(
            begin.elapsed() < READ,
            "the topic was not read to its end in time"
        );
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Ok(message)) => {
                let end = ends.get(&message.partition());
                records.extend(
                    end.is_some_and(|end| message.offset() < *end)
                        .then(|| copy(&message)),
                );
            }
            // A broker that has just become the leader may know of less than `ends` for a moment.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                let position = consumer.position().expect("it reads");
                let position = position.elements();
                let position = position.iter().find(|one| one.partition() == partition);
                let position = position.and_then(|one| one.offset().to_raw());
                let is_short = |end: &i64| position.is_some_and(|at| (0..*end).contains(&at));
                if !ends.get(&partition).is_some_and(is_short) {
                    ends.remove(&partition);
                }
            }
            // One of several may be away.
            Some(Err(KafkaError::MessageConsumption(
                RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::AllBrokersDown,
            ))) => {}
            Some(Err(KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset))) => {
                return None;
            }
            Some(Err(error)) => panic!("reading failed: {error}"),
        }
    }
    records.sort_by_key(|record| (record.partition, record.offset));
    Some(records)
}

fn consumer(cluster: &Cluster, isolation: Isolation) -> BaseConsumer {
    cluster
        .reader("test-reader", isolation)
        .create()
        .expect("a consumer can be made")
}

fn assign(consumer: &BaseConsumer, topic: &str, partitions: i32) {
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(topic, partition, Offset::Beginning)
            .expect("the offset is right");
    }
    consumer
        .assign(&all)
        .expect("an assignment needs no broker");
}

fn copy(message: &BorrowedMessage<'_>) -> Record {
    Record {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        timestamp: message.timestamp().to_millis(),
    }
}

/// Writes one record to one partition of `topic` (its full name), and returns when the broker has
/// it. `timestamp` in milliseconds since 1970; the broker's own clock replaces it where the topic
/// says so.
pub(crate) fn produce(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    timestamp: Option<i64>,
) {
    let producer: BaseProducer = cluster
        .client("test-writer")
        .set("acks", "all")
        .create()
        .expect("a producer can be made");
    let mut record = BaseRecord::<[u8], [u8]>::to(topic).partition(partition);
    record.key = key;
    record.payload = value;
    record.timestamp = timestamp;
    producer
        .send(record)
        .map_err(|(error, _)| error)
        .expect("the queue is empty");
    producer
        .flush(Duration::from_secs(60))
        .expect("the broker takes the record");
}
