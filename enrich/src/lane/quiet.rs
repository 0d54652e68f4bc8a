//! What a lane does when no record comes, or none can be taken: it asks the broker for the time, reads
//! on, or stands still and says why.

use std::time::{Duration, Instant};

use kaiku_stage::Standstill;
use kaiku_wire::Day;
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::restore::out_of_range;
use super::take::Lane;
use crate::error::Error;
use crate::handover::End;
use crate::read::ASK;

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

    pub(super) fn note_read_error(&mut self, error: &KafkaError) -> Result<(), End> {
        match error {
            KafkaError::PartitionEOF(_) => {
                self.idle();
                Ok(())
            }
            // librdkafka gives this member up: whoever comes next goes on.
            KafkaError::MessageConsumptionFatal(_) => Err(End::Lost),
            other if is_out_of_range(other) => self.read_on(),
            other => {
                tracing::warn!(partition = self.partition, error = %other, "reading failed");
                Ok(())
            }
        }
    }

    /// The broker has no record at an offset that was asked for. Where it has what this lane wants,
    /// the answer was to a question of before: librdkafka hands such an error out even when the
    /// partition has been sought to another place since.
    fn read_on(&mut self) -> Result<(), End> {
        let (partition, next) = (self.partition, self.next);
        let from = out_of_range(&self.context, partition, next)?;
        let waits = |reason: &str| {
            let reason = reason.to_owned();
            Err(End::Failed(Error::Waits { partition, reason }))
        };
        // What is gone under a lane that runs is gone under its state too: it begins anew, where
        // the gap is decided upon.
        if from != next {
            return waits("records were deleted under it; it begins behind the accepted gap");
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
    pub(super) fn stand_still(&mut self, why: Standstill) -> Result<(), End> {
        self.commit()?;
        let (reason, sentence) = (why.as_str(), why.sentence());
        tracing::error!(
            partition = self.partition,
            reason,
            "lane stands still: {sentence}"
        );
        self.context.stands_still(self.partition, why, sentence);
        Ok(())
    }

    pub(super) fn go_on(&self) {
        tracing::info!(partition = self.partition, "lane goes on");
        self.context.works(self.partition);
    }
}

/// Whether the broker has no record at the offset that was asked for.
fn is_out_of_range(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
