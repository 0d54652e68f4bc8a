//! What the simulated devices send, on the days on which they would have sent it.

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures::executor::block_on;
use kaiku_broker::KafkaConfig;
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, Garbage, Truth, Upload, What};
use kaiku_ingest::{Config, Delivery, Encoded, Producer};
use kaiku_wire::Day;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};

use super::report::Found;

/// How long everything of a day may take to be delivered once it is sent.
const DELIVERY: Duration = Duration::from_secs(60);
/// Deliveries that are waited for at once.
const WATCHED: usize = 4096;
/// Milliseconds between two uploads of a day; 20 million uploads fit into one.
const STEP: i64 = 4;

/// What was sent.
pub(super) struct Sent<'a> {
    pub(super) truth: Truth<'a>,
    records: u64,
}

impl Found for Sent<'_> {
    fn text(&self) -> String {
        let totals = self.truth.totals();
        format!(
            "{} records, {} events of {} devices",
            self.records,
            totals.events,
            self.truth.devices()
        )
    }
}

/// Sends every day of a fleet, each record with the time of its day, and closes each day on every
/// partition by a tick of the next one.
///
/// # Errors
/// Where a record is not delivered.
pub(super) fn replay<'a>(
    kafka: &KafkaConfig,
    config: FleetConfig,
    last_day: Day,
    catalogue: &'a Catalogue,
) -> Result<Sent<'a>> {
    let partitions = config.partitions;
    let mut day = config.first_day;
    let mut fleet = Fleet::new(config, catalogue);
    let mut sender = Sender::start(kafka)?;
    let mut truth = Truth::new(catalogue, partitions);
    while day <= last_day {
        let mut millis = day.start_millis();
        for upload in fleet.day(day) {
            millis += STEP;
            truth.sent(&upload, day);
            sender
                .send(&upload, millis)
                .context("sending what a device uploads")?;
        }
        sender.finish_day()?;
        day = day.next();
        for partition in 0..partitions {
            sender.tick(partition, day.start_millis())?;
        }
    }
    sender.finish_day()?;
    block_on(sender.producer.close(DELIVERY))?;
    Ok(Sent {
        truth,
        records: sender.records,
    })
}

struct Sender {
    producer: Producer,
    /// For what no library would send.
    raw: BaseProducer,
    topic: String,
    waiting: VecDeque<Delivery>,
    records: u64,
}

impl Sender {
    fn start(kafka: &KafkaConfig) -> Result<Sender> {
        let config = Config {
            replay: true,
            ..Config::default()
        };
        let producer = Producer::start(kafka, None, &config).context("starting the producer")?;
        let mut client = kafka.client_config("selftest")?;
        client
            .set("acks", "all")
            .set("partitioner", "murmur2_random");
        let raw = client
            .create()
            .context("making a producer for what must be rejected")?;
        let topic = kafka.topics().raw();
        Ok(Sender {
            producer,
            raw,
            topic,
            waiting: VecDeque::new(),
            records: 0,
        })
    }

    fn send(&mut self, upload: &Upload, millis: i64) -> Result<()> {
        let refused = |reason: kaiku_ingest::Reason| anyhow!(reason.sentence());
        let record = match &upload.what {
            What::Batch(batch) | What::Duplicate(batch) => {
                self.producer.encode_at(batch, millis).map_err(refused)?
            }
            What::Forget(forget) => self
                .producer
                .framer()
                .forget(forget)
                .map_err(refused)?
                .at(millis),
            What::Garbage(garbage) => return self.send_garbage(garbage, millis),
        };
        self.enqueue(record)
    }

    fn tick(&mut self, partition: i32, millis: i64) -> Result<()> {
        let tick = self.producer.framer().tick(partition);
        let tick = tick.map_err(|reason| anyhow!(reason.sentence()))?;
        self.enqueue(tick.at(millis)).context("closing a day")
    }

    fn enqueue(&mut self, record: Encoded) -> Result<()> {
        self.records += 1;
        self.waiting
            .push_back(block_on(self.producer.send_encoded(record))?);
        if self.waiting.len() > WATCHED {
            self.wait_for_first()?;
        }
        Ok(())
    }

    fn send_garbage(&mut self, garbage: &Garbage, millis: i64) -> Result<()> {
        self.records += 1;
        let record = BaseRecord::to(&self.topic)
            .key(&garbage.key)
            .partition(garbage.partition)
            .payload(&garbage.bytes)
            .timestamp(millis);
        self.raw
            .send(record)
            .map_err(|(error, _)| error)
            .context("sending what must be rejected")?;
        self.raw.poll(Duration::ZERO);
        Ok(())
    }

    /// Waits until everything that was sent is confirmed: what comes next closes the day.
    fn finish_day(&mut self) -> Result<()> {
        while !self.waiting.is_empty() {
            self.wait_for_first()?;
        }
        self.raw
            .flush(DELIVERY)
            .context("delivering what must be rejected")
    }

    fn wait_for_first(&mut self) -> Result<()> {
        match self.waiting.pop_front() {
            Some(delivery) => block_on(delivery).context("delivering a record"),
            None => Ok(()),
        }
    }
}
