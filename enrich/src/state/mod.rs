//! What is known of each device of a partition in the open periods.

mod device;
mod meta;
mod table;

pub(crate) use device::{Device, Outcome, Sight};
pub(crate) use meta::{META_KEY, Meta};
pub(crate) use table::{Change, Table};
