//! What the tests share: a device in a folder of its own, a clock that is set by hand, a key that
//! the test holds, and a model of the server that counts as the enrichment stage does.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, GivenPlace, Key, KeyAnswer, KeySource, Level,
    Program, Random, Settings, Upload, Variables,
};
use kaiku_raw::{Decoder, EventType, Limits, RawBatch, Record, validate};
use kaiku_wire::{Clock, Day};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

pub const DAY: i64 = 86_400_000;
pub const HOUR: i64 = 3_600_000;
pub const MINUTE: i64 = 60_000;
/// Monday, 2026-11-23, noon.
pub const NOON: i64 = 1_795_435_200_000;

/// A catalogue with so many features, three causes and two components.
pub fn catalogue_of(features: usize) -> DeviceCatalogue {
    DeviceCatalogue::parse(&catalogue_json(features, 2, 1)).unwrap()
}

pub fn catalogue_json(features: usize, version: i32, asks_since: i32) -> String {
    let features: Vec<String> = (0..features)
        .map(|n| {
            format!(
                r#"{{"name":"feature.{n:03}","titles":{{"en":"Feature {n}","de":"Funktion {n}"}}}}"#
            )
        })
        .collect();
    format!(
        r#"{{"format":1,"app":"maps","titles":{{"en":"Maps"}},
        "controller":{{"name":"Maps Ltd","contact":"privacy@maps.example"}},
        "consent":{{"version":{version},"asks_for_more_since":{asks_since},"texts":{{"en":"Yes?"}}}},
        "features":[{}],
        "causes":[{{"name":"panic","titles":{{"en":"It crashed"}},"fatal_only":true}},
                  {{"name":"network.timeout","titles":{{"en":"No answer from the network","de":"Keine Antwort aus dem Netz"}}}},
                  {{"name":"disk.full","titles":{{"en":"The disk was full"}}}}],
        "components":[{{"name":"tiles","titles":{{"en":"Map tiles"}},"paths":["src/tiles/"]}},
                      {{"name":"search","titles":{{"en":"Search"}}}}],
        "of_a_later_version":true}}"#,
        features.join(",")
    )
}

/// A clock that stands until it is set.
#[derive(Clone)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn at(millis: i64) -> Hand {
        Hand(Arc::new(AtomicI64::new(millis)))
    }

    pub fn set(&self, millis: i64) {
        self.0.store(millis, Ordering::SeqCst);
    }

    pub fn pass(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets it to the evening of a day so many days later: whatever minute was drawn has come, and
    /// midnight is not near.
    pub fn evening_after(&self, days: i64) {
        let day = self.now().div_euclid(DAY) + days;
        self.set(day * DAY + 23 * HOUR + 44 * MINUTE);
    }

    pub fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub fn today(&self) -> Day {
        Day::from_millis(self.now())
    }

    pub fn clock(&self) -> Clock {
        let hand = self.clone();
        Clock::from_fn(move || hand.now())
    }
}

/// Random numbers that a seed repeats.
pub fn seeded(seed: u64) -> Random {
    let source = Mutex::new(ChaCha8Rng::seed_from_u64(seed));
    Random::from_fn(move |bytes| {
        source.lock().unwrap().fill_bytes(bytes);
        true
    })
}

/// A keystore that the test holds.
#[derive(Clone, Default)]
pub struct Keystore(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    key: Option<[u8; 32]>,
    made: u8,
    is_locked: bool,
}

impl Keystore {
    pub fn key(&self) -> Option<[u8; 32]> {
        self.0.lock().unwrap().key
    }

    pub fn lock(&self, is_locked: bool) {
        self.0.lock().unwrap().is_locked = is_locked;
    }

    pub fn lose(&self) {
        self.0.lock().unwrap().key = None;
    }

    pub fn replace(&self, key: [u8; 32]) {
        self.0.lock().unwrap().key = Some(key);
    }
}

impl KeySource for Keystore {
    fn key(&mut self) -> KeyAnswer {
        let kept = self.0.lock().unwrap();
        match kept.key {
            _ if kept.is_locked => KeyAnswer::NotYet,
            Some(key) => KeyAnswer::Key(Key::new(key)),
            None => KeyAnswer::Gone,
        }
    }

    fn create(&mut self) -> KeyAnswer {
        let mut kept = self.0.lock().unwrap();
        kept.made += 1;
        let mut key = [0x5A; 32];
        key[0] = kept.made;
        kept.key = Some(key);
        KeyAnswer::Key(Key::new(key))
    }

    fn destroy(&mut self) -> io::Result<()> {
        self.lose();
        Ok(())
    }
}

/// All that a test's program is opened with, as often as it likes.
#[derive(Clone)]
pub struct Bench {
    pub folder: PathBuf,
    pub hand: Hand,
    pub keystore: Keystore,
    pub place: [u8; 32],
    pub catalogue: DeviceCatalogue,
    pub release: String,
    pub seed: u64,
    /// How often it was opened: each time draws other numbers.
    opened: Arc<AtomicU64>,
    pub policy: PathBuf,
    pub variables: Variables,
    pub vfs: Option<String>,
}

impl Bench {
    pub fn new(folder: &Path) -> Bench {
        Bench {
            folder: folder.join("kaiku"),
            hand: Hand::at(NOON),
            keystore: Keystore::default(),
            place: [1; 32],
            catalogue: catalogue_of(40),
            release: "4.2".to_owned(),
            seed: 1,
            opened: Arc::default(),
            policy: folder.join("policy-off"),
            variables: Variables::default(),
            vfs: None,
        }
    }

    pub fn settings(&self) -> Settings {
        let facts = DeviceFacts {
            brand: "Nokia".to_owned(),
            model: "TA-1053".to_owned(),
            mcc: Some("244".to_owned()),
            mnc: Some("05".to_owned()),
            country: None,
        };
        let mut settings = Settings::new(
            &self.folder,
            self.catalogue.clone(),
            &self.release,
            facts,
            "app-key",
        );
        settings.key = Box::new(self.keystore.clone());
        settings.place = Box::new(GivenPlace(self.place));
        settings.clock = self.hand.clock();
        let opened = self.opened.fetch_add(1, Ordering::SeqCst);
        settings.random = seeded(self.seed * 1_000_000 + opened);
        settings.policy_files = vec![self.policy.clone()];
        settings.variables = self.variables;
        settings.vfs = self.vfs.clone();
        settings
    }

    pub fn open(&self) -> Program {
        Program::open(self.settings())
    }

    /// Open, on, and looked into.
    pub fn open_on(&self) -> Program {
        let program = self.open();
        program.turn_on(Level::Both, 2, "en").unwrap();
        program.work();
        program
    }
}

/// A server that numbers as the enrichment stage does: what was there before is dropped.
#[derive(Default)]
pub struct Server {
    next: BTreeMap<([u8; 16], [u8; 8]), i64>,
    /// What was counted under each number of each stream.
    known: BTreeMap<([u8; 8], i64), (String, i32)>,
    /// How often each thing was counted, by device.
    pub counted: BTreeMap<[u8; 16], BTreeMap<String, u64>>,
    pub batches: usize,
    pub duplicates: u64,
    /// Each upload in its bytes.
    pub bodies: Vec<Vec<u8>>,
}

impl Server {
    /// Takes an upload, checks it as the gateway and the enrichment stage do, and counts it.
    pub fn take(&mut self, upload: &Upload, today: Day) {
        assert_eq!((upload.method, upload.path), ("POST", "/v1/batch"));
        assert_eq!(upload.body.len() % 256, 0);
        let plain = plain(upload);
        with_batch(&plain, |batch| {
            validate(batch, &Limits::CONTRACT, today).expect("a valid batch");
            self.count(batch);
        });
        self.bodies.push(upload.body.clone());
    }

    fn count(&mut self, batch: &RawBatch<'_>) {
        self.batches += 1;
        let device = *batch.device.id.as_bytes();
        let stream = (device, *batch.stream.unwrap().as_bytes());
        let next = self.next.entry(stream).or_default();
        let first = batch.first_sequence.unwrap();
        let count = batch.events.len() as i64;
        let seen = (*next - first).clamp(0, count);
        *next = (*next).max(first + count);
        self.duplicates += seen as u64;
        let counted = self.counted.entry(device).or_default();
        for (number, event) in (first..).zip(&batch.events) {
            // A number means one thing for ever: else something new would be dropped as old.
            let at = (stream.1, number);
            let told = (name(event), event.times);
            let known = self.known.entry(at).or_insert_with(|| told.clone());
            assert_eq!(*known, told, "number {number} was given twice");
        }
        for event in &batch.events[seen as usize..] {
            *counted.entry(name(event)).or_default() += event.times as u64;
        }
    }

    /// How often a thing was counted, by whatever device.
    pub fn times(&self, name: &str) -> u64 {
        let devices = self.counted.values();
        devices.filter_map(|counted| counted.get(name)).sum()
    }

    pub fn all(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        for (name, times) in self.counted.values().flatten() {
            *all.entry(name.clone()).or_default() += times;
        }
        all
    }
}

fn name(event: &kaiku_raw::RawEvent<'_>) -> String {
    let what = event.feature.or(event.cause).unwrap_or_default();
    let component = event.component.unwrap_or_default();
    let fatal = if event.fatal == Some(true) { "!" } else { "" };
    match event.kind {
        EventType::Started => "started".to_owned(),
        EventType::Stopped => "stopped".to_owned(),
        EventType::FeatureUsed => what.to_owned(),
        EventType::Failed => format!("{what}/{component}{fatal}"),
    }
}

/// An upload's Avro.
pub fn plain(upload: &Upload) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&upload.body[..])
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

pub fn with_batch<T>(plain: &[u8], look: impl FnOnce(&RawBatch<'_>) -> T) -> T {
    let decoder = Decoder::new(Limits::CONTRACT);
    match decoder.decode(plain).unwrap() {
        Record::Batch(batch) => look(&batch),
        other => panic!("{other:?}"),
    }
}

/// Everything that a program hands out now, each taken by the server.
pub fn send_all(program: &Program, server: &mut Server, hand: &Hand) -> usize {
    let mut sent = 0;
    while let Some(upload) = program.next_upload(Connection::Unmetered) {
        server.take(&upload, hand.today());
        program.uploaded(upload.id, Answer::status(202));
        sent += 1;
        assert!(sent < 1_000, "there is no end of uploads");
    }
    sent
}

/// Every file under a folder, with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
        }
    }
    found
}
