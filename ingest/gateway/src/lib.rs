//! The HTTPS door: a batch a request, answered when the broker has it.
//!
//! A device that gets a 2xx may delete what it sent: the record stands on all replicas in sync.
//! Any other answer says what to do with it, in `openapi.json`. No address of a client is kept or
//! logged, and nothing that a client sends is repeated in an answer, a log line or a metric.

mod addresses;
mod answer;
mod api;
mod body;
mod config;
mod connection;
mod error;
mod files;
mod keys;
mod lanes;
mod linger;
mod metrics;
mod network;
mod process;
mod seats;
mod seldom;
mod server;
mod sink;
mod suggested;
mod switches;
#[cfg(test)]
mod tests;
mod tls;
mod watched;

pub mod golden;

pub use api::OPENAPI;
pub use config::{Config, Limits, Tls};
pub use error::Error;
pub use files::too_few_files;
pub use keys::{key_hash, new_key};
pub use metrics::METRICS;
pub use network::{Network, NotANetwork};
pub use process::AVRO;
pub use server::{Gateway, Trouble, run};
pub use sink::{Pending, Sink};
pub use tls::certificates;
