//! Whether a lane may go on, and from where: what its state, the group's offset and the topics say
//! must be one story. Pure: it is handed what was read.

use std::fmt::Write as _;

use kaiku_stage::Standstill;
use kaiku_wire::Day;

use crate::config::Accept;
use crate::error::Error;
use crate::state::Meta;

/// What was read, before anything is decided.
#[derive(Clone, Debug)]
pub(super) struct Facts<'a> {
    pub(super) partition: i32,
    /// The group of the settings.
    pub(super) group: &'a str,
    /// How many partitions the raw topic has, and had when this process started.
    pub(super) partitions: (i32, i32),
    /// The stable committed offset.
    pub(super) committed: Option<i64>,
    /// The newest meta record of the state.
    pub(super) meta: Option<&'a Meta>,
    /// The first offset of the raw partition and the one behind its last.
    pub(super) raw: (i64, i64),
    /// Whether anything was ever written to the stripped partition.
    pub(super) stripped: bool,
    /// The day that is open by what was stripped last, where something of it is still there.
    pub(super) stripped_to: Option<Day>,
    /// Whether the topic no longer has the last record that was counted, where somebody has looked.
    pub(super) cut: Option<Cut>,
    /// What an operator has decided to go on without.
    pub(super) accept: &'a Accept,
}

/// The raw topic has lost its end: the record that was counted last is not where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cut {
    /// The offset from which it was written again, where that can be told.
    pub(super) from: Option<i64>,
}

/// How a lane begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// The partition was never handled: from its first record, with no state.
    Anew,
    /// With the state, from this offset.
    At(i64),
    /// From this offset, with no state: an operator has accepted that it is lost.
    Without(i64),
    /// From this offset, with no state, for there was none: an operator has accepted that the first
    /// records are gone.
    Behind(i64),
}

impl Facts<'_> {
    /// Decides, or says why not and what to do.
    pub(super) fn begin(&self) -> Result<Begin, Error> {
        if let Some(meta) = self.holding()? {
            return self.check_raw(meta.next_offset).map(Begin::At);
        }
        match (self.meta, self.committed) {
            // Nothing says that the partition was ever handled. Where its first records are gone,
            // retention was faster than the first enrich: an operator says whether to go on.
            (None, None) if !self.stripped => self.check_raw(0).map(|first| match first {
                0 => Begin::Anew,
                behind => Begin::Behind(behind),
            }),
            // A state topic was deleted, or the group's offsets and the state with it: what is left
            // of the story says that devices were counted, and nobody knows which.
            (meta, committed) => {
                // What a state of before has counted is not to be handled again.
                let stood = meta.map_or(0, |meta| meta.next_offset);
                let next = committed.unwrap_or(self.raw.0.max(stood));
                if self.accept.lost_state.get(&self.partition) != Some(&next) {
                    return Err(self.lost_state(committed, next));
                }
                self.check_raw(next).map(Begin::Without)
            }
        }
    }

    /// The state that was found, where it is the newest that there was. `None` where there is none, or
    /// where that of a later month is gone: what was stripped since is not in it, and would count twice.
    pub(super) fn holding(&self) -> Result<Option<&Meta>, Error> {
        self.check_partitions()?;
        let Some(meta) = self.meta else {
            return Ok(None);
        };
        self.check_owner(meta)?;
        match self.stripped_to.filter(|day| Some(*day) > meta.open_day) {
            Some(day) if day.month() > meta.month => Ok(None),
            Some(day) => Err(self.tail_lost(meta, day)),
            None => self.check_offset(meta).map(|()| Some(meta)),
        }
    }

    fn check_owner(&self, meta: &Meta) -> Result<(), Error> {
        // Another group has its own offsets and, by the transactional id, its own fence: both would
        // count every device.
        if meta.group != self.group {
            return Err(self.refused(
                Standstill::Group,
                format!(
                    "its state belongs to group {}, and this is {}; stop every process of both, set \
                     enrich.group to the first, and start again; or use another kafka.prefix",
                    meta.group, self.group
                ),
            ));
        }
        // Partitions were added while nothing ran.
        if meta.partitions != self.partitions.0 {
            return Err(self.refused(
                Standstill::Partitions,
                format!(
                    "its state was made with {} partitions, the topic has {} now: devices would \
                     move. Make a new set of topics under another kafka.prefix",
                    meta.partitions, self.partitions.0
                ),
            ));
        }
        Ok(())
    }

    fn check_offset(&self, meta: &Meta) -> Result<(), Error> {
        let next = meta.next_offset;
        // Where the group's offsets have expired, the state has its own.
        let Some(committed) = self.committed.filter(|committed| *committed != next) else {
            return Ok(());
        };
        let mut reason = format!(
            "offset {committed} is committed, but its state stands at {next}: both were written in one \
             transaction, so "
        );
        // Somebody has reset the group's offset with a tool; or, where it is the state that is behind, a
        // state topic is not what it was, and nothing here tells which.
        reason += &match committed < next {
            true => "one of them was changed by hand. Set the group's offset back to the state's"
                .to_owned(),
            false => format!(
                "the offset was moved by hand, or a state topic was deleted or has lost its end. Where you \
                 know that it was the offset, set it back to the state's; else that would count what is \
                 between them twice: then {}, and go on as the line says that comes then",
                deleting(meta)
            ),
        };
        Err(self.refused(Standstill::OffsetMoved, reason))
    }

    /// A topic that was brought back from a copy of before, or a broker that has lost the end of it.
    fn tail_lost(&self, meta: &Meta, day: Day) -> Error {
        let open = meta
            .open_day
            .map_or("no day".to_owned(), |day| day.to_string());
        let reason = format!(
            "its state stands at offset {}, with {open} open, and events.stripped has come to {day}: the \
             newest records of the state topic of {} are gone. Bring them back; or, to begin with none and \
             publish neither this day nor this week, {}, and start enrich once with --accept-lost-state {}:{}",
            meta.next_offset,
            meta.month,
            deleting(meta),
            self.partition,
            self.committed.unwrap_or(self.raw.0)
        );
        self.refused(Standstill::StateIncomplete, reason)
    }

    /// The offset from which raw records can be read without a gap that nobody knows of.
    pub(super) fn check_raw(&self, next: i64) -> Result<i64, Error> {
        let (low, high) = self.raw;
        if next > high || self.cut.is_some() {
            return self.check_cut(next);
        }
        if low <= next {
            return Ok(next);
        }
        // Retention deleted what this stage was away for.
        let accepted = self.accept.gaps.get(&self.partition);
        if accepted.is_some_and(|before| low <= *before) {
            return Ok(low);
        }
        Err(self.refused(
            Standstill::RawGap,
            format!(
                "raw records {next} to {} were deleted before they were counted: enrich was away \
                 for longer than they are kept. To go on without them, start enrich once with \
                 --accept-gap {}:{low}",
                low - 1,
                self.partition
            ),
        ))
    }

    /// The topic was deleted and made again, or an unclean election cut its end off; what stands there
    /// now was never counted, and the state still tells who was.
    fn check_cut(&self, next: i64) -> Result<i64, Error> {
        let (low, high) = self.raw;
        let from = self.cut.and_then(|cut| cut.from);
        let accepted = self.accept.cuts.get(&self.partition);
        if let Some(accepted) = accepted.filter(|cut| cut.reached == next) {
            // Whoever names the offset has looked at the broker's own log.
            let from = accepted.from.or(from);
            // At the offset that was reached it was not cut.
            if let Some(from) = from.filter(|from| (low..=high.min(next - 1)).contains(from)) {
                return Ok(from);
            }
        }
        let (why, mut reason) = if next > high {
            let reason = format!("{next} raw records were counted, but the topic has only {high}");
            (Standstill::RawAnew, reason)
        } else {
            let reason = format!(
                "the raw record {} is not the one that was counted there",
                next - 1
            );
            (Standstill::RawCut, reason)
        };
        reason += ": the topic was made anew, or a broker has lost its end";
        let partition = self.partition;
        // Writing to a String can't fail.
        let _ = match from {
            Some(from) => write!(
                reason,
                " and it was written again from {from} on. What was lost with it before it was counted \
                 stays uncounted; to go on with what stands there now, start enrich once with \
                 --accept-cut {partition}:{next}"
            ),
            None => write!(
                reason,
                ". Nothing here tells from where on it was written again; the broker's log says to which \
                 offset it was cut. What was lost with it before it was counted stays uncounted, and of \
                 what stands before that offset, uploads without a stream would count again; to go on \
                 from it, start enrich once with --accept-cut {partition}:{next}:FROM"
            ),
        };
        Err(self.refused(why, reason))
    }

    fn lost_state(&self, committed: Option<i64>, next: i64) -> Error {
        let mut reason = match committed {
            Some(offset) => format!("offset {offset} is committed, but there is no state for it"),
            None => "events.stripped has records of it, but there is no state for them".to_owned(),
        };
        if let Some(meta) = self.meta {
            let _ = write!(
                reason,
                " (that of {} stands at {})",
                meta.month, meta.next_offset
            );
        }
        // Writing to a String can't fail.
        let _ = write!(
            reason,
            ": a state topic was deleted. Bring it back; or, to begin with none and publish neither \
             this day nor this week, start enrich once with --accept-lost-state {}:{next}",
            self.partition
        );
        self.refused(Standstill::StateLost, reason)
    }

    pub(super) fn check_partitions(&self) -> Result<(), Error> {
        let (now, then) = self.partitions;
        check_partitions(self.partition, now, then)
    }

    fn refused(&self, why: Standstill, reason: String) -> Error {
        Error::Refused {
            partition: self.partition,
            why,
            reason,
        }
    }
}

/// What has to go before a lane can begin without its state.
fn deleting(meta: &Meta) -> String {
    let month = meta.month;
    format!("delete the state topics of {} and {month}", month.prev())
}

/// The number of partitions never changes while lanes run.
pub(super) fn check_partitions(partition: i32, now: i32, then: i32) -> Result<(), Error> {
    if now == then {
        return Ok(());
    }
    Err(Error::Refused {
        partition,
        why: Standstill::Partitions,
        reason: format!(
            "the raw topic had {then} partitions when this process started, and has {now} now: \
             devices would move, and count in two of them. Nothing more is taken in. Stop \
             publishing to it, and make a new set of topics under another kafka.prefix"
        ),
    })
}

#[cfg(test)]
mod tests;
