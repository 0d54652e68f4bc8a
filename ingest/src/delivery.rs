//! What becomes of a record behind the queue: a future that the broker's answer completes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use rdkafka::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// A record on its way. It completes when all replicas in sync have written the record, or when
/// it was given up. Dropping it takes nothing back.
#[must_use = "a record is safe only when its delivery has completed"]
pub struct Delivery(oneshot::Receiver<Result<(), DeliveryError>>);

/// Why a record was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// The broker did not confirm it in time. It may have written it all the same.
    #[error("the broker did not confirm the record in time")]
    TimedOut,
    /// The broker does not take it.
    #[error("the broker does not take the record")]
    Refused(#[source] RDKafkaErrorCode),
    /// The producer ended before the broker's answer came.
    #[error("the producer ended before the broker's answer came")]
    Ended,
}

impl DeliveryError {
    /// Whether sending the record again later can help, with nothing changed here. A broker that
    /// refuses it for its size, or for lack of rights, will do so again.
    pub fn retry_helps(&self) -> bool {
        match self {
            DeliveryError::TimedOut | DeliveryError::Ended => true,
            DeliveryError::Refused(code) => !matches!(
                code,
                RDKafkaErrorCode::MessageSizeTooLarge
                    | RDKafkaErrorCode::InvalidMessage
                    | RDKafkaErrorCode::InvalidRecord
                    | RDKafkaErrorCode::TopicAuthorizationFailed
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
            ),
        }
    }
}

impl Delivery {
    /// The result, if it is there already; it is given once.
    pub fn try_result(&mut self) -> Option<Result<(), DeliveryError>> {
        match self.0.try_recv() {
            Ok(result) => Some(result),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(DeliveryError::Ended)),
        }
    }
}

impl Future for Delivery {
    type Output = Result<(), DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map(|result| result.unwrap_or(Err(DeliveryError::Ended)))
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Delivery")
    }
}

/// What travels beside a record through librdkafka: its room in the queue, and who waits for it.
pub(crate) struct Ticket {
    done: oneshot::Sender<Result<(), DeliveryError>>,
    room: OwnedSemaphorePermit,
}

impl Ticket {
    pub(crate) fn new(room: OwnedSemaphorePermit) -> (Box<Ticket>, Delivery) {
        let (done, wait) = oneshot::channel();
        (Box::new(Ticket { done, room }), Delivery(wait))
    }
}

/// Takes the broker's answers, on the producer's thread.
pub(crate) struct Answers;

impl ClientContext for Answers {
    fn error(&self, error: KafkaError, reason: &str) {
        kaiku_broker::note("producer", &error, reason);
    }
}

impl ProducerContext for Answers {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let result = match result {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(give_up(error)),
        };
        let Ticket { done, room } = *ticket;
        // Whoever dropped the delivery did not want to know.
        let _ = done.send(result);
        drop(room);
    }
}

fn give_up(error: &KafkaError) -> DeliveryError {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::MessageTimedOut
            | RDKafkaErrorCode::OperationTimedOut
            | RDKafkaErrorCode::RequestTimedOut,
        ) => DeliveryError::TimedOut,
        Some(RDKafkaErrorCode::PurgeQueue | RDKafkaErrorCode::PurgeInflight) | None => {
            DeliveryError::Ended
        }
        Some(code) => DeliveryError::Refused(code),
    }
}
