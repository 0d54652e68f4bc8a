//! A device whose clock is turned by hand, and who listens to it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tempfile::TempDir;

use crate::failures::{Clock, Component, LastRun, Recorder, Settings, Watch};

/// Seconds, turned by hand.
#[derive(Default)]
pub(super) struct Hands(AtomicU64);

impl Clock for Hands {
    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::SeqCst))
    }

    fn unix(&self) -> u64 {
        1_800_000_000 + self.0.load(Ordering::SeqCst)
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<(String, Option<String>, bool)>>);

impl Recorder for Heard {
    fn failed(&self, cause: &str, component: Option<&str>, fatal: bool) {
        let heard = (cause.to_owned(), component.map(str::to_owned), fatal);
        self.0.lock().unwrap().push(heard);
    }
}

pub(super) struct Kit {
    pub(super) folder: TempDir,
    clock: Arc<Hands>,
    heard: Arc<Heard>,
}

impl Kit {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::default(),
            heard: Arc::default(),
        }
    }

    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.folder.path().join("runs"), "4.2");
        // These very files panic.
        settings.components = ["panics", "names"]
            .map(|name| Component {
                name: name.into(),
                paths: vec![format!("ingest/device/src/failures/tests/{name}.rs")],
            })
            .into();
        settings.system.clock = self.clock.clone();
        settings
    }

    pub(super) fn begin(&self) -> (Watch, Vec<LastRun>) {
        let (watch, ended) = Watch::begin(self.settings());
        let heard: Weak<Heard> = Arc::downgrade(&self.heard);
        watch.record_to(heard);
        assert_eq!(watch.trouble(), None);
        (watch, ended)
    }

    pub(super) fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// What was heard of these files; other tests of this process may panic too.
    pub(super) fn heard(&self) -> Vec<(String, Option<String>, bool)> {
        let heard = std::mem::take(&mut *self.heard.0.lock().unwrap());
        heard
            .into_iter()
            .filter(|(_, component, _)| component.is_some())
            .collect()
    }

    /// The one marker.
    pub(super) fn file(&self) -> PathBuf {
        let mut found = std::fs::read_dir(self.folder.path().join("runs")).unwrap();
        found.next().unwrap().unwrap().path()
    }

    pub(super) fn files(&self) -> usize {
        files(&self.folder.path().join("runs"))
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}
