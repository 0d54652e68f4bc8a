//! What may be kept behind the strip: values of closed vocabularies, coarse time, and the marks by
//! which devices are counted. No field of any type here is text.
//!
//! Stripped is not yet anonymous: on a quiet partition a record is in effect one device's upload.
//! It is personal data for the pipeline alone.
//!
//! Text can't become a value of a vocabulary; only a look-up in the catalogue makes one:
//!
//! ```compile_fail
//! let model: kaiku_catalogue::Model = kaiku_catalogue::Model("Nokia/TA-1053");
//! ```

mod codec;
mod event;
mod marks;
mod places;
pub mod schemas;

pub use codec::{Encoder, Kind, Record, kind_of};
pub use event::{DayClosed, Item, NONE, Pair, StrippedEvent};
pub use marks::Marks;
