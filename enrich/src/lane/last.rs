//! Whether the raw topic still has the last record that was counted, in its place. A log that has
//! lost its end and has grown again is as long as before, and nothing else shows it.

use std::sync::atomic::AtomicBool;

use kaiku_wire::Month;
use rdkafka::message::{BorrowedMessage, Message, Timestamp};

use super::begin::Cut;
use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::read::{offset_at, read_one};
use crate::state::{LastRecord, LastSeen};
use crate::token::MonthKey;

/// A raw record as it stands on the topic.
#[derive(Default)]
pub(super) struct RawRecord {
    offset: i64,
    millis: i64,
    key: Vec<u8>,
    payload: Vec<u8>,
}

impl RawRecord {
    /// Becomes this record, in the memory of the one before.
    pub(super) fn copy(&mut self, message: &BorrowedMessage<'_>) {
        self.offset = message.offset();
        self.millis = millis_of(message.timestamp());
        self.key.clear();
        self.key
            .extend_from_slice(message.key().unwrap_or_default());
        self.payload.clear();
        self.payload
            .extend_from_slice(message.payload().unwrap_or_default());
    }

    /// The offset behind it.
    pub(super) fn end(&self) -> i64 {
        self.offset + 1
    }

    /// What is remembered of it, under a month's key.
    pub(super) fn last(&self, month: Month, key: &MonthKey) -> LastRecord {
        let (offset, millis) = (self.offset.to_le_bytes(), self.millis.to_le_bytes());
        let print = key.print(&[&offset, &millis, &self.key, &self.payload]);
        let millis = self.millis;
        LastRecord {
            month,
            seen: LastSeen { millis, print },
        }
    }
}

fn millis_of(time: Timestamp) -> i64 {
    time.to_millis().unwrap_or_default()
}

/// Looks whether the record before `next` is the one that was counted last. `None` where it is, and
/// where nobody can tell: it was deleted since, or an earlier version has counted it.
pub(super) fn look(
    context: &LaneContext,
    partition: i32,
    next: i64,
    last: Option<&LastRecord>,
    raw: (i64, i64),
    stop: &AtomicBool,
) -> Result<Option<Cut>, Error> {
    let (low, high) = raw;
    let Some(last) = last.filter(|_| low < next) else {
        return Ok(None);
    };
    if next <= high {
        // One that was made here would make another print of the same record.
        let month = last.month;
        let key = context.keys.find(month)?;
        let key = key.ok_or(Error::NoMonthKey { month })?;
        let within = context.config.transaction_timeout;
        let (cluster, topic) = (&context.cluster, &context.raw);
        let found = read_one(
            cluster,
            topic,
            partition,
            next - 1,
            within,
            stop,
            |message| {
                let mut record = RawRecord::default();
                record.copy(message);
                record.last(month, &key)
            },
        )?;
        if found.as_ref() == Some(last) {
            return Ok(None);
        }
    }
    // Where history is replayed, times are the producers' and don't tell old from new.
    let from = if context.replay {
        None
    } else {
        let behind = last.seen.millis.saturating_add(1);
        let first = offset_at(&context.cluster, &context.raw, partition, behind)?;
        // A leader whose clock is behind would say that nothing was written again.
        Some(first.unwrap_or(high)).filter(|from| *from < next)
    };
    Ok(Some(Cut { from }))
}
