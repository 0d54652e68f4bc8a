//! What core holds for as long as the program is open: begins a run, takes note of what it does, and tells how earlier
//! ones ended.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use super::component::Component;
use super::marker::{self, Marker, MarkerFile, Signalled};
use super::run::{self, Life, Run, lock};
use super::system::System;
use super::verdict::{Evidence, ExitReason, Verdict, judge, overrule};
use super::watchdog::Watchdog;
use super::{Recorder, exit, panics};

/// Runs that are told of at one start. Older ones are not news any more.
const MOST_RUNS: usize = 16;

/// What a run is begun with.
#[derive(Clone)]
pub struct Settings {
    /// A folder of this module's own, in the same place as the rest. Not one that apps share: a lock is held in it.
    pub folder: PathBuf,
    /// The release of the app that begins.
    pub release: String,
    /// The components of the catalogue.
    pub components: Vec<Component>,
    /// Whether the process begins in the background, as services of phones do.
    pub in_background: bool,
    /// Whether a test runs the app.
    pub is_test: bool,
    /// Handlers for signals: none unless asked for.
    #[cfg(all(unix, feature = "signals"))]
    pub signals: super::signals::Signals,
    /// Where the system answers.
    pub system: System,
}

impl Settings {
    /// A run in the foreground, without handlers for signals.
    pub fn new(folder: impl Into<PathBuf>, release: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            release: release.into(),
            components: Vec::new(),
            in_background: false,
            is_test: false,
            #[cfg(all(unix, feature = "signals"))]
            signals: super::signals::Signals::default(),
            system: System::default(),
        }
    }
}

/// A run that ended, of this app in this folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// The same number for as long as the run is told of, and of no other run.
    pub id: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// The release that ended, which is not always the one that begins.
    pub release: String,
    /// Where it panicked, as the catalogue calls it.
    pub component: Option<String>,
    /// How long it is known to have lasted.
    pub session_seconds: u64,
    /// When it was last heard from, in seconds since 1970.
    pub last_seen: u64,
    in_background: bool,
}

impl LastRun {
    /// The same run with the host's word on it, which wins.
    #[must_use]
    pub fn told_by_host(&self, reason: ExitReason) -> Self {
        let verdict = overrule(self.verdict, self.in_background, reason);
        Self {
            verdict,
            component: self.component.clone().filter(|_| verdict == Verdict::Panic),
            ..self.clone()
        }
    }
}

/// The run that goes on. Dropping it is a clean stop, unless a panic drops it.
///
/// No call fails or panics. Each writes at most one small file and does not wait for the disk, but for
/// [`settled`](Watch::settled) and [`erase`](Watch::erase), which overwrite what they remove; `alive` writes nothing.
pub struct Watch {
    run: Arc<Run>,
    folder: PathBuf,
    ended: Mutex<Vec<MarkerFile>>,
    watchdog: Mutex<Option<Watchdog>>,
}

impl Watch {
    /// Begins a run, and tells how those before it ended whose process is gone, the newest last. It is empty at the
    /// first run, and for runs that were told of and [settled](Watch::settled).
    ///
    /// Where no marker can be written the watch does nothing, and [`trouble`](Watch::trouble) says why.
    pub fn begin(settings: Settings) -> (Self, Vec<LastRun>) {
        let Settings {
            folder,
            release,
            components,
            in_background,
            is_test,
            #[cfg(all(unix, feature = "signals"))]
            signals,
            system,
        } = settings;
        let mut now = Marker::new(&release, system.process_start(), system.boot());
        now.in_background = in_background;
        now.debugger_or_test = is_test || system.is_debugged();
        now.seen = system.clock.unix();

        let mut ended = Vec::new();
        let mut told = Vec::new();
        let gone = marker::gone(&folder);
        // Those before are only cleared away, and not now: that waits for the disk.
        let old = gone.len().saturating_sub(MOST_RUNS);
        for (at, (mut file, signalled)) in gone.into_iter().enumerate() {
            if at >= old {
                let verdict = verdict_of(&mut file, signalled, &now);
                told.push(last_run(&file, verdict, &components));
            }
            ended.push(file);
        }

        let file = MarkerFile::create(&folder, name(&system), now);
        let run = Arc::new(Run::new(system, components, is_test, file));
        for earlier in run::take_unwound(&folder) {
            run.take_over(&earlier);
        }
        run::register(&run);
        panics::install();
        exit::install();
        #[cfg(all(unix, feature = "signals"))]
        super::signals::begin(&run, signals);
        let watch = Self {
            run,
            folder,
            ended: Mutex::new(ended),
            watchdog: Mutex::new(None),
        };
        (watch, told)
    }

    /// Whom to tell of failures that the process outlived. It is called by whichever call finds them, so that call is
    /// to be made without a lock that the recorder takes.
    pub fn record_to(&self, recorder: Weak<dyn Recorder>) {
        self.run.record_to(recorder);
    }

    /// What [`begin`](Watch::begin) told is written down elsewhere: the markers of those runs go. Without this call the
    /// next start tells of them once more, so that an app that crashes at each start still gets it out.
    pub fn settled(&self) {
        for file in std::mem::take(&mut *lock(&self.ended)) {
            file.erase();
        }
    }

    /// The app is in front of its owner.
    pub fn foreground(&self) {
        self.shows(false);
    }

    /// It is not.
    pub fn background(&self) {
        self.shows(true);
    }

    fn shows(&self, in_background: bool) {
        self.lives(Life::GoesOn, |marker| {
            marker.in_background = in_background;
            marker.stopped = false;
        });
        self.run
            .in_background
            .store(in_background, Ordering::Release);
        if let Some(watchdog) = &*lock(&self.watchdog) {
            watchdog.ring();
        }
    }

    /// What there was is on disk. Also the sign that the process goes on: to be called once in a while.
    pub fn flushed(&self) {
        self.lives(Life::GoesOn, |_| {});
    }

    /// For hosts that handle `SIGTERM` and its like themselves: what ends now does so because it was told to.
    pub fn asked_to_end(&self) {
        self.lives(Life::GoesOn, |marker| marker.asked_to_end = true);
    }

    /// The app stops as it should. A later [`foreground`](Watch::foreground) takes that back.
    pub fn clean_stop(&self) {
        // A program that a panic drops has not stopped. What the process makes of the panic is not known yet.
        if std::thread::panicking() {
            return;
        }
        *lock(&self.watchdog) = None;
        self.lives(Life::Stops, |marker| {
            marker.stopped = true;
            marker.hung_since = None;
        });
    }

    /// Watches from now on whether the host says [`alive`](Watch::alive), with a thread of its own. Whether it could
    /// be started is the answer. [`THRESHOLD`](super::THRESHOLD) is what most hosts want.
    pub fn watch_hangs(&self, threshold: Duration) -> bool {
        let threshold = threshold.max(Duration::from_millis(50));
        let started = Watchdog::start(&self.run, threshold).ok();
        let runs = started.is_some();
        *lock(&self.watchdog) = started;
        runs
    }

    /// The host's main loop goes round. Cheap: one number in memory.
    pub fn alive(&self) {
        let millis = u64::try_from(self.run.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.run.heartbeat.store(millis.max(1), Ordering::Release);
    }

    /// The program was turned off: every marker is overwritten and removed, and nothing is written any more.
    pub fn erase(&self) {
        *lock(&self.watchdog) = None;
        #[cfg(all(unix, feature = "signals"))]
        super::signals::end(&self.run);
        if let Some(file) = self.run.close() {
            file.erase();
        }
        self.settled();
        marker::erase_all(&self.folder);
    }

    /// Why nothing can be marked; `None` where it can.
    pub fn trouble(&self) -> Option<ErrorKind> {
        self.run.trouble()
    }

    fn lives(&self, life: Life, change: impl FnOnce(&mut Marker)) {
        #[cfg(all(unix, feature = "signals"))]
        super::signals::lives(&self.run);
        self.run.lives(life, change);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            run::unwound(Arc::clone(&self.run));
        } else {
            self.clean_stop();
            #[cfg(all(unix, feature = "signals"))]
            super::signals::end(&self.run);
        }
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Watch")
    }
}

/// The verdict that an earlier start came to, else the one of now, which is written down.
fn verdict_of(file: &mut MarkerFile, signalled: Signalled, now: &Marker) -> Verdict {
    let then = &file.marker;
    if let Some(verdict) = then.judged {
        return verdict;
    }
    let verdict = judge(&Evidence {
        stopped: then.stopped,
        replaced_itself: then.is_of_process(now),
        debugger_or_test: then.debugger_or_test,
        crash: signalled.crash,
        panicked: then.panic.is_some(),
        hung: then.hung_since.is_some(),
        release_changed: then.release != now.release,
        rebooted: matches!((then.boot, now.boot), (Some(then), Some(now)) if then != now),
        from_outside: then.asked_to_end || signalled.asked_to_end,
        in_background: then.in_background,
    });
    file.marker.judged = Some(verdict);
    let _ = file.write();
    verdict
}

fn last_run(file: &MarkerFile, verdict: Verdict, components: &[Component]) -> LastRun {
    let marker = &file.marker;
    let component = marker
        .panic
        .as_ref()
        .and_then(|panic| panic.component.clone())
        .filter(|_| verdict == Verdict::Panic)
        // Another release may have another catalogue.
        .filter(|name| components.iter().any(|component| component.name == *name));
    LastRun {
        id: file.id(),
        verdict,
        release: marker.release.clone(),
        component,
        session_seconds: marker.seconds,
        last_seen: marker.seen,
        in_background: marker.in_background,
    }
}

/// A part of a file's name that no other run of this process has, and none of another with its number.
fn name(system: &System) -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(system.clock.unix())
}
