//! Bringing back what a partition's state topics hold, and making sure that it is all there.
//!
//! The order matters: first the transactional id is taken over, so that nobody else can write;
//! then the stable committed offset is read; then the state, to its high watermark. The meta
//! record and the committed offset were written in one transaction and must agree.

use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashMap;
use kaiku_broker::Admin;
use kaiku_wire::{Day, Month};
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;

use super::transaction::Transactions;
use super::write::{STATE_FORMAT, context};
use super::{ASK, Warm, one};
use crate::Error;
use crate::group::Membership;
use crate::read::read_all;
use crate::stage::Stage;
use crate::state::{Device, META_KEY, Meta, Table};
use crate::token::{MonthKey, Token};

/// A lane's state, ready to go on from.
pub(crate) struct Restored {
    /// Offset of the next raw record; `None` where the partition was never handled.
    pub(crate) next_offset: Option<i64>,
    pub(crate) open_day: Option<Day>,
    pub(crate) table: Table,
}

/// Restores a lane. `None` where it was told to stop meanwhile.
pub(crate) fn restore(
    stage: &Stage,
    consumer: &BaseConsumer<Membership>,
    partition: i32,
    warm: Option<Warm>,
    stop: &AtomicBool,
) -> Result<Option<(Transactions, Restored)>, Error> {
    let transactions = Transactions::take_over(&stage.kafka, &stage.config, partition)?;
    let committed = committed(stage, consumer, partition)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let restored = match warm {
        Some(warm) if committed == Some(warm.next_offset) => Restored {
            next_offset: committed,
            open_day: warm.open_day,
            table: warm.table,
        },
        _ => cold(stage, partition, committed, stop)?,
    };
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    check_retention(stage, partition, restored.next_offset)?;
    Ok(Some((transactions, restored)))
}

/// The committed offset, once no transaction is about to change it.
pub(super) fn committed(
    stage: &Stage,
    consumer: &BaseConsumer<Membership>,
    partition: i32,
) -> Result<Option<i64>, Error> {
    let offsets = consumer
        .committed_offsets(one(&stage.raw, partition), ASK)
        .map_err(Error::kafka("asking for the committed offset"))?;
    Ok(offsets
        .elements()
        .first()
        .and_then(|element| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }))
}

fn cold(
    stage: &Stage,
    partition: i32,
    committed: Option<i64>,
    stop: &AtomicBool,
) -> Result<Restored, Error> {
    let refused = |reason: String| Error::Refused { partition, reason };
    let months = months(stage)?;
    let mut found: Option<(Month, Meta, Records)> = None;
    for month in months.iter().rev() {
        let (meta, records) = read_month(stage, partition, *month, stop)?;
        if let Some(meta) = meta {
            found = Some((*month, meta, records));
            break;
        }
    }
    let Some((month, meta, records)) = found else {
        return match committed {
            None => Ok(Restored {
                next_offset: None,
                open_day: None,
                table: Table::default(),
            }),
            Some(offset) => Err(refused(format!(
                "offset {offset} is committed, but there is no state for it: a state topic was \
                 deleted. Bring it back; or, to begin anew and count the devices of this week \
                 twice, delete the group's offsets"
            ))),
        };
    };
    agree(stage, partition, &meta, committed)?;
    let mut table = Table::default();
    if months.contains(&month.prev()) {
        let (_, older) = read_month(stage, partition, month.prev(), stop)?;
        put(stage, partition, month.prev(), older, &mut table)?;
    }
    put(stage, partition, month, records, &mut table)?;
    Ok(Restored {
        next_offset: Some(meta.next_offset),
        open_day: meta.open_day,
        table,
    })
}

/// The meta record, the settings and the committed offset must tell the same story.
fn agree(stage: &Stage, partition: i32, meta: &Meta, committed: Option<i64>) -> Result<(), Error> {
    let refused = |reason: String| Error::Refused { partition, reason };
    if meta.group != stage.config.group {
        return Err(refused(format!(
            "its state belongs to group {}; set enrich.group to it, or use another kafka.prefix",
            meta.group
        )));
    }
    if meta.partitions != stage.partitions {
        return Err(refused(format!(
            "its state was made with {} partitions, the topic has {} now: devices would move. Make \
             a new set of topics",
            meta.partitions, stage.partitions
        )));
    }
    match committed {
        Some(committed) if committed != meta.next_offset => {
            return Err(refused(format!(
                "offset {committed} is committed, but its state stands at {}: both were written \
                 in one transaction, so one of them was changed by hand. Set the group's offset \
                 back to the state's",
                meta.next_offset
            )));
        }
        Some(_) => {}
        None => tracing::warn!(
            partition,
            offset = meta.next_offset,
            "the group's offsets have expired; going on from the state's own"
        ),
    }
    Ok(())
}

/// The months that have a state topic, oldest first.
fn months(stage: &Stage) -> Result<Vec<Month>, Error> {
    let names = Admin::connect(&stage.kafka)
        .and_then(|admin| admin.names())
        .map_err(Error::broker("listing the state topics"))?;
    let topics = stage.kafka.topics();
    let mut months: Vec<Month> = names
        .iter()
        .filter_map(|name| name.get(name.len().checked_sub(7)?..))
        .filter_map(|end| Month::parse(end).ok())
        .filter(|month| names.contains(&topics.state(*month)))
        .collect();
    months.sort_unstable();
    months.dedup();
    Ok(months)
}

type Records = HashMap<Token, Vec<u8>>;

/// The meta record and the newest sealed record of each device in a month's topic.
fn read_month(
    stage: &Stage,
    partition: i32,
    month: Month,
    stop: &AtomicBool,
) -> Result<(Option<Meta>, Records), Error> {
    let topic = stage.kafka.topics().state(month);
    let mut meta = None;
    let mut records = Records::new();
    let within = stage.config.transaction_timeout.saturating_mul(4);
    read_all(&stage.kafka, &topic, partition, within, stop, |message| {
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
        reason: error.to_string(),
    })?;
    Ok((meta, records))
}

fn put(
    stage: &Stage,
    partition: i32,
    month: Month,
    records: Records,
    table: &mut Table,
) -> Result<(), Error> {
    let key = stage.keys.month(month)?;
    let devices = records
        .into_iter()
        .map(|(token, sealed)| Ok((token, open(&key, partition, token, &sealed)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    table.restore(month, key, devices);
    Ok(())
}

fn open(key: &MonthKey, partition: i32, token: Token, sealed: &[u8]) -> Result<Device, Error> {
    let refused = |reason: &str| Error::Refused {
        partition,
        reason: reason.to_owned(),
    };
    match sealed.split_first() {
        Some((&STATE_FORMAT, sealed)) => {
            let plain = key
                .open(&context(partition, token), sealed)
                .map_err(|_| refused("a device's state can't be opened with the month's key"))?;
            postcard::from_bytes(&plain).map_err(|_| refused("a device's state can't be read"))
        }
        _ => Err(refused(
            "a device's state has a format that this program does not read: run the version that \
             wrote it",
        )),
    }
}

/// What retention has deleted before it was committed is lost, and must not pass in silence.
fn check_retention(stage: &Stage, partition: i32, next: Option<i64>) -> Result<(), Error> {
    let Some(next) = next else { return Ok(()) };
    let (low, _) = Admin::connect(&stage.kafka)
        .and_then(|admin| admin.watermarks(&stage.raw, partition))
        .map_err(Error::broker("asking for the raw watermarks"))?;
    if low > next {
        return Err(Error::Refused {
            partition,
            reason: format!(
                "raw records {next} to {} were deleted before they were counted. To accept the \
                 gap, move the group's offset and the state's meta record to {low}",
                low - 1
            ),
        });
    }
    Ok(())
}
