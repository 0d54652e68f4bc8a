//! What is known of each device of a partition in the open periods.

mod arrivals;
mod buckets;
mod chunk;
mod codec;
mod device;
mod generation;
mod last;
mod log;
mod meta;
mod notes;
mod packed;
mod table;

pub(crate) use chunk::read as read_chunk;
pub(crate) use device::{Books, Device, Fresh, Home, Outcome, Sight};
pub(crate) use generation::Generation;
pub(crate) use last::{LastRecord, LastSeen};
pub(crate) use log::Log;
pub(crate) use meta::{Devices, Logs, META_KEY, Meta, MetaError, newest_format};
pub(crate) use notes::Notes;
pub(crate) use packed::Packed;
pub(crate) use table::Table;

/// The format of the state that is written: chunks, whose devices are in format 4. Up to that one each device had a
/// record of its own.
pub(crate) const CHUNK_FORMAT: u8 = 5;
