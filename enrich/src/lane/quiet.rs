//! What a lane does when no record comes, or none can be taken: it asks the broker for the time, reads
//! on, or stands still and says why.

use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use kaiku_broker::note;
use kaiku_stage::Standstill;
use kaiku_wire::Day;
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Message, Timestamp};

use super::restore::out_of_range;
use super::take::Lane;
use crate::error::Error;
use crate::handover::End;
use crate::lane_context::LaneContext;
use crate::read::{ASK, read_while};

/// A lane asks the broker for the time at most this often.
const TICK_EVERY: Duration = Duration::from_secs(60);

impl Lane {
    /// Nothing came: where a new day has begun, the broker is asked for the time.
    pub(super) fn idle(&mut self) {
        let config = &self.context.config;
        let replay = self.context.replay;
        if replay || self.ticked.is_some_and(|at| at.elapsed() < TICK_EVERY) {
            return;
        }
        let grace = i64::try_from(config.grace.as_millis()).unwrap_or(i64::MAX);
        let day = Day::from_millis(self.context.clock.millis().saturating_sub(grace));
        if self.clock.open().is_none_or(|open| open < day) {
            self.ticked = Some(Instant::now());
            self.context.ticker.tick(self.partition);
        }
    }

    pub(super) fn note_read_error(
        &mut self,
        error: &KafkaError,
        stop: &AtomicBool,
    ) -> Result<(), End> {
        match error {
            KafkaError::PartitionEOF(_) => {
                self.idle();
                Ok(())
            }
            // librdkafka gives this member up: whoever comes next goes on.
            KafkaError::MessageConsumptionFatal(_) => Err(End::Lost),
            other if is_out_of_range(other) => self.read_on(stop),
            // It passes where somebody gives the right, and is shown until then.
            other if is_forbidden(other) => Err(End::Failed(Error::Waits {
                partition: self.partition,
                reason: format!(
                    "this user may not read `{}`: give it the right Read on the topic",
                    self.context.raw
                ),
            })),
            other => {
                note("lane's reader", other, "reading raw records; it goes on");
                Ok(())
            }
        }
    }

    /// The broker has no record at an offset that was asked for. Where it has what this lane wants,
    /// and the record before it is the one that was taken in last, the answer was to a question of
    /// before: librdkafka hands such an error out even when the partition has been sought to another
    /// place since. It says the same of a log that has lost its end.
    fn read_on(&mut self, stop: &AtomicBool) -> Result<(), End> {
        let (partition, next) = (self.partition, self.next);
        let last = self.last();
        let from = out_of_range(&self.context, partition, next, last.as_ref(), stop)?;
        let waits = |reason: &str| {
            let reason = reason.to_owned();
            Err(End::Failed(Error::Waits { partition, reason }))
        };
        // What is gone under a lane that runs is gone under its state too: it begins anew, where
        // the gap is decided upon.
        if from != next {
            return waits("records are gone under it; it begins anew with what was accepted");
        }
        if std::mem::replace(&mut self.doubted, true) {
            return waits("the broker says that an offset is out of range which is not");
        }
        tracing::info!(
            partition,
            offset = next,
            "reading from the same offset again"
        );
        self.committer
            .consumer()
            .seek(&self.context.raw, partition, Offset::Offset(next), ASK)
            .map_err(|source| {
                End::Failed(Error::Kafka {
                    operation: "reading from the same offset again",
                    source,
                })
            })
    }

    /// The lane can't go on: what it has is committed, and the reason is shown.
    pub(super) fn stand_still(
        &mut self,
        why: Standstill,
        offset: i64,
        stop: &AtomicBool,
    ) -> Result<(), End> {
        self.commit()?;
        let reason = why.as_str();
        let sentence = match self.way_past(why, offset, stop)? {
            Some(way) => format!("{}; {way}", why.sentence()),
            None => why.sentence().to_owned(),
        };
        tracing::error!(
            partition = self.partition,
            reason,
            "lane stands still: {sentence}"
        );
        self.context.stands_still(self.partition, why, sentence);
        Ok(())
    }

    /// What to do about a record that nobody can mend.
    fn way_past(
        &self,
        why: Standstill,
        offset: i64,
        stop: &AtomicBool,
    ) -> Result<Option<String>, Error> {
        let partition = self.partition;
        let range = match why {
            Standstill::NotLogAppendTime => {
                let last = last_with_other_time(&self.context, partition, offset, stop)?;
                format!("{offset}-{last}")
            }
            Standstill::UnknownSchema
            | Standstill::UnusableSchema
            | Standstill::RegistryNotConfigured => offset.to_string(),
            _ => return Ok(None),
        };
        Ok(Some(format!(
            "it is the record {range}; where nobody can mend that, start enrich once with --reject \
             {partition}:{range}"
        )))
    }

    pub(super) fn go_on(&self) {
        tracing::info!(partition = self.partition, "lane goes on");
        self.context.works(self.partition);
    }
}

/// The last of the records from `offset` on that do not have the broker's time, as far as they stand
/// together at this moment.
fn last_with_other_time(
    context: &LaneContext,
    partition: i32,
    offset: i64,
    stop: &AtomicBool,
) -> Result<i64, Error> {
    let mut last = offset;
    let (cluster, topic) = (&context.cluster, &context.raw);
    read_while(cluster, topic, partition, offset, ASK, stop, |message| {
        let is_other = !matches!(message.timestamp(), Timestamp::LogAppendTime(_));
        if is_other {
            last = last.max(message.offset());
        }
        is_other
    })?;
    Ok(last)
}

fn is_forbidden(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::TopicAuthorizationFailed)
}

/// Whether the broker has no record at the offset that was asked for.
fn is_out_of_range(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
