//! The mark of the place that a spool belongs to, so that a copy of it elsewhere is noticed.

use std::fs;

use sha2::{Digest, Sha256};

/// What tells one place from another. It is sealed into the spool and never leaves the device.
pub trait PlaceMark: Send {
    /// The mark, always the same in one place; `None` where the place can't be told, which is
    /// then taken for the same place.
    fn mark(&mut self) -> Option<[u8; 32]>;
}

/// The machine's own identifier, hashed: `/etc/machine-id`. Clones of a virtual machine that keep
/// it are one place.
#[derive(Debug, Default)]
pub struct MachineId;

impl PlaceMark for MachineId {
    fn mark(&mut self) -> Option<[u8; 32]> {
        let files = ["/etc/machine-id", "/var/lib/dbus/machine-id"];
        let text = files
            .iter()
            .find_map(|file| fs::read_to_string(file).ok())
            .filter(|text| !text.trim().is_empty())?;
        let mut hash = Sha256::new_with_prefix(b"kaiku device place");
        hash.update(text.trim());
        Some(hash.finalize().into())
    }
}

/// A mark that the host has, such as the name of the keystore's key.
pub struct GivenPlace(pub [u8; 32]);

impl PlaceMark for GivenPlace {
    fn mark(&mut self) -> Option<[u8; 32]> {
        Some(self.0)
    }
}
