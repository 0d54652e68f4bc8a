//! How runs end, told to the spool: the watch of this run, and what it says of those before it.

use std::sync::{Arc, PoisonError, Weak};
use std::time::Duration;

use kaiku_wire::Day;

use crate::DeviceCatalogue;
pub(crate) use crate::failures::Settings;
use crate::failures::{Component, ExitReason, LastRun, Recorder, Watch};
use crate::memory::{Mode, Past, Thing};
use crate::shared::Shared;
use crate::tally::What;

/// The watch of this run.
pub(crate) struct Watching {
    settings: Option<Settings>,
    watch: Option<Arc<Watch>>,
    /// What the host says of the last run.
    host: Option<ExitReason>,
    /// There are runs whose end is recorded and was not written down yet.
    is_unsettled: bool,
}

impl Watching {
    pub(crate) fn new(settings: Option<Settings>) -> Watching {
        Watching {
            settings,
            watch: None,
            host: None,
            is_unsettled: false,
        }
    }
}

/// The components with the paths of their sources.
pub(crate) fn components(catalogue: &DeviceCatalogue) -> Vec<Component> {
    let all = catalogue.components().iter();
    let all = all.map(|component| Component {
        name: component.name.clone(),
        paths: component.paths.clone(),
    });
    all.collect()
}

impl Shared {
    fn watching(&self) -> std::sync::MutexGuard<'_, Watching> {
        self.watching.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls the watch, if there is one. No lock is held: it may call back with a failure.
    pub(crate) fn watched(&self, call: impl FnOnce(&Watch)) {
        let watch = self.watching().watch.clone();
        if let Some(watch) = watch {
            call(&watch);
        }
    }

    pub(crate) fn last_exit(&self, reason: ExitReason) {
        self.watching().host = Some(reason);
    }

    pub(crate) fn watch_hangs(&self, threshold: Duration) -> bool {
        let mut runs = false;
        self.watched(|watch| runs = watch.watch_hangs(threshold));
        runs
    }

    /// Begins to watch where its owner agreed to failures, and records how earlier runs ended.
    pub(crate) fn begin_watch(&self) {
        let is_wanted = matches!(self.memory().mode, Mode::On(level) if level.has_failures());
        if !is_wanted {
            return self.end_watch();
        }
        let (told, host) = {
            let mut watching = self.watching();
            let Some(settings) = watching
                .settings
                .clone()
                .filter(|_| watching.watch.is_none())
            else {
                return;
            };
            let (watch, told) = Watch::begin(settings);
            let me: Weak<dyn Recorder> = self.me.clone();
            watch.record_to(me);
            watching.watch = Some(Arc::new(watch));
            watching.is_unsettled = !told.is_empty();
            (told, watching.host.take())
        };
        let last = told.len().saturating_sub(1);
        for (number, run) in told.iter().enumerate() {
            match host.filter(|_| number == last) {
                Some(reason) => self.ended(&run.told_by_host(reason)),
                None => self.ended(run),
            }
        }
    }

    fn ended(&self, run: &LastRun) {
        let Some(cause) = run.verdict.cause() else {
            return;
        };
        let mut memory = self.memory();
        if self.catalogue.cause(cause).is_none() {
            memory.problems.unknown_names += 1;
            return;
        }
        let seconds = i64::try_from(run.last_seen).unwrap_or(0);
        let known = |name: &String| self.catalogue.component(name).is_some();
        memory.recorded.past.push(Past {
            run: run.id,
            // A clock that was ahead made a day that is not here yet.
            day: Day::from_millis(seconds.saturating_mul(1_000)).min(self.today()),
            release: crate::settings::fitted(&run.release),
            what: What::Failed {
                cause: cause.to_owned(),
                component: run.component.clone().filter(known),
                fatal: true,
            },
        });
        memory.dirty(true);
    }

    /// What was recorded is on disk: so are the ends of the runs before.
    pub(crate) fn watch_written(&self) {
        let is_unsettled = std::mem::take(&mut self.watching().is_unsettled);
        self.watched(|watch| {
            if is_unsettled {
                watch.settled();
            }
            watch.flushed();
        });
    }

    /// Nothing is marked any more, and no marker stays.
    pub(crate) fn end_watch(&self) {
        let watch = self.watching().watch.take();
        if let Some(watch) = watch {
            watch.erase();
        }
    }
}

impl Recorder for Shared {
    fn failed(&self, cause: &str, component: Option<&str>, fatal: bool) {
        let Some(cause) = self.catalogue.cause(cause) else {
            self.memory().problems.unknown_names += 1;
            return;
        };
        let component = component.and_then(|name| self.catalogue.component(name));
        let day = self.today();
        let tell = self
            .memory()
            .record(day, Thing::failed(cause, component, fatal));
        self.tell(tell);
    }
}
