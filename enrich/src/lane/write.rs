//! What a transaction writes: the stripped side, the state, the rejections.

use kaiku_raw::{Rejected, RejectedEncoder};
use kaiku_stripped::{Encoder, Record};
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rdkafka::producer::BaseRecord;

use super::buffer::{Buffer, EVENTS_PER_RECORD};
use super::transaction::{Failure, Writer};
use crate::lane_context::LaneContext;
use crate::state::{Change, META_KEY, Meta, STATE_FORMAT, Table};
use crate::token::Token;

/// In what a device's state is sealed: its own place, so that no record can stand in another.
pub(super) fn context(partition: i32, token: Token) -> [u8; 20] {
    let mut context = [0; 20];
    context[..4].copy_from_slice(&partition.to_be_bytes());
    context[4..].copy_from_slice(&token.0);
    context
}

/// Encodes and sends what a transaction holds. Keeps its buffers from one to the next.
pub(super) struct Outlet {
    partition: i32,
    stripped: Encoder,
    rejected: RejectedEncoder,
    record: Vec<u8>,
}

impl Outlet {
    pub(super) fn new(lanes: &LaneContext, partition: i32) -> Outlet {
        let (stripped, rejected) = lanes.encoders();
        Outlet {
            partition,
            stripped,
            rejected,
            record: Vec::new(),
        }
    }

    /// Writes the output of a buffer; returns how many records went to `events.stripped`.
    pub(super) fn output(
        &mut self,
        lanes: &LaneContext,
        writer: &Writer<'_>,
        buffer: &Buffer,
    ) -> Result<u64, Failure> {
        let mut records = 0;
        for closed in &buffer.closes {
            self.stripped(lanes, writer, closed.day, Record::DayClosed(*closed))?;
            records += 1;
        }
        let Some(day) = buffer.day else {
            return Ok(records);
        };
        for events in buffer.sink.events.chunks(EVENTS_PER_RECORD) {
            self.stripped(lanes, writer, day, Record::Events(day, events))?;
            records += 1;
        }
        for pairs in buffer.sink.pairs.chunks(EVENTS_PER_RECORD) {
            self.stripped(lanes, writer, day, Record::Pairs(day, pairs))?;
            records += 1;
        }
        for (reason, count) in &buffer.rejected {
            self.record.clear();
            let rejected = Rejected {
                day,
                reason: *reason,
                count: *count,
            };
            self.rejected
                .encode(&rejected, &mut self.record)
                .map_err(|_| Failure::Unencodable)?;
            writer.send(
                BaseRecord::<(), _>::to(&lanes.rejected)
                    .partition(self.partition)
                    .payload(&self.record)
                    .timestamp(day.start_millis()),
            )?;
        }
        Ok(records)
    }

    fn stripped(
        &mut self,
        lanes: &LaneContext,
        writer: &Writer<'_>,
        day: Day,
        record: Record<'_>,
    ) -> Result<(), Failure> {
        self.record.clear();
        self.stripped.encode(record, &mut self.record);
        writer.send(
            BaseRecord::<(), _>::to(&lanes.stripped)
                .partition(self.partition)
                .payload(&self.record)
                .timestamp(day.start_millis()),
        )
    }

    /// Writes what changed in the state, and the meta record. The first byte of a device's record is
    /// its format.
    pub(super) fn state(
        &mut self,
        lanes: &LaneContext,
        writer: &Writer<'_>,
        table: &Table,
        meta: &Meta,
        rng: &mut StdRng,
    ) -> Result<(), Failure> {
        let topics = lanes.cluster.topics();
        let mut topic = (meta.month, topics.state(meta.month));
        writer.send_plain(&topic.1);
        let mut sealer = None;
        for change in table.changes() {
            let (month, token) = match change {
                Change::Put(month, token, ..) | Change::Drop(month, token) => (month, token),
            };
            if topic.0 != month {
                topic = (month, topics.state(month));
                writer.send_plain(&topic.1);
            }
            let record = BaseRecord::to(&topic.1)
                .partition(self.partition)
                .key(&token.0[..]);
            match change {
                Change::Put(_, _, key, plain) => {
                    self.record.clear();
                    self.record.push(STATE_FORMAT);
                    let context = context(self.partition, token);
                    let sealer = sealer.get_or_insert_with(|| key.sealer(rng));
                    sealer
                        .seal(&context, plain, &mut self.record)
                        .map_err(|_| Failure::Unencodable)?;
                    writer.send(record.payload(&self.record[..]))?;
                }
                Change::Drop(..) => writer.send(record)?,
            }
        }
        let topic = topics.state(meta.month);
        let value = meta.to_bytes();
        let record = BaseRecord::to(&topic).partition(self.partition);
        writer.send(record.key(META_KEY).payload(&value))
    }
}
