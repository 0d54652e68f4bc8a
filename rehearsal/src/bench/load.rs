//! The records that are stripped and passed through: each device uploads one, of so many events.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use kaiku_broker::{Cluster, drain, send_waiting};
use kaiku_catalogue::{Catalogue, models_and_operators};
use kaiku_ingest::Framer;
use kaiku_raw::{Consent, Device, DeviceId, EventType, Limits, RawBatch, RawEvent, StreamId};
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::send::Undelivered;

/// The most events that a record may have.
pub const MOST_EVENTS: usize = Limits::CONTRACT.events;
/// How many features, models and networks there are in use.
const FEATURES: usize = 15;
const MODELS: usize = 1_000;
const NETWORKS: usize = 200;
/// How long a record, and what is on the way at the end, may take to be delivered.
const DELIVERY: Duration = Duration::from_secs(60);
/// The longest that a broker lets a transaction stay open, as brokers are set by default.
const HELD_MILLIS: &str = "900000";
/// How often, in records, whoever waits is told how far it is.
const STEP: u64 = 1_000;

/// How many records, and how large.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Each uploads one record.
    pub devices: u64,
    /// Events of a record: a start, the uses of features, a failure, a stop; of less than four, the
    /// start, then the stop, then the failure.
    pub events: usize,
}

/// Which upload of the devices it is: all of them upload once, and then all of them once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upload {
    /// No device was heard of before.
    First,
    /// On the day behind the first; every device was heard of, and does the same once more.
    Second,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Written {
    /// Records.
    pub records: u64,
    /// Bytes of their values, before compression.
    pub bytes: u64,
}

/// Records that stand on events.raw in a transaction that is still open: nobody sees them yet.
pub struct Held(BaseProducer<Undelivered>);

impl Held {
    /// Shows all of them at once.
    ///
    /// # Errors
    /// Where the broker refuses.
    pub fn release(self) -> Result<()> {
        self.0
            .commit_transaction(DELIVERY)
            .context(
                "showing the records of the second upload (where writing them took 15 minutes, the broker has \
                 thrown them away: give fewer devices)",
            )
    }
}

impl Load {
    /// Writes the records of an upload onto events.raw, with the time of one day; `step` is told how many
    /// there are, and may put an end to it.
    ///
    /// # Errors
    /// Where the broker does not take them, or `step` says no.
    pub fn fill(
        &self,
        cluster: &Cluster,
        upload: Upload,
        step: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Written> {
        let producer = producer(cluster, None)?;
        self.write(cluster, &producer, upload, step)
    }

    /// Writes them within a transaction, and leaves it open: a group that reads what is committed begins
    /// with all of them at once when they are released.
    ///
    /// # Errors
    /// As [`Load::fill`], and where the broker lets no transaction stay open for so long.
    pub fn hold(
        &self,
        cluster: &Cluster,
        upload: Upload,
        step: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Held> {
        let id = format!("{}load", cluster.prefix());
        let producer = producer(cluster, Some(&id))?;
        producer.init_transactions(DELIVERY).context(
            "opening a transaction for the second upload (a broker whose transaction.max.timeout.ms is \
             under 15 minutes refuses it: raise that, or measure `--state cold` alone)",
        )?;
        producer
            .begin_transaction()
            .context("opening a transaction for the second upload")?;
        self.write(cluster, &producer, upload, step)?;
        Ok(Held(producer))
    }

    fn write(
        &self,
        cluster: &Cluster,
        producer: &BaseProducer<Undelivered>,
        upload: Upload,
        step: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Written> {
        let (stock, framer) = (Stock::new(self.events, upload)?, Framer::single_object());
        let (topic, millis) = (cluster.topics().raw(), stock.today.start_millis());
        // The same seed for both uploads: the same devices, which do the same.
        let mut rng = StdRng::seed_from_u64(1);
        let mut written = Written::default();
        for _ in 0..self.devices {
            let record = framer
                .batch(&stock.batch(&mut rng), stock.today)
                .map_err(|reason| anyhow!(reason.sentence()))?;
            let key = record.key().context("a record without a key")?;
            let to_send = BaseRecord::to(&topic)
                .key(key.as_slice())
                .payload(record.payload())
                .timestamp(millis);
            send_waiting(producer, to_send, Instant::now() + DELIVERY)
                .context("writing the load")?;
            written.records += 1;
            written.bytes += record.payload().len() as u64;
            if written.records % STEP == 0 {
                producer.poll(Duration::ZERO);
                step(written.records)?;
            }
        }
        settle(producer)?;
        step(written.records)?;
        Ok(written)
    }
}

/// A producer like that of the library, as far as the broker can tell.
fn producer(cluster: &Cluster, transaction: Option<&str>) -> Result<BaseProducer<Undelivered>> {
    let mut client = cluster.client("bench-load");
    client
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("compression.type", "zstd")
        .set("linger.ms", "5");
    if let Some(id) = transaction {
        client
            .set("transactional.id", id)
            .set("transaction.timeout.ms", HELD_MILLIS);
    }
    client
        .create_with_context(Undelivered::default())
        .context("making a producer")
}

/// Waits until the broker has everything that was sent.
pub(super) fn settle(producer: &BaseProducer<Undelivered>) -> Result<()> {
    drain(producer, DELIVERY);
    producer.flush(DELIVERY).context("waiting for the broker")?;
    match producer.context().first() {
        None => Ok(()),
        Some(error) => bail!("records were not taken: {error}"),
    }
}

/// What devices are made of.
struct Stock {
    /// The day of the first upload, on which every release of the sample is out, and that of this one.
    first: Day,
    today: Day,
    sequence: i64,
    events: usize,
    features: Vec<&'static str>,
    /// Brand and code.
    models: Vec<[&'static str; 2]>,
    /// mcc and mnc.
    networks: Vec<[&'static str; 2]>,
}

impl Stock {
    fn new(events: usize, upload: Upload) -> Result<Stock> {
        // A Tuesday in the middle of a month: the day behind it is of the same week and month.
        let first = Day::parse("2026-11-10")?;
        let catalogue = Catalogue::sample();
        let maps = catalogue.app("maps", first);
        let mut features: Vec<_> = catalogue.features(maps).map(|one| one.as_str()).collect();
        features.sort_unstable();
        features.truncate(FEATURES);
        let [models, networks] = models_and_operators();
        let (today, sequence) = match upload {
            Upload::First => (first, 0),
            Upload::Second => (first.next(), i64::try_from(events)?),
        };
        Ok(Stock {
            first,
            today,
            sequence,
            events,
            features,
            models: spread(first_two(models), MODELS),
            networks: spread(first_two(networks), NETWORKS),
        })
    }

    fn batch(&self, rng: &mut StdRng) -> RawBatch<'static> {
        let [brand, model] = *skewed(&self.models, rng);
        let [mcc, mnc] = *skewed(&self.networks, rng);
        RawBatch {
            device: Device {
                id: DeviceId::new(rng.random()),
                brand,
                model,
                mcc: Some(mcc),
                mnc: Some(mnc),
                country: None,
            },
            app: "maps",
            release: "4.4",
            consent: Some(Consent::new(1, self.first.minus(30))),
            stream: Some(StreamId::new(rng.random())),
            first_sequence: Some(self.sequence),
            events: self.events(rng),
            losses: Vec::new(),
        }
    }

    fn events(&self, rng: &mut StdRng) -> Vec<RawEvent<'static>> {
        let mut events = vec![RawEvent::new(EventType::Started)];
        events.extend((3..self.events).map(|_| RawEvent {
            feature: Some(self.features[rng.random_range(0..self.features.len())]),
            ..RawEvent::new(EventType::FeatureUsed)
        }));
        if self.events >= 3 {
            events.push(RawEvent {
                cause: Some("network.timeout"),
                component: Some("tiles"),
                ..RawEvent::new(EventType::Failed)
            });
        }
        if self.events >= 2 {
            events.push(RawEvent {
                duration_s: Some(rng.random_range(5..2_000)),
                ..RawEvent::new(EventType::Stopped)
            });
        }
        events
    }
}

/// The first two fields of each row of a table, quoted rows left out.
fn first_two(table: &'static str) -> Vec<[&'static str; 2]> {
    let rows = table.lines().skip(1).filter(|row| !row.contains('"'));
    rows.filter_map(|row| {
        let mut fields = row.split(',');
        Some([fields.next()?, fields.next()?])
    })
    .collect()
}

/// So many of them, from everywhere in the table.
fn spread<T>(all: Vec<T>, most: usize) -> Vec<T> {
    let step = (all.len() / most).max(1);
    all.into_iter().step_by(step).take(most).collect()
}

/// Some are had by many: half of the devices have the first quarter.
fn skewed<'a, T>(all: &'a [T], rng: &mut StdRng) -> &'a T {
    let most = rng.random_range(0..all.len());
    &all[rng.random_range(0..=most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(events: usize, upload: Upload) -> Vec<RawBatch<'static>> {
        let stock = Stock::new(events, upload).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        (0..20).map(|_| stock.batch(&mut rng)).collect()
    }

    #[test]
    fn a_record_has_as_many_events_as_were_asked_for_and_is_valid() {
        for events in [1, 2, 3, 4, 10, 40, MOST_EVENTS] {
            for upload in [Upload::First, Upload::Second] {
                let today = Stock::new(events, upload).unwrap().today;
                for batch in batches(events, upload) {
                    assert_eq!(batch.events.len(), events);
                    assert!(Framer::single_object().batch(&batch, today).is_ok());
                }
            }
        }
    }

    #[test]
    fn the_second_upload_is_of_the_same_devices_and_begins_where_the_first_has_ended() {
        let (first, second) = (batches(10, Upload::First), batches(10, Upload::Second));
        for (before, behind) in first.iter().zip(&second) {
            assert_eq!(before.device.id.as_bytes(), behind.device.id.as_bytes());
            assert_eq!(before.first_sequence, Some(0));
            assert_eq!(behind.first_sequence, Some(10));
        }
    }
}
