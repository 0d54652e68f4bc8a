//! The sections that belong to no stage: `[topics]` and `[catalogue]`.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use kaiku_broker::{CheckOptions, CreateOptions, Scope};
use kaiku_catalogue::Catalogue;
use kaiku_wire::{Day, Month};
use serde::{Deserialize, Serialize};

/// What the topics are made with, and held to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TopicsConfig {
    /// Partitions of every topic; never to be changed once there are records.
    pub(crate) partitions: i32,
    /// On how many brokers each record stands.
    pub(crate) replication: i32,
    /// History is replayed: the producers say when a record was made (CreateTime).
    pub(crate) replay: bool,
}

/// Where the closed vocabularies come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CatalogueConfig {
    /// Folder with one TOML file an app; the built-in sample where none is set.
    pub(crate) dir: Option<PathBuf>,
}

impl Default for TopicsConfig {
    fn default() -> Self {
        TopicsConfig {
            partitions: 4,
            replication: 1,
            replay: false,
        }
    }
}

impl TopicsConfig {
    /// Everything that keeps these settings from being used, each with what to do.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=10_000).contains(&self.partitions) {
            problems.push(
                "topics.partitions must be 1 to 10000: take 64 where growth is expected".to_owned(),
            );
        }
        if !(1..=100).contains(&self.replication) {
            problems.push(
                "topics.replication must be at least 1, and no more than there are brokers: take 3"
                    .to_owned(),
            );
        }
        problems
    }

    /// What is to be made: the topics, and the state of this month and the next.
    pub(crate) fn create_options(&self) -> CreateOptions {
        CreateOptions {
            partitions: self.partitions,
            replication: self.replication,
            replay: self.replay,
            months: if self.replay { Vec::new() } else { months() },
        }
    }

    /// What a stage's topics are held to.
    pub(crate) fn check_options(&self, scope: Scope) -> CheckOptions {
        CheckOptions {
            scope,
            replication: self.replication,
            replay: self.replay,
            months: Vec::new(),
        }
    }
}

/// The current month, in UTC.
fn months() -> Vec<Month> {
    vec![Day::from_millis(chrono::Utc::now().timestamp_millis()).month()]
}

impl CatalogueConfig {
    /// Everything that is wrong with the catalogue, each with its place.
    pub(crate) fn problems(&self) -> Vec<String> {
        match self.load() {
            Ok(_) => Vec::new(),
            Err(problems) => problems,
        }
    }

    /// Reads the catalogue, or takes the built-in sample.
    ///
    /// # Errors
    /// Every problem of every file, with line and column.
    pub(crate) fn load(&self) -> Result<Arc<Catalogue>, Vec<String>> {
        match &self.dir {
            None => Ok(Arc::new(Catalogue::sample())),
            Some(dir) => match Catalogue::load(dir) {
                Ok(catalogue) => Ok(Arc::new(catalogue)),
                Err(problems) => Err(problems.iter().map(ToString::to_string).collect()),
            },
        }
    }
}
