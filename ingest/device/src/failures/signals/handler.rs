//! The handlers. What they may do is said in [`super`].

use std::sync::atomic::Ordering;

use libc::{c_int, c_void, siginfo_t};

use super::disposition::{Before, Chained, call, is_current, set_default};
use super::place::{self, Entered};
use super::{DEALT_WITH, Signals};

static CRASHES: [Chained; 5] = [
    Chained::new(libc::SIGSEGV),
    Chained::new(libc::SIGBUS),
    Chained::new(libc::SIGILL),
    Chained::new(libc::SIGFPE),
    Chained::new(libc::SIGABRT),
];

static ENDINGS: [Chained; 3] = [
    Chained::new(libc::SIGTERM),
    Chained::new(libc::SIGHUP),
    Chained::new(libc::SIGINT),
];

/// Of `SIGBUS`: memory that is bad, and that nobody has touched yet.
const BUS_MCEERR_AO: c_int = 5;

pub(super) fn install(signals: Signals) {
    if signals.crashes {
        for chained in &CRASHES {
            chained.install(on_crash, false);
        }
    }
    if signals.endings {
        for chained in &ENDINGS {
            chained.install(on_ending, true);
        }
    }
}

fn before(table: &'static [Chained], signal: c_int) -> Before<'static> {
    table
        .iter()
        .find(|chained| chained.signal == signal)
        .map_or(Before::Default, Chained::before)
}

extern "C" fn on_crash(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let errno = errno();
    let entered = place::enter(signal);
    match before(&CRASHES, signal) {
        Before::Handler(handler) => {
            // SAFETY: the arguments are the kernel's.
            unsafe { call(handler, signal, info, context) };
            // One that gives up puts another disposition in place, and the fault comes again to that one. One that
            // leaves ours in place has dealt with the fault.
            if is_current(signal, on_crash) {
                DEALT_WITH.fetch_add(1, Ordering::Relaxed);
                place::leave(entered);
            }
        }
        Before::Ignored if was_sent(signal, info) => place::leave(entered),
        // The kernel lets nobody ignore a fault of its own.
        Before::Default | Before::Ignored => {
            if entered == Entered::Full {
                place::mark_without_place(signal);
            }
            end_by(signal, was_sent(signal, info));
        }
    }
    set_errno(errno);
}

extern "C" fn on_ending(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
    let errno = errno();
    place::told_to_end(signal);
    match before(&ENDINGS, signal) {
        // SAFETY: the arguments are the kernel's.
        Before::Handler(handler) => unsafe { call(handler, signal, info, context) },
        // A handler in front of ours, put there later, decides itself what comes of the signal.
        Before::Default if is_current(signal, on_ending) => end_by(signal, true),
        Before::Default | Before::Ignored => {}
    }
    set_errno(errno);
}

/// Ends the process by this signal as if no handler had been there. A fault comes again by itself when the handler
/// returns, with its own details; what was sent must be sent again, and waits until then.
fn end_by(signal: c_int, was_sent: bool) {
    set_default(signal);
    if was_sent {
        // SAFETY: no pointers.
        unsafe { libc::raise(signal) };
    }
}

fn was_sent(signal: c_int, info: *mut siginfo_t) -> bool {
    // SAFETY: the kernel's pointer, or none where a handler in front of ours has none to give.
    let Some(info) = (unsafe { info.as_ref() }) else {
        return true;
    };
    info.si_code <= 0 || (signal == libc::SIGBUS && info.si_code == BUS_MCEERR_AO)
}

#[cfg(target_os = "android")]
use libc::__errno as errno_location;
#[cfg(any(target_os = "linux", target_os = "l4re"))]
use libc::__errno_location as errno_location;
#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
use libc::__error as errno_location;

fn errno() -> c_int {
    // SAFETY: always a pointer to this thread's number.
    unsafe { *errno_location() }
}

fn set_errno(errno: c_int) {
    // SAFETY: as above.
    unsafe { *errno_location() = errno }
}
