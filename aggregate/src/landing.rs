//! Landing: records of `events.stripped` into a dense log of partial counts, one log a partition.

pub(crate) mod columns;
mod consume;
mod decode;
mod entry;
pub(crate) mod lane;
mod log;
pub(crate) mod object;
mod position;
#[cfg(test)]
mod tests;

pub(crate) use consume::{Chain, Shared, land};
pub(crate) use entry::Entry;
pub(crate) use log::{Appended, Log};
