//! The panic hook: takes note of a panic, then calls the hook that was there before.

use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use super::run;

thread_local! {
    static OURS: Cell<u32> = const { Cell::new(0) };
}

static IS_INSTALLED: AtomicBool = AtomicBool::new(false);

/// Puts the hook in place, once a process. It stays: whoever put a hook over it has it as theirs by now.
pub(crate) fn install() {
    // The standard library refuses to change hooks while a thread panics.
    if std::thread::panicking() || IS_INSTALLED.swap(true, Ordering::AcqRel) {
        return;
    }
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        note(info);
        previous(info);
    }));
}

/// Before the previous hook, for that one may end the process. A panic in here would end it too: so there is none.
fn note(info: &PanicHookInfo<'_>) {
    if OURS.try_with(Cell::get).unwrap_or(0) > 0 {
        return;
    }
    let file = info.location().map_or("", |location| location.file());
    for run in run::all() {
        run.panicked(file);
    }
}

/// Runs a piece of this library, whose panics are not the app's failures. They go on to the caller.
pub fn not_the_apps<T>(piece: impl FnOnce() -> T) -> T {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = OURS.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
        }
    }
    let _ = OURS.try_with(|depth| depth.set(depth.get().saturating_add(1)));
    let _leave = Leave;
    piece()
}
