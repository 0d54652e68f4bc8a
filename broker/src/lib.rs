//! Kafka settings, topics and clients that every stage shares.
//!
//! Whoever speaks Kafka in this workspace gets its address, its credentials and the names of its
//! topics here: [`KafkaConfig`] is the `[kafka]` section of the settings, [`Topics`] the names,
//! [`Admin`] makes the topics and checks them, [`MockBroker`] stands in for a broker in the demo.

mod admin;
mod check;
mod config;
mod create;
mod drain;
mod error;
mod failpoint;
mod mock;
mod note;
mod problems;
mod reason;
mod topics;

pub use admin::{Admin, check};
pub use check::{CheckOptions, Scope};
pub use config::{Brokers, KafkaConfig, Mechanism, Sasl, Tls};
pub use create::{CreateOptions, Created, create};
pub use drain::drain;
pub use error::Error;
pub use failpoint::failpoint;
pub use mock::MockBroker;
pub use note::{Noting, note};
pub use topics::{Kind, MESSAGE_MAX_BYTES, TopicSpec, Topics};
