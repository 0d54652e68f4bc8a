//! How far the log of a month's state has come: chunks, numbered without a gap, of which each says what one
//! transaction changed.
//!
//! What was changed again since is of no use any more. So at times all devices are written anew, some with each
//! transaction, into chunks of the same log; once all are, every chunk in front of the first of these goes. That is
//! the cleaning of a log-structured store (Rosenblum and Ousterhout, 1992) by checkpoint: whoever reads what is left,
//! one chunk after the other, has the state.

use kaiku_stage::failpoint_value;
use serde::{Deserialize, Serialize};

use super::buckets::BUCKETS;

/// Chunks that one transaction deletes at most.
const MOST_DELETED: u64 = 10_000;

/// How soon and how fast devices are written anew.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Entries beyond what devices account for that are never a reason to, within a day.
    pub(crate) few: u64,
    /// Devices that a transaction writes anew at least, while they are.
    pub(crate) least: usize,
}

/// Bytes after which a transaction writes no more anew, however large devices are.
pub(super) const MOST_ANEW: usize = 8 << 20;

impl Default for Pace {
    fn default() -> Pace {
        // A test can have few devices be as many.
        let told = failpoint_value("state.few");
        let few = told.and_then(|few| few.parse().ok());
        few.map_or(
            Pace {
                few: 1_000,
                least: 2_000,
            },
            |few: u16| Pace {
                few: few.into(),
                least: few.into(),
            },
        )
    }
}

/// How far a log has come. It commits with what it tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Log {
    /// The first chunk that is needed: the state is what this one says and all behind it.
    pub(crate) first: u64,
    /// The chunk that comes next.
    pub(crate) next: u64,
    /// The first chunk that is not deleted.
    deleted: u64,
    /// Entries of the chunks that are needed.
    entries: u64,
    /// All devices are being written anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rewrite: Option<Rewrite>,
}

/// How far the devices are written anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rewrite {
    /// The chunk with which it began.
    from: u64,
    /// Entries of it and behind.
    entries: u64,
    /// The first bucket that is not written anew.
    next: u16,
    /// A day began meanwhile: what was written anew before it has to go too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    again: bool,
}

impl Rewrite {
    /// One that begins with this chunk.
    fn from(chunk: u64) -> Rewrite {
        Rewrite {
            from: chunk,
            entries: 0,
            next: 0,
            again: false,
        }
    }
}

/// What comes together in the transaction that is to be written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Occasion {
    /// It is the first of a day.
    pub(crate) is_new_day: bool,
    pub(crate) pace: Pace,
}

impl Log {
    /// Begins to write all devices anew, where that is due: with each day, so that what they were before goes, and in
    /// between where the log has become long.
    pub(super) fn begin(&mut self, devices: usize, occasion: Occasion) {
        let devices = devices as u64;
        let is_long = self.entries > 3 * devices + occasion.pace.few;
        // Before all were written anew once, some may stand in records of their own, and count as devices only.
        let has_old = self.entries > devices || self.first == 0;
        let is_due = is_long || (occasion.is_new_day && has_old);
        if !is_due || self.entries == 0 {
            return;
        }
        match &mut self.rewrite {
            Some(rewrite) => rewrite.again |= occasion.is_new_day,
            None => self.rewrite = Some(Rewrite::from(self.next)),
        }
    }

    /// Whether devices are being written anew.
    pub(super) fn is_rewriting(&self) -> bool {
        self.rewrite.is_some()
    }

    /// The first bucket that is to be written anew, and how many devices in all with this transaction, which changes so
    /// many.
    pub(super) fn to_rewrite(&self, changes: usize, pace: Pace) -> Option<(u16, usize)> {
        let rewrite = self.rewrite.as_ref()?;
        Some((rewrite.next, pace.least.max(2 * changes)))
    }

    /// Whether it can be: one that was damaged is not gone on from.
    pub(super) fn is_sound(&self) -> bool {
        let rewrite = self.rewrite.as_ref();
        let is_within = rewrite.is_none_or(|rewrite| {
            rewrite.next < BUCKETS && (self.first..=self.next).contains(&rewrite.from)
        });
        // Far from where numbers end.
        self.deleted <= self.first
            && self.first <= self.next
            && self.next < u64::MAX / 2
            && is_within
    }

    /// Notes that the buckets before this one are written anew.
    pub(super) fn rewritten(&mut self, next: u16) {
        if let Some(rewrite) = &mut self.rewrite {
            rewrite.next = next;
        }
    }

    /// Notes a chunk of so many entries; gives its number.
    pub(crate) fn chunk(&mut self, entries: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        self.entries += entries;
        if let Some(rewrite) = &mut self.rewrite {
            rewrite.entries += entries;
        }
        number
    }

    /// Lets go what the devices that are all written anew stood in before; gives the chunks that the transaction
    /// deletes.
    pub(super) fn end(&mut self) -> std::ops::Range<u64> {
        if let Some(rewrite) = self.rewrite.take_if(|rewrite| rewrite.next == BUCKETS) {
            self.first = rewrite.from;
            self.entries = rewrite.entries;
            self.rewrite = rewrite.again.then(|| Rewrite::from(self.next));
        }
        let deleted = self.deleted;
        self.deleted = self.first.min(deleted + MOST_DELETED);
        deleted..self.deleted
    }

    /// The last chunk that was deleted.
    pub(super) fn last_deleted(&self) -> Option<u64> {
        self.deleted.checked_sub(1)
    }

    /// Entries of the chunks that are needed.
    #[cfg(test)]
    pub(super) fn entries(&self) -> u64 {
        self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Occasion = Occasion {
        is_new_day: true,
        pace: Pace {
            few: 1_000,
            least: 2_000,
        },
    };

    /// All devices are written anew, in one chunk.
    fn write_anew(log: &mut Log, devices: u64) {
        log.rewritten(BUCKETS);
        log.chunk(devices);
        log.end();
    }

    #[test]
    fn a_day_that_begins_while_devices_are_written_anew_has_them_written_anew_once_more() {
        let mut log = Log::default();
        log.chunk(10);
        log.begin(10, DAY);
        log.begin(10, DAY);
        write_anew(&mut log, 10);
        assert!(log.is_rewriting());
        let before = log.first;
        write_anew(&mut log, 10);
        assert!(!log.is_rewriting());
        assert!(log.first > before, "what was written anew first is gone");
    }

    #[test]
    fn devices_with_records_of_their_own_are_written_anew_with_the_first_day_however_short_the_log_is()
     {
        let mut log = Log::default();
        log.chunk(1);
        log.begin(1_000, DAY);
        assert!(log.is_rewriting());
        write_anew(&mut log, 1_000);
        log.begin(1_000, DAY);
        assert!(!log.is_rewriting(), "nothing has changed since");
    }
}
