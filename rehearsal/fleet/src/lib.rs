//! Simulated devices with a known truth: for the demo, for tests on a real broker and for
//! benchmarks.
//!
//! [`Fleet`] makes uploads, the same ones for the same seed; [`Truth`] counts what a perfect
//! observer of these uploads would count, by the rules of the contract and by no code of the
//! stages. Unlike the stages, it may see identifiers.

mod device;
mod fleet;
mod garbage;
mod habits;
mod kept;
mod models;
mod places;
mod plan;
mod truth;
mod upload;

pub use fleet::{DayUploads, Fleet, FleetConfig, TrueChange};
pub use kept::{kept, kept_batch};
pub use truth::{Cells, Column, Marks, Pairs, SentOf, Totals, Truth, Wanted};
pub use upload::{Garbage, Route, Upload, What};
