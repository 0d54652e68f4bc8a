//! What an owner did with suggestions, until it is written down.

use serde::{Deserialize, Serialize};

/// What an owner did. The next work writes it down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Act {
    /// A feature was shown to them, on this day.
    Shown(i32, String),
    /// They don't want to see this one again.
    Dismissed(String),
    /// They want no suggestions at all.
    Never,
    /// They want them after all.
    Again,
}
