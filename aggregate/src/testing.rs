//! Helpers of the unit tests: stripped records, stores, logs and sealers.
#![allow(clippy::unwrap_used)]

use std::path::Path as FsPath;
use std::sync::Arc;

use kaiku_release::Policy;
use kaiku_stage::RandomSource;
use kaiku_stripped::{NONE, schemas};
use kaiku_wire::frame::Framing;
use kaiku_wire::{BOUNDS, Day, Incident, KindName, Mark, Schema, codec};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_avro_fast::ser::SerializerConfig;

use crate::landing::lane::{Failure, Lane, Took};
use crate::landing::{Appended, Definitions, Log};
use crate::rollups::{Chain, Rollups, Signer};
use crate::seal::{Sealer, Vocabulary};
use crate::store::Landing;

/// One stripped event.
#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) app: &'static str,
    pub(crate) release: &'static str,
    pub(crate) kind: KindName,
    pub(crate) item: &'static str,
    pub(crate) country: &'static str,
    pub(crate) times: i32,
    pub(crate) marks: Vec<Mark>,
}

impl Event {
    /// The same event as another kind.
    pub(crate) fn of_kind(self, kind: KindName) -> Event {
        Event { kind, ..self }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("app", self.app)?;
        map.serialize_entry("release", self.release)?;
        map.serialize_entry("kind", self.kind.as_str())?;
        map.serialize_entry("item", self.item)?;
        map.serialize_entry("component", NONE)?;
        map.serialize_entry("model", "Nokia/TA-1053")?;
        map.serialize_entry("operator", "unlisted")?;
        map.serialize_entry("country", self.country)?;
        map.serialize_entry("duration_bucket", NONE)?;
        map.serialize_entry("times", &self.times)?;
        for mark in Mark::of_events() {
            map.serialize_entry(mark.as_str(), &self.marks.contains(&mark))?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Batch {
    day: i32,
    week: i32,
    bounds: i32,
    events: Vec<Event>,
}

#[derive(Serialize)]
struct Pairs {
    day: i32,
    week: i32,
    bounds: i32,
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    app: &'static str,
    a: &'static str,
    b: &'static str,
}

#[derive(Serialize)]
struct Closed {
    day: i32,
    incidents: Vec<&'static str>,
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn used(app: &'static str, item: &'static str, marks: &[Mark]) -> Event {
    Event {
        app,
        release: "4.2",
        kind: KindName::FeatureUsed,
        item,
        country: "FI",
        times: 1,
        marks: marks.to_vec(),
    }
}

pub(crate) fn events(day: Day, events: Vec<Event>) -> Vec<u8> {
    events_under(BOUNDS.version, day, events)
}

/// Events that were marked under a version of the bounds.
pub(crate) fn events_under(version: u32, day: Day, events: Vec<Event>) -> Vec<u8> {
    let batch = Batch {
        day: day.days_since_epoch(),
        week: day.week().monday().days_since_epoch(),
        bounds: i32::try_from(version).unwrap(),
        events,
    };
    record(&schemas::STRIPPED_BATCH, &batch)
}

pub(crate) fn pair(day: Day, app: &'static str, a: &'static str, b: &'static str) -> Vec<u8> {
    let batch = Pairs {
        day: day.days_since_epoch(),
        week: day.week().monday().days_since_epoch(),
        bounds: i32::try_from(BOUNDS.version).unwrap(),
        pairs: vec![Pair { app, a, b }],
    };
    record(&schemas::PAIR_BATCH, &batch)
}

pub(crate) fn closed(day: Day) -> Vec<u8> {
    closed_after(day, &[])
}

/// A closed day on which something happened.
pub(crate) fn closed_after(day: Day, incidents: &[Incident]) -> Vec<u8> {
    let closed = Closed {
        day: day.days_since_epoch(),
        incidents: incidents.iter().map(|one| one.as_str()).collect(),
    };
    record(&schemas::DAY_CLOSED, &closed)
}

fn record(schema: &'static Schema, value: &impl Serialize) -> Vec<u8> {
    let mut config = SerializerConfig::new(schema.parsed());
    config.allow_slow_sequence_to_bytes();
    let mut out = Vec::new();
    let framing = Framing::SingleObject(schema.fingerprint());
    codec::write(&mut out, framing, value, &mut config).unwrap();
    out
}

/// A day of `devices` devices, each of which starts an app and uses a feature of it.
pub(crate) fn fleet(day: Day, app: &'static str, devices: usize) -> Vec<u8> {
    let first = [
        Mark::FirstAppDay,
        Mark::FirstReleaseDay,
        Mark::FirstItemDay,
        Mark::FirstAppWeek,
        Mark::FirstItemWeek,
    ];
    events(day, vec![used(app, "route.bicycle", &first); devices])
}

pub(crate) fn landing(folder: &FsPath) -> Landing {
    Landing::open(folder.join("landing").to_str().unwrap(), None).unwrap()
}

pub(crate) fn rollups(folder: &FsPath) -> Rollups {
    Rollups::open(folder.join("rollups").to_str().unwrap(), None).unwrap()
}

pub(crate) async fn log(folder: &FsPath, partition: i32) -> Arc<Log> {
    let log = Log::open(landing(folder), SOURCE.to_owned(), partition);
    Arc::new(log.await.unwrap())
}

/// The topic of all tests.
const SOURCE: &str = "the topic of the tests";

/// A lane that takes records one after the other, at the offsets that follow.
pub(crate) struct Hand {
    pub(crate) lane: Lane,
}

impl Hand {
    pub(crate) fn new(log: &Arc<Log>) -> Hand {
        Hand {
            lane: Lane::new(Arc::clone(log), Definitions::of(&Policy::small()), None),
        }
    }

    pub(crate) async fn take(&mut self, record: &[u8]) -> Result<Took, Failure> {
        let offset = self.lane.position();
        self.lane.take(offset, record).await
    }

    pub(crate) async fn roll(&mut self) -> Appended {
        let (entry, data) = self.lane.close().await.unwrap();
        self.lane.roll(&entry, data).await.unwrap()
    }
}

/// Lands a day of two apps in a partition, and closes it.
pub(crate) async fn land_day(folder: &FsPath, partition: i32, day: Day) {
    let log = log(folder, partition).await;
    let mut hand = Hand::new(&log);
    hand.take(&fleet(day, "maps", 400)).await.unwrap();
    hand.take(&fleet(day, "music", 30)).await.unwrap();
    hand.take(&closed(day)).await.unwrap();
    assert_eq!(hand.roll().await, Appended::Ours);
}

pub(crate) async fn sealer(folder: &FsPath, partitions: i32, policy: Policy) -> Sealer {
    let mut logs = Vec::new();
    for partition in 0..partitions {
        logs.push(log(folder, partition).await);
    }
    let rollups = rollups(folder);
    let apps = ["maps", "music", "idle"].map(str::to_owned);
    Sealer {
        landing: landing(folder),
        chain: Chain::load(&rollups).await.unwrap(),
        rollups,
        logs,
        source: SOURCE.to_owned(),
        policy: Arc::new(policy),
        signer: Signer::from_seed([5; 32]).unwrap(),
        vocabulary: Vocabulary::new(apps.to_vec(), [7; 32]),
        random: RandomSource::system(),
        synthetic: false,
    }
}

/// Every file under a folder with its bytes, by its path.
pub(crate) fn files(folder: &FsPath) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut found = std::collections::BTreeMap::new();
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
