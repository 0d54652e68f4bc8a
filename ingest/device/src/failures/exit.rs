//! A process that leaves by `exit`, or by the end of `main`, has ended as it wanted: no drop is run, and no failure is
//! made of that.

// `atexit` is C's; there is no other way to hear of `exit`.
#![allow(unsafe_code)]

use std::sync::Once;

use super::run;

static ONCE: Once = Once::new();

pub(crate) fn install() {
    ONCE.call_once(|| {
        // SAFETY: the function is there for as long as this library is, and does not unwind.
        let _ = unsafe { libc::atexit(left) };
    });
}

extern "C" fn left() {
    // What unwinds out of here ends the process.
    let _ = std::panic::catch_unwind(|| {
        super::panics::not_the_apps(|| {
            for run in run::all() {
                run.left();
            }
        });
    });
}
