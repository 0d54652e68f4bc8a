//! Kafka settings, topics and clients that every stage shares.
//!
//! Whoever speaks Kafka in this workspace gets its address, its credentials and the names of its
//! topics here: [`KafkaConfig`] is the `[kafka]` section of the settings, a [`Cluster`] the same
//! once it was checked, [`TopicsConfig`] the shape of the topics and [`Topics`] their names.
//! [`Admin`] makes the topics and checks them, [`MockBroker`] stands in for a broker in the demo.

mod admin;
mod check;
mod cluster;
mod config;
mod create;
mod drain;
mod error;
mod hidden;
mod mock;
mod note;
mod problems;
mod reason;
mod topic_id;
mod topics;
mod watermarks;

pub use admin::{Admin, Advertised, Ends, Examined, Owners};
pub use check::Scope;
pub use cluster::{Cluster, Isolation};
pub use config::{Brokers, KafkaConfig, Mechanism, Sasl, Tls};
pub use create::{Created, create_topics, ensure_state_topic};
pub use drain::{drain, send_waiting};
pub use error::{Error, missing_right, passes};
pub use hidden::Hidden;
pub use mock::MockBroker;
pub use note::{Noting, note};
pub use topics::{Kind, MESSAGE_MAX_BYTES, TopicSpec, Topics, TopicsConfig};
pub use watermarks::watermarks;
