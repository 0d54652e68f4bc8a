//! What the program and its threads share, and the wall around it: a panic inside never reaches
//! the host.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use kaiku_wire::{Clock, Day};

use crate::disk::Disk;
use crate::failures::not_the_apps;
use crate::key::WalledKey;
use crate::memory::{Memory, Mode};
use crate::watching::{self, Watching};
use crate::{
    DeviceCatalogue, DeviceFacts, Environment, Hindrance, PlaceMark, Random, Settings, Variables,
    recommend, settings,
};

/// Called when the program is turned off: whatever is on its way is to be cut.
pub(crate) type Cut = Box<dyn Fn() + Send + Sync>;

/// Locks are taken in the order `key`, `disk`, `memory`, and no call into the host is made while
/// `disk` or `memory` is held.
pub(crate) struct Shared {
    pub(crate) catalogue: DeviceCatalogue,
    pub(crate) release: String,
    pub(crate) device: DeviceFacts,
    pub(crate) app_key: String,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) environment: Environment,
    pub(crate) variables: Variables,
    pub(crate) policy_files: Vec<PathBuf>,
    pub(crate) metered: bool,
    pub(crate) recommend: Option<recommend::Settings>,
    /// Nothing is ever written: the program of a test.
    pub(crate) is_kept_in_memory: bool,
    pub(crate) key: Mutex<WalledKey>,
    /// The program was turned off while the keystore was asked: the key goes when it answers.
    pub(crate) destroy_key: AtomicBool,
    pub(crate) place: Mutex<Box<dyn PlaceMark>>,
    pub(crate) disk: Mutex<Disk>,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) wake: Condvar,
    pub(crate) cuts: Mutex<Vec<Arc<Cut>>>,
    /// Rung when there may be something to send.
    bell: (Mutex<u64>, Condvar),
    pub(crate) watching: Mutex<Watching>,
    /// Itself, for who records from elsewhere.
    pub(crate) me: Weak<Shared>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, me: Weak<Shared>) -> Shared {
        let Settings {
            folder,
            catalogue,
            release,
            device,
            app_key,
            key,
            place,
            clock,
            random,
            environment,
            policy_files,
            variables,
            metered,
            failures,
            recommend,
            vfs,
        } = settings;
        let mode = match Hindrance::of(variables, environment) {
            Some(hindrance) => Mode::Hindered(hindrance),
            None => Mode::Unknown,
        };
        let release = settings::fitted(&release);
        let failures = failures.map(|failures| watching::Settings {
            folder: folder.join("failures"),
            release: release.clone(),
            components: watching::components(&catalogue),
            is_test: failures.is_test || environment == Environment::Test,
            ..failures
        });
        Shared {
            catalogue,
            release,
            device: device.fitted(),
            app_key,
            clock,
            disk: Mutex::new(Disk::new(folder, vfs, random.clone())),
            random,
            environment,
            variables,
            policy_files,
            metered,
            recommend,
            is_kept_in_memory: false,
            key: Mutex::new(WalledKey(key)),
            destroy_key: AtomicBool::new(false),
            place: Mutex::new(place),
            memory: Mutex::new(Memory::new(mode)),
            wake: Condvar::new(),
            cuts: Mutex::new(Vec::new()),
            bell: (Mutex::new(0), Condvar::new()),
            watching: Mutex::new(Watching::new(failures)),
            me,
        }
    }

    /// What was counted so far, and whether it may be. Held for a moment only.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder. Held while something is written.
    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> i64 {
        self.clock.millis()
    }

    pub(crate) fn today(&self) -> Day {
        self.clock.today()
    }

    /// Runs an entry of the library. Whatever goes wrong inside is counted, and the host gets
    /// `otherwise`.
    pub(crate) fn guard<T>(&self, otherwise: impl FnOnce() -> T, entry: impl FnOnce() -> T) -> T {
        match catch_unwind(AssertUnwindSafe(|| not_the_apps(entry))) {
            Ok(value) => value,
            Err(payload) => {
                // What it carries might panic again when it is dropped.
                std::mem::forget(payload);
                self.memory().problems.internal += 1;
                otherwise()
            }
        }
    }

    /// The same for entries that change what is on disk: what is held of it is read anew after a
    /// panic.
    pub(crate) fn guard_disk<T>(
        &self,
        otherwise: impl FnOnce() -> T,
        entry: impl FnOnce() -> T,
    ) -> T {
        let went_wrong = || {
            self.disk().spool = None;
            otherwise()
        };
        self.guard(went_wrong, entry)
    }

    /// Everything that is on its way ends.
    pub(crate) fn cut(&self) {
        let cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        let cuts: Vec<Arc<Cut>> = cuts.clone();
        cuts.iter().for_each(|cut| cut());
    }

    /// Has what is on its way cut by this, too.
    #[cfg(feature = "http")]
    pub(crate) fn on_cut(&self, cut: Cut) {
        let mut cuts = self.cuts.lock().unwrap_or_else(PoisonError::into_inner);
        cuts.push(Arc::new(cut));
    }

    /// There may be something to send.
    pub(crate) fn ring(&self) {
        let mut rung = self.bell.0.lock().unwrap_or_else(PoisonError::into_inner);
        *rung = rung.wrapping_add(1);
        self.bell.1.notify_all();
    }

    /// How often the bell was rung.
    #[cfg(feature = "http")]
    pub(crate) fn rung(&self) -> u64 {
        *self.bell.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the bell is rung after that, or so long.
    #[cfg(feature = "http")]
    pub(crate) fn wait_for_bell(&self, before: u64, pause: Option<std::time::Duration>) {
        let (mut rung, bell) = (
            self.bell.0.lock().unwrap_or_else(PoisonError::into_inner),
            &self.bell.1,
        );
        let is_silent = |rung: &mut u64| *rung == before;
        match pause {
            Some(pause) => drop(bell.wait_timeout_while(rung, pause, is_silent)),
            None => {
                while *rung == before {
                    rung = bell.wait(rung).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    /// Tells the worker.
    pub(crate) fn tell(&self, is_news: bool) {
        if is_news {
            self.wake.notify_all();
        }
    }
}
