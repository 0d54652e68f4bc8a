//! What is known of each device of a partition in the open periods.

mod codec;
mod device;
mod meta;
mod table;

pub(crate) use codec::{decode as decode_device, encode as encode_device};
pub(crate) use device::{Device, Outcome, Sight};
pub(crate) use meta::{Devices, META_KEY, Meta, newest_format};
pub(crate) use table::{Change, Table};
