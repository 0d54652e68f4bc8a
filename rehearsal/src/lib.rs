//! A fleet that never was, sent through the stages, and what comes out held beside what went in.
//!
//! The demo, the selftest, the tests and the benchmarks send by one [`Sender`], run the stages in
//! one [`Pipeline`], and hold what was landed and published beside what the fleet knows: [`Landed`]
//! and [`compare`]. [`Needles`] look for identifiers in bytes where none may be. Nothing here is
//! part of what runs for real.

mod compare;
mod door;
mod files;
mod landing;
mod needles;
mod pipeline;
mod search;
mod send;
mod tap;

pub use compare::{Comparison, compare, wanted};
pub use door::{Door, Time};
pub use files::{under, with_ending};
pub use landing::Landed;
pub use needles::{Control, Found, Needles};
pub use pipeline::Pipeline;
pub use search::search;
pub use send::Sender;
pub use tap::Tap;
