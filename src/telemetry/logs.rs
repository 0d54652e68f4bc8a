//! Log lines, as text or JSON, on standard error.

use std::io::{self, IsTerminal};

use anyhow::{Context, Result};
use tracing::{Dispatch, Metadata};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::TelemetryConfig;
use super::config::Format;

/// Libraries that quote what a stranger sends, at whatever level: rustls writes the name that a
/// client asks for at WARN, and its whole greeting at TRACE. What librdkafka tells, it tells twice;
/// the other target is its log proper. Nothing in `telemetry.log` can turn these on.
const SILENT: [&str; 2] = ["rustls", "rdkafka::client"];

fn may_be_said(metadata: &Metadata<'_>) -> bool {
    let is_within = |target: &str, name: &str| {
        let rest = target.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    !SILENT.iter().any(|name| is_within(metadata.target(), name))
}

/// Starts writing log lines. Called once, before anything logs.
///
/// # Errors
/// Where the filter can't be read, or somebody has started logs before.
pub(crate) fn start(config: &TelemetryConfig) -> Result<()> {
    subscriber(config, io::stderr, io::stderr().is_terminal())?
        .try_init()
        .context("starting the logs")
}

/// What takes the log lines, and writes them to `writer`.
fn subscriber<W>(
    config: &TelemetryConfig,
    writer: W,
    is_terminal: bool,
) -> Result<impl SubscriberInitExt + Into<Dispatch>>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = config.filter().context("reading telemetry.log")?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(is_terminal);
    let lines = match config.format {
        Format::Text => lines.boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    Ok(tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .with(filter_fn(may_be_said)))
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_rustls_quotes_of_a_client_is_never_written_whatever_the_settings_say() {
        for log in ["trace", "rustls=trace", "info,rustls::msgs=trace"] {
            for format in [Format::Text, Format::Json] {
                let kept = Kept::default();
                let config = TelemetryConfig {
                    log: log.to_owned(),
                    format,
                    ..TelemetryConfig::default()
                };
                let writer = kept.clone();
                let made = subscriber(&config, move || writer.clone(), false).expect("a filter");
                tracing::dispatcher::with_default(&made.into(), || {
                    tracing::warn!(target: "rustls", "Illegal SNI hostname received NEEDLE");
                    tracing::trace!(target: "rustls::msgs::handshake", "NEEDLE");
                    tracing::error!(target: "rustls::server", "NEEDLE");
                    tracing::warn!(target: "kaiku_gateway", "ours");
                });
                let kept = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
                let kept = String::from_utf8_lossy(&kept);
                assert!(!kept.contains("NEEDLE"), "{log}: {kept}");
                let is_said = log == "trace" || log.starts_with("info");
                assert_eq!(kept.contains("ours"), is_said, "{log}: {kept}");
            }
        }
    }
}
