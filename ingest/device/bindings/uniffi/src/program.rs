//! The program: opening, on, off, recording, and the work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaiku_device::failures;
use kaiku_device::{DeviceCatalogue, Fatal, Forget, Worker};

use crate::outcome::{KaikuError, guard, try_guard};
use crate::quick::Place;
use crate::settings::Settings;

/// The improvement program of one app. Off until its owner turns it on. Its methods may be called
/// from any thread.
#[derive(uniffi::Object)]
pub struct Program {
    // Dropped before the program: the thread writes down what is left.
    worker: Mutex<Option<Worker>>,
    pub(crate) program: kaiku_device::Program,
    pub(crate) catalogue: DeviceCatalogue,
    pub(crate) place: Place,
}

/// What its owner lets a device say.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum Level {
    /// Starts, sessions and features, and no failures.
    Usage,
    /// Failures alone.
    Failures,
    /// All of it.
    Both,
}

/// How the work went.
#[derive(Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Worked {
    /// Everything is written down.
    Done,
    /// The program is off: there is nothing to do.
    Off,
    /// It could not be done now, and is tried again by itself: no key yet, or a full disk.
    Later,
}

/// What a system says of how the last run ended.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum ExitReason {
    /// It left by itself.
    Clean,
    /// An exception that nobody caught.
    Unhandled,
    /// `SIGABRT` or an instruction that can't be done.
    Abort,
    /// `SIGSEGV` or `SIGBUS`.
    Segfault,
    /// It did not answer, so the system ended it.
    NotResponding,
    /// It went over its own limit of memory.
    OutOfMemory,
    /// The system needed memory.
    MemoryPressure,
    /// Its owner ended it.
    EndedByOwner,
    /// The system ended it for a reason of its own.
    EndedBySystem,
    /// It was replaced by another release.
    ReleaseChanged,
    /// The system does not know. Then the marker decides.
    Unknown,
    /// `getReason()` and `getStatus()` of Android's `ApplicationExitInfo`.
    Android {
        /// The reason.
        reason: i32,
        /// The status.
        status: i32,
    },
}

impl From<ExitReason> for failures::ExitReason {
    fn from(reason: ExitReason) -> failures::ExitReason {
        match reason {
            ExitReason::Clean => failures::ExitReason::Clean,
            ExitReason::Unhandled => failures::ExitReason::Unhandled,
            ExitReason::Abort => failures::ExitReason::Abort,
            ExitReason::Segfault => failures::ExitReason::Segfault,
            ExitReason::NotResponding => failures::ExitReason::NotResponding,
            ExitReason::OutOfMemory => failures::ExitReason::OutOfMemory,
            ExitReason::MemoryPressure => failures::ExitReason::MemoryPressure,
            ExitReason::EndedByOwner => failures::ExitReason::EndedByOwner,
            ExitReason::EndedBySystem => failures::ExitReason::EndedBySystem,
            ExitReason::ReleaseChanged => failures::ExitReason::ReleaseChanged,
            ExitReason::Unknown => failures::ExitReason::Unknown,
            ExitReason::Android { reason, status } => failures::ExitReason::android(reason, status),
        }
    }
}

impl Program {
    fn around(program: kaiku_device::Program, catalogue: DeviceCatalogue) -> Arc<Program> {
        Arc::new(Program {
            worker: Mutex::new(None),
            program,
            catalogue,
            place: Place::default(),
        })
    }
}

#[uniffi::export]
impl Program {
    /// Opens the program. It touches no file and starts no thread. What is recorded before the
    /// first work is kept in memory, and forgotten if the program turns out to be off.
    #[uniffi::constructor]
    pub fn new(settings: Settings) -> Result<Arc<Program>, KaikuError> {
        try_guard(|| {
            let settings = settings.taken()?;
            let catalogue = settings.catalogue.clone();
            let program = kaiku_device::Program::open(settings);
            Ok(Program::around(program, catalogue))
        })
    }

    /// A program for the tests of an app: it is on, writes and sends nothing, and `recorded` shows
    /// what was recorded.
    #[uniffi::constructor]
    pub fn for_tests(catalogue: String) -> Result<Arc<Program>, KaikuError> {
        try_guard(|| {
            let catalogue = DeviceCatalogue::parse(&catalogue)?;
            let program = kaiku_device::Program::for_tests(catalogue.clone());
            Ok(Program::around(program, catalogue))
        })
    }

    /// Turns the program on, at its owner's wish: `version` is that of the text that was shown,
    /// `language` the one in which. The consent is on disk when this returns.
    pub fn turn_on(&self, level: Level, version: i32, language: String) -> Result<(), KaikuError> {
        let level = match level {
            Level::Usage => kaiku_device::Level::Usage,
            Level::Failures => kaiku_device::Level::Failures,
            Level::Both => kaiku_device::Level::Both,
        };
        try_guard(|| Ok(self.program.turn_on(level, version, &language)?))
    }

    /// Turns the program off: when this returns nothing is recorded, no upload is handed out, and
    /// what was stored is destroyed, identifier and key included.
    pub fn turn_off(&self) -> Result<(), KaikuError> {
        try_guard(|| Ok(self.program.turn_off(Forget::No)?))
    }

    /// The app started: a session begins.
    pub fn started(&self) {
        guard(|| (), || self.program.started());
    }

    /// The app went out of sight; five minutes of that end the session.
    pub fn background(&self) {
        guard(|| (), || self.program.background());
    }

    /// The app came back.
    pub fn foreground(&self) {
        guard(|| (), || self.program.foreground());
    }

    /// The app stopped: the session ends.
    pub fn stopped(&self) {
        guard(|| (), || self.program.stopped());
    }

    /// A feature was used, by its name in the catalogue; one that is not there is not recorded. It
    /// touches memory alone.
    pub fn used(&self, feature: &str) {
        guard(|| (), || self.program.used(feature));
    }

    /// Something failed, by a cause and perhaps in a component of the catalogue; `fatal` where the
    /// app ended by it.
    #[uniffi::method(default(component = None, fatal = false))]
    pub fn failed(&self, cause: &str, component: Option<String>, fatal: bool) {
        let fatal = if fatal { Fatal::Yes } else { Fatal::No };
        let failed = || self.program.failed(cause, component.as_deref(), fatal);
        guard(|| (), failed);
    }

    /// What the system says of how the last run ended; it wins over what the run's marker says. To
    /// be called before the first work.
    pub fn last_exit(&self, reason: ExitReason) {
        guard(|| (), || self.program.last_exit(reason.into()));
    }

    /// Watches from now on, with a thread of its own, whether `alive` is called often enough: so
    /// many milliseconds without it are a hang. Whether it does.
    pub fn watch_hangs(&self, millis: u32) -> bool {
        let threshold = Duration::from_millis(millis.into());
        guard(|| false, || self.program.watch_hangs(threshold))
    }

    /// The host's main loop goes round.
    pub fn alive(&self) {
        guard(|| (), || self.program.alive());
    }

    /// Looks whether the program is on, asks for the key, writes down what was recorded: for a
    /// background job. It reads and writes files, and asks the keystore, which may block.
    pub fn work(&self) -> Worked {
        let work = || match self.program.work() {
            kaiku_device::Worked::Done => Worked::Done,
            kaiku_device::Worked::Off => Worked::Off,
            _ => Worked::Later,
        };
        guard(|| Worked::Later, work)
    }

    /// Starts a thread that does the work, until `finish`. A second call does nothing.
    pub fn start_worker(&self) -> Result<(), KaikuError> {
        try_guard(|| {
            let mut worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
            if worker.is_none() {
                *worker = Some(self.program.spawn_worker()?);
            }
            Ok(())
        })
    }

    /// For the end of the process: ends the session, ends the worker's thread, and writes down
    /// what is left. It does not wait for a collector of garbage.
    pub fn finish(&self) {
        let finish = || {
            self.program.stopped();
            let worker = self.worker.lock().map_or_else(
                |poisoned| poisoned.into_inner().take(),
                |mut worker| worker.take(),
            );
            drop(worker);
            self.program.work();
        };
        guard(|| (), finish);
    }
}
