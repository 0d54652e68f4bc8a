//! What one month's state topic holds of a partition.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

use kaiku_stage::Standstill;
use kaiku_wire::Month;
use rdkafka::message::Message;

use super::write::place_of;
use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::read::read_all;
use crate::seal::Opener;
use crate::state::{Generation, Log, META_KEY, Meta, Packed, Table, newest_format, read_chunk};
use crate::token::Token;

/// What was read of a month's devices.
pub(super) struct Records {
    /// `None` where there is no key, or none that can be had.
    generation: Option<Generation>,
    keyless: Option<Error>,
    /// The chunks that stand there.
    numbers: BTreeSet<u64>,
    /// Chunks that can't be read, and why; of devices' own records, the first one.
    unread: BTreeMap<u64, Error>,
    unread_old: Option<Error>,
    /// There is nothing but perhaps a meta record.
    is_empty: bool,
}

/// The meta record and the devices of a month's topic, as far as its key is there: it is never made here, for another
/// one would open nothing. Each chunk is opened as it comes: what stands in front of the first that is needed is said
/// anew by those behind.
pub(super) fn read_month(
    lanes: &LaneContext,
    partition: i32,
    month: Month,
    stop: &AtomicBool,
) -> Result<(Option<Meta>, Records), Error> {
    let topic = lanes.cluster.topics().state(month);
    // Where that fails it is no matter before the month's devices are wanted.
    let (key, keyless) = match lanes.keys.find(month) {
        Ok(key) => (key, None),
        Err(error) => (None, Some(error)),
    };
    let mut opener = key.as_ref().map(|key| key.opener());
    let mut meta = None;
    let mut records = Records {
        generation: key.clone().map(|key| Generation::new(month, key)),
        keyless,
        numbers: BTreeSet::new(),
        unread: BTreeMap::new(),
        unread_old: None,
        is_empty: true,
    };
    let within = lanes.config.transaction_timeout.saturating_mul(4);
    read_all(&lanes.cluster, &topic, partition, within, stop, |message| {
        let (key, value) = (message.key().unwrap_or_default(), message.payload());
        if key == META_KEY {
            meta = value.map(Meta::from_bytes);
        } else if let Ok(number) = key.try_into().map(u64::from_be_bytes) {
            records.chunk(opener.as_mut(), partition, number, value);
        } else if let Ok(token) = key.try_into().map(Token) {
            records.old(opener.as_mut(), partition, token, value);
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

impl Records {
    fn chunk(
        &mut self,
        opener: Option<&mut Opener<'_>>,
        partition: i32,
        number: u64,
        value: Option<&[u8]>,
    ) {
        self.unread.remove(&number);
        let Some(sealed) = value else {
            self.numbers.remove(&number);
            return;
        };
        self.is_empty = false;
        self.numbers.insert(number);
        if let (Some(generation), Some(opener)) = (&mut self.generation, opener) {
            let place = place_of(partition, number);
            let read = |format, plain: &[u8]| read_chunk(format, plain, generation);
            if let Err(error) = open(opener, partition, &place, sealed, read) {
                self.unread.insert(number, error);
            }
        }
    }

    /// A device's own record stands in front of every chunk that has the device.
    fn old(
        &mut self,
        opener: Option<&mut Opener<'_>>,
        partition: i32,
        token: Token,
        value: Option<&[u8]>,
    ) {
        self.is_empty &= value.is_none();
        let (Some(generation), Some(opener)) = (&mut self.generation, opener) else {
            return;
        };
        let Some(sealed) = value else {
            generation.remove_old(token);
            return;
        };
        let place = [&partition.to_be_bytes(), &token.0[..]].concat();
        let read = |format, plain: &[u8]| {
            generation.put_old(token, Packed::read(format, plain)?);
            Some(())
        };
        if let Err(error) = open(opener, partition, &place, sealed, read) {
            self.unread_old.get_or_insert(error);
        }
    }
}

/// The newest month that has come to a commit; one with a topic alone was made ahead.
pub(super) fn newest(
    lanes: &LaneContext,
    partition: i32,
    months: &[Month],
    stop: &AtomicBool,
) -> Result<Option<(Meta, Records)>, Error> {
    for month in months.iter().rev() {
        let (meta, records) = read_month(lanes, partition, *month, stop)?;
        if let Some(meta) = meta {
            return Ok(Some((meta, records)));
        }
    }
    Ok(None)
}

/// Puts a month's devices into a table, if all of the log stands there; says whether.
pub(super) fn put(
    month: Month,
    log: &Log,
    records: Records,
    table: &mut Table,
) -> Result<bool, Error> {
    // What stands before is not needed and may be there or not.
    if !records
        .numbers
        .range(log.first..)
        .copied()
        .eq(log.first..log.next)
    {
        return Ok(false);
    }
    if let Some(error) = records.keyless {
        return Err(error);
    }
    let Some(mut generation) = records.generation else {
        // A topic that was made and never written to has none.
        return match records.is_empty {
            true => Ok(true),
            false => Err(Error::NoMonthKey { month }),
        };
    };
    let mut needed = records
        .unread
        .into_iter()
        .filter(|(number, _)| *number >= log.first);
    if let Some(error) = records.unread_old.or(needed.next().map(|(_, error)| error)) {
        return Err(error);
    }
    generation.stands_at(log.clone());
    table.restore(generation);
    Ok(true)
}

/// Opens what stands in its place, and has it read.
fn open(
    opener: &mut Opener<'_>,
    partition: i32,
    place: &[u8],
    sealed: &[u8],
    read: impl FnOnce(u8, &[u8]) -> Option<()>,
) -> Result<(), Error> {
    let refused = |reason: &str| Error::Refused {
        partition,
        why: Standstill::StateUnreadable,
        reason: reason.to_owned(),
    };
    match sealed.split_first() {
        Some((format, sealed)) if u32::from(*format) <= newest_format() => {
            let mut sealed = sealed.to_vec();
            let plain = opener
                .open(place, &mut sealed)
                .map_err(|_| refused("a device's state can't be opened with the month's key"))?;
            read(*format, plain).ok_or_else(|| refused("a device's state can't be read"))
        }
        _ => Err(refused(
            "a device's state has a format that this program does not read: run the version that \
             wrote it",
        )),
    }
}
