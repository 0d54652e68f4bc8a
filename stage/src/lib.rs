//! What a stage is given, and how it says that it stands still.
//!
//! A stage is `run(config, context, progress)`: its own settings, a [`Context`] that every stage
//! gets alike, and what it shows of itself. Where it can't go on, it says so by a [`Standstill`]
//! of a closed list, in the log, in the metric and in its [`Readiness`].

mod cause;
mod context;
mod failpoint;
mod patience;
mod random;
mod readiness;
mod standstill;

pub use cause::Causes;
pub use context::Context;
pub use failpoint::{failpoint, failpoint_value};
pub use patience::start_patiently;
pub use random::RandomSource;
pub use readiness::{METRICS, Readiness};
pub use standstill::{Standstill, Step};
