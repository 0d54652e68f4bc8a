//! The `[telemetry]` section of the settings.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

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
    pub(super) fn filter(&self) -> Result<EnvFilter> {
        // A word alone is a level. The parser takes a misspelt one for the name of a module, and then
        // nothing would be written at all.
        let mut words = self.log.split(',').map(str::trim);
        let is_level = |word: &str| !word.is_empty() && word.parse::<LevelFilter>().is_ok();
        let is_said = |word: &str| word.contains('=') || is_level(word);
        // Of spans the fields stand between commas too.
        let has_spans = self.log.contains('[');
        ensure!(
            has_spans || words.all(is_said),
            "neither a level nor a module's"
        );
        Ok(EnvFilter::builder().parse(&self.log)?)
    }
}

#[cfg(test)]
mod tests {
    use super::TelemetryConfig;

    #[test]
    fn a_level_that_is_misspelt_is_told() {
        let problems = |log: &str| {
            let config = TelemetryConfig {
                log: log.to_owned(),
                ..TelemetryConfig::default()
            };
            config.problems().len()
        };
        for right in [
            "info",
            "off",
            "warn,kaiku_enrich=debug",
            "debug,rdkafka=off",
        ] {
            assert_eq!(problems(right), 0, "{right}");
        }
        for wrong in ["inof", "", "info,", "info,kaiku_enrich", "info,kaiku=="] {
            assert_eq!(problems(wrong), 1, "{wrong}");
        }
    }
}
