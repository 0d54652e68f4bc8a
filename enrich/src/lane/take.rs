//! A lane at work: what it does with each record.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_raw::{DeviceId, Forget, Limits, RawBatch, Reason, Record, partition_of, validate};
use kaiku_stage::{Causes, Standstill, failpoint};
use kaiku_wire::Day;
use rdkafka::message::{BorrowedMessage, Message};

use super::buffer::{Buffer, Mixing};
use super::commit::{Committer, Reached};
use super::decode::{Reader, Unread};
use super::restore::Restored;
use super::stamp::{Rules, Stamp};
use crate::day::{Advance, DayClock};
use crate::handover::{End, Suspect, Warm};
use crate::lane_context::LaneContext;
use crate::progress::LaneStatus;
use crate::state::{Notes, Table};
use crate::strip::Tally;

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
    pub(super) context: Arc<LaneContext>,
    pub(super) partition: i32,
    pub(super) committer: Committer,
    reader: Reader,
    pub(super) clock: DayClock,
    table: Table,
    buffer: Buffer,
    mixing: Mixing,
    /// The first raw record that was not taken in: ahead of what is committed by what the buffer
    /// holds.
    pub(super) next: i64,
    /// Ahead of what is committed, as `next` is.
    notes: Notes,
    /// The state was lost, and the day on which it was is not known before the first record.
    state_lost_now: bool,
    /// The next record is the first one behind raw records that were lost.
    behind_gap: bool,
    /// Where it began, if without what was before.
    began_without: Option<i64>,
    /// Devices in the state when the day began, or this lane did.
    devices: usize,
    /// A record lay in a partition that is not its key's, since the last commit: somebody's mistake,
    /// or the topic has grown partitions that this process does not know of.
    strays: bool,
    /// The broker has said that `next` is out of range since the last record, and it was not: once
    /// may be an answer of before, twice is not.
    pub(super) doubted: bool,
    suspect: Option<Suspect>,
    pub(super) ticked: Option<Instant>,
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
        let Restored {
            reached,
            table,
            without,
        } = restored;
        let Reached {
            next,
            day,
            mut notes,
        } = reached.unwrap_or_default();
        if without.state {
            notes.state_lost = day;
        }
        notes.raw_lost |= without.raw;
        let lane = Lane {
            reader: Reader::new(partition, context.registry.clone()),
            clock: DayClock::at(day),
            devices: table.len(),
            table,
            buffer: Buffer::default(),
            mixing,
            next,
            notes,
            state_lost_now: without.state && day.is_none(),
            behind_gap: without.raw,
            began_without: (without.state || without.raw).then_some(next),
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
        let reached = self.committer.committed()?.clone();
        // That something was lost is said by the first commit: before it, nothing is kept that would
        // begin as if nothing had been.
        if self.began_without == Some(reached.next) {
            return None;
        }
        Some(Warm {
            reached,
            table: self.table,
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
        let day = stamp.map(|stamp| stamp.day).or(self.clock.open());
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
            (Some(Stamp { millis, .. }), _) => {
                if self.state_lost_now {
                    self.notes.state_lost = Some(day);
                }
                self.handle(message, day, millis)?
            }
        };
        if turns {
            self.turn_day(advance);
        }
        self.state_lost_now &= stamp.is_none();
        self.behind_gap = false;
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

    /// Closes the days before a record's, at the first record of a new day.
    fn turn_day(&mut self, advance: Advance) {
        let closed = self.notes.close(&advance, self.behind_gap);
        self.buffer.closes.extend(closed);
        let from = advance.closes_from;
        if from.is_some_and(|from| from.week() != advance.day.week()) {
            self.table.sweep(advance.day);
        }
        self.devices = self.table.len();
        self.clock.advance(advance);
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

    /// The day and time of a record; `None` where it must be rejected for it.
    fn stamp(&self, message: &BorrowedMessage<'_>) -> Result<Option<Stamp>, NotTaken> {
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
        millis: i64,
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
            Record::Batch(batch) => self.upload(message.key(), batch, day, millis),
            Record::Forget(forget) => self
                .owner(message.key(), &forget.device_id)
                .map(|()| self.forget(&forget, day, millis)),
        })
    }

    /// What is left of a device is a bare mark. One that has no state comes in by the quota, as with
    /// an upload: else whoever sends this first would come past it.
    fn forget(&mut self, forget: &Forget<'_>, day: Day, millis: i64) {
        let vocabulary = &self.context.vocabulary;
        let app = forget.app.map(|name| vocabulary.app_key(name, day));
        let most = self.context.config.new_devices_per_hour;
        let arrivals = &mut self.notes.arrivals;
        let enters = || arrivals.enter(app.unwrap_or_default(), day, millis, most);
        if let Some(device) = self.table.device(&forget.device_id, enters) {
            device.turn(day);
            device.forget(app);
        }
    }

    fn upload(
        &mut self,
        key: Option<&[u8]>,
        batch: RawBatch<'_>,
        day: Day,
        millis: i64,
    ) -> Result<(), Reason> {
        let id = batch.device.id;
        self.owner(key, &id)?;
        validate(&batch, &Limits::CONTRACT, day)?;
        let vocabulary = &self.context.vocabulary;
        if !batch
            .consent
            .as_ref()
            .is_some_and(|one| vocabulary.accepts(one))
        {
            return Err(Reason::BadConsent);
        }
        let books = self.notes.books(day);
        let most = self.context.config.new_devices_per_hour;
        let arrivals = &mut self.notes.arrivals;
        let enters = || arrivals.enter(vocabulary.app_key(batch.app, day), day, millis, most);
        let tally = match self.table.device(&id, enters) {
            Some(device) => vocabulary.strip(batch, day, books, device, &mut self.buffer.sink),
            None => Tally::over_quota(&batch),
        };
        self.buffer.add(&tally);
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

    pub(super) fn commit_if_due(&mut self) -> Result<(), End> {
        if self.buffer.is_due(&self.mixing, Instant::now()) {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Commits what was taken in, in one transaction.
    pub(super) fn commit(&mut self) -> Result<(), End> {
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
            notes: self.notes.clone(),
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
            devices: self.devices,
        };
        self.context.progress.show(self.partition, status);
    }
}
