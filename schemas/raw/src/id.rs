//! The identifiers that must not speak.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

/// The identifier of a device: 16 random bytes, also the key of its records.
///
/// It goes as far as the enrichment stage, and no further.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeviceId([u8; 16]);

/// The number of a device's spool, made anew with it: 8 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId([u8; 8]);

/// A text that is no identifier. It does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not the right number of hexadecimal digits.
    #[error("an identifier is written in hexadecimal digits, 32 for a device and 16 for a stream")]
    NotHex,
}

impl DeviceId {
    /// The identifier made of these bytes.
    pub fn new(bytes: [u8; 16]) -> DeviceId {
        DeviceId(bytes)
    }

    /// Reads 32 hexadecimal digits, or a UUID, with its hyphens where they belong.
    ///
    /// # Errors
    /// Where the text is none of that. The error does not repeat it.
    pub fn from_hex(text: &str) -> Result<DeviceId, IdError> {
        let mut bytes = [0; 16];
        if let Some(digits) = digits_of_uuid(text) {
            hex::decode_to_slice(digits, &mut bytes).map_err(|_| IdError::NotHex)?;
        } else {
            hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::NotHex)?;
        }
        Ok(DeviceId(bytes))
    }

    /// Whether it is one that many devices have: what systems say where there is no identifier.
    pub fn is_nobody(&self) -> bool {
        self.0 == [0; 16] || self.0 == [0xff; 16]
    }

    /// The bytes: for the record's key, and for the keyed hash of the enrichment stage.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What stands between the hyphens of a UUID; `None` where they don't stand as in one.
fn digits_of_uuid(text: &str) -> Option<String> {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12]).then(|| groups.concat())
}

impl StreamId {
    /// The stream number made of these bytes.
    pub fn new(bytes: [u8; 8]) -> StreamId {
        StreamId(bytes)
    }

    /// Reads 16 hexadecimal digits.
    ///
    /// # Errors
    /// Where the text is none of that. The error does not repeat it.
    pub fn from_hex(text: &str) -> Result<StreamId, IdError> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError::NotHex)?;
        Ok(StreamId(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceId")
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamId")
    }
}

/// Reads exactly `N` bytes, wherever they lie.
struct FixedVisitor<const N: usize>;

impl<const N: usize> Visitor<'_> for FixedVisitor<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<[u8; N], E> {
        bytes
            .try_into()
            .map_err(|_| E::custom("another number of bytes"))
    }
}

impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DeviceId, D::Error> {
        deserializer
            .deserialize_bytes(FixedVisitor::<16>)
            .map(DeviceId)
    }
}

impl<'de> Deserialize<'de> for StreamId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<StreamId, D::Error> {
        deserializer
            .deserialize_bytes(FixedVisitor::<8>)
            .map(StreamId)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_identifier_does_not_show_itself_in_debug() {
        let id = DeviceId::from_hex("6f1c00000000000000000000000000ff").unwrap();
        assert_eq!(
            format!("{id:?} {:?}", StreamId::new([1; 8])),
            "DeviceId StreamId"
        );
    }

    #[test]
    fn a_uuid_is_read_as_the_same_sixteen_bytes() {
        let plain = DeviceId::from_hex("6f1c0000111122223333444455556666").unwrap();
        assert_eq!(
            DeviceId::from_hex("6f1c0000-1111-2222-3333-444455556666").unwrap(),
            plain
        );
        assert!(DeviceId::from_hex("6f1c").is_err());
        for elsewhere in [
            "6f1c00001-111-2222-3333-444455556666",
            "6f1c-0000-1111-2222-3333444455556666",
            "----6f1c0000111122223333444455556666",
        ] {
            assert!(DeviceId::from_hex(elsewhere).is_err(), "{elsewhere}");
        }
        assert!(DeviceId::from_hex("zf1c0000111122223333444455556666").is_err());
    }
}
