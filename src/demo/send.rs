//! Sends what the fleet uploads, each upload its own way, no faster than the stages take it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::executor::block_on;
use kaiku_broker::KafkaConfig;
use kaiku_fleet::{DayUploads, Forget, Garbage, Route, Truth, Upload, What};
use kaiku_ingest::{Delivery, Encoded, Producer};
use kaiku_wire::Day;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::bars::Bars;
use super::door::{Door, Time};
use super::needles::Control;
use super::stages::Stages;
use super::tap::Tap;

/// After how many uploads it is looked whether the stages follow.
const LOOK: usize = 200;
const DAY_MS: i64 = 86_400_000;
const LAST: Duration = Duration::from_secs(30);

/// Everything that uploads go through, and what is known of them.
pub(crate) struct Sender<'a> {
    pub(crate) truth: Truth<'a>,
    producer: Producer,
    /// Past the producer library, for what it would refuse.
    bare: BaseProducer,
    door: Door,
    topic: String,
    time: Time,
    partitions: i32,
    /// Records of each raw partition.
    sent: Vec<i64>,
    deliveries: Vec<Delivery>,
    uploads_a_day: i64,
    /// The search for identifiers, tried where they must be: in what is sent on the first day.
    pub(crate) control: Control,
}

impl<'a> Sender<'a> {
    /// A sender that has sent nothing.
    ///
    /// # Errors
    /// Where there is no producer to be had.
    pub(crate) fn new(
        kafka: &KafkaConfig,
        truth: Truth<'a>,
        ways: (Producer, Door),
        (partitions, devices): (i32, u32),
        time: Time,
        control: Control,
    ) -> Result<Sender<'a>> {
        let bare = kafka
            .client_config("demo")?
            .create()
            .context("making a producer")?;
        let (producer, door) = ways;
        Ok(Sender {
            truth,
            producer,
            bare,
            door,
            topic: kafka.topics().raw(),
            time,
            partitions,
            sent: vec![0; usize::try_from(partitions).unwrap_or(0)],
            deliveries: Vec::new(),
            uploads_a_day: i64::from(devices).max(1) * 2,
            control,
        })
    }

    /// Sends all uploads of a day, waits until the broker has them, and closes the day.
    ///
    /// # Errors
    /// Where something was not taken, or a stage has failed.
    pub(crate) fn day(
        &mut self,
        day: Day,
        uploads: DayUploads<'_>,
        stages: &mut Stages,
        tap: &Tap,
        bars: &Bars,
    ) -> Result<()> {
        for (number, upload) in uploads.enumerate() {
            let of_day = i64::try_from(number).unwrap_or(0) * DAY_MS / self.uploads_a_day;
            let millis = day.start_millis() + of_day.min(DAY_MS - 1);
            self.time.store(millis, Ordering::Relaxed);
            self.upload(&upload, day, millis)?;
            if number % LOOK == 0 {
                let events = self.truth.totals().accepted;
                stages.pace(&self.sent, events, tap)?;
                bars.show(stages, self.truth.totals());
            }
        }
        self.door.flush()?;
        self.delivered()?;
        self.control.stop();
        // A day is closed by the first record of a later one.
        let midnight = day.next().start_millis();
        self.time.store(midnight, Ordering::Relaxed);
        for partition in 0..self.partitions {
            let tick = self.producer.framer().tick(partition);
            let tick = tick.map_err(|reason| anyhow!(reason.sentence()))?;
            self.send(tick.at(midnight))?;
        }
        self.sent.iter_mut().for_each(|sent| *sent += 1);
        self.delivered()
    }

    fn upload(&mut self, upload: &Upload, day: Day, millis: i64) -> Result<()> {
        self.truth.sent(upload, day);
        let partition = usize::try_from(upload.partition(self.partitions)).ok();
        if let Some(sent) = partition.and_then(|partition| self.sent.get_mut(partition)) {
            *sent += 1;
        }
        match (&upload.what, upload.route) {
            (What::Garbage(garbage), _) => self.garbage(garbage, millis),
            (What::Forget(forget), Route::Gateway) => self.door.forget(upload.device, forget),
            (What::Forget(forget), _) => self.forget(forget, millis),
            (What::Batch(batch) | What::Duplicate(batch), route) => {
                let record = self.producer.encode_at(batch, millis);
                let record = record.map_err(|reason| anyhow!(reason.sentence()));
                let record = record.context("an upload of the fleet is not valid")?;
                if self.control.is_running() {
                    self.control.look(record.payload());
                }
                match route {
                    Route::Gateway => self.door.batch(upload.device, &record),
                    Route::Library | Route::Raw => self.send(record),
                }
            }
        }
    }

    fn forget(&mut self, forget: &Forget<'_>, millis: i64) -> Result<()> {
        let record = self.producer.framer().forget(forget);
        let record = record.map_err(|reason| anyhow!(reason.sentence()))?;
        self.send(record.at(millis))
    }

    fn send(&mut self, record: Encoded) -> Result<()> {
        self.deliveries
            .push(block_on(self.producer.send_encoded(record)).context("sending")?);
        Ok(())
    }

    fn garbage(&mut self, garbage: &Garbage, millis: i64) -> Result<()> {
        let record = BaseRecord::to(&self.topic)
            .partition(garbage.partition)
            .key(&garbage.key[..])
            .payload(&garbage.bytes[..])
            .timestamp(millis);
        self.bare
            .send(record)
            .map_err(|(error, _)| error)
            .context("sending garbage")?;
        self.bare.poll(Duration::ZERO);
        Ok(())
    }

    /// Waits until the broker has everything.
    fn delivered(&mut self) -> Result<()> {
        for delivery in self.deliveries.drain(..) {
            block_on(delivery).context("waiting for the broker")?;
        }
        self.bare.flush(LAST).context("waiting for the broker")
    }
}
