//! The run that is going on: its marker, the panics that it has not outlived, and who is told of them.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::Duration;

use super::component::{Component, component_of};
use super::marker::{Marker, MarkerFile, Panicked};
use super::system::System;
use super::{PANIC, Recorder};

/// Panics of one run that wait until they are outlived. More are one trouble, not many.
const MOST_PANICS: usize = 16;
/// How often a thread that is about to die tries for a lock, a millisecond apart.
const TRIES: u32 = 50;

pub(crate) struct Run {
    state: Mutex<State>,
    recorder: Mutex<Option<Weak<dyn Recorder>>>,
    components: Vec<Component>,
    system: System,
    is_test: bool,
    process: u32,
    began: Duration,
    /// Milliseconds into the run at which the host last said that it is alive; 0 before it ever did.
    pub(crate) heartbeat: AtomicU64,
    pub(crate) in_background: AtomicBool,
}

struct State {
    file: Option<MarkerFile>,
    panics: Vec<Panic>,
    trouble: Option<std::io::ErrorKind>,
}

struct Panic {
    at: Duration,
    component: Option<String>,
}

/// What a call says of the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Life {
    GoesOn,
    Stops,
}

impl Run {
    pub(crate) fn new(
        system: System,
        components: Vec<Component>,
        is_test: bool,
        file: std::io::Result<MarkerFile>,
    ) -> Self {
        let trouble = file.as_ref().err().map(std::io::Error::kind);
        let file = file.ok();
        let in_background = file.as_ref().is_some_and(|f| f.marker.in_background);
        Self {
            began: system.clock.monotonic(),
            state: Mutex::new(State {
                file,
                panics: Vec::new(),
                trouble,
            }),
            recorder: Mutex::new(None),
            components,
            system,
            is_test,
            process: std::process::id(),
            heartbeat: AtomicU64::new(0),
            in_background: AtomicBool::new(in_background),
        }
    }

    pub(crate) fn record_to(&self, recorder: Weak<dyn Recorder>) {
        *lock(&self.recorder) = Some(recorder);
    }

    pub(crate) fn trouble(&self) -> Option<std::io::ErrorKind> {
        lock(&self.state).trouble
    }

    /// Time since the run began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.system.clock.monotonic().saturating_sub(self.began)
    }

    /// The marker, changed and written. Panics that the process has outlived by now are no part of it any more, and
    /// are told to the recorder.
    pub(crate) fn lives(&self, life: Life, change: impl FnOnce(&mut Marker)) {
        let recorder = lock(&self.recorder).as_ref().and_then(Weak::upgrade);
        let mut outlived = Vec::new();
        {
            let mut state = lock(&self.state);
            if !self.is_ours(&state) {
                return;
            }
            let now = self.elapsed();
            let is_over = |panic: &Panic| {
                life == Life::Stops || now.saturating_sub(panic.at) >= self.system.outlives
            };
            let component = state.panics.iter().find(|panic| !is_over(panic));
            let panicked = component.map(|panic| Panicked {
                component: panic.component.clone(),
            });
            if recorder.is_some() {
                outlived = state
                    .panics
                    .extract_if(.., |panic| is_over(panic))
                    .collect();
            }
            let watched = self.is_test || self.system.is_debugged();
            state.write(self, |marker| {
                marker.panic = panicked;
                marker.debugger_or_test = watched;
                change(marker);
            });
        }
        // Without a lock held: a recorder may come back to us.
        if let Some(recorder) = recorder {
            for panic in outlived {
                recorder.failed(PANIC, panic.component.as_deref(), false);
            }
        }
    }

    /// A change that says nothing of whether the app goes on: the watchdog's.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Marker)) {
        let mut state = lock(&self.state);
        if self.is_ours(&state) {
            state.write(self, change);
        }
    }

    /// In the panic hook. Nothing is waited for, for the thread may hold the host's own locks.
    pub(crate) fn panicked(&self, file: &str) {
        let Some(mut state) = try_lock(&self.state) else {
            return;
        };
        if !self.is_ours(&state) || state.panics.len() >= MOST_PANICS {
            return;
        }
        let at = self.elapsed();
        let component = component_of(&self.components, file).map(str::to_owned);
        state.panics.push(Panic {
            at,
            component: component.clone(),
        });
        state.write(self, |marker| {
            // The first one is where it began: others follow when threads that wait for it give up.
            marker.panic.get_or_insert(Panicked { component });
        });
    }

    /// At the end of a process that left by `exit`.
    pub(crate) fn left(&self) {
        let Some(mut state) = try_lock(&self.state) else {
            return;
        };
        let now = self.elapsed();
        let ends_in_panic = state
            .panics
            .iter()
            .any(|panic| now.saturating_sub(panic.at) < self.system.outlives);
        if self.is_ours(&state) && !ends_in_panic {
            state.write(self, |marker| marker.stopped = marker.hung_since.is_none());
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        let state = lock(&self.state);
        state.file.as_ref().is_some_and(|file| file.is_in(folder))
    }

    /// Panics of an earlier run of this process, which lives: they were not its end.
    pub(crate) fn take_over(&self, earlier: &Run) {
        let (file, panics) = {
            let mut state = lock(&earlier.state);
            (state.file.take(), std::mem::take(&mut state.panics))
        };
        if let Some(file) = file {
            file.erase();
        }
        lock(&self.state).panics.extend(panics);
    }

    /// The end of all marking. What the caller gets back is to be erased.
    pub(crate) fn close(&self) -> Option<MarkerFile> {
        let mut state = lock(&self.state);
        state.panics.clear();
        state.file.take()
    }

    #[cfg(all(unix, feature = "signals"))]
    pub(crate) fn with_file<T>(&self, use_it: impl FnOnce(&std::fs::File) -> T) -> Option<T> {
        lock(&self.state)
            .file
            .as_ref()
            .map(|file| use_it(&file.file))
    }

    #[cfg(all(unix, feature = "signals"))]
    pub(crate) fn system(&self) -> &System {
        &self.system
    }

    /// A child that was forked has this memory and is another run.
    fn is_ours(&self, state: &State) -> bool {
        state.file.is_some() && std::process::id() == self.process
    }
}

impl State {
    fn write(&mut self, run: &Run, change: impl FnOnce(&mut Marker)) {
        let Some(file) = &mut self.file else { return };
        change(&mut file.marker);
        file.marker.seconds = run.elapsed().as_secs();
        file.marker.seen = run.system.clock.unix();
        if let Err(error) = file.write() {
            self.trouble = Some(error.kind());
        }
    }
}

/// The runs of this process: those of a host with several programs, and those that a panic unwound.
static RUNS: Mutex<Vec<Weak<Run>>> = Mutex::new(Vec::new());
/// A program that was dropped by a panic. Whether the process outlives it is not known yet, so its marker stays locked.
static UNWOUND: Mutex<Vec<Arc<Run>>> = Mutex::new(Vec::new());

pub(crate) fn register(run: &Arc<Run>) {
    let mut runs = lock(&RUNS);
    runs.retain(|run| run.strong_count() > 0);
    runs.push(Arc::downgrade(run));
}

pub(crate) fn unwound(run: Arc<Run>) {
    lock(&UNWOUND).push(run);
}

/// Those of the program that has this folder.
pub(crate) fn take_unwound(folder: &Path) -> Vec<Arc<Run>> {
    lock(&UNWOUND)
        .extract_if(.., |run| run.is_in(folder))
        .collect()
}

/// Every run of this process; none where another thread holds the list for long.
pub(crate) fn all() -> Vec<Arc<Run>> {
    try_lock(&RUNS)
        .map(|runs| runs.iter().filter_map(Weak::upgrade).collect())
        .unwrap_or_default()
}

/// Who panicked while it held one of our locks left nothing half done: each change is made at once.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    for _ in 0..TRIES {
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    None
}
