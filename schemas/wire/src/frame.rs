//! The first bytes of a record, which tell by which schema the rest was written.
//!
//! Two framings stand side by side. Where a schema registry is configured, Confluent's: `0x00`
//! and a four-byte schema id, big endian. Where none is, Avro's single-object encoding: `0xC3
//! 0x01` and the eight-byte CRC-64-AVRO fingerprint of the schema, little endian. The first byte
//! tells them apart.

/// By which schema a record was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Avro single-object encoding: the CRC-64-AVRO (Rabin) fingerprint of the schema.
    SingleObject(u64),
    /// Confluent's wire format: the id of the schema in the registry.
    Confluent(u32),
}

/// Why the first bytes of a record name no schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The record ends before its header does.
    #[error("the record ends before its header does")]
    Truncated,
    /// The first bytes belong to neither framing.
    #[error("the record begins with neither framing")]
    UnknownMagic,
}

const SINGLE_OBJECT: [u8; 2] = [0xC3, 0x01];
const CONFLUENT: u8 = 0x00;

/// Splits a record into its framing and the Avro datum behind it.
///
/// # Errors
/// Where the record is too short, or begins with other bytes.
pub fn parse(record: &[u8]) -> Result<(Framing, &[u8]), FrameError> {
    match record {
        [0xC3, 0x01, rest @ ..] => {
            let (head, datum) = rest.split_first_chunk::<8>().ok_or(FrameError::Truncated)?;
            Ok((Framing::SingleObject(u64::from_le_bytes(*head)), datum))
        }
        [0x00, rest @ ..] => {
            let (head, datum) = rest.split_first_chunk::<4>().ok_or(FrameError::Truncated)?;
            Ok((Framing::Confluent(u32::from_be_bytes(*head)), datum))
        }
        [] | [0xC3] => Err(FrameError::Truncated),
        _ => Err(FrameError::UnknownMagic),
    }
}

/// Writes the header of a framing at the end of `out`.
pub fn put(out: &mut Vec<u8>, framing: Framing) {
    match framing {
        Framing::SingleObject(fingerprint) => {
            out.extend_from_slice(&SINGLE_OBJECT);
            out.extend_from_slice(&fingerprint.to_le_bytes());
        }
        Framing::Confluent(id) => {
            out.push(CONFLUENT);
            out.extend_from_slice(&id.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn both_framings_survive_a_round_trip() {
        for framing in [
            Framing::SingleObject(0x0102_0304_0506_0708),
            Framing::Confluent(77),
        ] {
            let mut record = Vec::new();
            put(&mut record, framing);
            record.push(9);
            assert_eq!(parse(&record).unwrap(), (framing, &[9_u8][..]));
        }
    }

    #[test]
    fn a_record_without_a_header_is_refused() {
        assert_eq!(parse(&[]), Err(FrameError::Truncated));
        assert_eq!(parse(&[0xC3, 1, 2]), Err(FrameError::Truncated));
        assert_eq!(parse(&[0, 0, 0, 1]), Err(FrameError::Truncated));
        assert_eq!(parse(b"{\"app\":1}"), Err(FrameError::UnknownMagic));
    }
}
