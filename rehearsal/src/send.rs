//! Sends what a fleet uploads onto events.raw, each record with the time that it is given.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use futures::executor::block_on;
use kaiku_broker::{Cluster, TopicsConfig, send_waiting};
use kaiku_fleet::{Garbage, Route, Upload, What};
use kaiku_ingest::{Config, Delivery, Encoded, Framer, Producer};
use kaiku_wire::Day;
use rdkafka::client::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer as _, ProducerContext};

use crate::door::{Door, Time, Whole};

/// How long everything that was sent may take to be delivered.
const DELIVERY: Duration = Duration::from_secs(60);
/// Deliveries that are waited for at once.
const WATCHED: usize = 4096;

/// Why records were not delivered.
#[derive(Default)]
pub(crate) struct Undelivered(Mutex<Vec<KafkaError>>);

impl Undelivered {
    /// Why the first of them was not.
    pub(crate) fn first(&self) -> Option<KafkaError> {
        let errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        errors.first().cloned()
    }
}

impl ClientContext for Undelivered {}

impl ProducerContext for Undelivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            errors.push(error.clone());
        }
    }
}

/// Everything that uploads go through: the producer library, a gateway where there is one, and a
/// plain producer for what the library would refuse.
pub struct Sender {
    /// In what framing records are written.
    pub framer: Framer,
    library: Producer,
    bare: BaseProducer<Undelivered>,
    door: Option<(Door, Time)>,
    topic: String,
    /// Records of each raw partition, ticks included.
    sent: Vec<i64>,
    deliveries: VecDeque<Delivery>,
    records: u64,
}

impl Sender {
    /// A sender onto topics on which history can be replayed.
    ///
    /// # Errors
    /// Where there is no producer to be had.
    pub fn onto(cluster: &Cluster, partitions: i32) -> Result<Sender> {
        let replay = TopicsConfig {
            replay: true,
            ..TopicsConfig::default()
        };
        let library = Producer::start_on(cluster, &replay, None, &Config::default())
            .context("starting the producer library")?;
        let bare = cluster
            .client("rehearsal")
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("compression.type", "zstd")
            .set("linger.ms", "5")
            .create_with_context(Undelivered::default())
            .context("making a producer")?;
        Ok(Sender {
            framer: Framer::single_object(),
            library,
            bare,
            door: None,
            topic: cluster.topics().raw(),
            sent: vec![0; usize::try_from(partitions).unwrap_or(0)],
            deliveries: VecDeque::new(),
            records: 0,
        })
    }

    /// The producer library, for a gateway that is to share it.
    pub fn library(&self) -> &Producer {
        &self.library
    }

    /// Sends uploads whose route is the gateway through this door; its gateway gives records the
    /// time that is set here.
    pub fn through(&mut self, door: Door, time: Time) {
        self.door = Some((door, time));
    }

    /// Records that were sent, ticks left out.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Records of each raw partition, ticks included; those under a key that was sent as bytes
    /// left out.
    pub fn sent(&self) -> &[i64] {
        &self.sent
    }

    /// Sends an upload that was made on the day of its record.
    ///
    /// # Errors
    /// Where it is not valid, or was not taken.
    pub fn upload(&mut self, upload: &Upload, millis: i64) -> Result<()> {
        self.upload_on(upload, Day::from_millis(millis), millis)
    }

    /// The same, of a device whose day may be another than that of the record's time.
    ///
    /// # Errors
    /// As [`Sender::upload`].
    pub fn upload_on(&mut self, upload: &Upload, day: Day, millis: i64) -> Result<()> {
        self.upload_shown(upload, day, millis, &mut |_| {})
    }

    /// The same; `look` is shown the bytes of a batch.
    ///
    /// # Errors
    /// As [`Sender::upload`].
    pub fn upload_shown(
        &mut self,
        upload: &Upload,
        day: Day,
        millis: i64,
        look: &mut dyn FnMut(&[u8]),
    ) -> Result<()> {
        self.records += 1;
        self.count(upload.partition(self.partitions()));
        if let Some((_, time)) = &self.door {
            time.store(millis, Ordering::Relaxed);
        }
        let invalid = |reason: kaiku_ingest::Reason| anyhow!(reason.sentence());
        match (&upload.what, upload.route, &self.door) {
            (What::Garbage(garbage), ..) => self.garbage(garbage, millis),
            (What::Forget(forget), Route::Gateway, Some((door, _))) => {
                door.forget(upload.device, forget)
            }
            (What::Forget(forget), ..) => {
                let record = self.framer.forget(forget).map_err(invalid)?;
                self.send(record.at(millis))
            }
            (What::Batch(batch) | What::Duplicate(batch), route, door) => {
                let record = self.framer.batch(batch, day).map_err(invalid);
                let record = record.context("an upload of the fleet is not valid")?;
                look(record.payload());
                match (route, door) {
                    (Route::Gateway, Some((door, _))) => door.batch(upload.device, &record),
                    _ => self.send(record.at(millis)),
                }
            }
        }
    }

    /// Has a device's own library make a request at the gateway, and waits for its status. What it
    /// becomes on Kafka is `upload`.
    ///
    /// # Errors
    /// Where there is no gateway, or no answer.
    pub fn exchange(&mut self, upload: &Upload, request: Whole, millis: i64) -> Result<u16> {
        let (door, time) = self.door.as_ref().context("there is no gateway")?;
        time.store(millis, Ordering::Relaxed);
        let status = door.exchange(upload.device, request)?;
        if status == 202 {
            self.records += 1;
            self.count(upload.partition(self.partitions()));
        }
        Ok(status)
    }

    /// Sends bytes under a key, to its own partition or to one that is named.
    ///
    /// # Errors
    /// Where they were not taken.
    pub fn bytes(
        &mut self,
        key: &[u8],
        value: &[u8],
        partition: Option<i32>,
        millis: i64,
    ) -> Result<()> {
        self.records += 1;
        self.put(key, value, partition, millis)
    }

    /// Closes every day before `day`, on every partition, once everything before is delivered.
    ///
    /// # Errors
    /// Where something was not delivered.
    pub fn tick(&mut self, day: Day) -> Result<()> {
        self.flush()?;
        let millis = day.start_millis();
        if let Some((_, time)) = &self.door {
            time.store(millis, Ordering::Relaxed);
        }
        for partition in 0..self.partitions() {
            let tick = self.framer.tick(partition);
            let tick = tick.map_err(|reason| anyhow!(reason.sentence()))?;
            self.count(partition);
            self.send(tick.at(millis)).context("closing a day")?;
        }
        self.flush()
    }

    /// Waits until the broker has everything.
    ///
    /// # Errors
    /// Where something was not delivered.
    pub fn flush(&mut self) -> Result<()> {
        if let Some((door, _)) = &mut self.door {
            door.flush()?;
        }
        while !self.deliveries.is_empty() {
            self.await_first()?;
        }
        self.bare
            .flush(DELIVERY)
            .context("waiting for the broker")?;
        match self.bare.context().first() {
            None => Ok(()),
            Some(error) => bail!("records were not taken: {error}"),
        }
    }

    /// Delivers what is on the way, and sends no more.
    ///
    /// # Errors
    /// Where something was not delivered.
    pub fn close(mut self) -> Result<()> {
        self.flush()?;
        block_on(self.library.close(DELIVERY)).context("ending the producer library")
    }

    fn partitions(&self) -> i32 {
        i32::try_from(self.sent.len()).unwrap_or(i32::MAX)
    }

    fn count(&mut self, partition: i32) {
        let index = usize::try_from(partition).ok();
        if let Some(sent) = index.and_then(|index| self.sent.get_mut(index)) {
            *sent += 1;
        }
    }

    fn send(&mut self, record: Encoded) -> Result<()> {
        let delivery = block_on(self.library.send_encoded(record)).context("sending")?;
        self.deliveries.push_back(delivery);
        if self.deliveries.len() > WATCHED {
            self.await_first()?;
        }
        Ok(())
    }

    fn garbage(&self, garbage: &Garbage, millis: i64) -> Result<()> {
        let partition = Some(garbage.partition);
        self.put(&garbage.key, &garbage.bytes, partition, millis)
    }

    fn put(&self, key: &[u8], value: &[u8], partition: Option<i32>, millis: i64) -> Result<()> {
        let mut record = BaseRecord::to(&self.topic)
            .key(key)
            .payload(value)
            .timestamp(millis);
        if let Some(partition) = partition {
            record = record.partition(partition);
        }
        send_waiting(&self.bare, record, Instant::now() + DELIVERY)
            .context("sending past the producer library")?;
        self.bare.poll(Duration::ZERO);
        Ok(())
    }

    fn await_first(&mut self) -> Result<()> {
        match self.deliveries.pop_front() {
            Some(delivery) => block_on(delivery).context("delivering a record"),
            None => Ok(()),
        }
    }
}
