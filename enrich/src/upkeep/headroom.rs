//! How long it takes until the retention of the raw topic deletes the first record of a partition that is
//! not committed.

use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, Isolation};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Error;

/// How long the first record that is not committed is waited for.
pub(super) const RECORD: Duration = Duration::from_secs(2);

/// Looks at the times of records. Its clients are made when they are needed first.
#[derive(Default)]
pub(crate) struct Headroom {
    committed: Option<BaseConsumer>,
    uncommitted: Option<BaseConsumer>,
}

/// The retention of a topic in milliseconds; `None` where nothing is deleted by age, or the brokers tell
/// nothing of it.
pub(crate) fn retention(admin: &Admin, topic: &str) -> Result<Option<i64>, Error> {
    let asked = admin
        .setting(topic, "retention.ms")
        .map_err(Error::broker("asking for the retention of raw records"))?;
    let retention = asked.and_then(|text| text.parse().ok());
    Ok(retention.filter(|millis| *millis >= 0))
}

/// How many milliseconds are left at a moment until a record of this time is deleted; where none waits, all
/// of the retention.
pub(crate) fn left(retention: i64, first: Option<i64>, now: i64) -> i64 {
    first.map_or(retention, |stamp| stamp + retention - now)
}

impl Headroom {
    /// The time of the record at an offset, or of the first behind it; `None` where none is there. Whoever
    /// looks for committed records sees none that an open transaction hides.
    ///
    /// # Errors
    /// Where no record comes in time.
    pub(crate) fn time_of(
        &mut self,
        cluster: &Cluster,
        topic: &str,
        isolation: Isolation,
        partition: i32,
        offset: i64,
    ) -> Result<Option<i64>, Error> {
        let failed = || Error::kafka("reading the time of the first record that waits");
        let kept = match isolation {
            Isolation::Committed => &mut self.committed,
            Isolation::Uncommitted => &mut self.uncommitted,
        };
        let reader = match kept.take() {
            Some(reader) => reader,
            None => {
                let mut reader = cluster.reader("headroom", isolation);
                // One record is wanted.
                reader.set("max.partition.fetch.bytes", "4096");
                reader.create().map_err(failed())?
            }
        };
        let found = first_time(&reader, topic, partition, offset);
        let _ = reader.unassign();
        *kept = Some(reader);
        found.map_err(failed())
    }
}

fn first_time(
    reader: &BaseConsumer,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<Option<i64>, KafkaError> {
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    reader.assign(&place)?;
    let until = Instant::now() + RECORD;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match reader.poll(left) {
            Some(Ok(message)) if message.partition() == partition => {
                let millis = message.timestamp().to_millis();
                return millis.map(Some).ok_or(KafkaError::NoMessageReceived);
            }
            Some(Err(KafkaError::PartitionEOF(of))) if of == partition => return Ok(None),
            // Of the partition that was looked at before.
            Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) if !left.is_zero() => {}
            Some(Err(error)) => return Err(error),
            Some(Ok(_)) | None => {
                let code = RDKafkaErrorCode::OperationTimedOut;
                return Err(KafkaError::MessageConsumption(code));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_waits_is_deleted_at_the_age_of_the_retention() {
        assert_eq!(left(100, None, 7_000), 100);
        assert_eq!(left(100, Some(6_960), 7_000), 60);
        assert_eq!(left(100, Some(6_800), 7_000), -100);
    }
}
