//! One lane's transactional producer: output, state and offsets in one transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kaiku_broker::{KafkaConfig, drain, failpoint, note};
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{
    BaseConsumer, CommitMode, Consumer, ConsumerContext, ConsumerGroupMetadata,
};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, ToBytes};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use crate::{Config, Error};

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
    producer: BaseProducer<Deliveries>,
    failed: Arc<AtomicBool>,
    timeout: Duration,
    /// Records and offsets for themselves, in no transaction: what the benchmark compares with.
    plain: bool,
}

/// Whether a benchmark has asked for no transactions. Never but in builds of tests.
fn is_plain() -> bool {
    fail::fail_point!("lane.plain", |_| true);
    false
}

/// Why a transaction did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The lane is no longer this process's: another producer with its id has taken over, or the
    /// group has moved on.
    Lost,
    /// It may have been committed or not; the committed offset tells.
    Unknown(KafkaError),
}

impl Transactions {
    /// Makes the producer and takes over the id: whoever had it is fenced, and what it had open is
    /// aborted.
    pub(crate) fn take_over(
        kafka: &KafkaConfig,
        config: &Config,
        partition: i32,
    ) -> Result<Transactions, Error> {
        let failed = Arc::new(AtomicBool::new(false));
        let (timeout, plain) = (config.transaction_timeout, is_plain());
        // librdkafka wants it under the timeout of a message, which is that of the transaction.
        let linger = (timeout / 2).min(Duration::from_secs(1));
        let mut client = kafka
            .client_config("enrich")
            .map_err(Error::broker("making a lane's producer"))?;
        if plain {
            // What transactions have too: the comparison is about them alone.
            client.set("enable.idempotence", "true");
        } else {
            client
                .set("transactional.id", format!("{}-{partition}", config.group))
                .set("transaction.timeout.ms", timeout.as_millis().to_string())
                // One request may not outlive its transaction.
                .set(
                    "socket.timeout.ms",
                    timeout.as_millis().min(60_000).to_string(),
                );
        }
        let producer: BaseProducer<Deliveries> = client
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
        if !plain {
            producer
                .init_transactions(timeout)
                .map_err(Error::kafka("taking over a lane's transactional id"))?;
        }
        Ok(Transactions {
            producer,
            failed,
            timeout,
            plain,
        })
    }

    /// Runs one transaction: `write` sends what belongs into it, then the offsets go in, then it
    /// commits.
    pub(crate) fn run<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        offsets: &TopicPartitionList,
        group: &ConsumerGroupMetadata,
        write: impl FnOnce(&Writer<'_>) -> Result<(), KafkaError>,
    ) -> Result<(), Failure> {
        let writer = Writer {
            producer: &self.producer,
            deadline: Instant::now() + self.timeout,
        };
        let steps = || {
            if self.plain {
                write(&writer)?;
                drain(&self.producer, self.timeout);
                return consumer.commit(offsets, CommitMode::Sync);
            }
            self.producer.begin_transaction()?;
            failpoint("lane.begun");
            write(&writer)?;
            failpoint("lane.state");
            self.producer
                .send_offsets_to_transaction(offsets, group, self.timeout)?;
            failpoint("lane.offsets");
            drain(&self.producer, self.timeout);
            failpoint("lane.drained");
            self.producer.commit_transaction(self.timeout)
        };
        match steps() {
            Ok(()) if !self.failed.load(Ordering::Relaxed) => Ok(()),
            Ok(()) => Err(Failure::Unknown(KafkaError::Canceled)),
            Err(error) if is_lost(&error) => Err(Failure::Lost),
            Err(error) => Err(Failure::Unknown(error)),
        }
    }
}

/// Sends into the open transaction.
pub(crate) struct Writer<'a> {
    producer: &'a BaseProducer<Deliveries>,
    deadline: Instant,
}

impl Writer<'_> {
    /// Sends a record, waiting while librdkafka's queue is full.
    pub(crate) fn send<K: ToBytes + ?Sized, V: ToBytes + ?Sized>(
        &self,
        record: BaseRecord<'_, K, V>,
    ) -> Result<(), KafkaError> {
        let mut record = record;
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < self.deadline =>
                {
                    record = back;
                    self.producer.poll(Duration::ZERO);
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err((error, _)) => return Err(error),
            }
        }
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
        let kafka = broker.config();
        let config = Config {
            transaction_timeout: Duration::from_secs(1),
            ..Config::default()
        };
        assert_eq!(config.problems(), Vec::<String>::new());
        let transactions = Transactions::take_over(&kafka, &config, 0).unwrap();
        transactions.producer.begin_transaction().unwrap();
        let writer = Writer {
            producer: &transactions.producer,
            deadline: Instant::now() + config.transaction_timeout,
        };
        let topic = kafka.topics().stripped();
        let record = BaseRecord::<(), str>::to(&topic).partition(0).payload("p");
        writer.send(record).unwrap();
    }
}
