//! What a device says: the records of `events.raw`, their codec, and what makes one valid.
//!
//! Of all packages only those before the strip, and enrich, may name this one. Nothing here can
//! print a device's identifier: [`DeviceId`] has neither `Display` nor `Serialize`, and its
//! `Debug` prints the type's name.
//!
//! ```compile_fail
//! let id = kaiku_raw::DeviceId::new([7; 16]);
//! println!("{id}");
//! ```
//!
//! ```compile_fail
//! let id = kaiku_raw::DeviceId::new([7; 16]);
//! serde_json::to_string(&id);
//! ```

mod batch;
mod codec;
mod id;
mod loss;
mod partition;
mod quick;
mod reason;
mod rejected;
pub mod schemas;
mod validate;

pub use batch::{Consent, Device, EventType, Forget, RawBatch, RawEvent, Tick};
pub use codec::{DecodeError, Decoder, Encoder, LearnError, Record};
pub use id::{DeviceId, IdError, StreamId};
pub use kaiku_wire::LengthBucket;
pub use loss::{Loss, LossReason};
pub use partition::{murmur2, partition_of};
pub use reason::Reason;
pub use rejected::{Rejected, RejectedEncoder};
pub use validate::{Fault, Limits, Place, faults, validate};
