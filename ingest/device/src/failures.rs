//! Failures without dumps: how the last run ended, panics, signals where they are asked for, and hangs.
//!
//! A run leaves a marker behind, and the next start decides from it how the run ended ([`Verdict`]). Nothing of a text,
//! an address or a stack is ever written: a marker holds the release, numbers and flags, and at most the name of a
//! component of the catalogue.
//!
//! A panic that the process outlives is a failure that was not fatal: it is told to the [`Recorder`] by the first call
//! that comes long enough after it. A panic in which the process ends is fatal, and the next start finds it.
//!
//! Markers belong to processes: each holds a lock on its own for as long as it lives, so that only the dead are judged.
//! A forked child inherits its parent's lock and marks nothing; it begins a run of its own if it is to have one.

mod component;
mod errors;
mod exit;
mod marker;
mod panics;
mod run;
#[cfg(all(unix, feature = "signals"))]
pub mod signals;
mod system;
#[cfg(test)]
mod tests;
mod verdict;
mod watch;
mod watchdog;

pub use component::Component;
pub use errors::{ErrorCauses, UNHANDLED};
pub use panics::not_the_apps;
pub use system::{Clock, MachineClock, System};
pub use verdict::{ExitReason, Verdict};
pub use watch::{LastRun, Settings, Watch};
pub use watchdog::THRESHOLD;

/// The cause of a panic in the catalogue.
const PANIC: &str = "panic";

/// Who takes a failure that the process outlived.
pub trait Recorder: Send + Sync {
    /// `cause` and `component` are names of the catalogue.
    fn failed(&self, cause: &str, component: Option<&str>, fatal: bool);
}
