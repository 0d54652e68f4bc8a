//! Bringing back what a partition's state topics hold, and making sure that it is all there.
//!
//! The order matters: first the transactional id is taken over, so that nobody else can write;
//! then the stable committed offset is read; then the state, to its high watermark. The meta
//! record and the committed offset were written in one transaction and must agree, and the state
//! must have as many devices as it had when it was written.

use std::sync::atomic::{AtomicBool, Ordering};

use kaiku_stage::{Standstill, failpoint};
use kaiku_wire::{Day, Month};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::begin::{Begin, Facts};
use super::commit::Reached;
use super::last::look;
use super::month::{Records, newest, put, read_month};
use super::stripped::{is_stripped, stripped_day};
use super::transaction::Transactions;
use super::warm::is_newest;
use crate::error::Error;
use crate::handover::Warm;
use crate::lane_context::LaneContext;
use crate::membership::Membership;
use crate::metrics::RESTORES;
use crate::read::{ASK, assignment_of};
use crate::state::{LastRecord, Log, Meta, Notes, Table};

/// A lane's state, ready to go on from.
#[derive(Default)]
pub(crate) struct Restored {
    /// `None` where the partition was never handled.
    pub(crate) reached: Option<Reached>,
    pub(crate) table: Table,
    /// What it was told to go on without, just now.
    pub(crate) without: Without,
    /// The offset that is committed: another one than where the lane begins, where it was told to go on
    /// without something.
    pub(crate) committed: Option<i64>,
}

/// What a lane was told to go on without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Without {
    /// The state of its devices.
    pub(crate) state: bool,
    /// Raw records in front of the one that it begins with.
    pub(crate) raw: bool,
}

impl Restored {
    /// A lane that begins where another has stopped, or behind raw records that are gone.
    fn at(next: i64, reached: Reached, table: Table) -> Restored {
        let raw = next != reached.next;
        let reached = Reached {
            next,
            // Of the record before another offset nothing is known.
            last: reached.last.filter(|_| !raw),
            ..reached
        };
        Restored {
            reached: Some(reached),
            table,
            without: Without { state: false, raw },
            committed: None,
        }
    }
}

/// Restores a lane. `None` where it was told to stop meanwhile.
pub(crate) fn restore(
    context: &LaneContext,
    consumer: &BaseConsumer<Membership>,
    partition: i32,
    warm: Option<Warm>,
    stop: &AtomicBool,
) -> Result<Option<(Transactions, Restored)>, Error> {
    // First of all: from here on nobody else, frozen or cut off, can write to this partition, so that
    // what is read below is all there will be.
    let transactions = context.take_over(partition)?;
    failpoint("restore.fenced");
    check_topics(context, None)?;
    let committed = committed(context, consumer, partition)?;
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let facts = Facts {
        partition,
        group: &context.config.group,
        partitions: (partitions(context, consumer)?, context.partitions),
        committed,
        meta: None,
        raw: watermarks(context, &context.raw, partition)?,
        // Looked at where it decides.
        stripped: true,
        stripped_to: None,
        cut: None,
        accept: &context.config.accept,
    };
    // Who had the partition meanwhile has moved the offset, or written without moving it: then what is kept
    // here is old.
    let warm = warm.filter(|warm| committed == Some(warm.reached.next));
    let is_newest = match &warm {
        Some(warm) => is_newest(context, partition, warm, stop)?,
        None => false,
    };
    let (kind, restored) = match warm.filter(|_| is_newest) {
        Some(warm) => ("warm", kept(context, warm, facts, stop)?),
        _ => ("cold", cold(context, facts, stop)?),
    };
    failpoint("restore.read");
    RESTORES.with([kind.into()]).increment(1);
    if stop.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let restored = Restored {
        committed,
        ..restored
    };
    Ok(Some((transactions, restored)))
}

/// What this process kept of the partition, which nobody has changed since.
fn kept(
    context: &LaneContext,
    warm: Warm,
    facts: Facts<'_>,
    stop: &AtomicBool,
) -> Result<Restored, Error> {
    let Warm { reached, table } = warm;
    facts.check_partitions()?;
    let (partition, last) = (facts.partition, reached.last.as_ref());
    let facts = Facts {
        cut: look(context, partition, reached.next, last, facts.raw, stop)?,
        ..facts
    };
    let next = facts.check_raw(reached.next)?;
    Ok(Restored::at(next, reached, *table))
}

/// The committed offset, once no transaction is about to change it.
pub(super) fn committed(
    context: &LaneContext,
    consumer: &BaseConsumer<Membership>,
    partition: i32,
) -> Result<Option<i64>, Error> {
    let offsets = consumer
        .committed_offsets(assignment_of(&context.raw, partition), ASK)
        .map_err(Error::kafka("asking for the committed offset"))?;
    offset_of(&offsets)
}

/// The offset of the one partition in an answer, where it has one.
fn offset_of(answer: &TopicPartitionList) -> Result<Option<i64>, Error> {
    let elements = answer.elements();
    let Some(element) = elements.first() else {
        return Ok(None);
    };
    // Asking may succeed and this partition's answer be an error: then it is no answer, and not that
    // there is no offset.
    element
        .error()
        .map_err(Error::kafka("asking for the committed offset"))?;
    Ok(match element.offset() {
        Offset::Offset(offset) => Some(offset),
        _ => None,
    })
}

/// Makes sure that what a lane writes to is there: the topics of its output, and the state of a month
/// that it has come to. A lane whose topic is deleted while it runs would try for ever.
pub(super) fn check_topics(context: &LaneContext, month: Option<Month>) -> Result<(), Error> {
    let names = context.admin.names();
    let names = names.map_err(Error::broker("listing topics"))?;
    let state = month.map(|month| context.cluster.topics().state(month));
    let outputs = [context.stripped.clone(), context.rejected.clone()];
    let gone = outputs.into_iter().chain(state);
    let gone: Vec<String> = gone
        .filter(|topic| !names.contains(topic))
        .map(|topic| format!("{topic} is not there any more"))
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    Err(Error::Topics(gone))
}

/// What the state topics hold.
fn cold(context: &LaneContext, facts: Facts<'_>, stop: &AtomicBool) -> Result<Restored, Error> {
    let (partition, committed) = (facts.partition, facts.committed);
    let months = context
        .admin
        .months()
        .map_err(Error::broker("listing the state topics"))?;
    let (meta, records) = newest(context, partition, &months, stop)?.unzip();
    let facts = Facts {
        meta: meta.as_ref(),
        stripped_to: stripped_day(context, partition, stop)?,
        ..facts
    };
    // The devices come first: a key that is gone or is another one would make the last record look as
    // if it were another one too.
    let (table, cut) = match (facts.holding()?, records) {
        (Some(meta), Some(records)) => {
            let table = rebuild(context, partition, meta, records, &months, stop)?;
            let (next, last) = (meta.next_offset, last_of(meta));
            let cut = look(context, partition, next, last.as_ref(), facts.raw, stop)?;
            (table, cut)
        }
        _ => (Table::default(), None),
    };
    let facts = Facts {
        cut,
        stripped: meta.is_some() || committed.is_some() || is_stripped(context, partition, stop)?,
        ..facts
    };
    let day = facts.stripped_to;
    match (facts.begin()?, meta) {
        (Begin::At(offset), Some(meta)) => {
            say_where(partition, committed, meta.next_offset, offset);
            let reached = Reached {
                next: meta.next_offset,
                day: meta.open_day,
                last: last_of(&meta),
                notes: meta.notes,
            };
            Ok(Restored::at(offset, reached, table))
        }
        (Begin::Without(offset), _) => {
            tracing::warn!(partition, offset, "going on without state, as was asked");
            let without = Without {
                state: true,
                raw: committed.is_some_and(|committed| committed != offset),
            };
            Ok(begin_with_none(offset, day, without))
        }
        (Begin::Behind(offset), _) => {
            let lost = offset;
            tracing::warn!(partition, lost, "beginning behind a gap, as was asked");
            let without = Without {
                state: false,
                raw: true,
            };
            Ok(begin_with_none(offset, None, without))
        }
        (Begin::Anew | Begin::At(_), _) => Ok(Restored::default()),
    }
}

/// Where a lane goes on that does not where the group and the state both say.
fn say_where(partition: i32, committed: Option<i64>, stood: i64, offset: i64) {
    if committed.is_none() {
        tracing::warn!(
            partition,
            offset,
            "the group's offsets have expired; going on from the state's"
        );
    }
    if offset != stood {
        tracing::warn!(
            partition,
            stood,
            offset,
            "going on at another offset, as was asked"
        );
    }
}

/// What a meta record says of the last record that was counted.
fn last_of(meta: &Meta) -> Option<LastRecord> {
    let month = meta.month;
    meta.last.map(|seen| LastRecord { month, seen })
}

/// A lane that begins with no devices.
fn begin_with_none(next: i64, day: Option<Day>, without: Without) -> Restored {
    let reached = Reached {
        next,
        day,
        last: None,
        notes: Notes::default(),
    };
    Restored {
        reached: Some(reached),
        table: Table::default(),
        without,
        committed: None,
    }
}

/// Puts the devices of a month, and those of the month before that have not been seen since, into
/// a table, which must hold as many as the meta record says.
fn rebuild(
    context: &LaneContext,
    partition: i32,
    meta: &Meta,
    records: Records,
    months: &[Month],
    stop: &AtomicBool,
) -> Result<Table, Error> {
    let mut table = Table::default();
    let (month, before) = (meta.month, meta.month.prev());
    // A lane that began this month without its state has none of the month before, whatever that one's
    // topic still has. Who has seen all devices of it again may have something to delete there.
    let has_older =
        meta.devices.is_none_or(|devices| devices.before > 0) || meta.logs.before != Log::default();
    if has_older && months.contains(&before) {
        let (_, older) = read_month(context, partition, before, stop)?;
        if !put(before, &meta.logs.before, older, &mut table)? {
            return Err(incomplete(context, partition, meta, &missing(before)));
        }
    }
    if !put(month, &meta.logs.now, records, &mut table)? {
        return Err(incomplete(context, partition, meta, &missing(month)));
    }
    let restored = table.devices();
    let Some(written) = meta.devices.filter(|written| *written != restored) else {
        return Ok(table);
    };
    let what = format!(
        "its state had {} devices of {month} and {} of {before} when it was written, and has {} and {} now",
        written.now, written.before, restored.now, restored.before
    );
    Err(incomplete(context, partition, meta, &what))
}

fn missing(month: Month) -> String {
    format!("its state of {month} has not all the chunks that it had when it was written")
}

/// A state of which something is gone, and the way out.
fn incomplete(context: &LaneContext, partition: i32, meta: &Meta, what: &str) -> Error {
    let topics = context.cluster.topics();
    let (before, now) = (topics.state(meta.month.prev()), topics.state(meta.month));
    Error::Refused {
        partition,
        why: Standstill::StateIncomplete,
        reason: format!(
            "{what}: records of a state topic are gone. Bring them back; or, to begin with none and publish \
             neither this day nor this week, delete {before} and {now}, and start enrich once with \
             --accept-lost-state {partition}:{}",
            meta.next_offset,
        ),
    }
}

pub(super) fn watermarks(
    context: &LaneContext,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), Error> {
    context
        .admin
        .watermarks(topic, partition)
        .map_err(Error::broker("asking for the ends of a partition"))
}

/// How many partitions the raw topic has now.
pub(super) fn partitions(
    context: &LaneContext,
    consumer: &BaseConsumer<Membership>,
) -> Result<i32, Error> {
    let metadata = consumer
        .fetch_metadata(Some(&context.raw), ASK)
        .map_err(Error::kafka("asking for the partitions"))?;
    let topic = metadata
        .topics()
        .iter()
        .find(|topic| topic.name() == context.raw);
    topic
        .filter(|topic| topic.error().is_none())
        .and_then(|topic| i32::try_from(topic.partitions().len()).ok())
        .ok_or(Error::Kafka {
            operation: "asking for the partitions",
            source: KafkaError::MetadataFetch(RDKafkaErrorCode::UnknownTopicOrPartition),
        })
}

/// The broker says that there is no record where the lane wants to read: why, and what to do; or
/// where the lane reads on, if there is.
pub(super) fn out_of_range(
    context: &LaneContext,
    partition: i32,
    next: i64,
    last: Option<&LastRecord>,
    stop: &AtomicBool,
) -> Result<i64, Error> {
    let raw = watermarks(context, &context.raw, partition)?;
    let facts = Facts {
        partition,
        group: &context.config.group,
        partitions: (context.partitions, context.partitions),
        committed: None,
        meta: None,
        raw,
        stripped: true,
        stripped_to: None,
        cut: look(context, partition, next, last, raw, stop)?,
        accept: &context.config.accept,
    };
    facts.check_raw(next)
}
