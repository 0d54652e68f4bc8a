//! From a batch to the bytes of a record: validated first, then written. No I/O.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use kaiku_raw::{Encoder, Forget, Limits, RawBatch, Reason, validate};
use kaiku_wire::Day;
use kaiku_wire::codec::CodecError;

/// The schema ids of the registry; `None` for Avro's single-object encoding.
type Ids = Option<[u32; 3]>;

/// A record as it goes to the broker: valid, and in bytes.
#[derive(Clone)]
pub struct Encoded {
    pub(crate) key: Option<[u8; 16]>,
    pub(crate) partition: Option<i32>,
    pub(crate) payload: Vec<u8>,
    pub(crate) millis: Option<i64>,
}

/// Makes records: one framing, many threads.
pub struct Framer {
    ids: Ids,
    idle: Mutex<Vec<Encoder>>,
}

impl Encoded {
    /// Gives the record its own time, in milliseconds since 1970-01-01 UTC. Only a producer with
    /// `replay = true` takes it.
    #[must_use]
    pub fn at(mut self, millis: i64) -> Encoded {
        self.millis = Some(millis);
        self
    }

    /// The record's value: header and Avro datum.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The record's key: the device's identifier, or none for a tick.
    pub fn key(&self) -> Option<&[u8; 16]> {
        self.key.as_ref()
    }
}

impl Framer {
    /// Writes Avro's single-object encoding.
    pub fn single_object() -> Framer {
        Framer {
            ids: None,
            idle: Mutex::default(),
        }
    }

    /// Writes Confluent's framing under the registry's ids of `RawBatch`, `Forget` and `Tick`.
    pub fn confluent(batch: u32, forget: u32, tick: u32) -> Framer {
        Framer {
            ids: Some([batch, forget, tick]),
            idle: Mutex::default(),
        }
    }

    /// The record of a batch that is received on `today`.
    ///
    /// # Errors
    /// The reason for which enrich would reject it.
    pub fn batch(&self, batch: &RawBatch<'_>, today: Day) -> Result<Encoded, Reason> {
        validate(batch, &Limits::CONTRACT, today)?;
        let room = 128 + 48 * batch.events.len();
        let payload = self.write(room, |encoder, out| encoder.batch(batch, out))?;
        Ok(Encoded {
            key: Some(*batch.device.id.as_bytes()),
            partition: None,
            payload,
            millis: None,
        })
    }

    /// The record of a device that is to be forgotten.
    ///
    /// # Errors
    /// Where the app's name is none.
    pub fn forget(&self, forget: &Forget<'_>) -> Result<Encoded, Reason> {
        let fits = |app: &str| {
            !app.is_empty()
                && app.len() <= Limits::CONTRACT.text_bytes
                && !app.bytes().any(|byte| byte.is_ascii_control())
        };
        if !forget.app.is_none_or(fits) {
            return Err(Reason::BadText);
        }
        let payload = self.write(64, |encoder, out| encoder.forget(forget, out))?;
        let key = Some(*forget.device_id.as_bytes());
        Ok(Encoded {
            key,
            partition: None,
            payload,
            millis: None,
        })
    }

    /// The record that says nothing but the broker's time, for one partition.
    ///
    /// # Errors
    /// Never; the codec's signature has it.
    pub fn tick(&self, partition: i32) -> Result<Encoded, Reason> {
        let payload = self.write(16, Encoder::tick)?;
        Ok(Encoded {
            key: None,
            partition: Some(partition),
            payload,
            millis: None,
        })
    }

    fn write(
        &self,
        room: usize,
        put: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<(), CodecError>,
    ) -> Result<Vec<u8>, Reason> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let encoder = idle().pop();
        let mut encoder = encoder.unwrap_or_else(|| match self.ids {
            None => Encoder::single_object(),
            Some([batch, forget, tick]) => Encoder::confluent(batch, forget, tick),
        });
        let mut out = Vec::with_capacity(room);
        let written = put(&mut encoder, &mut out);
        idle().push(encoder);
        match written {
            Ok(()) if out.len() <= Limits::CONTRACT.record_bytes => Ok(out),
            Ok(()) => Err(Reason::TooLarge),
            // What was validated fits its schema.
            Err(_) => Err(Reason::Malformed),
        }
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoded")
    }
}

impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("ids", &self.ids)
            .finish_non_exhaustive()
    }
}
