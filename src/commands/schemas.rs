//! `kaiku schemas`: the Avro files of the contract, here and in the registry.

use anyhow::{Context, Result, bail};
use kaiku_registry::{Registry, subject_of};
use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{CONTRACTS, Contract, Schema};

use crate::cli::SchemasVerb;
use crate::config::Settings;
use crate::output::Out;

/// Runs the verb.
pub(crate) fn run(verb: &SchemasVerb, settings: impl FnOnce() -> Result<Settings>) -> Result<()> {
    match verb {
        SchemasVerb::Show { name, header } => show(name.as_deref(), *header),
        SchemasVerb::Check => ask(&settings()?, Registry::check, "is compatible"),
        SchemasVerb::Push => ask(
            &settings()?,
            |registry, subject, text| registry.register(subject, text).map(drop),
            "is registered",
        ),
    }
}

fn show(name: Option<&str>, header: bool) -> Result<()> {
    let mut out = Out::new();
    for contract in &CONTRACTS {
        let full = contract.name;
        match name {
            None if header => out.line(format!("{}  {full}", header_of(contract)))?,
            None => out.line(full)?,
            Some(name) if full == name || full.ends_with(&format!(".{name}")) => {
                match header {
                    true => out.line(header_of(contract))?,
                    false => out.line(contract.text.trim_end())?,
                }
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

/// The single-object header of a schema, in hexadecimal digits.
fn header_of(contract: &Contract) -> String {
    let mut header = Vec::new();
    let fingerprint = Schema::compiled_in(contract).fingerprint();
    frame::put(&mut header, Framing::SingleObject(fingerprint));
    header.iter().map(|byte| format!("{byte:02x}")).collect()
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
        let full = contract.name;
        let subject = subject_of(full);
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
