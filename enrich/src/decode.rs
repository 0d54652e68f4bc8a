//! What a record says, by a schema that is known or that the registry has.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_raw::{DecodeError, Decoder, DeviceId, LearnError, Limits, Reason, Record, schemas};
use kaiku_registry::Registry;
use kaiku_stage::{Causes, Standstill};
use kaiku_wire::frame::{self, Framing};

/// Why a record can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It will never be a record.
    Rejected(Reason),
    /// Its schema is not to be had now.
    Waits(Standstill),
}

/// Reads the records of one partition.
pub(crate) struct Reader {
    partition: i32,
    decoder: Decoder,
    registry: Option<Arc<Registry>>,
    /// When the registry was asked in vain for the schema of a record that no device has sent.
    asked: Option<Instant>,
    /// Ids under which the registry has schemas of other records.
    foreign: HashSet<u32>,
}

/// How many of them are remembered.
const MOST_FOREIGN: usize = 1_024;

/// How often the registry is asked for schemas of records that no device has sent.
const ASK_EVERY: Duration = Duration::from_secs(10);

impl Reader {
    /// A reader that asks `registry` for schemas that stand behind a registry's id.
    pub(crate) fn new(partition: i32, registry: Option<Arc<Registry>>) -> Reader {
        Reader {
            partition,
            decoder: Decoder::new(Limits::CONTRACT),
            registry,
            asked: None,
            foreign: HashSet::new(),
        }
    }

    /// Reads a record. Only one that lies under its device's key, as `owned` says, may have to wait for
    /// its schema: anything else holds up nobody.
    pub(crate) fn read<'a>(
        &mut self,
        key: Option<&[u8]>,
        payload: &'a [u8],
        owned: impl FnOnce(&DeviceId) -> Result<(), Reason>,
    ) -> Result<Record<'a>, Unread> {
        let unknown = match self.decoder.decode(payload) {
            Ok(record) => return Ok(record),
            Err(DecodeError::Refused(reason)) => return Err(Unread::Rejected(reason)),
            Err(DecodeError::UnknownSchema(id)) => id,
        };
        let Some(key) = key else {
            return self.read_tick(unknown, payload);
        };
        let id = <[u8; 16]>::try_from(key).map(DeviceId::new);
        id.map_err(|_| Reason::KeyMismatch)
            .and_then(|id| owned(&id))
            .map_err(Unread::Rejected)?;
        // Avro without a header begins with the device's identifier, which may begin with a zero.
        if payload.starts_with(key) {
            return Err(Unread::Rejected(Reason::NotAvro));
        }
        self.learn(unknown)?;
        self.decode(payload)
    }

    /// Reads a record of which nobody knows the key.
    pub(crate) fn read_alone<'a>(&mut self, payload: &'a [u8]) -> Result<Record<'a>, Unread> {
        match self.decoder.decode(payload) {
            Ok(record) => Ok(record),
            Err(DecodeError::Refused(reason)) => Err(Unread::Rejected(reason)),
            Err(DecodeError::UnknownSchema(_)) if self.is_bare_batch(payload) => {
                Err(Unread::Rejected(Reason::NotAvro))
            }
            Err(DecodeError::UnknownSchema(id)) => {
                self.learn(id)?;
                self.decode(payload)
            }
        }
    }

    /// Whether it is a batch to which its sender gave no header: its first bytes are those of the device's
    /// identifier then, of which a zero looks like a registry's framing.
    fn is_bare_batch(&self, payload: &[u8]) -> bool {
        let mut framed = Vec::with_capacity(payload.len() + 10);
        let fingerprint = schemas::RAW_BATCH.fingerprint();
        frame::put(&mut framed, Framing::SingleObject(fingerprint));
        framed.extend_from_slice(payload);
        self.decoder.decode(&framed).is_ok()
    }

    /// Reads a record without a key: a tick, if anything. One that is not understood is no loss.
    fn read_tick<'a>(&mut self, unknown: u32, payload: &'a [u8]) -> Result<Record<'a>, Unread> {
        let rejected = Unread::Rejected(Reason::KeyMismatch);
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_EVERY) {
            return Err(rejected);
        }
        if self.learn(unknown).is_err() {
            self.asked = Some(Instant::now());
            return Err(rejected);
        }
        self.decode(payload)
    }

    fn decode<'a>(&self, payload: &'a [u8]) -> Result<Record<'a>, Unread> {
        self.decoder.decode(payload).map_err(|error| match error {
            DecodeError::Refused(reason) => Unread::Rejected(reason),
            DecodeError::UnknownSchema(_) => Unread::Waits(Standstill::UnknownSchema),
        })
    }

    /// Asks the registry for a schema. An answer that will not come is waited for, and never a
    /// rejection: the record may be a good one, and a rejected one is lost. What stands under an id never
    /// changes: one of another kind of record is no reason to wait.
    fn learn(&mut self, id: u32) -> Result<(), Unread> {
        let foreign = Unread::Rejected(Reason::ForeignSchema);
        if self.foreign.contains(&id) {
            return Err(foreign);
        }
        let partition = self.partition;
        let Some(registry) = &self.registry else {
            return Err(Unread::Waits(Standstill::RegistryNotConfigured));
        };
        let text = registry.schema_by_id(id).map_err(|error| {
            let causes = Causes(&error);
            tracing::warn!(partition, error = %causes, "the registry gives no schema");
            Unread::Waits(match error {
                kaiku_registry::Error::UnknownId(_) => Standstill::UnknownSchema,
                _ => Standstill::RegistryAway,
            })
        })?;
        self.decoder.learn(id, &text).map_err(|error| {
            tracing::warn!(partition, id, error = %Causes(&error), "a schema can't be used");
            match error {
                LearnError::OtherRecord => {
                    if self.foreign.len() >= MOST_FOREIGN {
                        self.foreign.clear();
                    }
                    self.foreign.insert(id);
                    foreign
                }
                LearnError::NotASchema(_) => Unread::Waits(Standstill::UnusableSchema),
            }
        })
    }
}
