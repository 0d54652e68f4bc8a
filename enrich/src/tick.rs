//! Asking the broker for the time: a `Tick` on a raw partition where nothing else comes, so that
//! the broker's clock is the only one by which a day closes.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kaiku_broker::{Cluster, Noting, drain};
use kaiku_raw::Encoder;
use kaiku_stage::failpoint;
use rdkafka::producer::{BaseProducer, BaseRecord};

use crate::error::Error;

const PATIENCE: Duration = Duration::from_secs(5);

/// Appends ticks to the raw topic, outside of any transaction.
pub(crate) struct Ticker {
    producer: Mutex<BaseProducer<Noting>>,
    topic: String,
    record: Vec<u8>,
}

impl Ticker {
    pub(crate) fn new(cluster: &Cluster) -> Result<Ticker, Error> {
        let producer = cluster
            .client("tick")
            .set("enable.idempotence", "true")
            .set("message.timeout.ms", "30000")
            .create_with_context(Noting("tick"))
            .map_err(Error::kafka("making the producer of ticks"))?;
        let mut record = Vec::new();
        // Unwrap safety: a record without fields can always be encoded; without it, an empty
        // record would be rejected as no Avro, and move the day all the same.
        let _ = Encoder::single_object().tick(&mut record);
        Ok(Ticker {
            producer: Mutex::new(producer),
            topic: cluster.topics().raw(),
            record,
        })
    }

    /// Sends a tick. Where it gets lost, the next one will do.
    pub(crate) fn tick(&self, partition: i32) {
        let producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        let record = BaseRecord::<(), _>::to(&self.topic)
            .partition(partition)
            .payload(&self.record);
        match producer.send(record) {
            Ok(()) => {
                let sent = drain(&*producer, PATIENCE);
                failpoint("tick.sent");
                tracing::debug!(partition, sent, "asked the broker for the time");
            }
            Err((error, _)) => tracing::warn!(partition, %error, "a tick was not sent"),
        }
    }
}
