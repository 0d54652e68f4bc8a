//! The records that are stripped and passed through: one a device, each of ten events.

use kaiku_broker::Cluster;
use kaiku_catalogue::Catalogue;
use kaiku_ingest::Framer;
use kaiku_raw::{Consent, Device, DeviceId, EventType, RawBatch, RawEvent, StreamId};
use kaiku_rehearsal::Sender;
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::Size;

/// Events in a record: one start, the uses of features, one failure, one stop.
pub(crate) const EVENTS: u64 = 10;
const USES: usize = 7;
/// How many features, models and networks there are in use.
const FEATURES: usize = 15;
const MODELS: usize = 1_000;
const NETWORKS: usize = 200;

/// What was written.
pub(crate) struct Load {
    pub(crate) records: u64,
    /// Bytes of their values.
    pub(crate) bytes: u64,
}

impl Load {
    pub(crate) fn events(&self) -> u64 {
        self.records * EVENTS
    }
}

/// What devices are made of.
struct Stock {
    day: Day,
    features: Vec<&'static str>,
    /// Brand and code.
    models: Vec<[&'static str; 2]>,
    /// mcc and mnc.
    networks: Vec<[&'static str; 2]>,
}

impl Stock {
    fn new() -> Stock {
        // A day of the past on which every release of the sample is out.
        let day = Day::parse("2026-11-10").unwrap();
        let catalogue = Catalogue::sample();
        let maps = catalogue.app("maps", day);
        let mut features: Vec<_> = catalogue.features(maps).map(|one| one.as_str()).collect();
        features.sort_unstable();
        features.truncate(FEATURES);
        Stock {
            day,
            features,
            models: spread(
                first_two(include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/schemas/catalogue/reference/models.csv"
                ))),
                MODELS,
            ),
            networks: spread(
                first_two(include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/schemas/catalogue/reference/operators.csv"
                ))),
                NETWORKS,
            ),
        }
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
            consent: Some(Consent::new(1, self.day.minus(30))),
            stream: Some(StreamId::new(rng.random())),
            first_sequence: Some(0),
            events: self.events(rng),
            losses: Vec::new(),
        }
    }

    fn events(&self, rng: &mut StdRng) -> Vec<RawEvent<'static>> {
        let mut events = vec![RawEvent::new(EventType::Started)];
        events.extend((0..USES).map(|_| RawEvent {
            feature: Some(self.features[rng.random_range(0..self.features.len())]),
            ..RawEvent::new(EventType::FeatureUsed)
        }));
        events.push(RawEvent {
            cause: Some("network.timeout"),
            component: Some("tiles"),
            ..RawEvent::new(EventType::Failed)
        });
        events.push(RawEvent {
            duration_s: Some(rng.random_range(5..2_000)),
            ..RawEvent::new(EventType::Stopped)
        });
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

/// Writes the records onto events.raw, as the producer library would, with the time of one day.
pub(crate) fn fill(kafka: &Cluster, size: Size) -> Load {
    let mut sender = Sender::onto(kafka, size.partitions).unwrap();
    let (stock, framer) = (Stock::new(), Framer::single_object());
    let mut rng = StdRng::seed_from_u64(1);
    let mut load = Load {
        records: 0,
        bytes: 0,
    };
    let millis = stock.day.start_millis();
    for _ in 0..size.devices {
        let record = framer.batch(&stock.batch(&mut rng), stock.day).unwrap();
        load.records += 1;
        load.bytes += record.payload().len() as u64;
        let key = record.key().unwrap();
        sender.bytes(key, record.payload(), None, millis).unwrap();
    }
    sender.flush().unwrap();
    load
}
