//! The consumer of a landing thread: a member of the group that shares the partitions, which reads
//! committed and where it is told. It commits no offset: the landing log says what was read.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, Isolation, note, watermarks};
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Error;

/// The longest that one question to the broker may take.
const ASK: Duration = Duration::from_secs(30);

/// What an error of the consumer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It passes by itself.
    Passes,
    /// A partition was to be read at an offset that does not exist: librdkafka reads no more of it,
    /// does not say which one it was, and may speak of a place that was left since.
    OutOfRange,
    /// The consumer can't be used any more.
    Fatal,
}

/// What the group has done with this member's partitions.
pub(super) enum Change {
    /// All were taken back.
    Taken,
    /// These were given.
    Given(Vec<i32>),
}

/// What the consumer's callbacks and the thread share.
struct Share {
    /// The last change, until the thread takes it up.
    last: Mutex<Option<Change>>,
    /// Told of each partition that is taken back, before anybody else can be given it.
    given_back: Box<dyn Fn(i32) + Send + Sync>,
}

impl Share {
    fn last(&self) -> MutexGuard<'_, Option<Change>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Share {
    fn error(&self, error: KafkaError, reason: &str) {
        note("aggregate", &error, reason);
    }
}

impl ConsumerContext for Share {
    /// What is given is assigned by whoever takes the share up, with the offsets of its logs, and not
    /// here without: librdkafka aborts the process where a partition is assigned a second time, and
    /// revoked, while it still stops for the first.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions = list.elements();
        let partitions = partitions.iter().map(|one| one.partition());
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            *self.last() = Some(Change::Given(partitions.collect()));
            return;
        }
        partitions.for_each(|partition| (self.given_back)(partition));
        *self.last() = Some(Change::Taken);
        if let Err(error) = consumer.unassign() {
            tracing::warn!(%error, "giving partitions back");
        }
    }
}

/// Reads its share of the partitions of one topic.
pub(super) struct Reader {
    consumer: BaseConsumer<Share>,
    /// Looks at what the consumer does not read: what stands behind an open transaction, and single
    /// records.
    looker: BaseConsumer,
    topic: String,
}

impl Reader {
    /// Joins the group. `given_back` is called within a poll, for each partition that is taken back,
    /// before anybody else can be given it.
    pub(super) fn join(
        cluster: &Cluster,
        topic: &str,
        group: &str,
        session: Duration,
        given_back: impl Fn(i32) + Send + Sync + 'static,
    ) -> Result<Reader, Error> {
        let consumer: BaseConsumer<Share> = cluster
            .member("aggregate", group, session)
            .set("enable.partition.eof", "true")
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", "16384")
            .create_with_context(Share {
                last: Mutex::default(),
                given_back: Box::new(given_back),
            })
            .map_err(Error::kafka("making a consumer"))?;
        consumer
            .subscribe(&[topic])
            .map_err(Error::kafka("joining the group of landers"))?;
        let looker = cluster
            .reader("aggregate-look", Isolation::Uncommitted)
            .create()
            .map_err(Error::kafka("making a consumer"))?;
        Ok(Reader {
            consumer,
            looker,
            topic: topic.to_owned(),
        })
    }

    /// What the group has done last; given once.
    pub(super) fn take_change(&self) -> Option<Change> {
        self.consumer.context().last().take()
    }

    /// Leaves the group.
    pub(super) fn leave(&self) {
        self.consumer.unsubscribe();
    }

    /// The next record or event, waiting for it no longer than `within`.
    pub(super) fn poll(&self, within: Duration) -> Option<Result<BorrowedMessage<'_>, KafkaError>> {
        self.consumer.poll(within)
    }

    /// Reads these partitions from these offsets, whatever was read before.
    pub(super) fn assign(&self, places: impl Iterator<Item = (i32, i64)>) -> Result<(), Error> {
        let mut assignment = TopicPartitionList::new();
        for (partition, offset) in places {
            assignment
                .add_partition_offset(&self.topic, partition, Offset::Offset(offset))
                .map_err(Error::kafka("assigning partitions"))?;
        }
        self.consumer
            .assign(&assignment)
            .map_err(Error::kafka("assigning partitions"))?;
        // One that was paused stays so, even where it was taken back in between.
        self.consumer
            .resume(&assignment)
            .map_err(Error::kafka("assigning partitions"))
    }

    /// Reads a partition on from another offset.
    pub(super) fn seek(&self, partition: i32, offset: i64) -> Result<(), Error> {
        self.consumer
            .seek(&self.topic, partition, Offset::Offset(offset), ASK)
            .map_err(Error::kafka("going on behind an entry"))
    }

    /// Reads no more of a partition.
    pub(super) fn pause(&self, partition: i32) {
        let mut paused = TopicPartitionList::new();
        paused.add_partition(&self.topic, partition);
        // Before the assignment there is nothing to pause.
        let _ = self.consumer.pause(&paused);
    }

    /// Reads a partition on that was paused.
    pub(super) fn resume(&self, partition: i32) -> Result<(), Error> {
        let mut paused = TopicPartitionList::new();
        paused.add_partition(&self.topic, partition);
        self.consumer
            .resume(&paused)
            .map_err(Error::kafka("reading a partition on"))
    }

    /// The offset of a partition's first record and that behind its last that is committed.
    pub(super) fn ends(&self, partition: i32, within: Duration) -> Result<(i64, i64), KafkaError> {
        self.consumer
            .fetch_watermarks(&self.topic, partition, within)
    }

    /// How many records stand behind what is read of a partition, to an offset or further, those of
    /// open transactions with them; and where the partition ends. The mark of a transaction that was
    /// read over is no record.
    pub(super) fn lag(
        &self,
        partition: i32,
        offset: i64,
        within: Duration,
    ) -> Result<(i64, i64), KafkaError> {
        let (_, high) = watermarks(&self.looker, &self.topic, partition, within)?;
        let read = self.consumer.position()?;
        let read = read.find_partition(&self.topic, partition);
        let read = read.and_then(|element| element.offset().to_raw());
        Ok(((high - read.unwrap_or(offset).max(offset)).max(0), high))
    }

    /// What stands at an offset before the end of a partition; `None` where no record does.
    pub(super) fn record_at<T>(
        &self,
        partition: i32,
        offset: i64,
        within: Duration,
        take: impl FnOnce(&[u8]) -> T,
    ) -> Result<Option<T>, KafkaError> {
        let mut place = TopicPartitionList::new();
        place.add_partition_offset(&self.topic, partition, Offset::Offset(offset))?;
        self.looker.assign(&place)?;
        let found = self.first_of_looker(offset, within);
        self.looker.unassign()?;
        let Some((at, payload)) = found? else {
            return Ok(None);
        };
        Ok((at == offset).then(|| take(&payload)))
    }

    /// The first record that the looker is given; `None` where there is none to the end.
    fn first_of_looker(
        &self,
        offset: i64,
        within: Duration,
    ) -> Result<Option<(i64, Vec<u8>)>, KafkaError> {
        let until = Instant::now() + within;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.looker.poll(left) {
                Some(Ok(message)) => {
                    let payload = message.payload().unwrap_or_default();
                    return Ok(Some((message.offset(), payload.to_vec())));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {
                    let read = self.looker.position()?;
                    let read = read
                        .elements()
                        .first()
                        .and_then(|one| one.offset().to_raw());
                    if read.is_some_and(|read| read > offset) {
                        return Ok(None);
                    }
                }
                Some(Err(error)) if left.is_zero() => return Err(error),
                Some(Err(_)) => {}
                None => {
                    let code = RDKafkaErrorCode::OperationTimedOut;
                    return Err(KafkaError::MessageConsumption(code));
                }
            }
        }
    }
}

/// What an error of the consumer means.
pub(super) fn trouble(error: &KafkaError) -> Trouble {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::Fatal) => Trouble::Fatal,
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => {
            Trouble::OutOfRange
        }
        _ => Trouble::Passes,
    }
}

/// Whether the answer to a question can't become another by itself.
pub(super) fn is_final(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::Fatal)
    )
}
