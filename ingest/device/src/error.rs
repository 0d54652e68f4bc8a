//! What can go wrong where a caller asked for something. Recording never fails: it counts.

/// One variant per operation. No text of it holds what was recorded or who the device is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The catalogue's JSON can't be read.
    #[error("the device catalogue can't be read")]
    Catalogue(#[source] serde_json::Error),
    /// The catalogue is of another format than this version reads.
    #[error("the device catalogue has format {0}, and this version reads format 1")]
    CatalogueFormat(u32),
    /// The catalogue contradicts itself.
    #[error("the device catalogue is refused: {0}")]
    CatalogueUnfit(&'static str),
    /// The program may not be turned on here.
    #[error("the program can't be turned on: {}", .0.sentence())]
    Hindered(#[source] crate::Hindrance),
    /// The text that was agreed to is not the one of the catalogue.
    #[error("the consent is to version {given}, and the catalogue's text has version {current}")]
    OtherConsent {
        /// Version that was agreed to.
        given: i32,
        /// Version of the catalogue's text.
        current: i32,
    },
    /// The consent could not be written down, so it does not hold.
    #[error("the consent could not be written down")]
    WriteConsent(#[source] std::io::Error),
    /// Something of what was stored could not be destroyed; it is tried again at the next start.
    #[error("not everything that was stored could be destroyed")]
    Destroy(#[source] std::io::Error),
    /// The spool could not be opened, read or written.
    #[error("the spool could not be used")]
    Spool(#[source] rusqlite::Error),
    /// A folder or file beside the spool could not be used.
    #[error("the program's folder could not be used")]
    Folder(#[source] std::io::Error),
    /// What is stored is not what was sealed.
    #[error("an entry of the spool can't be opened with this key")]
    Unseal,
    /// An upload could not be written.
    #[error("an upload could not be written")]
    Encode,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
    /// The library itself went wrong; the host goes on.
    #[error("the library went wrong inside")]
    Internal,
    /// The roots of trust or the address of the sender can't be used.
    #[error("the sender can't be started: {0}")]
    Sender(String),
}
