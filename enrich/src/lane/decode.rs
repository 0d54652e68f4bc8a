//! What a record says, by a schema that is known or that the registry has.

use std::sync::Arc;

use kaiku_raw::{DecodeError, Decoder, Limits, Reason, Record};
use kaiku_registry::Registry;
use kaiku_stage::{Causes, Standstill};

/// Why a record can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It will never be a record.
    Rejected(Reason),
    /// Its schema is not to be had now.
    Waits(Standstill),
}

/// Reads the records of one partition.
pub(super) struct Reader {
    partition: i32,
    decoder: Decoder,
    registry: Option<Arc<Registry>>,
}

impl Reader {
    /// A reader that asks `registry` for schemas that stand behind a registry's id.
    pub(super) fn new(partition: i32, registry: Option<Arc<Registry>>) -> Reader {
        Reader {
            partition,
            decoder: Decoder::new(Limits::CONTRACT),
            registry,
        }
    }

    /// Reads a record.
    pub(super) fn read<'a>(&mut self, payload: &'a [u8]) -> Result<Record<'a>, Unread> {
        let unknown = match self.decoder.decode(payload) {
            Ok(record) => return Ok(record),
            Err(DecodeError::Refused(reason)) => return Err(Unread::Rejected(reason)),
            Err(DecodeError::UnknownSchema(id)) => id,
        };
        self.learn(unknown).map_err(Unread::Waits)?;
        self.decoder.decode(payload).map_err(|error| match error {
            DecodeError::Refused(reason) => Unread::Rejected(reason),
            DecodeError::UnknownSchema(_) => Unread::Waits(Standstill::UnknownSchema),
        })
    }

    /// Asks the registry for a schema. An answer that will not come is waited for, and never a
    /// rejection: the record may be a good one, and a rejected one is lost.
    fn learn(&mut self, id: u32) -> Result<(), Standstill> {
        let partition = self.partition;
        let Some(registry) = &self.registry else {
            return Err(Standstill::RegistryNotConfigured);
        };
        let text = registry.schema_by_id(id).map_err(|error| {
            let causes = Causes(&error);
            tracing::warn!(partition, error = %causes, "the registry gives no schema");
            match error {
                kaiku_registry::Error::UnknownId(_) => Standstill::UnknownSchema,
                _ => Standstill::RegistryAway,
            }
        })?;
        self.decoder.learn(id, &text).map_err(|error| {
            tracing::warn!(partition, id, error = %Causes(&error), "a schema can't be used");
            Standstill::UnusableSchema
        })
    }
}
