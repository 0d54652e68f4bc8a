//! What can go wrong where a host asked for something, and the wall that keeps a panic inside.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kaiku_device::Error;

/// What can go wrong where a host asked for something. Recording never fails.
#[derive(Debug, thiserror::Error, uniffi::Error)]
#[uniffi(flat_error)]
pub enum KaikuError {
    /// The catalogue is none, or one of another format.
    #[error("{0}")]
    BadCatalogue(#[source] Error),
    /// The mark of the place is not of 32 bytes.
    #[error("the mark of a place has 32 bytes")]
    BadPlace,
    /// There are not two keys for suggestions, or one is no key.
    #[error("suggestions are believed by two keys, each of 64 hexadecimal digits")]
    BadSuggestionKeys,
    /// A policy of the machine, `DO_NOT_TRACK` or `CI` forbids it.
    #[error("{0}")]
    Hindered(#[source] Error),
    /// The consent is to another text than the catalogue's.
    #[error("{0}")]
    OtherConsent(#[source] Error),
    /// The folder could not be read or written.
    #[error("{0}")]
    Storage(#[source] Error),
    /// The library went wrong inside. The host goes on.
    #[error("{0}")]
    Internal(#[source] Error),
}

impl From<Error> for KaikuError {
    fn from(error: Error) -> KaikuError {
        match error {
            Error::Catalogue(_) | Error::CatalogueFormat(_) | Error::CatalogueUnfit(_) => {
                KaikuError::BadCatalogue(error)
            }
            Error::Hindered(_) => KaikuError::Hindered(error),
            Error::OtherConsent { .. } => KaikuError::OtherConsent(error),
            Error::WriteConsent(_) | Error::Destroy(_) | Error::Spool(_) | Error::Folder(_) => {
                KaikuError::Storage(error)
            }
            _ => KaikuError::Internal(error),
        }
    }
}

/// Runs an entry; where it panics the host gets `otherwise`.
pub(crate) fn guard<T>(otherwise: impl FnOnce() -> T, entry: impl FnOnce() -> T) -> T {
    match catch_unwind(AssertUnwindSafe(entry)) {
        Ok(value) => value,
        Err(payload) => {
            // What it carries might panic again when it is dropped.
            std::mem::forget(payload);
            otherwise()
        }
    }
}

/// The same for entries that may fail.
pub(crate) fn try_guard<T>(entry: impl FnOnce() -> Result<T, KaikuError>) -> Result<T, KaikuError> {
    guard(|| Err(KaikuError::Internal(Error::Internal)), entry)
}
