//! What can go wrong in the enrichment stage, one variant an operation.

use kaiku_wire::Month;
use rdkafka::error::KafkaError;

use crate::token::SealError;

/// Why the stage, or one of its lanes, could not go on. It names no payload and no identifier.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings can't be used.
    #[error("the settings of enrich can't be used: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// A Kafka client could not be made, or a topic could not be managed.
    #[error("Kafka could not be reached or asked: {operation}")]
    Broker {
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: kaiku_broker::Error,
    },
    /// A call to Kafka failed.
    #[error("a call to Kafka failed: {operation}")]
    Kafka {
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: KafkaError,
    },
    /// The topics are not as this stage needs them.
    #[error("the topics are not as they must be: {}", .0.join("; "))]
    Topics(Vec<String>),
    /// The registry did not take or give a schema.
    #[error("the schema registry failed while {operation}")]
    Registry {
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: kaiku_registry::Error,
    },
    /// A key-encryption key can't be read or made.
    #[error(
        "the key-encryption key of {month} in enrich.keys_dir can't be {operation}: it must be a file {month}.key with 64 hexadecimal digits"
    )]
    KeyFile {
        /// The month.
        month: Month,
        /// What was being done.
        operation: &'static str,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// A month's key was sealed under another key-encryption key.
    #[error(
        "the key of {month} was sealed under another key-encryption key: bring back the file {month}.key with which it was made"
    )]
    MonthKey {
        /// The month.
        month: Month,
        /// Why it failed.
        #[source]
        source: SealError,
    },
    /// The lane may not run: its state and Kafka's offsets disagree, or the state can't be read.
    #[error("partition {partition} refuses to run: {reason}")]
    Refused {
        /// The raw partition.
        partition: i32,
        /// Why, for the metric.
        label: Refusal,
        /// Why, and what to do.
        reason: String,
    },
    /// Something that ends by itself is in the way; the lane tries again.
    #[error("partition {partition} waits: {reason}")]
    Waits {
        /// The partition.
        partition: i32,
        /// For what.
        reason: String,
    },
    /// Another process owns the partition now.
    #[error("partition {partition} was taken over by another process")]
    Lost {
        /// The raw partition.
        partition: i32,
    },
}

/// Why a lane refuses to run until somebody has looked: the label of the metric, and the heading
/// in the runbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Raw records were deleted before they were counted.
    RawGap,
    /// The raw topic ends before what was committed: it was made anew.
    RawAnew,
    /// The number of partitions has changed.
    Partitions,
    /// The state belongs to another group.
    Group,
    /// The committed offset is not the one of the state.
    OffsetMoved,
    /// There is no state for what was committed.
    StateLost,
    /// The state has fewer or more devices than it had when it was written.
    StateIncomplete,
    /// The state has a format that this program does not read, or can't be read at all.
    StateUnreadable,
    /// A key can't be read, or is not the one that sealed the state.
    Key,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Refusal; 9] = [
        Refusal::RawGap,
        Refusal::RawAnew,
        Refusal::Partitions,
        Refusal::Group,
        Refusal::OffsetMoved,
        Refusal::StateLost,
        Refusal::StateIncomplete,
        Refusal::StateUnreadable,
        Refusal::Key,
    ];

    /// The label of the metric.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::RawGap => "raw_gap",
            Refusal::RawAnew => "raw_anew",
            Refusal::Partitions => "partitions",
            Refusal::Group => "group",
            Refusal::OffsetMoved => "offset_moved",
            Refusal::StateLost => "state_lost",
            Refusal::StateIncomplete => "state_incomplete",
            Refusal::StateUnreadable => "state_unreadable",
            Refusal::Key => "key",
        }
    }
}

impl Error {
    /// Why a lane must not go on by itself after this error; `None` where trying again may help.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Error::Refused { label, .. } => Some(*label),
            Error::MonthKey { .. } | Error::KeyFile { .. } => Some(Refusal::Key),
            _ => None,
        }
    }

    pub(crate) fn kafka(operation: &'static str) -> impl FnOnce(KafkaError) -> Error {
        move |source| Error::Kafka { operation, source }
    }

    pub(crate) fn broker(operation: &'static str) -> impl FnOnce(kaiku_broker::Error) -> Error {
        move |source| Error::Broker { operation, source }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::Refusal;

    #[test]
    fn every_refusal_has_a_heading_in_the_runbook() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/runbook.md");
        let runbook = std::fs::read_to_string(file).unwrap();
        for refusal in Refusal::ALL {
            let heading = format!("### `{}`\n", refusal.as_str());
            assert!(runbook.contains(&heading), "{heading}");
        }
    }
}
