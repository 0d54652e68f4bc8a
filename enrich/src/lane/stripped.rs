//! What a lane without a state learns from what it has stripped.

use std::sync::atomic::AtomicBool;

use kaiku_wire::Day;
use rdkafka::message::{BorrowedMessage, Message};

use super::restore::watermarks;
use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::read::read_all;

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
    read_stripped(context, partition, stop, |_| found = true)?;
    Ok(found)
}

/// The day that is open by what was stripped last: for a lane without a state, which must not go
/// back behind a day that it has closed.
pub(super) fn stripped_day(
    context: &LaneContext,
    partition: i32,
    stop: &AtomicBool,
) -> Result<Option<Day>, Error> {
    let mut open = None;
    read_stripped(context, partition, stop, |message| {
        let day = message.timestamp().to_millis().map(Day::from_millis);
        let closes = message
            .payload()
            .is_some_and(|record| context.is_close(record));
        open = open.max(if closes { day.map(Day::next) } else { day });
    })?;
    Ok(open)
}

/// Every committed record of a partition of `events.stripped`.
fn read_stripped(
    context: &LaneContext,
    partition: i32,
    stop: &AtomicBool,
    mut each: impl FnMut(&BorrowedMessage<'_>),
) -> Result<(), Error> {
    let within = context.config.transaction_timeout.saturating_mul(4);
    read_all(
        &context.cluster,
        &context.stripped,
        partition,
        within,
        stop,
        |one| {
            each(one);
            Ok(())
        },
    )
}
