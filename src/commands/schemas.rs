//! `kaiku schemas`: the Avro files of the contract, here and in the registry.

use anyhow::{Context, Result, bail};
use kaiku_registry::{Registry, subject_of};
use serde_json::Value;

use crate::cli::SchemasVerb;
use crate::config::Settings;
use crate::output::Out;

/// One file of `schemas/avro`.
pub(crate) struct Contract {
    /// The topic that its records stand on, without a prefix.
    pub(crate) topic: &'static str,
    /// How long they stand there.
    pub(crate) kept: &'static str,
    /// The text of the file.
    pub(crate) text: &'static str,
}

const RAW_KEPT: &str = "until enrich has committed it; 14 days at most";
const STRIPPED_KEPT: &str = "until its week is sealed";

/// Every file of the contract, in the order in which data flows.
pub(crate) const CONTRACTS: [Contract; 7] = [
    Contract {
        topic: "events.raw",
        kept: RAW_KEPT,
        text: include_str!("../../schemas/avro/raw_batch.avsc"),
    },
    Contract {
        topic: "events.raw",
        kept: RAW_KEPT,
        text: include_str!("../../schemas/avro/forget.avsc"),
    },
    Contract {
        topic: "events.raw",
        kept: RAW_KEPT,
        text: include_str!("../../schemas/avro/tick.avsc"),
    },
    Contract {
        topic: "events.rejected",
        kept: "30 days",
        text: include_str!("../../schemas/avro/rejected.avsc"),
    },
    Contract {
        topic: "events.stripped",
        kept: STRIPPED_KEPT,
        text: include_str!("../../schemas/avro/stripped_batch.avsc"),
    },
    Contract {
        topic: "events.stripped",
        kept: STRIPPED_KEPT,
        text: include_str!("../../schemas/avro/pair_batch.avsc"),
    },
    Contract {
        topic: "events.stripped",
        kept: STRIPPED_KEPT,
        text: include_str!("../../schemas/avro/day_closed.avsc"),
    },
];

impl Contract {
    /// The schema as JSON.
    ///
    /// # Errors
    /// Never for the files that are compiled in: a test reads each.
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(self.text).context("reading a schema that is compiled in")
    }

    /// The record's name with its namespace.
    ///
    /// # Errors
    /// As [`Contract::json`].
    pub(crate) fn full_name(&self) -> Result<String> {
        let json = self.json()?;
        let text = |key| json.get(key).and_then(Value::as_str).unwrap_or_default();
        Ok(format!("{}.{}", text("namespace"), text("name")))
    }
}

/// Runs the verb.
pub(crate) fn run(verb: &SchemasVerb, settings: impl FnOnce() -> Result<Settings>) -> Result<()> {
    match verb {
        SchemasVerb::Show { name } => show(name.as_deref()),
        SchemasVerb::Check => ask(&settings()?, Registry::check, "is compatible"),
        SchemasVerb::Push => ask(
            &settings()?,
            |registry, subject, text| registry.register(subject, text).map(drop),
            "is registered",
        ),
    }
}

fn show(name: Option<&str>) -> Result<()> {
    let mut out = Out::new();
    for contract in &CONTRACTS {
        let full = contract.full_name()?;
        match name {
            None => out.line(full)?,
            Some(name) if full == name || full.ends_with(&format!(".{name}")) => {
                out.line(contract.text.trim_end())?;
                return out.finish();
            }
            Some(_) => {}
        }
    }
    if let Some(name) = name {
        bail!("there is no schema {name}: `kaiku schemas show` lists the names");
    }
    out.finish()
}

fn ask(
    settings: &Settings,
    question: impl Fn(&Registry, &str, &str) -> Result<(), kaiku_registry::Error>,
    done: &str,
) -> Result<()> {
    let Some(config) = &settings.registry else {
        bail!("no schema registry is set: add a section [registry] with its url");
    };
    let registry = Registry::new(config).context("preparing to ask the schema registry")?;
    let mut out = Out::new();
    let mut failed = 0;
    for contract in &CONTRACTS {
        let full = contract.full_name()?;
        let subject = subject_of(&full);
        match question(&registry, subject, contract.text) {
            Ok(()) => out.line(format!("ok       {subject} {done}"))?,
            Err(error) => {
                failed += 1;
                out.line(format!(
                    "failed   {subject}: {:#}",
                    anyhow::Error::from(error)
                ))?;
            }
        }
    }
    out.finish()?;
    if failed > 0 {
        bail!("{failed} of {} schemas failed", CONTRACTS.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::CONTRACTS;

    #[test]
    fn every_file_has_a_name() {
        for contract in &CONTRACTS {
            let name = contract.full_name().expect("a schema that can be read");
            assert!(name.starts_with("kaiku.") && !name.ends_with('.'), "{name}");
        }
    }
}
