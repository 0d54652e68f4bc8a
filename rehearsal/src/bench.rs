//! What a benchmark of enrich is made of where it touches Kafka and the raw records: the load, the
//! pass-through that is its limit, how far a group has come, and what a process has used.

mod lag;
mod load;
mod pass;
mod usage;

pub use lag::Lag;
pub use load::{Held, Load, MOST_EVENTS, Upload, Written};
pub use pass::{Way, copies, pass};
pub use usage::{Reading, Usage, resident};
