//! What can go wrong in the enrichment stage: one variant for each whose fault it is, with what was
//! being done.

use kaiku_stage::Standstill;
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
    /// The folder of the key-encryption keys can't be looked at.
    #[error("enrich.keys_dir can't be read")]
    KeysDir(#[source] std::io::Error),
    /// There is state of a month, and no key on `enrich.keys` to open it.
    #[error(
        "there is no key of {month} on enrich.keys, and there is state that it has sealed: bring its record back"
    )]
    NoMonthKey {
        /// The month.
        month: Month,
    },
    /// Somebody else asks for a month's key, and has had no answer for long.
    #[error("the key of {month} is being asked for, and Kafka does not answer")]
    KeyWaits {
        /// The month.
        month: Month,
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
        why: Standstill,
        /// Why, and what to do.
        reason: String,
    },
    /// A partition's transaction failed as often as it was tried.
    #[error(
        "partition {partition}: a transaction failed {tries} times in a row; the lines before say why"
    )]
    Uncommitted {
        /// The raw partition.
        partition: i32,
        /// How often it was tried.
        tries: u32,
    },
    /// The system gives no thread for a lane.
    #[error("starting the thread of a lane")]
    Thread(#[source] std::io::Error),
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

impl Error {
    /// Why a lane must not go on by itself after this error; `None` where trying again may help.
    pub(crate) fn refusal(&self) -> Option<Standstill> {
        match self {
            Error::Refused { why, .. } => Some(*why),
            Error::MonthKey { .. } | Error::KeyFile { .. } | Error::NoMonthKey { .. } => {
                Some(Standstill::Key)
            }
            Error::Settings(_)
            | Error::Broker { .. }
            | Error::Kafka { .. }
            | Error::Topics(_)
            | Error::Registry { .. }
            | Error::Uncommitted { .. }
            | Error::Thread(_)
            | Error::KeysDir(_)
            | Error::KeyWaits { .. }
            | Error::Waits { .. }
            | Error::Lost { .. } => None,
        }
    }

    /// Whether a start that failed so may succeed later without anybody's doing anything.
    pub(crate) fn retry_helps(&self) -> bool {
        match self {
            Error::Broker { source, .. } => source.retry_helps(),
            Error::Kafka { source, .. } => kaiku_broker::passes(source),
            Error::Registry { source, .. } => source.retry_helps(),
            Error::KeyWaits { .. } | Error::Waits { .. } => true,
            Error::Settings(_)
            | Error::Topics(_)
            | Error::KeyFile { .. }
            | Error::KeysDir(_)
            | Error::NoMonthKey { .. }
            | Error::MonthKey { .. }
            | Error::Refused { .. }
            | Error::Uncommitted { .. }
            | Error::Thread(_)
            | Error::Lost { .. } => false,
        }
    }

    pub(crate) fn kafka(operation: &'static str) -> impl FnOnce(KafkaError) -> Error {
        move |source| Error::Kafka { operation, source }
    }

    pub(crate) fn broker(operation: &'static str) -> impl FnOnce(kaiku_broker::Error) -> Error {
        move |source| Error::Broker { operation, source }
    }
}
