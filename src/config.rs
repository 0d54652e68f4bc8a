//! The settings: one TOML file, the environment over it, every error reported at once.

mod catalogue;
mod document;
mod problem;

use std::path::{Path, PathBuf};

use kaiku_broker::{Cluster, KafkaConfig, TopicsConfig};

pub(crate) use catalogue::CatalogueConfig;
pub(crate) use problem::{Problem, Problems};

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
    /// Where there is such a section.
    Registry,
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
            Part::Kafka => Cluster::problems(&self.kafka),
            Part::Topics => self.topics.problems(),
            Part::Registry => self.registry_problems(),
            Part::Catalogue => self.catalogue.problems(),
            Part::Gateway => self.gateway.problems(),
            Part::Enrich => self.enrich_problems(),
            Part::Aggregate => self.aggregate.problems(),
            Part::Telemetry => self.telemetry.problems(),
        });
        sentences.map(Problem::sentence).collect()
    }

    fn registry_problems(&self) -> Vec<String> {
        let registry = self.registry.as_ref();
        registry.map_or_else(Vec::new, kaiku_registry::Config::problems)
    }

    /// Those of enrich itself, and keys in a place that others read.
    fn enrich_problems(&self) -> Vec<String> {
        let mut problems = self.enrich.problems();
        let folder = self.enrich.keys_dir.to_string_lossy();
        if let Some(store) = self.aggregate.store_around(&folder) {
            problems.push(format!(
                "enrich.keys_dir lies in {store}: whoever reads that would have the keys of the state; give them a \
                 folder of their own"
            ));
        }
        problems
    }
}

fn read_text(file: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(file).map_err(|error| {
        let text = format!("can't be read ({error}): name an existing file with --config");
        Problems(vec![Problem::new(file.display().to_string(), text)])
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use toml::{Table, Value};

    use super::*;

    /// The rows of the tables in docs/configuration.md: section, key, and what stands for its default.
    fn documented() -> BTreeMap<String, BTreeMap<String, String>> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
        let text = std::fs::read_to_string(file).expect("docs/configuration.md");
        let mut all = BTreeMap::new();
        for part in text.split("\n## `[").skip(1) {
            let (section, rest) = part.split_once("]`").expect("the name of a section");
            let rows = rest.lines().filter(|line| line.starts_with("| `"));
            let rows: BTreeMap<String, String> = rows.flat_map(row).collect();
            all.insert(section.to_owned(), rows);
        }
        all
    }

    /// The keys of a row, each with its default; a default alone stands for all of them.
    fn row(line: &str) -> Vec<(String, String)> {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (keys, defaults) = (spans(cells.next()), cells.next());
        let values = spans(defaults);
        let text = defaults.unwrap_or_default().to_owned();
        let default = |place: usize| match values.as_slice() {
            [] => text.clone(),
            [one] => one.clone(),
            several => several[place].clone(),
        };
        let with = |(place, key): (usize, &String)| (key.clone(), default(place));
        keys.iter().enumerate().map(with).collect()
    }

    fn spans(cell: Option<&str>) -> Vec<String> {
        let spans = cell.unwrap_or_default().split('`').skip(1).step_by(2);
        spans.map(str::to_owned).collect()
    }

    /// The keys that a section, or a table in it, takes: those that it names where a key is wrong.
    fn keys(table: &str) -> BTreeSet<String> {
        let text = format!("[{table}]\nno_such_key = 1\n");
        let problems = Settings::parse("settings", &text, &[]).expect_err("a key that is none");
        let said = problems.to_string();
        let (_, expected) = said.split_once("expected").expect("what is expected");
        spans(Some(expected)).into_iter().collect()
    }

    /// The built-in defaults of every section.
    fn defaults() -> BTreeMap<&'static str, Table> {
        let settings = Settings::parse("settings", "[registry]\nurl = \"https://r\"\n", &[]);
        let settings = settings.expect("settings that can be read");
        let mut registry = table(&settings.registry);
        registry.remove("url");
        BTreeMap::from([
            ("kafka", table(&settings.kafka)),
            ("topics", table(&settings.topics)),
            ("registry", registry),
            ("catalogue", table(&settings.catalogue)),
            ("gateway", table(&settings.gateway)),
            ("enrich", table(&settings.enrich)),
            ("aggregate", table(&settings.aggregate)),
            ("telemetry", table(&settings.telemetry)),
        ])
    }

    fn table(section: &impl serde::Serialize) -> Table {
        Table::try_from(section).expect("settings that can be written")
    }

    /// The default of a key, as the document writes it; `None` where it has none.
    fn default_of(section: &Table, key: &str) -> Option<String> {
        let mut value = section.get(key.split('.').next()?)?;
        for part in key.split('.').skip(1) {
            value = value.get(part)?;
        }
        match value {
            // A list of one is written as that one.
            Value::Array(list) => list.first().map(ToString::to_string),
            value => Some(value.to_string()),
        }
    }

    #[test]
    fn every_section_has_a_table_in_the_documents() {
        let sections: BTreeSet<String> = SECTIONS.map(str::to_owned).into();
        assert_eq!(documented().into_keys().collect::<BTreeSet<_>>(), sections);
    }

    #[test]
    fn every_key_stands_in_the_documents_and_every_documented_key_exists() {
        for (section, rows) in documented() {
            let mut taken = BTreeSet::new();
            for key in keys(&section) {
                let within = format!("{key}.");
                let is_table = rows.keys().any(|row| row.starts_with(&within));
                if !is_table {
                    taken.insert(key);
                    continue;
                }
                let inner = keys(&format!("{section}.{key}"));
                taken.extend(inner.into_iter().map(|inner| format!("{key}.{inner}")));
            }
            let documented: BTreeSet<String> = rows.into_keys().collect();
            assert_eq!(documented, taken, "[{section}]");
        }
    }

    #[test]
    fn every_default_is_what_the_documents_say() {
        let defaults = defaults();
        for (section, rows) in documented() {
            for (key, said) in rows {
                let default = default_of(&defaults[section.as_str()], &key);
                // Where there is none, the document says in words what is done without.
                let is_said = match &default {
                    Some(default) => *default == said,
                    None => !said.is_empty() && !said.starts_with('"'),
                };
                assert!(
                    is_said,
                    "[{section}] {key} is {default:?}, documented as {said}"
                );
            }
        }
    }
}
