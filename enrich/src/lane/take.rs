//! A lane at work: what it does with each record.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kaiku_raw::Reason;
use kaiku_stage::{Causes, Standstill, failpoint};
use kaiku_wire::Day;
use rdkafka::message::{BorrowedMessage, Message};

use super::buffer::{Buffer, Mixing};
use super::commit::{Committer, Reached};
use super::last::RawRecord;
use super::restore::Restored;
use super::said::Said;
use super::stamp::{Rules, Stamp};
use crate::day::{Advance, DayClock};
use crate::decode::Reader;
use crate::handover::{End, Suspect, Warm};
use crate::lane_context::LaneContext;
use crate::progress::LaneStatus;
use crate::state::{LastRecord, Notes, Table};

/// How many devices of which nothing is worth keeping one transaction drops: all that have become so at
/// the turn of a week may be more than fit into its time.
const MOST_SWEPT: usize = 100_000;

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
    pub(super) reader: Reader,
    pub(super) clock: DayClock,
    pub(super) table: Table,
    pub(super) buffer: Buffer,
    mixing: Mixing,
    /// The first raw record that was not taken in: ahead of what is committed by what the buffer
    /// holds.
    pub(super) next: i64,
    /// Ahead of what is committed, as `next` is.
    pub(super) notes: Notes,
    /// The last record that was taken in here, and what was known of the one before the first.
    last_raw: Option<RawRecord>,
    last: Option<LastRecord>,
    /// What an operator has decided to reject.
    rejects: Vec<RangeInclusive<i64>>,
    /// What the log has said of records that were rejected.
    said: Said,
    /// The state was lost, and the day on which it was is not known before the first record.
    state_lost_now: bool,
    /// Where it began, if without what was before.
    began_without: Option<i64>,
    /// Devices in the state when the day began, or this lane did.
    devices: usize,
    /// A record lay in a partition that is not its key's, since the last commit: somebody's mistake,
    /// or the topic has grown partitions that this process does not know of.
    pub(super) strays: bool,
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
            committed: _,
        } = restored;
        let Reached {
            next,
            day,
            mut notes,
            last,
        } = reached.unwrap_or_default();
        if without.state {
            notes.state_lost = day;
        }
        notes.raw_lost |= without.raw;
        notes.behind_gap |= without.raw;
        let mut lane = Lane {
            reader: Reader::new(partition, context.registry.clone()),
            clock: DayClock::at(day),
            devices: table.len(),
            table,
            buffer: Buffer::default(),
            mixing,
            next,
            notes,
            last_raw: None,
            last,
            rejects: config.accept.rejects_of(partition),
            said: Said::default(),
            state_lost_now: without.state && day.is_none(),
            began_without: (without.state || without.raw).then_some(next),
            strays: false,
            doubted: false,
            suspect,
            ticked: None,
            committer,
            partition,
            context,
        };
        // What a lane before this one had still to drop.
        if let Some(day) = day {
            lane.table.sweep(day);
        }
        lane.context.works(partition);
        lane.show();
        lane
    }

    /// What it was told to go on without is written down at once: then the option is spent, and covers
    /// nothing that comes later. Where nobody knows the day, the first record's transaction does it.
    pub(super) fn own_up(&mut self) -> Result<(), End> {
        let Some(day) = self.clock.open().filter(|_| self.began_without.is_some()) else {
            return Ok(());
        };
        if self.table.month().is_none() {
            let key = self.context.keys.month(&self.context.admin, day.month())?;
            self.table.turn(day.month(), key);
        }
        self.commit_now()?;
        self.began_without = None;
        Ok(())
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
            table: Box::new(self.table),
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
    ///
    /// `handling` is told while it is this very record that is handled: should that crash this thread,
    /// the member knows where. What was taken in before is not its fault.
    pub(super) fn take(
        &mut self,
        message: &BorrowedMessage<'_>,
        handling: &AtomicI64,
    ) -> Result<(), NotTaken> {
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
        handling.store(offset, Ordering::Relaxed);
        let is_unwanted = self.rejects.iter().any(|range| range.contains(&offset));
        let stamp = match is_unwanted {
            true => None,
            false => self.stamp(message)?,
        };
        let day = stamp.map(|stamp| stamp.day).or(self.clock.open());
        let advance = self
            .clock
            .look(day.unwrap_or_else(|| self.context.clock.today()));
        // A transaction belongs to one day: the mark that closes a day stands in front of the first
        // event of the next, whatever becomes of the process in between.
        let turns = stamp.is_some() && self.clock.open() != Some(advance.day);
        if turns && !self.buffer.is_empty() {
            handling.store(-1, Ordering::Relaxed);
            self.commit()?;
            handling.store(offset, Ordering::Relaxed);
        }
        let day = advance.day;
        self.turn_month(day)?;
        let taken = match (stamp, suspected) {
            _ if is_unwanted => {
                tracing::warn!(
                    partition = self.partition,
                    offset,
                    "a record is rejected, as was asked"
                );
                self.notes.raw_lost = true;
                Err(Reason::Operator)
            }
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
        self.notes.behind_gap = false;
        self.buffer.day = Some(day);
        if let Err(reason) = taken {
            self.reject(reason, offset);
        }
        self.buffer.taken(Instant::now);
        self.last_raw.get_or_insert_default().copy(message);
        self.next = offset + 1;
        self.doubted = false;
        failpoint("lane.took");
        if suspected.is_some() {
            self.suspect = None;
            self.commit()?;
        }
        handling.store(-1, Ordering::Relaxed);
        Ok(())
    }

    /// Counts a record that is rejected, and now and then names one: `kaiku explain` says why.
    fn reject(&mut self, reason: Reason, offset: i64) {
        self.buffer.reject(reason);
        if reason != Reason::Operator && self.said.is_due(reason, Instant::now()) {
            let (partition, reason) = (self.partition, reason.as_str());
            tracing::info!(partition, offset, reason, "a record is rejected");
        }
    }

    /// Closes the days before a record's, at the first record of a new day.
    fn turn_day(&mut self, advance: Advance) {
        let closed = self.notes.close(&advance);
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

    pub(super) fn commit_if_due(&mut self) -> Result<(), End> {
        if self.buffer.is_due(&self.mixing, Instant::now()) {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Where nothing comes, what is being written anew goes on by itself.
    pub(super) fn go_on_rewriting(&mut self) -> Result<(), End> {
        match self.buffer.is_empty() && self.table.is_rewriting() {
            true => self.commit_now(),
            false => Ok(()),
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
        self.commit_now()
    }

    fn commit_now(&mut self) -> Result<(), End> {
        if let Some(day) = self.clock.open() {
            self.table.drop_swept(day, MOST_SWEPT);
        }
        let reached = Reached {
            next: self.next,
            day: self.clock.open(),
            notes: self.notes.clone(),
            last: self.last(),
        };
        self.committer
            .commit(&mut self.buffer, &mut self.table, reached)?;
        self.show();
        Ok(())
    }

    /// The record before `next`, where it is known.
    pub(super) fn last(&self) -> Option<LastRecord> {
        let record = self.last_raw.as_ref();
        match record.filter(|record| record.end() == self.next) {
            Some(record) => {
                let (month, key) = self.table.key()?;
                Some(record.last(month, key))
            }
            None => self.last,
        }
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
