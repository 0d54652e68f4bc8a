//! Metrics in Prometheus' text form.

use std::time::Duration;

use anyhow::{Context, Result};
use kaiku_metric::{Described, Gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

const BUILD_INFO: Gauge<1> = Gauge::new(
    "kaiku_build_info",
    ["version"],
    "Always 1; the label says which version runs.",
);

/// The metrics of every package that has some.
const PACKAGES: [&[Described]; 6] = [
    &[BUILD_INFO.described()],
    kaiku_stage::METRICS,
    kaiku_ingest::METRICS,
    kaiku_gateway::METRICS,
    kaiku_enrich::METRICS,
    kaiku_aggregate::METRICS,
];

/// Every metric of this program.
fn all() -> impl Iterator<Item = &'static Described> {
    PACKAGES.into_iter().flatten()
}

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
        all().for_each(Described::describe);
        Collector::default().describe();
        BUILD_INFO.with([env!("KAIKU_VERSION").into()]).set(1.0);
        Ok(metrics)
    }

    /// The text that Prometheus reads.
    pub(super) fn render(&self) -> String {
        Collector::default().collect();
        without_gone(&self.0.render())
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

/// The text without gauges that were removed: the recorder keeps every one, and shows those as no
/// number.
fn without_gone(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.ends_with(" NaN"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn runbook() -> String {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/runbook.md");
        std::fs::read_to_string(file).expect("docs/runbook.md")
    }

    #[test]
    fn every_metric_stands_in_the_runbook_with_its_labels() {
        let runbook = runbook();
        let missing: Vec<_> = all()
            .map(Described::signature)
            .filter(|signature| !runbook.contains(&format!("`{signature}`")))
            .collect();
        assert_eq!(missing, Vec::<String>::new());
    }

    #[test]
    fn every_metric_that_a_document_names_exists() {
        let names: BTreeSet<_> = all().map(|metric| metric.name).collect();
        for document in ["README.md", "docs/runbook.md", "docs/configuration.md"] {
            let file = format!("{}/{document}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&file).expect(document);
            let spans = text.split('`').skip(1).step_by(2);
            let named = spans.filter(|span| span.starts_with("kaiku_"));
            for metric in named.map(|span| span.split('{').next().unwrap_or(span)) {
                // Packages are named so too.
                let is_package = matches!(metric, "kaiku_enrich" | "kaiku_ingest");
                assert!(
                    is_package || names.contains(metric),
                    "{document} names {metric}"
                );
            }
        }
    }

    /// What stands behind a name: the parts of a histogram have names of their own.
    fn is_metric(name: &str, names: &BTreeSet<&str>) -> bool {
        let parts = ["", "_bucket", "_count", "_sum"].into_iter();
        parts
            .filter_map(|part| name.strip_suffix(part))
            .any(|name| names.contains(name))
    }

    #[test]
    fn alerts_and_the_dashboard_ask_for_metrics_that_exist_and_the_dashboard_for_all_but_few() {
        let names: BTreeSet<_> = all().map(|metric| metric.name).collect();
        let mut asked = BTreeSet::new();
        for file in ["docker/prometheus/alerts.yaml", "docker/grafana/kaiku.json"] {
            let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&path).expect(file);
            let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            for word in words.filter(|word| word.starts_with("kaiku_")) {
                assert!(is_metric(word, &names), "{file} asks for {word}");
                asked.insert(word.to_owned());
            }
        }
        // For a question that somebody has, and not for a screen.
        let few = [
            "kaiku_build_info",
            "kaiku_gateway_records_total",
            "kaiku_producer_replaced_total",
            "kaiku_restore_seconds",
        ];
        let shown: BTreeSet<&str> = asked
            .iter()
            .map(|word| word.trim_end_matches("_bucket").trim_end_matches("_count"))
            .chain(few)
            .collect();
        let missing: Vec<_> = names.difference(&shown).collect();
        assert_eq!(missing, Vec::<&&str>::new());
    }

    #[test]
    fn every_metric_that_is_declared_is_described() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let folders = [
            "src",
            "stage/src",
            "stage/broker",
            "ingest",
            "enrich",
            "aggregate",
        ];
        let (mut declared, mut idle) = (0, Vec::new());
        for folder in folders {
            for file in kaiku_rehearsal::with_ending(&root.join(folder), "rs").expect(folder) {
                let text = std::fs::read_to_string(&file).expect("a source");
                let constants = text.split("const ").skip(1).filter_map(|constant| {
                    let (name, kind) = constant.split_once(": ")?;
                    let is_metric = ["Counter<", "Gauge<", "Histogram<"]
                        .iter()
                        .any(|start| kind.starts_with(start));
                    is_metric.then_some(name)
                });
                for name in constants {
                    declared += 1;
                    if !text.contains(&format!("{name}.described()")) {
                        idle.push(format!("{name} stands in no METRICS: {}", file.display()));
                    }
                }
            }
        }
        assert_eq!(idle, Vec::<String>::new());
        assert_eq!(declared, all().count());
    }

    #[test]
    fn a_gauge_that_was_removed_is_shown_no_more_until_it_is_set_again() {
        let lag = Gauge::new("kaiku_lag", ["partition"], "Lag.");
        let recorder = PrometheusBuilder::new().build_recorder();
        let shown = Metrics(recorder.handle());
        metrics::with_local_recorder(&recorder, || {
            lag.with(["0".into()]).set(7.0);
            lag.with(["1".into()]).set(8.0);
            lag.remove(["0".into()]);
            let text = shown.render();
            assert!(!text.contains("partition=\"0\""), "{text}");
            assert!(text.contains("kaiku_lag{partition=\"1\"} 8\n"), "{text}");
            lag.with(["0".into()]).set(9.0);
            assert!(shown.render().contains("kaiku_lag{partition=\"0\"} 9\n"));
        });
    }

    #[test]
    fn no_name_has_a_unit_that_prometheus_has_another_for() {
        let others = [
            "days",
            "hours",
            "minutes",
            "millis",
            "ms",
            "kilobytes",
            "bits",
        ];
        for metric in all() {
            let mut words = metric.name.split('_');
            assert!(words.all(|word| !others.contains(&word)), "{}", metric.name);
        }
    }

    #[test]
    fn no_two_metrics_share_a_name() {
        let names: BTreeSet<_> = all().map(|metric| metric.name).collect();
        assert_eq!(names.len(), all().count());
    }
}
