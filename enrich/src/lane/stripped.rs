//! What a lane without a state learns from what it has stripped.

use std::sync::atomic::AtomicBool;

use kaiku_stripped::schemas;
use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{Day, Schema};
use rdkafka::message::{BorrowedMessage, Message};

use super::restore::watermarks;
use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::read::{read_all, read_tail};

/// Offsets from the end in which a record is looked for first: only a long row of transactions that were
/// aborted has more looked at.
const TAIL: i64 = 64;
const FURTHER: i64 = 16;

/// Whether anything was ever committed to a partition of `events.stripped`. What the first
/// transaction of a process that died has left there was not.
pub(super) fn is_stripped(
    context: &LaneContext,
    partition: i32,
    stop: &AtomicBool,
) -> Result<bool, Error> {
    let (low, high) = watermarks(context, &context.stripped, partition)?;
    if low > 0 || high == 0 {
        return Ok(low > 0);
    }
    let mut found = false;
    let within = context.config.transaction_timeout.saturating_mul(4);
    let (cluster, topic) = (&context.cluster, &context.stripped);
    read_all(cluster, topic, partition, within, stop, |_| {
        found = true;
        Ok(())
    })?;
    Ok(found)
}

/// The day that is open by what was stripped last: behind it no lane may go back, and a state that
/// stands before it is not the newest that there was. Days never go back in a partition, so that its
/// end says it.
pub(super) fn stripped_day(
    context: &LaneContext,
    partition: i32,
    stop: &AtomicBool,
) -> Result<Option<Day>, Error> {
    let within = context.config.transaction_timeout.saturating_mul(4);
    let (cluster, topic) = (&context.cluster, &context.stripped);
    let mut tail = TAIL;
    loop {
        let mut open = None;
        let note = |message: &BorrowedMessage<'_>| {
            open = open.max(open_behind(context, message));
            Ok(())
        };
        let is_all = read_tail(cluster, topic, partition, tail, within, stop, note)?;
        if open.is_some() || is_all {
            return Ok(open);
        }
        tail = tail.saturating_mul(FURTHER);
    }
}

/// The day that is open behind a record; `None` where it is none of this stage's.
fn open_behind(context: &LaneContext, message: &BorrowedMessage<'_>) -> Option<Day> {
    let record = message.payload()?;
    if !is_stripped_record(record) {
        return None;
    }
    let day = Day::from_millis(message.timestamp().to_millis()?);
    Some(if context.is_close(record) {
        day.next()
    } else {
        day
    })
}

/// Whether this stage, in this version or one before, may have written a record: anybody's else has a
/// time that says nothing.
fn is_stripped_record(record: &[u8]) -> bool {
    let own: [&Schema; 5] = [
        &schemas::STRIPPED_EVENTS,
        &schemas::STRIPPED_PAIRS,
        &schemas::DAY_CLOSED,
        &schemas::STRIPPED_BATCH,
        &schemas::PAIR_BATCH,
    ];
    match frame::parse(record) {
        Ok((Framing::SingleObject(print), _)) => {
            let mut all = own.into_iter().chain(schemas::earlier());
            all.any(|schema| schema.fingerprint() == print)
        }
        // Of the ids of versions before nothing is known here.
        Ok((Framing::Confluent(_), _)) => true,
        Err(_) => false,
    }
}
