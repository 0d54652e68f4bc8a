//! `kaiku tables`: the data dictionary of what a policy publishes.

use std::process::ExitCode;

use anyhow::Result;
use kaiku_aggregate::Dictionary;

use super::policy;
use crate::cli::{DictionaryFormat, Global, TablesArgs};
use crate::output::Out;

/// Runs the verb.
pub(crate) fn run(args: &TablesArgs, global: &Global) -> Result<ExitCode> {
    let dictionary = Dictionary::of(&policy::chosen(
        args.policy.as_deref(),
        &global.settings(&[])?,
    )?);
    let text = match args.format {
        DictionaryFormat::Markdown => dictionary.markdown(),
        DictionaryFormat::Json => dictionary.json()?,
    };
    let mut out = Out::new();
    out.line(text.trim_end())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
