//! One lane's transactional producer: output, state and offsets in one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, drain, note, send_waiting};
use kaiku_stage::failpoint;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::outbound::Outbound;
use crate::config::Config;
use crate::error::Error;

/// Notes whether a delivery failed: then the transaction can't commit, and librdkafka says so too.
struct Deliveries(Arc<AtomicBool>);

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        note("lane", &error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// A transactional producer with the lane's fixed id. After any error it is never used again.
pub(crate) struct Transactions {
    outbound: Outbound<Deliveries>,
    failed: Arc<AtomicBool>,
    timeout: Duration,
}

/// Why a transaction did not end well.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The lane is no longer this process's: another producer with its id has taken over, or the
    /// group has moved on.
    #[error("the lane is another process's")]
    Lost,
    /// A call failed. It may have been committed or not; the committed offset tells.
    #[error("{0}")]
    Unknown(KafkaError),
    /// librdkafka gave up a record, and committed all the same: what stands there is not all.
    #[error("a record was not delivered")]
    Undelivered,
    /// An encoder could not encode what it was made for: a fault of this program.
    #[error("a record could not be encoded")]
    Unencodable,
    /// There is no producer.
    #[error("the producer is gone")]
    NoProducer,
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Failure {
        if is_lost(&error) {
            Failure::Lost
        } else {
            Failure::Unknown(error)
        }
    }
}

impl Transactions {
    /// Makes the producer of a partition and takes over its id, which begins with `writer`: whoever had it is fenced, and what it had open is
    /// aborted.
    pub(crate) fn take_over(
        cluster: &Cluster,
        config: &Config,
        writer: &str,
        partition: i32,
    ) -> Result<Transactions, Error> {
        let failed = Arc::new(AtomicBool::new(false));
        let timeout = config.transaction_timeout;
        // librdkafka wants it under the timeout of a message, which is that of the transaction.
        let linger = (timeout / 2).min(Duration::from_secs(1));
        let producer: BaseProducer<Deliveries> = cluster
            .client("enrich")
            .set("transactional.id", format!("{writer}-{partition}"))
            .set("transaction.timeout.ms", timeout.as_millis().to_string())
            // One request may not outlive its transaction.
            .set(
                "socket.timeout.ms",
                timeout.as_millis().min(60_000).to_string(),
            )
            .set("compression.type", "lz4")
            // Only full batches leave while a transaction is written; `drain` sends the rest at once.
            // Fewer requests cost less, and with a short time librdkafka spins (see `drain`).
            .set("linger.ms", linger.as_millis().to_string())
            .set("batch.num.messages", "100000")
            .set("delivery.report.only.error", "true")
            .set("retry.backoff.ms", "5")
            .set("queue.buffering.max.messages", "2000000")
            .set("queue.buffering.max.kbytes", "262144")
            .create_with_context(Deliveries(Arc::clone(&failed)))
            .map_err(Error::kafka("making a lane's producer"))?;
        producer
            .init_transactions(timeout)
            .map_err(Error::kafka("taking over a lane's transactional id"))?;
        Ok(Transactions {
            outbound: Outbound::new(producer),
            failed,
            timeout,
        })
    }

    /// Runs one transaction: `write` sends what belongs into it, then the offsets go in, then it
    /// commits.
    pub(crate) fn run(
        &self,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
        write: impl FnOnce(&Writer<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let producer = self.outbound.producer();
        let writer = Writer {
            outbound: &self.outbound,
            deadline: Instant::now() + self.timeout,
        };
        producer.begin_transaction()?;
        failpoint("lane.begun");
        write(&writer)?;
        failpoint("lane.state");
        producer.send_offsets_to_transaction(offsets, group, self.timeout)?;
        failpoint("lane.offsets");
        drain(producer, self.timeout);
        failpoint("lane.drained");
        producer.commit_transaction(self.timeout)?;
        if self.failed.load(Ordering::Relaxed) {
            return Err(Failure::Undelivered);
        }
        Ok(())
    }
}

/// Sends into the open transaction.
pub(crate) struct Writer<'a> {
    outbound: &'a Outbound<Deliveries>,
    deadline: Instant,
}

impl Writer<'_> {
    /// Sends a record, waiting while librdkafka's queue is full.
    pub(crate) fn send<K: ToBytes + ?Sized, V: ToBytes + ?Sized>(
        &self,
        record: BaseRecord<'_, K, V>,
    ) -> Result<(), Failure> {
        Ok(send_waiting(
            self.outbound.producer(),
            record,
            self.deadline,
        )?)
    }

    /// Has what is sent to a topic go uncompressed.
    pub(crate) fn send_plain(&self, topic: &str) {
        self.outbound.send_plain(topic);
    }
}

/// Whether an error says that the lane belongs to somebody else now.
fn is_lost(error: &KafkaError) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::ProducerFenced
                | Code::Fenced
                | Code::InvalidProducerEpoch
                | Code::UnknownMemberId
                | Code::IllegalGeneration
                | Code::FencedInstanceId
                | Code::RebalanceInProgress
                | Code::TransactionCoordinatorFenced
        )
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_broker::MockBroker;

    use super::*;

    #[test]
    fn in_the_shortest_transactions_that_are_allowed_records_can_be_sent() {
        let broker = MockBroker::new(1, &[]).unwrap();
        let cluster = broker.cluster();
        let config = Config {
            transaction_timeout: Duration::from_secs(1),
            ..Config::default()
        };
        assert_eq!(config.problems(), Vec::<String>::new());
        let transactions = Transactions::take_over(cluster, &config, "w", 0).unwrap();
        let producer = transactions.outbound.producer();
        producer.begin_transaction().unwrap();
        let writer = Writer {
            outbound: &transactions.outbound,
            deadline: Instant::now() + config.transaction_timeout,
        };
        let topic = cluster.topics().stripped();
        let record = BaseRecord::<(), str>::to(&topic).partition(0).payload("p");
        writer.send(record).unwrap();
    }
}
