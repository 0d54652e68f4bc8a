//! Reading a whole partition, to the high watermark, committed records only.
//!
//! Stopping at the last stable offset would lose what was committed behind an open transaction:
//! so the high watermark is asked for without regard to transactions, then the last stable offset
//! is awaited to reach it, and only then is the partition read.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, Isolation};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Error;

const STEP: Duration = Duration::from_millis(100);
/// The longest that one question to the broker may take.
pub(crate) const ASK: Duration = Duration::from_secs(30);

/// For readers that nobody stops.
pub(crate) static NEVER: AtomicBool = AtomicBool::new(false);

fn reader(cluster: &Cluster, role: &str, isolation: Isolation) -> Result<BaseConsumer, Error> {
    cluster
        .reader(role, isolation)
        .set("fetch.wait.max.ms", "50")
        .create()
        .map_err(Error::kafka("making a consumer"))
}

/// The assignment of one partition.
pub(crate) fn assignment_of(topic: &str, partition: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    list
}

/// Reads every committed record of a partition that stands below its present high watermark, and
/// hands each to `each`.
///
/// # Errors
/// Where Kafka fails, where a transaction that is still open hides records for longer than
/// `within`, where `each` fails; and [`Error::Lost`] once `stop` is set.
pub(crate) fn read_all(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    within: Duration,
    stop: &AtomicBool,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = || Error::kafka("reading a partition to its high watermark");
    let (low, high) = reader(cluster, "watermark", Isolation::Uncommitted)?
        .fetch_watermarks(topic, partition, ASK)
        .map_err(failed())?;
    if high <= low {
        return Ok(());
    }
    let consumer = reader(cluster, "restore", Isolation::Committed)?;
    await_stable(&consumer, topic, partition, high, within, stop)?;
    let mut assignment = TopicPartitionList::new();
    assignment
        .add_partition_offset(topic, partition, Offset::Beginning)
        .and_then(|()| consumer.assign(&assignment))
        .map_err(failed())?;
    let mut heard = Instant::now();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Lost { partition });
        }
        match consumer.poll(STEP) {
            Some(Ok(message)) => {
                heard = Instant::now();
                each(&message)?;
                if message.offset() + 1 >= high {
                    return Ok(());
                }
            }
            // With the last stable offset at the high watermark, the end is the end.
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(()),
            Some(Err(error)) if heard.elapsed() >= within => return Err(failed()(error)),
            Some(Err(error)) => tracing::warn!(%error, "reading a partition again after an error"),
            None if heard.elapsed() >= within => return Err(silent(partition)),
            None => {}
        }
    }
}

fn await_stable(
    consumer: &BaseConsumer,
    topic: &str,
    partition: i32,
    high: i64,
    within: Duration,
    stop: &AtomicBool,
) -> Result<(), Error> {
    let start = Instant::now();
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Lost { partition });
        }
        let (_, stable) = consumer
            .fetch_watermarks(topic, partition, ASK)
            .map_err(Error::kafka("asking for the last stable offset"))?;
        if stable >= high {
            return Ok(());
        }
        if start.elapsed() >= within {
            return Err(Error::Waits {
                partition,
                reason: format!(
                    "a transaction on {topic} has been open for {within:?} and hides what was \
                     committed behind it; it ends when its producer does, or times out"
                ),
            });
        }
        std::thread::sleep(STEP);
    }
}

fn silent(partition: i32) -> Error {
    Error::Waits {
        partition,
        reason: "the broker sends nothing of a partition that is not empty; look at the broker"
            .to_owned(),
    }
}
