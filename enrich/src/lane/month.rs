//! What one month's state topic holds of a partition.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use hashbrown::HashMap;
use kaiku_stage::Standstill;
use kaiku_wire::Month;
use rdkafka::message::Message;

use super::write::context;
use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::read::read_all;
use crate::seal::Opener;
use crate::state::{META_KEY, Meta, Packed, Table, newest_format};
use crate::token::Token;

/// The newest sealed record of each device.
pub(super) type Records = HashMap<Token, Vec<u8>>;

/// The meta record and the newest sealed record of each device in a month's topic.
pub(super) fn read_month(
    lanes: &LaneContext,
    partition: i32,
    month: Month,
    stop: &AtomicBool,
) -> Result<(Option<Meta>, Records), Error> {
    let topic = lanes.cluster.topics().state(month);
    let mut meta = None;
    let mut records = Records::new();
    let within = lanes.config.transaction_timeout.saturating_mul(4);
    read_all(&lanes.cluster, &topic, partition, within, stop, |message| {
        let key = message.key().unwrap_or_default();
        if key == META_KEY {
            meta = message.payload().map(Meta::from_bytes);
        } else if let Ok(token) = <[u8; 16]>::try_from(key) {
            match message.payload() {
                Some(sealed) => records.insert(Token(token), sealed.to_vec()),
                None => records.remove(&Token(token)),
            };
        }
        Ok(())
    })?;
    let meta = meta.transpose().map_err(|error| Error::Refused {
        partition,
        why: Standstill::StateUnreadable,
        reason: error.to_string(),
    })?;
    Ok((meta, records))
}

/// Opens a month's devices and puts them into a table. The month's key is never made here: another
/// one would open nothing.
pub(super) fn put(
    lanes: &LaneContext,
    partition: i32,
    month: Month,
    records: Records,
    table: &mut Table,
) -> Result<(), Error> {
    let Some(key) = lanes.keys.find(month)? else {
        // A topic that was made and never written to has none.
        return match records.is_empty() {
            true => Ok(()),
            false => Err(Error::NoMonthKey { month }),
        };
    };
    let mut opener = key.opener();
    let devices = records
        .into_iter()
        .map(|(token, mut sealed)| Ok((token, open(&mut opener, partition, token, &mut sealed)?)));
    table.restore(month, Arc::clone(&key), devices)
}

fn open(
    opener: &mut Opener<'_>,
    partition: i32,
    token: Token,
    sealed: &mut [u8],
) -> Result<Packed, Error> {
    let refused = |reason: &str| Error::Refused {
        partition,
        why: Standstill::StateUnreadable,
        reason: reason.to_owned(),
    };
    match sealed.split_first_mut() {
        Some((format, sealed)) if u32::from(*format) <= newest_format() => {
            let plain = opener
                .open(&context(partition, token), sealed)
                .map_err(|_| refused("a device's state can't be opened with the month's key"))?;
            Packed::read(*format, plain).ok_or_else(|| refused("a device's state can't be read"))
        }
        _ => Err(refused(
            "a device's state has a format that this program does not read: run the version that \
             wrote it",
        )),
    }
}
