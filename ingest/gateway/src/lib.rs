//! The HTTPS door: a batch a request, answered when the broker has it.
//!
//! A device that gets a 2xx may delete what it sent: the record stands on all replicas in sync.
//! Any other answer says whether to keep it and try again (408, 429, 503), or that it will never
//! be taken (400, 413, 415). No address of a client is kept or logged, and no answer repeats what
//! was sent.

mod answer;
mod api;
mod away;
mod body;
mod config;
mod error;
mod metrics;
mod server;
mod sink;
#[cfg(test)]
mod tests;
mod tls;
mod tokens;

pub use api::{AVRO, OPENAPI};
pub use config::{Config, Limits, Tls};
pub use error::Error;
pub use metrics::METRICS;
pub use server::{Gateway, run};
pub use sink::{Pending, Sink};
