//! Logs, metrics and health: what an operator sees of a running process.
//!
//! No payload, no identifier and no address of a caller goes into any of them; and no metric is
//! labelled by app, for live counts are finer than a day.

mod config;
mod logs;
mod metrics;
mod server;

pub(crate) use config::TelemetryConfig;
pub(crate) use logs::{start as start_logs, start_if_asked};
pub(crate) use metrics::Metrics;
pub(crate) use server::{Health, Listener};
