//! The host's keystore, as three functions.
#![expect(
    unsafe_code,
    reason = "the host's functions are called by their addresses"
)]

use std::ffi::c_void;
use std::io;

use kaiku_device::{Key, KeyAnswer, KeySource};
use zeroize::Zeroize;

/// What the keystore says.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuKeyAnswer {
    /// The key was written to where it was asked for.
    Key = 0,
    /// There is one, but not now: the device is locked.
    NotYet = 1,
    /// There is none, or none any more. What was sealed with it is given up.
    Gone = 2,
}

/// The host's keystore. Its functions are called by `kaiku_work`, `kaiku_next_upload`,
/// `kaiku_turn_off` and the worker's thread, one at a time, and may block.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct KaikuKeys {
    /// Handed to each function.
    pub context: *mut c_void,
    /// Writes the key, 32 bytes, and answers a `KaikuKeyAnswer`.
    pub key: Option<unsafe extern "C" fn(context: *mut c_void, key: *mut u8) -> u32>,
    /// Makes a new key, keeps it, writes it, and answers a `KaikuKeyAnswer`.
    pub create: Option<unsafe extern "C" fn(context: *mut c_void, key: *mut u8) -> u32>,
    /// Destroys the key. 0 where it is gone.
    pub destroy: Option<unsafe extern "C" fn(context: *mut c_void) -> u32>,
}

/// The same as `kaiku-device` wants it.
pub(crate) struct HostKeys(KaikuKeys);

// SAFETY: the header says that the functions are called from the library's thread too, with their
// context, and one at a time.
unsafe impl Send for HostKeys {}

type Asked = unsafe extern "C" fn(*mut c_void, *mut u8) -> u32;

impl HostKeys {
    /// `None` where a function is missing.
    pub(crate) fn new(keys: KaikuKeys) -> Option<HostKeys> {
        let is_whole = keys.key.is_some() && keys.create.is_some() && keys.destroy.is_some();
        is_whole.then_some(HostKeys(keys))
    }

    fn ask(&self, asked: Option<Asked>) -> KeyAnswer {
        let Some(asked) = asked else {
            return KeyAnswer::NotYet;
        };
        let mut bytes = [0_u8; 32];
        // SAFETY: the header demands functions that write 32 bytes at most.
        let answer = unsafe { asked(self.0.context, bytes.as_mut_ptr()) };
        let key = Key::new(bytes);
        bytes.zeroize();
        match answer {
            0 => KeyAnswer::Key(key),
            2 => KeyAnswer::Gone,
            _ => KeyAnswer::NotYet,
        }
    }
}

impl KeySource for HostKeys {
    fn key(&mut self) -> KeyAnswer {
        self.ask(self.0.key)
    }

    fn create(&mut self) -> KeyAnswer {
        self.ask(self.0.create)
    }

    fn destroy(&mut self) -> io::Result<()> {
        // SAFETY: as above; it writes nothing.
        let destroyed = self
            .0
            .destroy
            .map(|destroy| unsafe { destroy(self.0.context) });
        match destroyed {
            Some(0) => Ok(()),
            _ => Err(io::Error::other(
                "the host's keystore did not destroy the key",
            )),
        }
    }
}
