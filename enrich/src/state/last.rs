//! What is remembered of the last raw record that was counted: enough to see whether the topic still
//! has it in its place, and nothing that tells which record it was.

use kaiku_wire::Month;
use serde::{Deserialize, Serialize};

/// The last raw record that was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LastRecord {
    /// The month under whose key its print was made.
    pub(crate) month: Month,
    pub(crate) seen: LastSeen,
}

/// What the meta record says of it; the month is that of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastSeen {
    /// Its time on the topic, in milliseconds since 1970-01-01 UTC.
    pub(crate) millis: i64,
    /// A keyed hash of it.
    pub(crate) print: u64,
}
