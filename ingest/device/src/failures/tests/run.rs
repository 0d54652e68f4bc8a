//! Runs within this process: their markers, their panics, their end.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tempfile::TempDir;

use crate::failures::{
    Clock, Component, ExitReason, LastRun, Recorder, Settings, Verdict, Watch, not_the_apps,
};

/// Seconds, turned by hand.
#[derive(Default)]
struct Hands(AtomicU64);

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

struct Kit {
    folder: TempDir,
    clock: Arc<Hands>,
    heard: Arc<Heard>,
}

impl Kit {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::default(),
            heard: Arc::default(),
        }
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.folder.path().join("runs"), "4.2");
        settings.components = vec![Component {
            name: "failures".into(),
            // This very file panics.
            paths: vec!["ingest/device/src/failures/tests/run.rs".into()],
        }];
        settings.system.clock = self.clock.clone();
        settings
    }

    fn begin(&self) -> (Watch, Vec<LastRun>) {
        let (watch, ended) = Watch::begin(self.settings());
        let heard: Weak<Heard> = Arc::downgrade(&self.heard);
        watch.record_to(heard);
        assert_eq!(watch.trouble(), None);
        (watch, ended)
    }

    fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn heard(&self) -> Vec<(String, Option<String>, bool)> {
        std::mem::take(&mut *self.heard.0.lock().unwrap())
    }

    fn files(&self) -> usize {
        files(&self.folder.path().join("runs"))
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// A panic that the host catches.
fn panics() {
    assert!(std::panic::catch_unwind(|| panic!("a text that nobody is to keep")).is_err());
}

/// Panics are of the whole process, so who listens for one listens alone.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn the_first_run_has_nobody_before_it_and_the_second_hears_of_the_first() {
    let kit = Kit::new();
    let (watch, ended) = kit.begin();
    assert_eq!(ended, []);
    kit.pass(90);
    watch.flushed();
    watch.clean_stop();
    drop(watch);
    let (_watch, ended) = kit.begin();
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].verdict, Verdict::Clean);
    assert_eq!(ended[0].release, "4.2");
    assert_eq!(ended[0].session_seconds, 90);
    assert_eq!(ended[0].last_seen, 1_800_000_090);
}

#[test]
fn a_run_is_told_of_until_that_is_settled_and_always_alike() {
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    watch.clean_stop();
    drop(watch);
    let (watch, first) = kit.begin();
    drop(watch);
    let (watch, second) = kit.begin();
    assert_eq!(second.len(), 2);
    assert!(second.contains(&first[0]));
    watch.settled();
    drop(watch);
    let (watch, third) = kit.begin();
    assert_eq!(third.len(), 1);
    assert!(!second.contains(&third[0]), "another run, another number");
    watch.settled();
    watch.clean_stop();
}

#[test]
fn only_the_last_runs_are_told_of() {
    let kit = Kit::new();
    for _ in 0..30 {
        drop(kit.begin());
        kit.pass(1);
    }
    let (_watch, ended) = kit.begin();
    assert_eq!(ended.len(), 16);
    assert_eq!(ended.last().unwrap().last_seen, 1_800_000_029);
    assert_eq!(kit.files(), 17);
}

#[test]
fn a_process_that_lives_is_not_judged() {
    let kit = Kit::new();
    let (_living, _) = kit.begin();
    let (_other, ended) = kit.begin();
    assert_eq!(ended, []);
}

#[test]
fn a_panic_that_the_process_outlives_is_told_once_and_not_fatal() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    panics();
    watch.flushed();
    assert_eq!(kit.heard(), [], "it may still end in it");
    kit.pass(10);
    watch.flushed();
    watch.flushed();
    let panic = ("panic".to_owned(), Some("failures".to_owned()), false);
    assert_eq!(kit.heard(), [panic]);
}

#[test]
fn an_app_that_stops_in_order_after_a_panic_has_outlived_it() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    panics();
    watch.clean_stop();
    assert_eq!(kit.heard().len(), 1);
    drop(watch);
    assert_eq!(kit.begin().1[0].verdict, Verdict::Clean);
}

#[test]
fn a_program_that_a_panic_drops_has_not_stopped_but_the_process_may_outlive_it() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _watch = watch;
        panic!("a text that nobody is to keep");
    }));
    assert!(unwound.is_err());
    // The same process begins again: so it was not its end.
    let (watch, ended) = kit.begin();
    assert_eq!(ended, []);
    kit.pass(10);
    watch.flushed();
    assert_eq!(kit.heard().len(), 1);
    assert_eq!(kit.files(), 1);
}

#[test]
fn panics_of_this_library_are_not_the_apps() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    assert!(std::panic::catch_unwind(|| not_the_apps(|| panic!("ours"))).is_err());
    kit.pass(10);
    watch.flushed();
    assert_eq!(kit.heard(), []);
    panics();
    kit.pass(10);
    watch.flushed();
    assert_eq!(kit.heard().len(), 1, "the app's own are heard again");
}

#[test]
fn many_panics_are_told_of_up_to_a_bound() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    for _ in 0..40 {
        panics();
    }
    kit.pass(10);
    watch.flushed();
    assert_eq!(kit.heard().len(), 16);
}

#[test]
fn no_text_of_a_panic_and_no_path_is_on_the_disk() {
    let _alone = alone();
    let kit = Kit::new();
    let (_watch, _) = kit.begin();
    panics();
    let folder = kit.folder.path().join("runs");
    let file = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    let text = String::from_utf8(std::fs::read(file.path()).unwrap()).unwrap();
    assert!(text.contains("\"component\":\"failures\""), "{text}");
    assert!(!text.contains("text that nobody"), "{text}");
    assert!(!text.contains(".rs"), "{text}");
}

#[test]
fn nothing_is_left_of_a_program_that_was_turned_off() {
    let _alone = alone();
    let kit = Kit::new();
    drop(kit.begin());
    let (other, _) = kit.begin();
    let (watch, _) = kit.begin();
    watch.erase();
    assert_eq!(kit.files(), 0);
    panics();
    kit.pass(10);
    watch.foreground();
    watch.flushed();
    watch.clean_stop();
    other.flushed();
    assert_eq!(kit.files(), 0);
    assert_eq!(watch.trouble(), None);
}

#[test]
fn a_file_that_is_no_marker_is_removed_and_nobody_judged() {
    let kit = Kit::new();
    drop(kit.begin());
    let folder = kit.folder.path().join("runs");
    let path = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let whole = std::fs::read(&path).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let newer = String::from_utf8(whole.clone()).unwrap();
    let newer = newer.replace("\"format\":1", "\"format\":2");
    for damaged in [
        Vec::new(),
        whole[..100].to_vec(),
        vec![0; whole.len()],
        with(0, b'!'),
        newer.into_bytes(),
    ] {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(&path, damaged).unwrap();
        let (watch, ended) = kit.begin();
        assert_eq!(ended, []);
        watch.erase();
    }
}

#[test]
fn a_damaged_mark_is_no_signal() {
    let kit = Kit::new();
    drop(kit.begin());
    let folder = kit.folder.path().join("runs");
    let path = std::fs::read_dir(&folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[1024..end].fill(b's');
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(kit.begin().1[0].verdict, Verdict::Clean);
}

#[test]
fn a_release_of_any_characters_comes_back_as_it_was() {
    let kit = Kit::new();
    let mut settings = kit.settings();
    settings.release = "4.2-\u{1f5fa}\"\\\n".into();
    drop(Watch::begin(settings));
    assert_eq!(kit.begin().1[0].release, "4.2-\u{1f5fa}\"\\\n");
}

#[test]
fn a_watch_that_can_write_nothing_says_why_and_does_nothing() {
    let kit = Kit::new();
    let file = kit.folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let (watch, ended) = Watch::begin(Settings::new(file.join("runs"), "4.2"));
    assert_eq!(ended, []);
    assert!(watch.trouble().is_some());
    watch.foreground();
    watch.flushed();
    watch.background();
    watch.settled();
    watch.erase();

    let (watch, _) = Watch::begin(Settings::new(kit.folder.path(), "4".repeat(2000)));
    assert_eq!(watch.trouble(), Some(std::io::ErrorKind::FileTooLarge));
}

#[test]
fn the_host_may_tell_of_a_run_what_the_marker_can_not_know() {
    let kit = Kit::new();
    drop(kit.begin());
    let (_watch, ended) = kit.begin();
    let told = ended[0].told_by_host(ExitReason::MemoryPressure);
    assert_eq!(told.verdict, Verdict::OutOfMemory);
    assert_eq!(told.id, ended[0].id);
}

#[test]
fn an_app_that_goes_on_after_it_stopped_is_running_again() {
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    watch.clean_stop();
    watch.foreground();
    // As a process that ends without a word leaves it: nothing is dropped.
    let folder = kit.folder.path().join("runs");
    let path = std::fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("\"stopped\":false"), "{text}");
}
