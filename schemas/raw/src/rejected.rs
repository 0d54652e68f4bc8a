//! The record of `events.rejected`: a day, a reason, a count, and nothing of the payload.

use kaiku_wire::codec::{self, CodecError};
use kaiku_wire::frame::Framing;
use kaiku_wire::{Day, frame};
use serde::{Deserialize, Serialize};
use serde_avro_fast::ser::SerializerConfig;

use crate::{Reason, schemas};

/// How many records were refused on one day for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Day on which they were received.
    pub day: Day,
    /// Why.
    pub reason: Reason,
    /// How many records.
    pub count: u64,
}

/// Writes [`Rejected`] records.
pub struct RejectedEncoder {
    framing: Framing,
    config: SerializerConfig<'static>,
}

#[derive(Serialize, Deserialize)]
struct Wire<'a> {
    day: i32,
    reason: &'a str,
    count: i64,
}

impl RejectedEncoder {
    /// Writes with Confluent's framing under this schema id, or with Avro's where there is none.
    pub fn new(schema_id: Option<u32>) -> RejectedEncoder {
        let schema = &*schemas::REJECTED;
        let framing = schema_id.map_or(
            Framing::SingleObject(schema.fingerprint()),
            Framing::Confluent,
        );
        RejectedEncoder {
            framing,
            config: SerializerConfig::new(schema.parsed()),
        }
    }

    /// Appends the record to `out`.
    ///
    /// # Errors
    /// Never for a record that can be made; the codec's signature has it.
    pub fn encode(&mut self, rejected: &Rejected, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let wire = Wire {
            day: rejected.day.days_since_epoch(),
            reason: rejected.reason.as_str(),
            count: i64::try_from(rejected.count).unwrap_or(i64::MAX),
        };
        codec::write(out, self.framing, &wire, &mut self.config)
    }
}

impl Rejected {
    /// Reads a record that this version wrote.
    ///
    /// # Errors
    /// Where the bytes are no such record.
    pub fn decode(record: &[u8]) -> Result<Rejected, CodecError> {
        let (_, datum) = frame::parse(record).map_err(|_| CodecError::Malformed)?;
        let wire: Wire<'_> = codec::read(datum, schemas::REJECTED.parsed(), 0)?;
        Ok(Rejected {
            day: Day::from_days_since_epoch(wire.day).map_err(|_| CodecError::Malformed)?,
            reason: Reason::from_label(wire.reason).ok_or(CodecError::Malformed)?,
            count: u64::try_from(wire.count).map_err(|_| CodecError::Malformed)?,
        })
    }
}
