//! What a transaction writes: the stripped side, the state, the rejections.

use kaiku_raw::{Rejected, RejectedEncoder};
use kaiku_stripped::{Encoder, Record};
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rdkafka::producer::BaseRecord;

use super::buffer::{Buffer, ROWS_PER_RECORD};
use super::transaction::{Failure, Writer};
use crate::lane_context::LaneContext;
use crate::state::{CHUNK_FORMAT, META_KEY, Meta, Table};

/// In what a chunk of the state is sealed: its own place, so that none can stand in another.
pub(super) fn place_of(partition: i32, number: u64) -> [u8; 12] {
    let mut place = [0; 12];
    place[..4].copy_from_slice(&partition.to_be_bytes());
    place[4..].copy_from_slice(&key_of(number));
    place
}

/// The key of a chunk's record.
fn key_of(number: u64) -> [u8; 8] {
    number.to_be_bytes()
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
        // Texts stand once in a record, and the rest is dense: compressing it costs more than it saves.
        writer.send_plain(&lanes.stripped);
        let mut records = 0;
        for closed in &buffer.closes {
            self.stripped(lanes, writer, closed.day, Record::DayClosed(*closed))?;
            records += 1;
        }
        let Some(day) = buffer.day else {
            return Ok(records);
        };
        for events in buffer.sink.events.chunks(ROWS_PER_RECORD) {
            self.stripped(lanes, writer, day, Record::Events(day, events))?;
            records += 1;
        }
        for pairs in buffer.pairs().chunks(ROWS_PER_RECORD) {
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

    /// Writes what changed in the state, and the meta record. The first byte of a chunk's record is the format.
    pub(super) fn state(
        &mut self,
        lanes: &LaneContext,
        writer: &Writer<'_>,
        table: &Table,
        meta: &Meta,
        rng: &mut StdRng,
    ) -> Result<(), Failure> {
        let topics = lanes.cluster.topics();
        for (month, key, writing) in table.writings() {
            let topic = topics.state(month);
            writer.send_plain(&topic);
            let record = || BaseRecord::<_, [u8]>::to(&topic).partition(self.partition);
            for token in &writing.old {
                writer.send(record().key(&token.0[..]))?;
            }
            let mut sealer = None;
            for chunk in &writing.chunks {
                self.record.clear();
                self.record.push(CHUNK_FORMAT);
                let place = place_of(self.partition, chunk.number);
                let sealer = sealer.get_or_insert_with(|| key.sealer(rng));
                sealer
                    .seal(&place, &chunk.plain, &mut self.record)
                    .map_err(|_| Failure::Unencodable)?;
                let key = key_of(chunk.number);
                writer.send(record().key(&key[..]).payload(&self.record))?;
            }
            for number in &writing.deleted {
                writer.send(record().key(&key_of(*number)[..]))?;
            }
        }
        let topic = topics.state(meta.month);
        let value = meta.to_bytes();
        let record = BaseRecord::to(&topic).partition(self.partition);
        writer.send(record.key(META_KEY).payload(&value))
    }
}
