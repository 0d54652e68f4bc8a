//! What can go wrong where a file is made.

/// Why a file could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The expiry lies before the end of the week, or too long behind it.
    #[error("suggestions expire after their week, and at most 35 days behind it")]
    Expiry,
    /// A name is empty, too long, or stands there twice.
    #[error("a name is empty, too long, or stands there twice")]
    Name,
    /// A pair names a feature that is not there, or names one twice.
    #[error("a pair names a feature that is not there, or one and the same")]
    Pair,
    /// It would be longer than a file may be.
    #[error("the file would be longer than 8 KiB: leave out the weakest pairs")]
    TooLarge,
}
