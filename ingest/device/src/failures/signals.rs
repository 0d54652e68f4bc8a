//! Handlers for the signals that end a process, where a host asks for them.
//!
//! A handler of ours goes in front of the one that was there, with that one's mask and flags, and lets it decide first:
//! runtimes turn faults into exceptions, and those are no failures. Before it is called, the place of this thread in
//! the marker is marked, and unmarked when it has dealt with the fault. So a handler that ends the process leaves the
//! mark, though it never comes back.
//!
//! In a handler nothing is allocated, locked or formatted, and no variable of a thread is touched (in a library that
//! was loaded late even that may allocate). Sixteen bytes go to a descriptor that is open already.
//!
//! `signal-hook` has no alternate stack, does not keep flags and refuses these signals; `crash-handler` takes a lock in
//! its handler and asks ours before the one that was there. So this is our own.

// Signals are C's: dispositions, handlers and what they are handed are raw pointers.
#![allow(unsafe_code)]

mod disposition;
mod handler;
mod place;
mod stack;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::run::Run;

pub use stack::guard_thread;

/// Which handlers are put in place. None by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// `SIGSEGV`, `SIGBUS`, `SIGILL`, `SIGFPE` and `SIGABRT`, for hosts of native code.
    pub crashes: bool,
    /// `SIGTERM`, `SIGHUP` and `SIGINT`: who is ended by them has not failed. One that the host ignores stays ignored.
    pub endings: bool,
}

static DEALT_WITH: AtomicU64 = AtomicU64::new(0);

/// Faults that another handler dealt with since the process started: no failures, and not recorded.
pub fn dealt_with_by_others() -> u64 {
    DEALT_WITH.load(Ordering::Relaxed)
}

/// Marks go to this run from now on, and to no earlier one of this process. The handlers stay for as long as the process lives: who put one over ours has it as
/// theirs by now.
pub(crate) fn begin(run: &Arc<Run>, signals: Signals) {
    if signals == Signals::default() {
        return;
    }
    if signals.crashes {
        guard_thread();
    }
    run.with_file(place::open);
    handler::install(signals);
}

/// The process goes on, so it has outlived what was marked long enough ago.
pub(crate) fn lives(run: &Run) {
    if run.with_file(place::is_at) == Some(true) {
        let system = run.system();
        place::outlived(system.outlives, system.drains);
    }
}

/// No marks any more for this run.
pub(crate) fn end(run: &Run) {
    if run.with_file(place::is_at) == Some(true) {
        place::close();
    }
}
