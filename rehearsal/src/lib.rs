//! A fleet that never was, sent through the stages, and what comes out held beside what went in.
//!
//! The demo, the selftest and the tests send by one [`Sender`], run the stages in
//! one [`Pipeline`], and hold what was landed and published beside what the fleet knows: [`Landed`]
//! and [`compare`]. [`mod@bench`] has the load and the limit of a benchmark of enrich. [`explain`] needs
//! no stage: it asks the gate alone what would stay visible of a fleet. [`Needles`] look for
//! identifiers in bytes where none may be. Nothing here is part of what runs for real.

pub mod bench;
mod compare;
mod door;
mod explain;
mod files;
mod landing;
mod needles;
mod pipeline;
mod search;
mod send;
mod table;
mod tap;

pub use compare::{Comparison, compare};
pub use door::{Door, Time, Whole};
pub use explain::{Explained, explain};
pub use files::{under, with_ending};
pub use landing::Landed;
pub use needles::{Control, Found, Needles};
pub use pipeline::Pipeline;
pub use search::search;
pub use send::Sender;
pub use table::{Period, TableOutcome, wanted};
pub use tap::Tap;
