//! Avro data in and out of plain structures, with the limits that untrusted bytes need.

use serde::{Deserialize, Serialize};
use serde_avro_fast::de::{DeserializerConfig, DeserializerState, read::SliceRead};
use serde_avro_fast::ser::SerializerConfig;

use crate::frame::{self, Framing};

/// Why bytes are no record of the schema that their header names. It never says what they hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The bytes end early, or hold what the schema does not allow.
    #[error("the bytes are no record of their schema")]
    Malformed,
    /// A record was read, and bytes are left behind it.
    #[error("bytes are left behind the record")]
    Trailing,
    /// A value does not fit the schema that it was to be written by.
    #[error("the value does not fit the schema")]
    Unfit,
}

/// Reads one datum that was written by `schema`, and requires that all its bytes were used.
///
/// `max_items` bounds every array, so that a flipped bit in a length can't reserve memory.
///
/// # Errors
/// Where the bytes are no such datum, or more than that.
pub fn read<'a, T: Deserialize<'a>>(
    datum: &'a [u8],
    schema: &serde_avro_fast::Schema,
    max_items: usize,
) -> Result<T, CodecError> {
    let mut config = DeserializerConfig::new(schema);
    config.max_seq_size = max_items;
    let mut state = DeserializerState::with_config(SliceRead::new(datum), config);
    let value = T::deserialize(state.deserializer()).map_err(|_| CodecError::Malformed)?;
    let mut rest = state.into_reader();
    let mut one = [0_u8];
    match std::io::Read::read(&mut rest, &mut one) {
        Ok(0) => Ok(value),
        _ => Err(CodecError::Trailing),
    }
}

/// Appends the header of `framing` and `value` to `out`; on an error `out` is as it was.
///
/// # Errors
/// Where the value does not fit the schema.
pub fn write<T: Serialize>(
    out: &mut Vec<u8>,
    framing: Framing,
    value: &T,
    config: &mut SerializerConfig<'_>,
) -> Result<(), CodecError> {
    let before = out.len();
    frame::put(out, framing);
    if serde_avro_fast::to_datum(value, &mut *out, config).is_err() {
        out.truncate(before);
        return Err(CodecError::Unfit);
    }
    Ok(())
}
