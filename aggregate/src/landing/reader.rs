//! The consumer of a landing thread: read committed, in no group, and where it is told.

use std::time::Duration;

use kaiku_broker::{Cluster, Isolation, Noting};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
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

/// Reads the partitions of one topic.
pub(super) struct Reader {
    consumer: BaseConsumer<Noting>,
    topic: String,
}

impl Reader {
    pub(super) fn new(cluster: &Cluster, topic: &str) -> Result<Reader, Error> {
        let consumer = cluster
            .reader("aggregate", Isolation::Committed)
            .set("fetch.wait.max.ms", "100")
            .set("queued.max.messages.kbytes", "16384")
            .create_with_context(Noting("aggregate"))
            .map_err(Error::kafka("making a consumer"))?;
        Ok(Reader {
            consumer,
            topic: topic.to_owned(),
        })
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

    /// The offset of a partition's first record and that behind its last.
    pub(super) fn ends(&self, partition: i32) -> Result<(i64, i64), KafkaError> {
        self.consumer.fetch_watermarks(&self.topic, partition, ASK)
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
