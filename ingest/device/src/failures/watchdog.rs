//! The watchdog: a thread, where it is asked for, that marks a run whose host says no more that it is alive.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::run::{Run, lock};

/// How long a host may be silent where it says nothing else.
pub const THRESHOLD: Duration = Duration::from_secs(5);

/// Looks for each threshold.
const LOOKS: u32 = 5;

/// What was seen of the host so far. Times are those since the run began.
#[derive(Debug)]
pub(crate) struct Hang {
    threshold: Duration,
    looked: Option<Duration>,
    /// Silence before this moment is not the host's: nobody ran, or nobody was to.
    excused_until: Duration,
    hung: bool,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has not answered since then.
    Hangs(Duration),
    /// It answers again.
    Answers,
}

impl Hang {
    pub(crate) fn new(threshold: Duration) -> Self {
        Self {
            threshold,
            looked: None,
            excused_until: Duration::ZERO,
            hung: false,
        }
    }

    fn interval(&self) -> Duration {
        self.threshold / LOOKS
    }

    /// `alive` is when the host last said so; before the first time nothing is expected of it.
    pub(crate) fn look(&mut self, now: Duration, alive: Option<Duration>) -> Option<Change> {
        let was_late = match self.looked.replace(now) {
            // The watchdog itself was late, so the whole process was stopped: by a debugger, a lid, a scheduler.
            Some(before) => now.saturating_sub(before) > self.interval() + self.threshold / 2,
            None => true,
        };
        if was_late {
            self.excused_until = now;
        }
        let alive = alive?.max(self.excused_until);
        let hangs = now.saturating_sub(alive) >= self.threshold;
        match (std::mem::replace(&mut self.hung, hangs), hangs) {
            (false, true) => Some(Change::Hangs(alive)),
            (true, false) => Some(Change::Answers),
            _ => None,
        }
    }

    /// In the background a host may sleep.
    pub(crate) fn pause(&mut self) -> Option<Change> {
        self.looked = None;
        std::mem::take(&mut self.hung).then_some(Change::Answers)
    }
}

/// The thread, which ends when this is dropped or the run is gone.
#[derive(Debug)]
pub(crate) struct Watchdog(Arc<Bell>);

#[derive(Debug, Default)]
struct Bell {
    ended: Mutex<bool>,
    rung: Condvar,
}

impl Watchdog {
    pub(crate) fn start(run: &Arc<Run>, threshold: Duration) -> std::io::Result<Self> {
        let bell = Arc::new(Bell::default());
        let (run, heard) = (Arc::downgrade(run), Arc::clone(&bell));
        std::thread::Builder::new()
            .name("kaiku-watchdog".into())
            .stack_size(128 * 1024)
            .spawn(move || watch(&run, &heard, Hang::new(threshold)))?;
        Ok(Self(bell))
    }

    /// The host went into the background or came out of it.
    pub(crate) fn ring(&self) {
        let _held = lock(&self.0.ended);
        self.0.rung.notify_all();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        *lock(&self.0.ended) = true;
        self.0.rung.notify_all();
    }
}

fn watch(run: &Weak<Run>, bell: &Bell, mut hang: Hang) {
    let mut ended = lock(&bell.ended);
    while !*ended {
        let Some(run) = run.upgrade() else { return };
        let is_paused = run.in_background.load(Ordering::Acquire);
        let change = if is_paused {
            hang.pause()
        } else {
            hang.look(run.elapsed(), alive(&run))
        };
        if let Some(change) = change {
            run.note(|marker| {
                marker.hung_since = match change {
                    Change::Hangs(since) => Some(since.as_secs()),
                    Change::Answers => None,
                };
            });
        }
        drop(run);
        ended = if is_paused {
            // No time: a device that is asleep is not woken up for this.
            bell.rung
                .wait(ended)
                .unwrap_or_else(PoisonError::into_inner)
        } else {
            bell.rung
                .wait_timeout(ended, hang.interval())
                .unwrap_or_else(PoisonError::into_inner)
                .0
        };
    }
}

fn alive(run: &Run) -> Option<Duration> {
    match run.heartbeat.load(Ordering::Acquire) {
        0 => None,
        millis => Some(Duration::from_millis(millis)),
    }
}
