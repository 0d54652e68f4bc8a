//! A device's state in memory: the bytes that are sealed and sent, and no more.

use super::codec::{FORMAT, decode, encode};
use super::device::Device;

/// A device in the bytes of [`FORMAT`], which are a quarter of what it takes unpacked.
pub(crate) struct Packed(Box<[u8]>);

impl Packed {
    pub(crate) fn of(device: &Device) -> Packed {
        Packed::with(device, &mut Vec::new())
    }

    /// The same, in memory that is used again and again.
    pub(crate) fn with(device: &Device, scratch: &mut Vec<u8>) -> Packed {
        scratch.clear();
        encode(device, scratch);
        Packed(scratch.as_slice().into())
    }

    /// What was written in a format that is read; `None` where it is something else.
    pub(crate) fn read(format: u8, bytes: &[u8]) -> Option<Packed> {
        let device = decode(format, bytes)?;
        match format {
            FORMAT => Some(Packed(bytes.into())),
            _ => Some(Packed::of(&device)),
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn device(&self) -> Device {
        // Unwrap safety: it was encoded here, or has been read once.
        decode(FORMAT, &self.0).unwrap_or_default()
    }
}
