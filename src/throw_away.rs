//! Topics and groups of a run's own on somebody's broker, which are deleted behind it: for `selftest` and `bench`.

use anyhow::Result;
use kaiku_broker::{Admin, Cluster};

use crate::cli::Global;
use crate::config::{Part, Settings};
use crate::telemetry::TelemetryConfig;

/// The settings, with the brokers that were named. Where nothing else is set the log has errors alone: what
/// there is to say is the result.
pub(crate) fn settings(global: &Global, parts: &[Part], brokers: Option<&str>) -> Result<Settings> {
    let mut settings = global.settings(parts)?;
    if let Some(brokers) = brokers {
        settings.kafka.brokers = brokers.into();
    }
    if settings.telemetry == TelemetryConfig::default() {
        settings.telemetry.log = "error".to_owned();
    }
    Ok(settings)
}

/// What the names of the topics begin with, and no others do.
pub(crate) fn prefix(begin: &str) -> String {
    format!("{begin}{:08x}.", rand::random::<u32>())
}

/// Deletes every consumer group under the prefix of a cluster, and says how many there were.
///
/// # Errors
/// Where the broker does not.
pub(crate) fn delete_groups(cluster: &Cluster) -> Result<usize> {
    let admin = Admin::connect(cluster)?;
    let groups = admin.groups()?;
    for group in &groups {
        admin.delete_group(group)?;
    }
    Ok(groups.len())
}

/// Deletes every topic under the prefix of a cluster, and says how many there were.
///
/// # Errors
/// Where the broker does not.
pub(crate) fn delete_topics(cluster: &Cluster) -> Result<usize> {
    let admin = Admin::connect(cluster)?;
    let names = admin.names()?;
    for name in &names {
        admin.delete_topic(name)?;
    }
    Ok(names.len())
}
