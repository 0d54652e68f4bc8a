//! Panics: those that a process outlives, those of this library, and what is kept of them.

use std::sync::Mutex;

use super::kit::Kit;
use super::names::panics_here as panics_elsewhere;
use crate::failures::{Verdict, Watch, not_the_apps};

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
    let panic = ("panic".to_owned(), Some("panics".to_owned()), false);
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
fn a_stop_that_a_panic_brings_about_is_none() {
    struct Program(Watch);
    impl Drop for Program {
        fn drop(&mut self) {
            self.0.clean_stop();
        }
    }
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    let program = std::panic::AssertUnwindSafe(Program(watch));
    let unwound = std::panic::catch_unwind(|| {
        let _program = program;
        panic!("a text that nobody is to keep");
    });
    assert!(unwound.is_err());
    let text = std::fs::read_to_string(kit.file()).unwrap();
    assert!(text.contains("\"stopped\":false"), "{text}");
    assert!(text.contains("\"panic\":{"), "{text}");
}

#[test]
fn a_program_leaves_alone_what_a_panic_dropped_of_another_one() {
    let _alone = alone();
    let (kit, other) = (Kit::new(), Kit::new());
    let watch = std::panic::AssertUnwindSafe(kit.begin().0);
    let unwound = std::panic::catch_unwind(|| {
        let _watch = watch;
        panic!("a text that nobody is to keep");
    });
    assert!(unwound.is_err());
    let (watch, _) = other.begin();
    other.pass(10);
    watch.flushed();
    assert_eq!(other.heard(), []);
    assert_eq!(kit.files(), 1);
}

#[test]
fn of_several_panics_the_first_is_where_it_began() {
    let _alone = alone();
    let kit = Kit::new();
    let (watch, _) = kit.begin();
    panics_elsewhere();
    panics();
    let began = || {
        let text = std::fs::read_to_string(kit.file()).unwrap();
        text.contains("\"component\":\"names\"")
    };
    assert!(began());
    watch.flushed();
    assert!(began());
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
    let text = std::fs::read_to_string(kit.file()).unwrap();
    assert!(text.contains("\"component\":\"panics\""), "{text}");
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
