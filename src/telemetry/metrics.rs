//! Metrics in Prometheus' text form.

use std::time::Duration;

use anyhow::{Context, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Upper bounds, in seconds, of the buckets of every metric of a duration.
const SECONDS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

/// How often what the histograms have gathered is taken in, so that it can't pile up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Whatever the stages have counted so far.
#[derive(Clone)]
pub(crate) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Takes over what the `metrics` macros of this process count, from now on.
    ///
    /// # Errors
    /// Where somebody has taken it over before.
    pub(crate) fn start() -> Result<Metrics> {
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
            .context("setting the buckets of the metrics")?
            .build_recorder();
        let metrics = Metrics(recorder.handle());
        metrics::set_global_recorder(recorder)
            .map_err(|_| anyhow::anyhow!("metrics are recorded already"))?;
        metrics::describe_gauge!(
            "kaiku_build_info",
            "Always 1; the label says which version runs."
        );
        metrics::gauge!("kaiku_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(metrics)
    }

    /// The text that Prometheus reads.
    pub(super) fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps the histograms small for as long as the process lives.
    pub(super) async fn upkeep(&self) {
        let mut tick = tokio::time::interval(UPKEEP);
        loop {
            tick.tick().await;
            self.0.run_upkeep();
        }
    }
}
