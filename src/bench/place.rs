//! Where a round takes place: topics of its own, and a folder with settings and keys for the processes
//! that are measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use kaiku_broker::{Admin, Cluster, KafkaConfig, TopicsConfig, create_topics};
use serde::Serialize;
use tempfile::TempDir;

use crate::config::Settings;
use crate::telemetry::TelemetryConfig;
use crate::throw_away;

/// Topics and settings of a round.
pub(super) struct Place {
    pub(super) cluster: Cluster,
    shape: TopicsConfig,
    folder: TempDir,
}

/// The sections that the processes are given; all else is as by default.
#[derive(Serialize)]
struct Sections {
    kafka: KafkaConfig,
    topics: TopicsConfig,
    enrich: kaiku_enrich::Config,
    telemetry: TelemetryConfig,
}

impl Place {
    /// Makes topics under a prefix, and writes the settings.
    pub(super) fn make(settings: &Settings, prefix: &str, partitions: u16) -> Result<Place> {
        let kafka = settings.kafka.clone().with_prefix(prefix);
        let cluster = Cluster::new(&kafka)?;
        let folder = tempfile::tempdir().context("making a folder for settings and keys")?;
        let shape = TopicsConfig {
            partitions: partitions.into(),
            replication: settings.topics.replication,
            replay: true,
        };
        let place = Place {
            cluster,
            shape,
            folder,
        };
        place.write_settings(kafka)?;
        place.make_topics(&place.cluster)?;
        Ok(place)
    }

    /// Makes the topics of a prefix, in the same shape.
    pub(super) fn make_topics(&self, cluster: &Cluster) -> Result<()> {
        let admin = Admin::connect(cluster)?;
        create_topics(&admin, &self.shape, &[]).context("making the topics")?;
        Ok(())
    }

    /// As by default; but the last uploads find no others to mix with, and need not wait, and all devices
    /// are new in one hour.
    fn write_settings(&self, kafka: KafkaConfig) -> Result<()> {
        let sections = Sections {
            kafka,
            topics: self.shape.clone(),
            enrich: kaiku_enrich::Config {
                group: self.group(),
                keys_dir: self.folder.path().join("keys"),
                delete_raw: false,
                mix_longest: Duration::from_millis(500),
                new_devices_per_hour: 1_000_000_000,
                ..kaiku_enrich::Config::default()
            },
            telemetry: TelemetryConfig {
                listen: ([127, 0, 0, 1], 0).into(),
                ..TelemetryConfig::default()
            },
        };
        let table = toml::Table::try_from(&sections).context("writing settings")?;
        let text = toml::to_string(&table).context("writing settings")?;
        fs::write(self.settings_file(), text).context("writing settings")
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.path().join("kaiku.toml")
    }

    /// The group of enrich.
    pub(super) fn group(&self) -> String {
        format!("{}enrich", self.cluster.prefix())
    }

    /// A place for a log.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// This very program with a verb and these settings. Nothing of the environment lies over them; paths
    /// in them are those of this process, so it has the same folder.
    pub(super) fn kaiku(&self, verb: &str) -> Result<Command> {
        let program = std::env::current_exe().context("looking for this program")?;
        let mut command = Command::new(program);
        command
            .arg(verb)
            .arg("--config")
            .arg(self.settings_file())
            .stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("KAIKU_") {
                command.env_remove(name);
            }
        }
        Ok(command)
    }

    /// Deletes the topics, copies included.
    pub(super) fn delete(self) -> Result<()> {
        throw_away::delete_topics(&self.cluster).map(drop)
    }
}

/// The last lines of a log, for an error.
pub(super) fn tail(log: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Part;

    #[test]
    fn the_settings_of_a_round_can_be_read_and_used() {
        let text = "[kafka]\nbrokers = \"127.0.0.1:9\"\n[topics]\nreplication = 3\n";
        let settings = Settings::parse("settings", text, &[]).expect("settings");
        let kafka = settings.kafka.clone().with_prefix("bench-1.");
        let place = Place {
            cluster: Cluster::new(&kafka).expect("a cluster"),
            shape: TopicsConfig {
                partitions: 2,
                replication: settings.topics.replication,
                replay: true,
            },
            folder: tempfile::tempdir().expect("a folder"),
        };
        place.write_settings(kafka).expect("a file");
        let file = place.settings_file();
        let text = fs::read_to_string(file).expect("a file");
        let parts = [Part::Kafka, Part::Topics, Part::Enrich, Part::Telemetry];
        let read = Settings::parse("settings", &text, &[]).expect("settings");
        assert_eq!(read.problems(&parts), Vec::new());
        assert_eq!(read.kafka.prefix, "bench-1.");
        assert_eq!(read.topics, place.shape);
        assert_eq!(read.enrich.group, "bench-1.enrich");
        assert_eq!(read.enrich.mix_longest, Duration::from_millis(500));
        assert_eq!(read.telemetry.listen.port(), 0);
    }
}
