//! Why a file is refused: a closed list.

/// Why a file is refused. Nothing of what it holds is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It is longer than a file may be.
    #[error("the file is longer than 8 KiB")]
    TooLarge,
    /// It is no such file, or one of a later version.
    #[error("this is no file of suggestions that this version reads")]
    NotSuggestions,
    /// The key by which it says that it was signed is none of those that are known.
    #[error("the file was signed with a key that is not known here")]
    UnknownKey,
    /// The signature is not one of that key over these bytes.
    #[error("the signature does not fit")]
    BadSignature,
    /// It was signed, and contradicts itself.
    #[error("the file contradicts itself")]
    Malformed,
    /// It is one of another app.
    #[error("the file is one of another app")]
    OtherApp,
    /// It has expired.
    #[error("the file has expired")]
    Expired,
    /// Its week is older than that of the last that was accepted.
    #[error("the file is older than one that was accepted before")]
    Older,
}

impl Refusal {
    /// Its name, for counting.
    pub fn label(self) -> &'static str {
        match self {
            Refusal::TooLarge => "too_large",
            Refusal::NotSuggestions => "not_suggestions",
            Refusal::UnknownKey => "unknown_key",
            Refusal::BadSignature => "bad_signature",
            Refusal::Malformed => "malformed",
            Refusal::OtherApp => "other_app",
            Refusal::Expired => "expired",
            Refusal::Older => "older",
        }
    }
}
