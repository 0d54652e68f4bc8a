//! The host's keystore, written in the host's language.

use std::io;
use std::sync::Arc;

use kaiku_device::{Key, KeySource};
use zeroize::Zeroizing;

use crate::outcome::guard;

/// What the keystore says.
#[derive(uniffi::Enum)]
pub enum KeyAnswer {
    /// Here it is.
    Key {
        /// 32 bytes.
        bytes: Vec<u8>,
    },
    /// There is one, but not now: the device is locked.
    NotYet,
    /// There is none, or none any more. What was sealed with it is given up.
    Gone,
}

/// The keystore threw. It is taken for "not yet".
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum KeyStoreError {
    /// It can't be used now.
    #[error("the keystore can't be used now")]
    Unusable,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeyStoreError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> KeyStoreError {
        // What it says might name the key.
        KeyStoreError::Unusable
    }
}

/// The host's keystore. It is called from a background job or the library's own thread, and may
/// block.
#[uniffi::export(with_foreign)]
pub trait KeyStore: Send + Sync {
    /// The key, if it can be had.
    fn key(&self) -> Result<KeyAnswer, KeyStoreError>;

    /// Makes a new key, keeps it, and answers with it.
    fn create(&self) -> Result<KeyAnswer, KeyStoreError>;

    /// Destroys the key: the program was turned off.
    fn erase(&self) -> Result<(), KeyStoreError>;
}

/// The same as `kaiku-device` wants it.
pub(crate) struct HostKeys(pub(crate) Arc<dyn KeyStore>);

impl HostKeys {
    /// Asks the host. An answer that can't be read makes a panic, which is "not now" like all that
    /// a keystore throws.
    fn ask<T>(
        &self,
        ask: impl FnOnce(&dyn KeyStore) -> Result<T, KeyStoreError>,
    ) -> Result<T, KeyStoreError> {
        guard(|| Err(KeyStoreError::Unusable), || ask(&*self.0))
    }
}

fn taken(answer: Result<KeyAnswer, KeyStoreError>) -> kaiku_device::KeyAnswer {
    match answer {
        Ok(KeyAnswer::Key { bytes }) => {
            let bytes = Zeroizing::new(bytes);
            match <[u8; 32]>::try_from(bytes.as_slice()) {
                Ok(key) => kaiku_device::KeyAnswer::Key(Key::new(key)),
                Err(_) => kaiku_device::KeyAnswer::NotYet,
            }
        }
        Ok(KeyAnswer::Gone) => kaiku_device::KeyAnswer::Gone,
        Ok(KeyAnswer::NotYet) | Err(_) => kaiku_device::KeyAnswer::NotYet,
    }
}

impl KeySource for HostKeys {
    fn key(&mut self) -> kaiku_device::KeyAnswer {
        taken(self.ask(|host| host.key()))
    }

    fn create(&mut self) -> kaiku_device::KeyAnswer {
        taken(self.ask(|host| host.create()))
    }

    fn destroy(&mut self) -> io::Result<()> {
        self.ask(|host| host.erase()).map_err(io::Error::other)
    }
}
