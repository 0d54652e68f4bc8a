//! Rollups of months and years of simulated devices: made-up counts, taken through the gate and written by
//! the writer of the stage, with no broker and no event.
//!
//! What is simulated is the shape of a history and not single devices: shares of features, countries and
//! brands, weekdays, releases that follow each other, and changes that are asked for. So numbers of different tables agree
//! roughly and not exactly.

mod cells;
mod history;

pub use cells::Names;
pub use history::{Change, History};
