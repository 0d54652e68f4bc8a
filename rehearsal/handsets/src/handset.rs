//! One handset: its app, its days, and what befalls it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, Fatal, Forget, GivenPlace, Level, Loss,
    Program, Random, Settings, Transport, Variables,
};
use kaiku_raw::EventType;
use kaiku_wire::{Clock, Day};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::request::Request;
use crate::{HandsetsConfig, Plan, folder, random};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Of the job in the background.
const EVENING: i64 = 23 * HOUR;
/// What a handset is, by its number.
const MODELS: [(&str, &str); 4] = [
    ("Nokia", "TA-1053"),
    ("samsung", "SM-G991B"),
    ("Google", "Pixel 6"),
    ("Xiaomi", "M2101K6G"),
];
const COUNTRIES: [&str; 4] = ["FI", "DE", "SE", "EE"];

/// What was done on a handset, and what became of it: uses of features alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// How often a feature was used while the program was on.
    pub used: u64,
    /// How often in what was taken by a server, each upload once.
    pub arrived: u64,
    /// Events that the library says it has left out.
    pub left_out: u64,
    /// Events that wait.
    pub waiting: u64,
    /// Uploads that were refused for what they say.
    pub refused: u64,
    /// Uploads that were taken, those that came again included.
    pub uploads: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
}

impl Book {
    pub(crate) fn add(&mut self, other: &Book) {
        self.used += other.used;
        self.arrived += other.arrived;
        self.left_out += other.left_out;
        self.waiting += other.waiting;
        self.refused += other.refused;
        self.uploads += other.uploads;
        self.bytes += other.bytes;
    }
}

/// One handset.
pub(crate) struct Handset {
    number: u32,
    app: usize,
    catalogue: DeviceCatalogue,
    home: PathBuf,
    /// How often its folder became another.
    moves: u32,
    time: Arc<AtomicI64>,
    /// How far its clock is off, in milliseconds.
    off: i64,
    random: Random,
    program: Option<Program>,
    release: String,
    is_on: bool,
    /// The day on which its owner turns the program on again.
    on_again: Option<Day>,
    /// What arrived: by it an upload that comes again is known.
    arrived: BTreeSet<([u8; 8], i64)>,
    book: Book,
    rng: ChaCha8Rng,
}

/// Sends one request for the library, and notes what it was.
struct Once<'a, F>(std::cell::RefCell<&'a mut F>, u32);

impl<F: FnMut(&Request) -> Result<u16>> Transport for Once<'_, F> {
    fn send(&self, upload: &kaiku_device::Upload, _: Duration) -> Answer {
        let request = Request::of(self.1, upload.clone());
        let sent = request.and_then(|request| (self.0.borrow_mut())(&request));
        sent.map_or_else(|_| Answer::none(), Answer::status)
    }
}

impl Handset {
    /// A new handset, or one that begins with a copy of another's folder.
    pub(crate) fn new(
        number: u32,
        app: usize,
        catalogue: DeviceCatalogue,
        seed: u64,
        folder: &Path,
        copy: Option<(PathBuf, bool)>,
    ) -> Result<Handset> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((u64::from(number) << 1) | 1);
        let handset = Handset {
            number,
            app,
            catalogue,
            home: folder.join(number.to_string()),
            moves: 0,
            time: Arc::default(),
            off: 0,
            random: random::source(seed, number),
            program: None,
            release: String::new(),
            is_on: copy.as_ref().is_some_and(|(_, is_on)| *is_on),
            on_again: None,
            arrived: BTreeSet::new(),
            book: Book::default(),
            rng,
        };
        if let Some((original, _)) = copy {
            folder::copy(&original, &handset.folder())?;
        }
        Ok(handset)
    }

    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    pub(crate) fn app(&self) -> usize {
        self.app
    }

    /// The folder to be copied, and whether the program is on in it.
    pub(crate) fn to_copy(&self) -> (PathBuf, bool) {
        (self.folder(), self.is_on)
    }

    fn folder(&self) -> PathBuf {
        self.home.join(self.moves.to_string())
    }

    pub(crate) fn book(&self) -> Book {
        let status = self.program.as_ref().map(Program::status);
        let left_out = |lost: &[(Loss, u64)]| lost.iter().map(|(_, count)| count).sum();
        Book {
            waiting: status.as_ref().map_or(0, |status| status.waiting),
            left_out: status.as_ref().map_or(0, |status| left_out(&status.lost)),
            ..self.book
        }
    }

    /// A day: some sessions, and a look for an upload behind each.
    pub(crate) fn day(
        &mut self,
        day: Day,
        plan: &Plan,
        config: &HandsetsConfig,
        send: &mut dyn FnMut(&Request) -> Result<u16>,
    ) -> Result<()> {
        self.befall(day, plan, config, send)?;
        let connection = match self.rng.random_bool(config.offline) {
            true => Connection::None,
            false => Connection::Unmetered,
        };
        let sessions = self.rng.random_range(0..4_i64);
        for session in 0..sessions {
            let later = self.rng.random_range(0..2 * HOUR);
            self.set(day, (7 + 4 * session) * HOUR + later);
            self.session()?;
            self.upload(connection, config, send)?;
        }
        if self.rng.random_bool(config.killed) {
            self.kill(day, plan)?;
        }
        // Half of the hosts have a job in the background; of the others nothing is heard but while
        // their app is used.
        if self.number.is_multiple_of(2) {
            self.set(day, EVENING);
            self.upload(connection, config, send)?;
        }
        Ok(())
    }

    /// What happens to it before the day begins.
    fn befall(
        &mut self,
        day: Day,
        plan: &Plan,
        config: &HandsetsConfig,
        send: &mut dyn FnMut(&Request) -> Result<u16>,
    ) -> Result<()> {
        if self.rng.random_bool(config.clock) {
            self.off = match self.off {
                0 => self.rng.random_range(-20 * DAY..20 * DAY),
                _ => 0,
            };
        }
        self.set(day, HOUR);
        if self.program.is_none() || plan.release(day) != self.release {
            self.open(day, plan);
        }
        if self.rng.random_bool(config.reinstalled) {
            self.program = None;
            folder::remove(&self.folder())?;
            self.is_on = false;
            self.open(day, plan);
        }
        if self.is_on && self.rng.random_bool(config.opt_out) {
            let program = self.program.as_ref().context("a handset has no program")?;
            let mut send = |request: &Request| send(request);
            let once = Once(std::cell::RefCell::new(&mut send), self.number);
            program
                .turn_off(Forget::First(&once))
                .context("turning the program off")?;
            self.is_on = false;
            self.on_again = Some(day.plus(self.rng.random_range(1..6)));
        }
        if !self.is_on && self.on_again.is_none_or(|again| again <= day) {
            let version = self.catalogue.consent().version;
            let program = self.program.as_ref().context("a handset has no program")?;
            program
                .turn_on(Level::Both, version, "en")
                .context("turning the program on")?;
            (self.is_on, self.on_again) = (true, None);
        }
        Ok(())
    }

    /// The process is killed: what lies in its folder at this moment is what the next one finds.
    fn kill(&mut self, day: Day, plan: &Plan) -> Result<()> {
        self.session()?;
        let before = self.folder();
        self.moves += 1;
        folder::copy(&before, &self.folder())?;
        self.program = None;
        folder::remove(&before)?;
        self.open(day, plan);
        Ok(())
    }

    fn open(&mut self, day: Day, plan: &Plan) {
        // Written down and closed before the next one begins.
        self.program = None;
        plan.release(day).clone_into(&mut self.release);
        let kind = self.number as usize % MODELS.len();
        let facts = DeviceFacts {
            brand: MODELS[kind].0.to_owned(),
            model: MODELS[kind].1.to_owned(),
            country: Some(COUNTRIES[kind].to_owned()),
            ..DeviceFacts::default()
        };
        let time = Arc::clone(&self.time);
        let mut place = [0; 32];
        place[..4].copy_from_slice(&self.number.to_le_bytes());
        let settings = Settings {
            place: Box::new(GivenPlace(place)),
            clock: Clock::from_fn(move || time.load(Ordering::Relaxed)),
            random: self.random.clone(),
            policy_files: Vec::new(),
            variables: Variables::default(),
            // The marker of a run asks for the process, and all handsets are one.
            failures: None,
            ..Settings::new(
                self.folder(),
                self.catalogue.clone(),
                self.release.clone(),
                facts,
                "handset",
            )
        };
        self.program = Some(Program::open(settings));
    }

    fn set(&mut self, day: Day, millis: i64) {
        let now = day.start_millis() + millis + self.off;
        self.time.store(now, Ordering::Relaxed);
    }

    fn session(&mut self) -> Result<()> {
        let program = self.program.as_ref().context("a handset has no program")?;
        program.started();
        for _ in 0..self.rng.random_range(1..6_u32) {
            let features = self.catalogue.features();
            // The first ones are used most.
            let most = self.rng.random_range(1..=features.len().min(14));
            let feature = &features[self.rng.random_range(0..most)];
            let today = Day::from_millis(self.time.load(Ordering::Relaxed));
            let is_known = feature.expires.is_none_or(|expires| today < expires);
            program.used(&feature.name);
            self.book.used += u64::from(self.is_on && is_known);
        }
        if self.rng.random_bool(0.05) {
            let causes = self.catalogue.causes();
            let cause = &causes[self.rng.random_range(0..causes.len())];
            program.failed(&cause.name, None, Fatal::No);
        }
        self.time
            .fetch_add(self.rng.random_range(1..40) * MINUTE, Ordering::Relaxed);
        program.stopped();
        Ok(())
    }

    fn upload(
        &mut self,
        connection: Connection,
        config: &HandsetsConfig,
        send: &mut dyn FnMut(&Request) -> Result<u16>,
    ) -> Result<()> {
        let program = self.program.as_ref().context("a handset has no program")?;
        // One at a time: the next comes when this one was answered.
        while let Some(upload) = program.next_upload(connection) {
            let id = upload.id;
            let request = Request::of(self.number, upload)?;
            let status = send(&request)?;
            let Some(batch) = request.batch() else {
                bail!("a handset asks to be forgotten by itself");
            };
            match status {
                202 => {}
                // Its clock is wrong, or was when its owner agreed.
                400 => {
                    self.book.refused += 1;
                    program.uploaded(id, Answer::status(status));
                    continue;
                }
                _ => bail!("an upload of a handset was answered with {status}"),
            }
            let stream = batch
                .stream
                .as_ref()
                .map_or([0; 8], |stream| *stream.as_bytes());
            if self
                .arrived
                .insert((stream, batch.first_sequence.unwrap_or(-1)))
            {
                let uses = batch.events.iter();
                let uses = uses.filter(|event| event.kind == EventType::FeatureUsed);
                let uses: u64 = uses
                    .map(|event| u64::from(event.times.unsigned_abs()))
                    .sum();
                self.book.arrived += uses;
            }
            self.book.uploads += 1;
            self.book.bytes += request.body.len() as u64;
            if self.rng.random_bool(config.unanswered) {
                program.uploaded(id, Answer::none());
                return Ok(());
            }
            program.uploaded(id, Answer::status(status));
        }
        Ok(())
    }
}
