//! What a function says, and the wall that keeps a panic inside.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kaiku_device::Error;

/// What a function says.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KaikuResult {
    /// It is done.
    Ok = 0,
    /// There is nothing: no upload to make, nothing to write down since the program is off.
    Nothing = 1,
    /// It could not be done now, and is tried again by itself: no key yet, or a full disk.
    Later = 2,
    /// An argument is null where it may not be, is no UTF-8, or is not in the enumeration.
    BadArgument = 3,
    /// The catalogue is none, or one of another format.
    BadCatalogue = 4,
    /// A policy of the machine, `DO_NOT_TRACK` or `CI` forbids it.
    Hindered = 5,
    /// The consent is to another text than the catalogue's.
    OtherConsent = 6,
    /// The folder could not be read or written.
    Storage = 7,
    /// The library went wrong inside. The host goes on.
    Internal = 8,
}

impl From<&Error> for KaikuResult {
    fn from(error: &Error) -> KaikuResult {
        match error {
            Error::Catalogue(_) | Error::CatalogueFormat(_) | Error::CatalogueUnfit(_) => {
                KaikuResult::BadCatalogue
            }
            Error::Hindered(_) => KaikuResult::Hindered,
            Error::OtherConsent { .. } => KaikuResult::OtherConsent,
            Error::WriteConsent(_) | Error::Destroy(_) | Error::Spool(_) | Error::Folder(_) => {
                KaikuResult::Storage
            }
            _ => KaikuResult::Internal,
        }
    }
}

/// The result of a call that gives nothing.
pub(crate) fn said(result: Result<(), Error>) -> KaikuResult {
    match result {
        Ok(()) => KaikuResult::Ok,
        Err(error) => KaikuResult::from(&error),
    }
}

/// Runs an entry; where it panics the host gets `otherwise`.
pub(crate) fn guard<T>(otherwise: T, entry: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(entry)) {
        Ok(value) => value,
        Err(payload) => {
            // What it carries might panic again when it is dropped.
            std::mem::forget(payload);
            otherwise
        }
    }
}
