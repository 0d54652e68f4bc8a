//! How a record stands on the wire: framing, schema fingerprints, the coarse day, and the
//! contribution bounds that both sides of the strip agree on.
//!
//! What both sides must call by the same name stands here once: the marks, the kinds of event, the
//! topics and the files of the contract. No I/O, no Kafka; the time only as it is handed in.

pub mod bounds;
mod clock;
pub mod codec;
pub mod contract;
mod cursor;
mod day;
pub mod frame;
mod incident;
mod kind;
mod length;
mod mark;
mod place;
mod schema;

pub use bounds::{BOUNDS, Bounds, Room};
pub use clock::Clock;
pub use contract::{CONTRACTS, Contract};
pub use cursor::Cursor;
pub use day::{Day, DayError, Month, Week};
pub use incident::{Incident, Incidents};
pub use kind::KindName;
pub use length::LengthBucket;
pub use mark::Mark;
pub use place::line_and_column;
pub use schema::{Schema, fingerprint, full_name};
