//! How a record stands on the wire: framing, schema fingerprints, the coarse day, and the
//! contribution bounds that both sides of the strip agree on.
//!
//! No I/O, no clock, no Kafka.

pub mod bounds;
pub mod codec;
mod day;
pub mod frame;
mod schema;

pub use day::{Day, DayError, Month, Week};
pub use schema::Schema;
