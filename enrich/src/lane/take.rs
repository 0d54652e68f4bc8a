//! A lane at work: what it does with each record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_raw::{DeviceId, Limits, RawBatch, Reason, Record, partition_of, validate};
use kaiku_stage::{Causes, Standstill, failpoint};
use kaiku_wire::Day;
use rdkafka::Offset;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};

use super::buffer::{Buffer, Mixing};
use super::commit::{Committer, Reached};
use super::decode::{Reader, Unread};
use super::restore::{Restored, out_of_range};
use super::stamp::Rules;
use crate::day::DayClock;
use crate::error::Error;
use crate::handover::{End, Suspect, Warm};
use crate::lane_context::LaneContext;
use crate::progress::LaneStatus;
use crate::read::ASK;
use crate::state::Table;

/// A lane asks the broker for the time at most this often.
const TICK_EVERY: Duration = Duration::from_secs(60);

/// A record that was not taken in.
pub(super) enum NotTaken {
    /// Try again later.
    Waits(Standstill),
    /// The lane ends.
    End(Box<End>),
}

impl From<End> for NotTaken {
    fn from(end: End) -> NotTaken {
        NotTaken::End(Box::new(end))
    }
}

/// A lane at work.
pub(super) struct Lane {
    context: Arc<LaneContext>,
    partition: i32,
    committer: Committer,
    reader: Reader,
    clock: DayClock,
    table: Table,
    buffer: Buffer,
    mixing: Mixing,
    /// The first raw record that was not taken in: ahead of what is committed by what the buffer
    /// holds.
    next: i64,
    /// A record lay in a partition that is not its key's, since the last commit: somebody's mistake,
    /// or the topic has grown partitions that this process does not know of.
    strays: bool,
    /// The broker has said that `next` is out of range since the last record, and it was not: once
    /// may be an answer of before, twice is not.
    doubted: bool,
    suspect: Option<Suspect>,
    ticked: Option<Instant>,
}

impl Lane {
    pub(super) fn new(committer: Committer, restored: Restored, suspect: Option<Suspect>) -> Lane {
        let context = Arc::clone(committer.context());
        let partition = committer.partition();
        let config = &context.config;
        let mixing = Mixing {
            uploads: u64::try_from(config.mix_uploads).unwrap_or(u64::MAX),
            time: config.mix_time,
            longest: config.mix_longest,
        };
        let mut table = restored.table;
        // An older version is to read the state: it must not find one record of the newer format.
        if restored
            .format
            .is_some_and(|before| before > committer.format())
        {
            let format = committer.format();
            tracing::info!(
                partition,
                format,
                "writing the state anew in an older format"
            );
            table.rewrite();
        }
        let lane = Lane {
            reader: Reader::new(partition, context.registry.clone()),
            clock: DayClock::at(restored.open_day),
            table,
            buffer: Buffer::default(),
            mixing,
            next: restored.next_offset.unwrap_or(0),
            strays: false,
            doubted: false,
            suspect,
            ticked: None,
            committer,
            partition,
            context,
        };
        lane.context.works(partition);
        lane.show();
        lane
    }

    /// What is left for a lane of the same partition: only what is committed.
    pub(super) fn into_warm(mut self) -> Option<Warm> {
        self.table.discard();
        let committed = self.committer.committed()?;
        Some(Warm {
            next_offset: committed.next,
            open_day: committed.day,
            table: self.table,
            format: self.committer.format(),
        })
    }

    /// How long to wait for a record.
    pub(super) fn patience(&self) -> Duration {
        if self.buffer.is_empty() {
            Duration::from_secs(1)
        } else {
            self.mixing.time.max(Duration::from_millis(10))
        }
    }

    pub(super) fn retry(&self) -> Duration {
        self.context.config.retry
    }

    /// Takes one record in. Where it can't be taken now, nothing of it is left in the lane, so that
    /// it may be offered again.
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>) -> Result<(), NotTaken> {
        let offset = message.offset();
        // Fetched before a seek: it is counted already.
        if offset < self.next {
            return Ok(());
        }
        // It crashed this lane before: what stands before it is brought to safety first, so that
        // another crash at it costs nothing.
        let suspected = self.suspect.filter(|suspect| suspect.offset == offset);
        if suspected.is_some() {
            self.commit()?;
        }
        let stamp = self.stamp(message)?;
        let day = stamp.or(self.clock.open());
        let advance = self.clock.look(day.unwrap_or(self.context.clock.today()));
        // A transaction belongs to one day: the mark that closes a day stands in front of the first
        // event of the next, whatever becomes of the process in between.
        let turns = stamp.is_some() && self.clock.open() != Some(advance.day);
        if turns && !self.buffer.is_empty() {
            self.commit()?;
        }
        let day = advance.day;
        self.turn_month(day)?;
        let taken = match (stamp, suspected) {
            (None, _) => Err(Reason::FutureTimestamp),
            (_, Some(suspect)) if suspect.crashes >= 2 => Err(Reason::Internal),
            _ => self.handle(message, day)?,
        };
        if turns {
            self.buffer.closes.extend(advance.closes());
            if advance
                .closes_from
                .is_some_and(|from| from.week() != day.week())
            {
                self.table.sweep(day);
            }
            self.clock.advance(advance);
        }
        self.buffer.day = Some(day);
        if let Err(reason) = taken {
            self.buffer.reject(reason);
        }
        self.buffer.taken(Instant::now());
        self.next = offset + 1;
        self.doubted = false;
        failpoint("lane.took");
        if suspected.is_some() {
            self.suspect = None;
            self.commit()?;
        }
        Ok(())
    }

    /// Makes sure that the state stands under the key of the day's month. It never goes back.
    fn turn_month(&mut self, day: Day) -> Result<(), NotTaken> {
        let month = day.month();
        if self.table.month().is_some_and(|now| now >= month) {
            return Ok(());
        }
        let key = self.context.keys.month(&self.context.admin, month);
        let key = key.map_err(|error| {
            let causes = Causes(&error);
            tracing::error!(partition = self.partition, error = %causes, "no key for the month");
            NotTaken::Waits(Standstill::NoMonthKey)
        })?;
        self.table.turn(month, key);
        Ok(())
    }

    /// The day of the record's time; `None` where it must be rejected for it.
    fn stamp(&self, message: &BorrowedMessage<'_>) -> Result<Option<Day>, NotTaken> {
        let config = &self.context.config;
        let rules = Rules {
            replay: self.context.replay,
            grace: config.grace,
            clock_ahead: config.clock_ahead,
            now: self.context.clock.millis(),
            open: self.clock.open(),
        };
        rules.day_of(message.timestamp()).map_err(NotTaken::Waits)
    }

    /// Decodes a record and does what it says. The inner error is why it is rejected.
    fn handle(
        &mut self,
        message: &BorrowedMessage<'_>,
        day: Day,
    ) -> Result<Result<(), Reason>, NotTaken> {
        let Some(payload) = message.payload() else {
            return Ok(Err(Reason::Malformed));
        };
        let record = match self.reader.read(payload) {
            Ok(record) => record,
            Err(Unread::Rejected(reason)) => return Ok(Err(reason)),
            Err(Unread::Waits(why)) => return Err(NotTaken::Waits(why)),
        };
        Ok(match record {
            Record::Tick => Ok(()),
            Record::Batch(batch) => self.upload(message.key(), batch, day),
            Record::Forget(forget) => self.owner(message.key(), &forget.device_id).map(|()| {
                let app = forget
                    .app
                    .map(|name| self.context.vocabulary.app_key(name, day));
                if let Some(device) = self.table.device(&forget.device_id) {
                    device.turn(day);
                    device.forget(app);
                }
            }),
        })
    }

    fn upload(&mut self, key: Option<&[u8]>, batch: RawBatch<'_>, day: Day) -> Result<(), Reason> {
        let id = batch.device.id;
        self.owner(key, &id)?;
        validate(&batch, &Limits::CONTRACT, day)?;
        if let Some(device) = self.table.device(&id) {
            let tally = self
                .context
                .vocabulary
                .strip(batch, day, device, &mut self.buffer.sink);
            self.buffer.add(&tally);
        }
        Ok(())
    }

    /// A record must have its device's key, and lie where that key belongs: else one device could
    /// count in several partitions.
    fn owner(&mut self, key: Option<&[u8]>, id: &DeviceId) -> Result<(), Reason> {
        if key != Some(id.as_bytes()) {
            return Err(Reason::KeyMismatch);
        }
        if partition_of(id.as_bytes(), self.context.partitions) != self.partition {
            self.strays = true;
            return Err(Reason::WrongPartition);
        }
        Ok(())
    }

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

    pub(super) fn commit_if_due(&mut self) -> Result<(), End> {
        if self.buffer.is_due(&self.mixing, Instant::now()) {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Commits what was taken in, in one transaction.
    fn commit(&mut self) -> Result<(), End> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        // Before the first of them is rejected for good: they may lie rightly in a topic that has
        // more partitions than this process knows of.
        if std::mem::take(&mut self.strays) {
            self.committer.check_partitions()?;
        }
        let reached = Reached {
            next: self.next,
            day: self.clock.open(),
        };
        self.committer
            .commit(&mut self.buffer, &mut self.table, reached)?;
        self.show();
        Ok(())
    }

    fn show(&self) {
        let status = LaneStatus {
            next_offset: self.committer.committed().map_or(0, |reached| reached.next),
            open_day: self.clock.open(),
            devices: self.table.len(),
        };
        self.context.progress.show(self.partition, status);
    }
}

/// Whether the broker has no record at the offset that was asked for.
fn is_out_of_range(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
    )
}
