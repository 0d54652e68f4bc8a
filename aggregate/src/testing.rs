//! Helpers of the unit tests: stripped records, stores, logs and sealers.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "s3")]
pub(crate) mod bucket;
#[cfg(feature = "s3")]
#[path = "../../tests/support/environment.rs"]
mod environment;
#[cfg(feature = "s3")]
pub(crate) mod faults;
#[cfg(feature = "s3")]
pub(crate) mod moto;

use std::collections::BTreeMap;
use std::path::Path as FsPath;
use std::sync::Arc;

use kaiku_release::Policy;
use kaiku_stage::RandomSource;
use kaiku_stripped::{NONE, schemas};
use kaiku_wire::frame::Framing;
use kaiku_wire::{BOUNDS, Day, Incident, KindName, Mark, Schema, codec};
use serde::Serialize;
use serde_avro_fast::ser::SerializerConfig;
use serde_json::{Value, json};

use crate::error::Error;
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

    fn of_before(&self) -> Value {
        let mut fields = json!({
            "app": self.app, "release": self.release, "kind": self.kind.as_str(), "item": self.item,
            "component": NONE, "model": "Nokia/TA-1053", "operator": "unlisted", "country": self.country,
            "duration_bucket": NONE, "times": self.times,
        });
        for mark in Mark::of_events() {
            fields[mark.as_str()] = self.marks.contains(&mark).into();
        }
        fields
    }
}

/// A place for each value, and it is added where it is new.
fn place<T: PartialEq>(all: &mut Vec<T>, value: T) -> usize {
    let known = all.iter().position(|one| *one == value);
    known.unwrap_or_else(|| {
        all.push(value);
        all.len() - 1
    })
}

/// What an event is about, as `StrippedEvents` has it.
#[derive(PartialEq, Serialize)]
struct Subject {
    app: usize,
    release: usize,
    kind: usize,
    item: usize,
    component: usize,
    duration_bucket: usize,
}

/// An event as `StrippedEvents` has it.
#[derive(Serialize)]
struct Row {
    subject: usize,
    model: usize,
    operator: usize,
    country: usize,
    times: i32,
    marks: u16,
}

impl Row {
    fn of(event: &Event, texts: &mut Vec<&'static str>, subjects: &mut Vec<Subject>) -> Row {
        let subject = Subject {
            app: place(texts, event.app),
            release: place(texts, event.release),
            kind: place(texts, event.kind.as_str()),
            item: place(texts, event.item),
            component: place(texts, NONE),
            duration_bucket: place(texts, NONE),
        };
        Row {
            subject: place(subjects, subject),
            model: place(texts, "Nokia/TA-1053"),
            operator: place(texts, "unlisted"),
            country: place(texts, event.country),
            times: event.times,
            marks: event.marks.iter().map(|mark| 1 << mark.index()).sum(),
        }
    }
}

#[derive(Serialize)]
struct Batch {
    day: i32,
    week: i32,
    bounds: i32,
    texts: Vec<&'static str>,
    subjects: Vec<Subject>,
    events: Vec<Row>,
}

#[derive(Serialize)]
struct Pairs {
    day: i32,
    week: i32,
    bounds: i32,
    texts: [&'static str; 3],
    pairs: Vec<Pair>,
}

#[derive(Serialize)]
struct Pair {
    app: usize,
    a: usize,
    b: usize,
    devices: i32,
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
    let (mut texts, mut subjects) = (Vec::new(), Vec::new());
    let rows = events.iter();
    let rows = rows.map(|event| Row::of(event, &mut texts, &mut subjects));
    let events = rows.collect();
    let batch = Batch {
        day: day.days_since_epoch(),
        week: day.week().monday().days_since_epoch(),
        bounds: i32::try_from(version).unwrap(),
        texts,
        subjects,
        events,
    };
    record(&schemas::STRIPPED_EVENTS, &batch)
}

/// The same events as the version before has written them.
pub(crate) fn events_of_before(day: Day, events: &[Event]) -> Vec<u8> {
    let events: Vec<_> = events.iter().map(Event::of_before).collect();
    let batch = BTreeMap::from([
        ("day", json!(day.days_since_epoch())),
        ("week", json!(day.week().monday().days_since_epoch())),
        ("bounds", json!(BOUNDS.version)),
        ("events", json!(events)),
    ]);
    record(&schemas::STRIPPED_BATCH, &batch)
}

/// A pair that so many devices have made.
pub(crate) fn pairs(
    day: Day,
    app: &'static str,
    a: &'static str,
    b: &'static str,
    devices: i32,
) -> Vec<u8> {
    let batch = Pairs {
        day: day.days_since_epoch(),
        week: day.week().monday().days_since_epoch(),
        bounds: i32::try_from(BOUNDS.version).unwrap(),
        texts: [app, a, b],
        pairs: vec![Pair {
            app: 0,
            a: 1,
            b: 2,
            devices,
        }],
    };
    record(&schemas::STRIPPED_PAIRS, &batch)
}

/// The same of one device.
pub(crate) fn pair(day: Day, app: &'static str, a: &'static str, b: &'static str) -> Vec<u8> {
    pairs(day, app, a, b, 1)
}

/// The same pairs as the version before has written them, a row for each device.
pub(crate) fn pairs_of_before(
    day: Day,
    app: &'static str,
    a: &'static str,
    b: &'static str,
    devices: usize,
) -> Vec<u8> {
    let pair = BTreeMap::from([("app", app), ("a", a), ("b", b)]);
    let batch = BTreeMap::from([
        ("day", json!(day.days_since_epoch())),
        ("week", json!(day.week().monday().days_since_epoch())),
        ("bounds", json!(BOUNDS.version)),
        ("pairs", json!(vec![pair; devices])),
    ]);
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
    log_in(landing(folder), partition).await.unwrap()
}

/// The log of a partition in any landing store.
pub(crate) async fn log_in(landing: Landing, partition: i32) -> Result<Arc<Log>, Error> {
    let log = Log::open(landing, SOURCE.to_owned(), partition);
    log.await.map(Arc::new)
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
    let sealer = sealer_in(landing(folder), rollups(folder), partitions, policy);
    sealer.await.unwrap()
}

/// A sealer of any two stores.
pub(crate) async fn sealer_in(
    landing: Landing,
    rollups: Rollups,
    partitions: i32,
    policy: Policy,
) -> Result<Sealer, Error> {
    let mut logs = Vec::new();
    for partition in 0..partitions {
        logs.push(log_in(landing.clone(), partition).await?);
    }
    let apps = ["maps", "music", "idle"].map(str::to_owned);
    Ok(Sealer {
        landing,
        chain: Chain::load(&rollups).await?,
        rollups,
        logs,
        source: SOURCE.to_owned(),
        policy: Arc::new(policy),
        signer: Signer::from_seed([5; 32]).unwrap(),
        vocabulary: Vocabulary::new(apps.to_vec(), [7; 32]),
        random: RandomSource::system(),
        synthetic: false,
    })
}

/// Every file under a folder with its bytes, by its path.
pub(crate) fn files(folder: &FsPath) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
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
