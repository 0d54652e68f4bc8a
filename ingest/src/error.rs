//! What can go wrong between a batch and the queue towards the broker.

use kaiku_raw::Reason;
use rdkafka::error::KafkaError;

/// Why a record was not taken. What becomes of one that was taken is a
/// [`crate::DeliveryError`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The settings can't be used; each sentence says what to do.
    #[error("the producer's settings can't be used: {}", .0.join("; "))]
    Settings(Vec<String>),
    /// The schema registry gave no id for a schema.
    #[error("registering the schemas of events.raw")]
    Registry(#[source] Box<kaiku_registry::Error>),
    /// The brokers are where nothing may be sent to them.
    #[error("looking where the brokers are")]
    Elsewhere(#[source] Box<kaiku_broker::Error>),
    /// librdkafka made no producer of the settings.
    #[error("making the producer")]
    Create(#[source] KafkaError),
    /// The thread that serves the producer can't be started.
    #[error("starting the producer's thread")]
    Thread(#[source] std::io::Error),
    /// The record is not valid, and will never be.
    #[error("the record is refused: {}", .0.sentence())]
    Refused(Reason),
    /// The queue is full: try again later, or wait with `send`.
    #[error("the producer's queue is full")]
    Full,
    /// A time was given without the setting that allows it.
    #[error("a record's own time is for history that is replayed: set topics.replay = true")]
    NoReplay,
    /// The producer was closed.
    #[error("the producer is closed")]
    Closed,
    /// librdkafka does not take the record.
    #[error("handing a record to librdkafka")]
    Enqueue(#[source] KafkaError),
    /// Not everything was delivered before the producer was closed.
    #[error("{0} records were not delivered when the producer was closed")]
    Undelivered(usize),
}

impl Error {
    /// Whether the same record can be taken later, with nothing changed here.
    pub fn retry_helps(&self) -> bool {
        match self {
            Error::Full => true,
            Error::Registry(source) => source.retry_helps(),
            _ => false,
        }
    }
}
