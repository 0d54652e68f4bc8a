//! What a lane does with each record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::buffer::{Buffer, Mixing};
use super::restore::{Restored, out_of_range};
use super::transaction::Transactions;
use super::write::Outlet;
use super::{ASK, End, Suspect, Warm};
use crate::Error;
use crate::config::ClockAhead;
use crate::day::DayClock;
use crate::group::Membership;
use crate::stage::Stage;
use crate::state::{Table, newest_format};
use kaiku_broker::failpoint;
use kaiku_raw::{
    DecodeError, Decoder, DeviceId, Limits, RawBatch, Reason, Record, partition_of, validate,
};
use kaiku_wire::Day;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

/// A lane asks the broker for the time at most this often.
const TICK_EVERY: Duration = Duration::from_secs(60);

/// A record that can't be taken in now.
pub(super) enum Held {
    /// Try again later; the reason is a label of the metric.
    Wait(&'static str),
    /// The lane ends.
    End(Box<End>),
}

impl From<End> for Held {
    fn from(end: End) -> Held {
        Held::End(Box::new(end))
    }
}

/// A lane at work.
pub(super) struct Core {
    pub(super) stage: Arc<Stage>,
    pub(super) consumer: Arc<BaseConsumer<Membership>>,
    pub(super) partition: i32,
    pub(super) group: Arc<ConsumerGroupMetadata>,
    /// `None` only while a producer is replaced.
    pub(super) transactions: Option<Transactions>,
    pub(super) outlet: Outlet,
    decoder: Decoder,
    pub(super) clock: DayClock,
    pub(super) table: Table,
    pub(super) buffer: Buffer,
    pub(super) mixing: Mixing,
    pub(super) rng: StdRng,
    /// What is committed; `None` where nothing ever was.
    pub(super) committed: Option<i64>,
    /// The open day as it is committed; that of `clock` may be ahead.
    pub(super) committed_day: Option<Day>,
    /// The first raw record that was not taken in.
    pub(super) next: i64,
    /// The format in which state is written.
    pub(super) format: u32,
    /// A record lay in a partition that is not its key's, since the last commit.
    pub(super) strays: bool,
    /// The broker has said that `next` is out of range since the last record, and it was not.
    doubted: bool,
    suspect: Option<Suspect>,
    ticked: Option<Instant>,
}

impl Core {
    pub(super) fn new(
        stage: Arc<Stage>,
        consumer: Arc<BaseConsumer<Membership>>,
        partition: i32,
        group: Arc<ConsumerGroupMetadata>,
        transactions: Transactions,
        restored: Restored,
        suspect: Option<Suspect>,
    ) -> Core {
        let config = &stage.config;
        let mixing = Mixing {
            uploads: u64::try_from(config.mix_uploads).unwrap_or(u64::MAX),
            time: config.mix_time,
            longest: config.mix_longest,
        };
        let format = config.state_format.or(restored.format);
        let format = format.unwrap_or(newest_format());
        let mut table = restored.table;
        if restored.format.is_some_and(|before| before > format) {
            tracing::info!(
                partition,
                format,
                "writing the state anew in an older format"
            );
            table.rewrite();
        }
        let core = Core {
            outlet: Outlet::new(&stage, partition),
            decoder: Decoder::new(Limits::CONTRACT),
            clock: DayClock::at(restored.open_day),
            table,
            buffer: Buffer::default(),
            mixing,
            rng: StdRng::from_os_rng(),
            committed: restored.next_offset,
            committed_day: restored.open_day,
            next: restored.next_offset.unwrap_or(0),
            format,
            strays: false,
            doubted: false,
            transactions: Some(transactions),
            ticked: None,
            stage,
            consumer,
            partition,
            group,
            suspect,
        };
        core.show();
        core
    }

    /// What is left for a lane of the same partition: only what is committed.
    pub(super) fn into_warm(mut self) -> Option<Warm> {
        self.table.discard();
        let next_offset = self.committed?;
        Some(Warm {
            next_offset,
            open_day: self.committed_day,
            table: self.table,
            format: self.format,
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
        self.stage.config.retry
    }

    /// Takes one record in.
    pub(super) fn take(&mut self, message: &BorrowedMessage<'_>) -> Result<(), Held> {
        let offset = message.offset();
        if offset < self.next {
            return Ok(());
        }
        let suspected = self.suspect.filter(|suspect| suspect.offset == offset);
        if suspected.is_some() {
            self.commit()?;
        }
        let stamp = self.stamp(message)?;
        let day = stamp.or(self.clock.open());
        let advance = self.clock.look(day.unwrap_or(self.stage.clock.day()));
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
    fn turn_month(&mut self, day: Day) -> Result<(), Held> {
        let month = day.month();
        if self.table.month().is_some_and(|now| now >= month) {
            return Ok(());
        }
        let key = self.stage.keys.month(month).map_err(|error| {
            tracing::error!(partition = self.partition, %error, "no key for the month");
            Held::Wait("no_month_key")
        })?;
        self.table.turn(month, key);
        Ok(())
    }

    /// The day of the record's time; `None` where it must be rejected for it.
    fn stamp(&self, message: &BorrowedMessage<'_>) -> Result<Option<Day>, Held> {
        let replay = self.stage.config.replay;
        let millis = match message.timestamp() {
            Timestamp::LogAppendTime(millis) => millis,
            Timestamp::CreateTime(millis) if replay => millis,
            Timestamp::CreateTime(_) | Timestamp::NotAvailable => {
                return Err(Held::Wait("topic_is_not_log_append_time"));
            }
        };
        let grace = i64::try_from(self.stage.config.grace.as_millis()).unwrap_or(i64::MAX);
        if millis <= self.stage.clock.millis().saturating_add(grace) {
            return Ok(Some(Day::from_millis(millis)));
        }
        match self.stage.config.clock_ahead {
            _ if replay => Ok(None),
            ClockAhead::OpenDay => Ok(Some(self.clock.open().unwrap_or(self.stage.clock.day()))),
            ClockAhead::Stop => Err(Held::Wait("broker_clock_ahead")),
        }
    }

    /// Decodes a record and does what it says. The inner error is why it is rejected.
    fn handle(
        &mut self,
        message: &BorrowedMessage<'_>,
        day: Day,
    ) -> Result<Result<(), Reason>, Held> {
        let Some(payload) = message.payload() else {
            return Ok(Err(Reason::Malformed));
        };
        let record = match self.decoder.decode(payload) {
            Ok(record) => record,
            Err(DecodeError::Refused(reason)) => return Ok(Err(reason)),
            Err(DecodeError::UnknownSchema(id)) => {
                self.learn(id)?;
                match self.decoder.decode(payload) {
                    Ok(record) => record,
                    Err(DecodeError::Refused(reason)) => return Ok(Err(reason)),
                    Err(DecodeError::UnknownSchema(_)) => return Err(Held::Wait("unknown_schema")),
                }
            }
        };
        Ok(match record {
            Record::Tick => Ok(()),
            Record::Batch(batch) => self.upload(message.key(), batch, day),
            Record::Forget(forget) => self.owner(message.key(), &forget.device_id).map(|()| {
                let app = forget
                    .app
                    .map(|name| self.stage.vocabulary.app_key(name, day));
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
                .stage
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
        if partition_of(id.as_bytes(), self.stage.partitions) != self.partition {
            self.strays = true;
            return Err(Reason::WrongPartition);
        }
        Ok(())
    }

    /// Asks the registry for a schema. An answer that will not come is waited for: never a rejection.
    fn learn(&mut self, id: u32) -> Result<(), Held> {
        let Some(registry) = &self.stage.registry else {
            return Err(Held::Wait("registry_not_configured"));
        };
        let text = registry.schema_by_id(id).map_err(|error| {
            tracing::warn!(partition = self.partition, %error, "the registry gives no schema");
            Held::Wait(if matches!(error, kaiku_registry::Error::UnknownId(_)) {
                "unknown_schema"
            } else {
                "registry_away"
            })
        })?;
        self.decoder.learn(id, &text).map_err(|error| {
            tracing::warn!(partition = self.partition, id, %error, "a schema can't be used");
            Held::Wait("unusable_schema")
        })
    }

    /// Nothing came: where a new day has begun, the broker is asked for the time.
    pub(super) fn idle(&mut self) -> Result<(), End> {
        let config = &self.stage.config;
        if config.replay || self.ticked.is_some_and(|at| at.elapsed() < TICK_EVERY) {
            return Ok(());
        }
        let grace = i64::try_from(config.grace.as_millis()).unwrap_or(i64::MAX);
        let day = Day::from_millis(self.stage.clock.millis().saturating_sub(grace));
        if self.clock.open().is_none_or(|open| open < day) {
            self.ticked = Some(Instant::now());
            self.stage.ticker.tick(self.partition);
        }
        Ok(())
    }

    pub(super) fn note_read_error(&mut self, error: &KafkaError) -> Result<(), End> {
        match error {
            KafkaError::PartitionEOF(_) => self.idle(),
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
        let from = out_of_range(&self.stage, partition, next)?;
        let waits = |reason: &str| {
            let reason = reason.to_owned();
            Err(End::Failed(Error::Waits { partition, reason }))
        };
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
        self.consumer
            .seek(&self.stage.raw, partition, Offset::Offset(next), ASK)
            .map_err(|source| {
                End::Failed(Error::Kafka {
                    operation: "reading from the same offset again",
                    source,
                })
            })
    }

    /// The lane can't go on: what it has is committed, and the reason is shown.
    pub(super) fn stand_still(&mut self, reason: &'static str) -> Result<(), End> {
        self.commit()?;
        tracing::error!(partition = self.partition, reason, "lane stands still");
        self.stage.stopped(self.partition, Some(reason));
        Ok(())
    }

    pub(super) fn go_on(&self) {
        tracing::info!(partition = self.partition, "lane goes on");
        self.stage.stopped(self.partition, None);
    }

    pub(super) fn show(&self) {
        let (next, day, devices) = (
            self.committed.unwrap_or(0),
            self.clock.open(),
            self.table.len(),
        );
        self.stage.progress.lane(self.partition, |lane| {
            lane.next_offset = next;
            lane.open_day = day;
            lane.devices = devices;
        });
    }
}

/// Whether the broker has no record at the offset that was asked for.
fn is_out_of_range(error: &KafkaError) -> bool {
    use rdkafka::error::RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(Code::AutoOffsetReset | Code::OffsetOutOfRange)
    )
}
