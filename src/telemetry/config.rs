//! The `[telemetry]` section of the settings.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// What a process says of itself, and where.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetryConfig {
    /// Which log lines are written: a level, or levels by module (`info,kaiku_enrich=debug`).
    pub(crate) log: String,
    /// How a log line is written.
    pub(crate) format: Format,
    /// Address of `/metrics`, `/healthz` and `/readyz`, over plain HTTP.
    pub(crate) listen: SocketAddr,
    /// False turns that listener off.
    pub(crate) serve: bool,
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        TelemetryConfig {
            log: "info".into(),
            format: Format::Text,
            listen: SocketAddr::from(([127, 0, 0, 1], 9464)),
            serve: true,
        }
    }
}

impl TelemetryConfig {
    /// Everything that keeps these settings from being used, each with what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        match self.filter() {
            Ok(_) => Vec::new(),
            Err(_) => vec![format!(
                "telemetry.log is `{}`: write a level (error, warn, info, debug, trace), or levels \
                 by module such as `info,kaiku_enrich=debug`",
                self.log
            )],
        }
    }

    /// The filter of the log lines.
    ///
    /// # Errors
    /// Where `log` is no such filter.
    pub(super) fn filter(&self) -> Result<EnvFilter, tracing_subscriber::filter::ParseError> {
        EnvFilter::builder().parse(&self.log)
    }
}
