//! Asking the broker for the time: a `Tick` on a raw partition where nothing else comes, so that
//! the broker's clock is the only one by which a day closes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kaiku_broker::{Cluster, Noting};
use kaiku_raw::Encoder;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::error::Error;

/// Appends ticks to the raw topic, outside of any transaction.
pub(crate) struct Ticker {
    cluster: Cluster,
    producer: Mutex<BaseProducer<Noting>>,
    topic: String,
    record: Vec<u8>,
}

impl Ticker {
    pub(crate) fn new(cluster: &Cluster) -> Result<Ticker, Error> {
        let producer = producer(cluster)?;
        let mut record = Vec::new();
        // Unwrap safety: a record without fields can always be encoded; without it, an empty
        // record would be rejected as no Avro, and move the day all the same.
        let _ = Encoder::single_object().tick(&mut record);
        Ok(Ticker {
            cluster: cluster.clone(),
            producer: Mutex::new(producer),
            topic: cluster.topics().raw(),
            record,
        })
    }

    /// Sends a tick, and waits for no answer: the lanes share one producer, and a broker that is away
    /// would have them wait one after the other. Where it gets lost, the next one will do.
    pub(crate) fn tick(&self, partition: i32) {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        // After a fatal error librdkafka takes nothing any more, for ever.
        if producer.client().fatal_error().is_some() {
            match self::producer(&self.cluster) {
                Ok(fresh) => *producer = fresh,
                Err(error) => return tracing::warn!(partition, %error, "a tick was not sent"),
            }
        }
        // What became of those before.
        producer.poll(Duration::ZERO);
        let record = BaseRecord::<(), _>::to(&self.topic)
            .partition(partition)
            .payload(&self.record);
        match producer.send(record) {
            Ok(()) => tracing::debug!(partition, "asking the broker for the time"),
            Err((error, _)) => tracing::warn!(partition, %error, "a tick was not sent"),
        }
    }
}

fn producer(cluster: &Cluster) -> Result<BaseProducer<Noting>, Error> {
    cluster
        .client("tick")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "30000")
        .create_with_context(Noting("tick"))
        .map_err(Error::kafka("making the producer of ticks"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Instant;

    use kaiku_broker::KafkaConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// Waits until something holds.
    fn await_that(mut holds: impl FnMut() -> bool) {
        let until = Instant::now() + 4 * PATIENCE;
        while !holds() {
            assert!(Instant::now() < until, "in vain");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn the_broker_is_asked_for_the_time_again_after_an_error_that_has_killed_the_producer() {
        let mock = MockCluster::new(1).unwrap();
        let cluster = Cluster::new(&KafkaConfig::at(&mock.bootstrap_servers())).unwrap();
        let topic = cluster.topics().raw();
        mock.create_topic(&topic, 1, 1).unwrap();
        let ticker = Ticker::new(&cluster).unwrap();
        let consumer: BaseConsumer = cluster.client("test").create().unwrap();
        let ticks = || consumer.fetch_watermarks(&topic, 0, PATIENCE).unwrap().1;
        ticker.tick(0);
        await_that(|| ticks() == 1);
        mock.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
        );
        ticker.tick(0);
        let has_died = || {
            let producer = ticker.producer.lock().unwrap();
            producer.client().fatal_error().is_some()
        };
        await_that(has_died);
        mock.clear_request_errors(RDKafkaApiKey::Produce);
        ticker.tick(0);
        await_that(|| ticks() == 2);
    }
    #[test]
    fn many_lanes_that_ask_a_broker_which_takes_its_time_wait_for_none_of_its_answers() {
        let mock = MockCluster::new(1).unwrap();
        let cluster = Cluster::new(&KafkaConfig::at(&mock.bootstrap_servers())).unwrap();
        let topic = cluster.topics().raw();
        mock.create_topic(&topic, 20, 1).unwrap();
        let ticker = Ticker::new(&cluster).unwrap();
        ticker.tick(0);
        mock.broker_round_trip_time(1, Duration::from_secs(2))
            .unwrap();
        let begun = Instant::now();
        for partition in 0..20 {
            ticker.tick(partition);
        }
        assert!(begun.elapsed() < Duration::from_secs(3));
        mock.broker_round_trip_time(1, Duration::ZERO).unwrap();
        let consumer: BaseConsumer = cluster.client("test").create().unwrap();
        let asked = |partition| consumer.fetch_watermarks(&topic, partition, PATIENCE);
        for partition in 1..20 {
            await_that(|| asked(partition).unwrap().1 == 1);
        }
    }
}
