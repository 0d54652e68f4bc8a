//! What an operator takes over as it is: the alert rules, checked and tried by Prometheus' own tool, and the dashboard.

use std::path::{Path, PathBuf};

use crate::support::promtool::promtool;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_alert_rules_are_rules_and_fire_when_they_should_and_not_before() {
    let said = promtool(&["check", "rules", "docker/prometheus/alerts.yaml"], "");
    let rules = include_str!("../docker/prometheus/alerts.yaml").matches("- alert:");
    let found = format!("{} rules found", rules.count());
    assert!(said.contains(&found), "{said}");
    promtool(&["test", "rules", "docker/prometheus/alerts_test.yaml"], "");
}

#[test]
fn every_panel_of_the_dashboard_asks_something_and_says_what_it_shows() {
    let file = root().join("docker/grafana/kaiku.json");
    let text = std::fs::read_to_string(Path::new(&file)).unwrap();
    let dashboard: serde_json::Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let charts = panels.iter().filter(|panel| panel["type"] != "row");
    assert!(charts.clone().count() > 12);
    for panel in charts {
        let title = panel["title"].as_str().unwrap();
        assert!(
            panel["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{title}"
        );
        for target in panel["targets"].as_array().unwrap() {
            assert!(
                target["expr"].as_str().unwrap().contains("kaiku_"),
                "{title}"
            );
        }
    }
}
