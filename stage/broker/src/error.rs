//! What can go wrong between this process and its Kafka, one variant per operation.

use std::path::PathBuf;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// A failed operation on Kafka or its settings. No variant holds a secret or a byte of a record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings can't be used; each sentence says what to do.
    #[error("the Kafka settings can't be used: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// The file of a secret could not be read.
    #[error("reading the secret in {}", .path.display())]
    ReadSecret {
        /// The file named by the settings.
        path: PathBuf,
        /// Why it could not be read.
        #[source]
        source: std::io::Error,
    },
    /// librdkafka refused to make a client of these settings.
    #[error("making a Kafka client for {role}")]
    Client {
        /// The part of the program it was for.
        role: String,
        /// What librdkafka says.
        #[source]
        source: KafkaError,
    },
    /// No broker answered with the list of topics in time.
    #[error(
        "asking {brokers} for its topics ({reason}): is the address right, is the broker up, does it speak what [kafka.tls] and [kafka.sasl] say?"
    )]
    Metadata {
        /// The addresses asked, as they stand in the settings.
        brokers: String,
        /// What librdkafka says about the connection.
        reason: String,
        /// True where waiting can't help: a certificate or a password was refused.
        is_final: bool,
        /// What librdkafka says.
        #[source]
        source: Box<KafkaError>,
    },
    /// Brokers have told an address at which nothing may be sent to them.
    #[error(
        "the brokers say that they are at {}, which is not on this machine, and there is no TLS: add a \
         [kafka.tls] section (it may be empty), or set kafka.insecure = true if identities may cross that \
         network in clear; or have them advertise an address of this machine",
        .0.join(", ")
    )]
    Plaintext(Vec<String>),
    /// A topic that is needed does not exist.
    #[error(
        "topic `{0}` does not exist: make it with `kaiku topics create` (where it is there, this user may not \
         see it: give it the right Describe)"
    )]
    NoTopic(String),
    /// A topic could not be made.
    #[error("making topic `{topic}`")]
    CreateTopic {
        /// The topic's full name.
        topic: String,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// A topic is to stand on more brokers than there are; the sentence says what to do.
    #[error("the topics can't be made: {0}")]
    TooFewBrokers(String),
    /// A topic was made, but its partitions had no leader in time.
    #[error(
        "topic `{0}` was made, but its partitions have no leader yet: look at the broker's log, then \
         try again (or this user may not see it: give it the right Describe)"
    )]
    NoLeader(String),
    /// The settings of the topics could not be read.
    #[error("reading the settings of the topics")]
    DescribeTopics(#[source] KafkaError),
    /// The brokers told nothing of a topic's settings.
    #[error(
        "the settings of topic `{0}` can't be read: give this user the right DescribeConfigs on it"
    )]
    NotDescribed(String),
    /// The identifier of a topic could not be asked for.
    #[error("asking for the id of topic `{topic}`")]
    TopicId {
        /// The topic's full name.
        topic: String,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// A topic could not be deleted.
    #[error("deleting topic `{topic}`")]
    DeleteTopic {
        /// The topic's full name.
        topic: String,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// A consumer group could not be deleted.
    #[error("deleting the group `{group}`")]
    DeleteGroup {
        /// The group.
        group: String,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// Records could not be deleted.
    #[error("deleting the records of `{topic}` partition {partition} before offset {before}")]
    DeleteRecords {
        /// The topic's full name.
        topic: String,
        /// The partition.
        partition: i32,
        /// The first offset to be kept.
        before: i64,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// The offsets of a partition's ends could not be read.
    #[error("asking for the offsets of `{topic}` partition {partition}")]
    Watermarks {
        /// The topic's full name.
        topic: String,
        /// The partition.
        partition: i32,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// The members of a consumer group could not be asked for.
    #[error(
        "asking who is in the group `{group}` (where the brokers answer all else, this user may not see it: give \
         it the right Describe on the group)"
    )]
    Group {
        /// The group.
        group: String,
        /// The broker's reason.
        #[source]
        source: KafkaError,
    },
    /// The broker inside the process could not be started.
    #[error("starting a Kafka broker inside the process")]
    Mock(#[source] KafkaError),
    /// The thread of the broker inside the process could not be started, or ended early.
    #[error("the thread of the Kafka broker inside the process did not start")]
    MockThread,
}

impl Error {
    /// Whether the same may succeed later without anybody's doing anything: no broker answered, or
    /// none that has heard of its leader yet.
    pub fn retry_helps(&self) -> bool {
        match self {
            Error::Metadata { is_final, .. } => !is_final,
            Error::CreateTopic { source, .. }
            | Error::DescribeTopics(source)
            | Error::TopicId { source, .. }
            | Error::DeleteTopic { source, .. }
            | Error::DeleteGroup { source, .. }
            | Error::DeleteRecords { source, .. }
            | Error::Watermarks { source, .. }
            | Error::Group { source, .. } => passes(source),
            // A broker that is away may come back.
            Error::NoLeader(_) | Error::TooFewBrokers(_) => true,
            Error::Settings(_)
            | Error::ReadSecret { .. }
            | Error::Client { .. }
            | Error::NoTopic(_)
            | Error::NotDescribed(_)
            | Error::Plaintext(_)
            | Error::Mock(_)
            | Error::MockThread => false,
        }
    }
}

impl Error {
    /// What to do where the brokers say that this user may not look.
    pub fn missing_right(&self) -> Option<&'static str> {
        let source = std::error::Error::source(self)?;
        source.downcast_ref().and_then(missing_right)
    }
}

/// The code of an answer.
fn code_of(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        // Of these it tells no code by itself.
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// What to do about an answer that says that this user may not look.
pub fn missing_right(error: &KafkaError) -> Option<&'static str> {
    match code_of(error)? {
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            Some("give this user the rights Describe and Read on the topic")
        }
        RDKafkaErrorCode::GroupAuthorizationFailed => {
            Some("give this user the right Describe on the group")
        }
        _ => None,
    }
}

/// Whether an answer of Kafka's is of the kind that passes by itself.
pub fn passes(error: &KafkaError) -> bool {
    matches!(
        code_of(error),
        Some(
            RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::MessageTimedOut
                | RDKafkaErrorCode::TimedOutQueue
                | RDKafkaErrorCode::RequestTimedOut
                | RDKafkaErrorCode::WaitingForCoordinator
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::BrokerNotAvailable
                | RDKafkaErrorCode::ReplicaNotAvailable
                | RDKafkaErrorCode::NetworkException
                | RDKafkaErrorCode::NotController
                | RDKafkaErrorCode::ConcurrentTransactions
                | RDKafkaErrorCode::NotEnoughReplicas
        )
    )
}

/// Wraps the code of one admin result as the source of an [`Error`].
pub(crate) fn refused(code: RDKafkaErrorCode) -> KafkaError {
    KafkaError::AdminOp(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_that_is_away_passes_and_a_right_that_is_missing_does_not() {
        let topic_id = |code| Error::TopicId {
            topic: "t".to_owned(),
            source: refused(code),
        };
        assert!(topic_id(RDKafkaErrorCode::BrokerTransportFailure).retry_helps());
        assert!(!topic_id(RDKafkaErrorCode::TopicAuthorizationFailed).retry_helps());
        let watermarks = |code| Error::Watermarks {
            topic: "t".to_owned(),
            partition: 0,
            source: KafkaError::MetadataFetch(code),
        };
        assert!(watermarks(RDKafkaErrorCode::LeaderNotAvailable).retry_helps());
        assert!(!watermarks(RDKafkaErrorCode::Authentication).retry_helps());
        let metadata = |is_final| Error::Metadata {
            brokers: "b:1".to_owned(),
            reason: "refused".to_owned(),
            is_final,
            source: Box::new(KafkaError::MetadataFetch(RDKafkaErrorCode::AllBrokersDown)),
        };
        assert!(metadata(false).retry_helps());
        assert!(!metadata(true).retry_helps());
    }
}
