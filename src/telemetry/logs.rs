//! Log lines, as text or JSON, on standard error.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};

use super::TelemetryConfig;
use super::config::Format;

/// Starts writing log lines. Called once, before anything logs.
///
/// # Errors
/// Where the filter can't be read, or somebody has started logs before.
pub(crate) fn start(config: &TelemetryConfig) -> Result<()> {
    let filter = config.filter().context("reading telemetry.log")?;
    // What librdkafka tells, it tells twice; the other target is its log proper.
    let filter = filter.add_directive("rdkafka::client=off".parse().context("a fixed filter")?);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let started = match config.format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started
        .map_err(|error| anyhow::anyhow!(error))
        .context("starting the logs")
}

/// Starts log lines for a verb that has none of its own, where `KAIKU_TELEMETRY__LOG` asks for them.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_if_asked() -> Result<()> {
    match std::env::var("KAIKU_TELEMETRY__LOG") {
        Ok(log) => start(&TelemetryConfig {
            log,
            ..TelemetryConfig::default()
        }),
        Err(_) => Ok(()),
    }
}
