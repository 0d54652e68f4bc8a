//! Landing: records of `events.stripped` into a dense log of partial counts, one log a partition.

mod behind;
pub(crate) mod columns;
mod consume;
mod counts;
mod decode;
mod ends;
mod entry;
pub(crate) mod lane;
mod log;
mod look;
pub(crate) mod marginals;
mod position;
mod reader;
mod rows;
mod share;
mod source;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use consume::{Shared, land};
pub(crate) use counts::counts_of;
pub(crate) use entry::Entry;
pub(crate) use log::{Appended, Log};
pub(crate) use look::{Looked, look};
pub(crate) use marginals::Definitions;
pub(crate) use position::Place;
pub(crate) use source::Source;
