//! Landing: records of `events.stripped` into a dense log of partial counts, one log a partition.

pub(crate) mod columns;
mod consume;
mod counts;
mod decode;
mod entry;
pub(crate) mod lane;
mod log;
mod merge;
mod position;
mod reader;
#[cfg(test)]
mod tests;

pub(crate) use consume::{Shared, land};
pub(crate) use counts::counts_of;
pub(crate) use entry::Entry;
pub(crate) use log::{Appended, Log};
