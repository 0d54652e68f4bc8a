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
