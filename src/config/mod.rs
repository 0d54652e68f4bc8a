//! The settings: one TOML file, the environment over it, every error reported at once.

mod document;
mod problem;
mod sections;

use std::path::{Path, PathBuf};

use kaiku_broker::KafkaConfig;

pub(crate) use problem::{Problem, Problems};
pub(crate) use sections::{CatalogueConfig, TopicsConfig};

use crate::telemetry::TelemetryConfig;
use document::Document;

/// The file that is read where none is named.
const DEFAULT_FILE: &str = "kaiku.toml";

/// The sections, in the order in which data flows.
const SECTIONS: [&str; 8] = [
    "kafka",
    "topics",
    "registry",
    "catalogue",
    "gateway",
    "enrich",
    "aggregate",
    "telemetry",
];

/// Everything that can be set, section by section.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) kafka: KafkaConfig,
    pub(crate) topics: TopicsConfig,
    pub(crate) registry: Option<kaiku_registry::Config>,
    pub(crate) catalogue: CatalogueConfig,
    pub(crate) gateway: kaiku_gateway::Config,
    pub(crate) enrich: kaiku_enrich::Config,
    pub(crate) aggregate: kaiku_aggregate::Config,
    pub(crate) telemetry: TelemetryConfig,
}

/// What a verb needs of the settings; only that has to be usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Kafka,
    Topics,
    Catalogue,
    Gateway,
    Enrich,
    Aggregate,
    Telemetry,
}

impl Settings {
    /// Reads the file (the one named, else `./kaiku.toml` where it exists, else none) and the
    /// environment, and requires that the parts named are usable.
    ///
    /// # Errors
    /// Every problem at once.
    pub(crate) fn load(file: Option<&Path>, parts: &[Part]) -> Result<Settings, Problems> {
        let settings = Settings::read(file)?;
        match settings.problems(parts) {
            problems if problems.is_empty() => Ok(settings),
            problems => Err(Problems(problems)),
        }
    }

    /// Reads the file and the environment, and does not yet look at what they say.
    ///
    /// # Errors
    /// Every problem of form at once.
    pub(crate) fn read(file: Option<&Path>) -> Result<Settings, Problems> {
        let file = match file {
            Some(file) => Some(file.to_path_buf()),
            None => Some(PathBuf::from(DEFAULT_FILE)).filter(|file| file.exists()),
        };
        let (name, text) = match &file {
            Some(file) => (file.display().to_string(), read_text(file)?),
            None => ("the built-in settings".to_owned(), String::new()),
        };
        // Variables whose name or value is no text are nobody's settings.
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect::<Vec<_>>();
        Settings::parse(&name, &text, &variables)
    }

    /// Takes the text of a file, and the variables that lie over it.
    ///
    /// # Errors
    /// Every problem of form at once.
    pub(crate) fn parse(
        name: &str,
        text: &str,
        variables: &[(String, String)],
    ) -> Result<Settings, Problems> {
        let mut document = Document::new(name, text);
        document.overlay(variables);
        let kafka = document.take("kafka");
        let topics = document.take("topics");
        let registry = document.has("registry").then(|| document.take("registry"));
        let catalogue = document.take("catalogue");
        let gateway = document.take("gateway");
        let enrich = document.take("enrich");
        let aggregate = document.take("aggregate");
        let telemetry = document.take("telemetry");
        let problems = document.finish(&SECTIONS);
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        let whole = || {
            Some(Settings {
                kafka: kafka?,
                topics: topics?,
                registry: registry.map_or(Some(None), |section| section.map(Some))?,
                catalogue: catalogue?,
                gateway: gateway?,
                enrich: enrich?,
                aggregate: aggregate?,
                telemetry: telemetry?,
            })
        };
        let missing = || Problem::new(name, "a section can't be read");
        whole().ok_or_else(|| Problems(vec![missing()]))
    }

    /// Everything that keeps these parts from being used.
    pub(crate) fn problems(&self, parts: &[Part]) -> Vec<Problem> {
        let sentences = parts.iter().flat_map(|part| match part {
            Part::Kafka => self.kafka.problems(),
            Part::Topics => self.topics.problems(),
            Part::Catalogue => self.catalogue.problems(),
            Part::Gateway => self.gateway.problems(),
            Part::Enrich => self.enrich.problems(),
            Part::Aggregate => self.aggregate.problems(),
            Part::Telemetry => self.telemetry.problems(),
        });
        sentences.map(Problem::sentence).collect()
    }
}

fn read_text(file: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(file).map_err(|error| {
        let text = format!("can't be read ({error}): name an existing file with --config");
        Problems(vec![Problem::new(file.display().to_string(), text)])
    })
}
