//! What is known of each device of a partition in the open periods.

mod arrivals;
mod codec;
mod device;
mod last;
mod meta;
mod notes;
mod packed;
mod table;

pub(crate) use codec::FORMAT as STATE_FORMAT;
pub(crate) use device::{Books, Device, Fresh, Home, Outcome, Sight};
pub(crate) use last::{LastRecord, LastSeen};
pub(crate) use meta::{Devices, META_KEY, Meta, newest_format};
pub(crate) use notes::Notes;
pub(crate) use packed::Packed;
pub(crate) use table::{Change, Table};
