//! What a process has kept of a partition, and whether it is still what stands in Kafka.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use kaiku_broker::Cluster;
use rdkafka::message::{BorrowedMessage, Message};

use super::commit::Reached;
use crate::error::Error;
use crate::handover::Warm;
use crate::lane_context::LaneContext;
use crate::read::read_tail;
use crate::state::{Logs, META_KEY, Meta, MetaError, Table};

/// Offsets from the end in which the meta record is looked for first: each transaction ends with one.
const TAIL: i64 = 64;
const FURTHER: i64 = 16;

/// What a meta record says of a table that has come so far; none where no month has begun.
pub(super) fn meta_of(
    context: &LaneContext,
    table: &Table,
    logs: Logs,
    reached: &Reached,
) -> Option<Meta> {
    Some(Meta {
        month: table.month()?,
        devices: Some(table.devices()),
        group: context.config.group.clone(),
        next_offset: reached.next,
        open_day: reached.day,
        partitions: context.partitions,
        notes: reached.notes.clone(),
        last: reached.last.map(|last| last.seen),
        logs,
    })
}

/// Whether what is kept is what was committed last. Who had the partition meanwhile may have written without moving the
/// offset: devices anew, or what it was told to go on without.
pub(super) fn is_newest(
    context: &LaneContext,
    partition: i32,
    warm: &Warm,
    stop: &AtomicBool,
) -> Result<bool, Error> {
    let logs = warm.table.committed_logs();
    let Some(kept) = meta_of(context, &warm.table, logs, &warm.reached) else {
        return Ok(false);
    };
    let topic = context.cluster.topics().state(kept.month);
    let within = context.config.transaction_timeout.saturating_mul(4);
    let newest = newest_meta(&context.cluster, &topic, partition, within, stop)?;
    Ok(newest.is_some_and(|newest| newest == Ok(kept)))
}

/// The meta record of a month's topic that was committed last.
fn newest_meta(
    cluster: &Cluster,
    topic: &str,
    partition: i32,
    within: Duration,
    stop: &AtomicBool,
) -> Result<Option<Result<Meta, MetaError>>, Error> {
    let mut tail = TAIL;
    loop {
        let mut newest = None;
        let note = |message: &BorrowedMessage<'_>| {
            if message.key() == Some(META_KEY) {
                newest = message.payload().map(Meta::from_bytes);
            }
            Ok(())
        };
        let is_all = read_tail(cluster, topic, partition, tail, within, stop, note)?;
        if newest.is_some() || is_all {
            return Ok(newest);
        }
        tail = tail.saturating_mul(FURTHER);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_broker::MockBroker;
    use kaiku_wire::Day;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    use super::*;
    use crate::read::{ASK, NEVER};
    use crate::state::{Devices, Log, Notes};

    fn meta(log: &Log) -> Meta {
        Meta {
            group: "lanes".into(),
            next_offset: 7,
            open_day: Day::from_ymd(2026, 10, 20).ok(),
            partitions: 1,
            month: Day::from_ymd(2026, 10, 20).unwrap().month(),
            devices: Some(Devices { now: 0, before: 0 }),
            notes: Notes::default(),
            last: None,
            logs: Logs {
                now: log.clone(),
                before: Log::default(),
            },
        }
    }

    #[test]
    fn the_meta_record_that_was_written_last_is_found_however_much_stands_behind_it() {
        let month = meta(&Log::default()).month;
        let broker = MockBroker::new(1, &[month]).unwrap();
        let cluster = broker.cluster();
        let topic = cluster.topics().state(month);
        let producer: BaseProducer = cluster.client("test").create().unwrap();
        let put = |key: &[u8], value: &[u8]| {
            let record = BaseRecord::to(&topic).partition(0).key(key);
            let sent = producer.send(record.payload(value));
            sent.map_err(|(error, _)| error).unwrap();
            producer.flush(ASK).unwrap();
        };
        let newest = || newest_meta(cluster, &topic, 0, ASK, &NEVER).unwrap();
        put(&[0; 8], b"a chunk");
        assert_eq!(newest(), None);

        let kept = meta(&Log::default());
        put(META_KEY, &kept.to_bytes());
        assert_eq!(newest(), Some(Ok(kept.clone())));
        // Another process has written devices anew: the offset is the same, the log is not.
        let mut log = Log::default();
        log.chunk(3);
        let anew = meta(&log);
        put(META_KEY, &anew.to_bytes());
        for number in 0..2 * TAIL {
            put(&number.to_be_bytes(), b"a chunk");
        }
        assert_eq!(newest(), Some(Ok(anew.clone())));
        assert_ne!(anew, kept);
    }
}
