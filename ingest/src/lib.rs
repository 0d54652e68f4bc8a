//! The producer library: validated batches onto events.raw.
//!
//! A service builds a [`Batch`], hands it to a [`Producer`] and awaits its [`Delivery`]: only then
//! has the broker written it to all of its replicas. [`jsonl`] reads the same batches from lines
//! of text, [`publish`] carries a whole file of them.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use kaiku_broker::{Cluster, KafkaConfig};
//! use kaiku_ingest::{Batch, Config, Consent, Day, Device, DeviceId, Event, Producer};
//!
//! let cluster = Cluster::new(&KafkaConfig::at("127.0.0.1:9092"))?;
//! let producer = Producer::start(&cluster, None, &Config::default())?;
//!
//! let device = Device::new(DeviceId::from_hex("6f1c0000111122223333444455556666")?, "Nokia", "TA-1053")
//!     .network("244", "05");
//! let consent = Consent::new(2, Day::parse("2026-11-01")?);
//! let batch = Batch::new(device, "maps", "4.2", consent)
//!     .event(Event::started())
//!     .event(Event::feature_used("route.bicycle").times(2))
//!     .event(Event::failed("network.timeout").component("tiles"))
//!     .event(Event::stopped().after_seconds(340));
//!
//! let delivery = producer.send(&batch).await?; // waits while the queue is full
//! delivery.await?; // waits until the broker has it
//! producer.close(std::time::Duration::from_secs(10)).await?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod client;
mod config;
mod delivery;
mod encode;
mod error;
pub mod jsonl;
mod metrics;
mod producer;
pub mod publish;
#[cfg(test)]
mod tests;

pub use batch::{Batch, Device, Event, Forget};
pub use config::Config;
pub use delivery::{Delivery, DeliveryError};
pub use encode::{Encoded, Framer};
pub use error::Error;
pub use metrics::METRICS;
pub use producer::Producer;

pub use kaiku_raw::{Consent, DeviceId, LengthBucket, Loss, LossReason, Reason, StreamId};
pub use kaiku_wire::Day;

/// The snippets of the README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
