//! `program.toml`: who runs the program, and what its participants agreed to.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::check::{Problem, Source};

/// The program as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Version of this file's contents, counted up by its owner.
    pub version: u32,
    /// Who answers for the program.
    pub controller: Controller,
    /// The consent texts, by their version.
    pub consent: BTreeMap<String, ConsentText>,
}

/// Who answers for the program.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Name of the organisation.
    pub name: String,
    /// Where to reach it.
    pub contact: String,
}

/// One version of the text that a device's owner agrees to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentText {
    /// The text, as it is shown.
    pub text: String,
}

impl Program {
    pub(crate) fn parse(source: &Source<'_>) -> Result<Program, Problem> {
        let program: Program = toml::from_str(source.text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            source.problem(at, error.message().to_owned())
        })?;
        let numbered = program
            .consent
            .keys()
            .all(|key| key.parse::<u32>().is_ok_and(|v| v > 0));
        if numbered && !program.consent.is_empty() {
            return Ok(program);
        }
        let at = source.text.find("[consent").unwrap_or(0);
        let message = "consent needs a text for each version, as in [consent.1]".to_owned();
        Err(source.problem(at, message))
    }
}
