//! The one record a partition that says how far its state has come.

use kaiku_wire::{Day, Month};
use serde::{Deserialize, Serialize};

/// The key of the meta record; a token has 16 bytes.
pub(crate) const META_KEY: &[u8] = b"meta";

/// The version of the state's format. A reader refuses every other one.
const FORMAT: u32 = 1;

/// How far the state of a partition has come. Written with every transaction, in the clear: it
/// says nothing of any device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    /// The group that wrote it: another one would count everything twice.
    pub(crate) group: String,
    /// Offset of the first raw record that is not in the state.
    pub(crate) next_offset: i64,
    /// The open day.
    pub(crate) open_day: Option<Day>,
    /// Partitions of the raw topic: with another number, devices would move.
    pub(crate) partitions: i32,
    /// The month whose tokens the newest state stands under.
    pub(crate) month: Month,
}

/// A meta record that can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetaError {
    /// It is no meta record.
    #[error("the meta record of the state can't be read")]
    Malformed,
    /// It was written by another version of this program.
    #[error(
        "the state has format {0}, this program reads format {FORMAT}: run the version that wrote it"
    )]
    Format(u32),
}

#[derive(Serialize, Deserialize)]
struct Written {
    format: u32,
    group: String,
    next_offset: i64,
    open_day: Option<Day>,
    partitions: i32,
    month: String,
}

impl Meta {
    /// The record's value: JSON, so that an operator can read it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let written = Written {
            format: FORMAT,
            group: self.group.clone(),
            next_offset: self.next_offset,
            open_day: self.open_day,
            partitions: self.partitions,
            month: self.month.to_string(),
        };
        // Unwrap safety: numbers and texts always make JSON.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    /// Reads a record's value.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Meta, MetaError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(bytes).map_err(|_| MetaError::Malformed)?;
        if format != FORMAT {
            return Err(MetaError::Format(format));
        }
        let written: Written = serde_json::from_slice(bytes).map_err(|_| MetaError::Malformed)?;
        Ok(Meta {
            group: written.group,
            next_offset: written.next_offset,
            open_day: written.open_day,
            partitions: written.partitions,
            month: Month::parse(&written.month).map_err(|_| MetaError::Malformed)?,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn meta_survives_a_round_trip() {
        let meta = Meta {
            group: "kaiku-enrich".to_owned(),
            next_offset: 77,
            open_day: Some(Day::parse("2026-11-24").unwrap()),
            partitions: 6,
            month: Month::parse("2026-11").unwrap(),
        };
        assert_eq!(Meta::from_bytes(&meta.to_bytes()), Ok(meta));
    }

    #[test]
    fn another_format_is_refused_and_never_taken_for_empty() {
        assert_eq!(
            Meta::from_bytes(b"{\"format\":2,\"new\":1}"),
            Err(MetaError::Format(2))
        );
        assert_eq!(Meta::from_bytes(b""), Err(MetaError::Malformed));
    }
}
