//! Reading a whole partition, to the high watermark, committed records only; or one record of it.
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
use rdkafka::topic_partition_list::TopicPartitionListElem;
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
    each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    read_tail(cluster, topic, partition, i64::MAX, within, stop, each).map(drop)
}

/// The same of the last so many offsets of a partition; gives whether that was all of it.
///
/// # Errors
/// As [`read_all`].
pub(crate) fn read_tail(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    offsets: i64,
    within: Duration,
    stop: &AtomicBool,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<(), Error>,
) -> Result<bool, Error> {
    let failed = || Error::kafka("reading a partition to its high watermark");
    let (low, high) = reader(cluster, "watermark", Isolation::Uncommitted)?
        .fetch_watermarks(topic, partition, ASK)
        .map_err(failed())?;
    if high <= low {
        return Ok(true);
    }
    let consumer = reader(cluster, "restore", Isolation::Committed)?;
    await_stable(&consumer, topic, partition, high, within, stop)?;
    let is_all = high - low <= offsets;
    let stretch = Stretch {
        topic,
        partition,
        from: match is_all {
            true => Offset::Beginning,
            false => Offset::Offset(high - offsets),
        },
        at_least_to: high,
    };
    stretch.read(&consumer, within, stop, |message| {
        each(message)?;
        Ok(message.offset() + 1 < high)
    })?;
    Ok(is_all)
}

/// A part of a partition.
struct Stretch<'a> {
    topic: &'a str,
    partition: i32,
    from: Offset,
    /// An end before this offset is none: a broker that has just become the leader may know of a lower
    /// one until the others have asked it.
    at_least_to: i64,
}

impl Stretch<'_> {
    /// Reads to the end, or until `each` says that it is enough.
    fn read(
        &self,
        consumer: &BaseConsumer,
        within: Duration,
        stop: &AtomicBool,
        mut each: impl FnMut(&BorrowedMessage<'_>) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let failed = || Error::kafka("reading a partition");
        let partition = self.partition;
        let mut assignment = TopicPartitionList::new();
        assignment
            .add_partition_offset(self.topic, partition, self.from)
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
                    if !each(&message)? {
                        return Ok(());
                    }
                }
                // What ends the partition may be the mark of a transaction, which is no record but moves
                // the position.
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    let position = position(consumer)?;
                    if position.is_some_and(|position| position >= self.at_least_to) {
                        return Ok(());
                    }
                }
                Some(Err(error)) if heard.elapsed() >= within => return Err(failed()(error)),
                Some(Err(error)) => {
                    tracing::warn!(%error, "reading a partition again after an error");
                }
                None if heard.elapsed() >= within => return Err(silent(partition)),
                None => {}
            }
        }
    }
}

/// The offset that is read next; `None` before anything was read.
fn position(consumer: &BaseConsumer) -> Result<Option<i64>, Error> {
    let position = consumer
        .position()
        .map_err(Error::kafka("asking how far a partition is read"))?;
    Ok(position.elements().first().and_then(offset_of))
}

fn offset_of(element: &TopicPartitionListElem<'_>) -> Option<i64> {
    match element.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    }
}

/// Reads the record at an offset that lies before the high watermark, and hands it to `take`; `None`
/// where no record stands there.
///
/// # Errors
/// As [`read_while`].
pub(crate) fn read_one<T>(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    offset: i64,
    within: Duration,
    stop: &AtomicBool,
    mut take: impl FnMut(&BorrowedMessage<'_>) -> T,
) -> Result<Option<T>, Error> {
    let mut taken = None;
    read_while(cluster, topic, partition, offset, within, stop, |message| {
        if message.offset() == offset {
            taken = Some(take(message));
        }
        false
    })?;
    Ok(taken)
}

/// Reads a partition from an offset on that lies before the high watermark, committed or not, to its
/// end, or until `each` says that it is enough.
///
/// # Errors
/// Where Kafka fails or sends nothing for longer than `within`; and [`Error::Lost`] once `stop` is
/// set.
pub(crate) fn read_while(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    offset: i64,
    within: Duration,
    stop: &AtomicBool,
    mut each: impl FnMut(&BorrowedMessage<'_>) -> bool,
) -> Result<(), Error> {
    let consumer = reader(cluster, "look", Isolation::Uncommitted)?;
    let stretch = Stretch {
        topic,
        partition,
        from: Offset::Offset(offset),
        at_least_to: offset + 1,
    };
    stretch.read(&consumer, within, stop, |message| Ok(each(message)))
}

/// The offset of the first record of a partition whose time is `millis` or later; `None` where there
/// is none.
pub(crate) fn offset_at(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    millis: i64,
) -> Result<Option<i64>, Error> {
    let failed = || Error::kafka("looking for the first record of a time");
    let mut times = TopicPartitionList::new();
    times
        .add_partition_offset(topic, partition, Offset::Offset(millis))
        .map_err(failed())?;
    let found = reader(cluster, "look", Isolation::Uncommitted)?
        .offsets_for_times(times, ASK)
        .map_err(failed())?;
    let elements = found.elements();
    let Some(element) = elements.first() else {
        return Ok(None);
    };
    element.error().map_err(failed())?;
    Ok(offset_of(element))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_broker::MockBroker;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    use super::*;

    #[test]
    fn an_end_in_front_of_the_high_watermark_is_no_end() {
        let broker = MockBroker::new(1, &[]).unwrap();
        let cluster = broker.cluster();
        let topic = cluster.topics().raw();
        let producer: BaseProducer = cluster.client("test").create().unwrap();
        let put = || {
            let record = BaseRecord::<(), str>::to(&topic).partition(0);
            producer
                .send(record.payload("p"))
                .map_err(|(e, _)| e)
                .unwrap();
            producer.flush(ASK).unwrap();
        };
        put();
        // The leader that answers has one of the two records, until it has heard of the other.
        let consumer = reader(cluster, "test", Isolation::Committed).unwrap();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(10 * STEP);
                put();
            });
            let stretch = Stretch {
                topic: &topic,
                partition: 0,
                from: Offset::Beginning,
                at_least_to: 2,
            };
            stretch.read(&consumer, ASK, &NEVER, |message| {
                seen.push(message.offset());
                Ok(message.offset() < 1)
            })
        })
        .unwrap();
        assert_eq!(seen, [0, 1]);
    }

    #[test]
    fn one_record_is_read_and_what_is_not_there_is_none() {
        let broker = MockBroker::new(1, &[]).unwrap();
        let cluster = broker.cluster();
        let topic = cluster.topics().raw();
        let producer: BaseProducer = cluster.client("test").create().unwrap();
        for payload in ["a", "b", "c"] {
            let record = BaseRecord::<(), str>::to(&topic).partition(0);
            producer
                .send(record.payload(payload))
                .map_err(|(error, _)| error)
                .unwrap();
        }
        producer.flush(ASK).unwrap();
        let payload = |offset| {
            let taken = |message: &BorrowedMessage<'_>| message.payload().unwrap().to_vec();
            read_one(cluster, &topic, 0, offset, ASK, &NEVER, taken).unwrap()
        };
        assert_eq!(payload(1), Some(b"b".to_vec()));
        assert_eq!(payload(2), Some(b"c".to_vec()));
    }
}
