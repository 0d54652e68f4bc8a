//! `kaiku catalogue check`: every error of the catalogue, and what would break readers.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use kaiku_catalogue::{Catalogue, check_against};
use kaiku_wire::Clock;

use crate::cli::{CatalogueArgs, CatalogueVerb, Global};
use crate::output::{self, Out};

/// Runs the verb.
pub(crate) fn run(verb: &CatalogueVerb, global: &Global) -> Result<ExitCode> {
    let CatalogueVerb::Check(CatalogueArgs { dir, against }) = verb;
    let dir = match dir {
        Some(dir) => Some(dir.clone()),
        None => global.settings(&[])?.catalogue.dir,
    };
    let catalogue = match &dir {
        Some(dir) => read(dir)?,
        None => {
            output::note("no catalogue is set: looking at the built-in sample");
            Catalogue::sample()
        }
    };
    let breaks = match against {
        None => Vec::new(),
        Some(old) => check_against(&read(old)?, &catalogue, Clock::system().today()),
    };
    let mut out = Out::new();
    for line in &breaks {
        out.line(format!("breaks readers: {line}"))?;
    }
    out.finish()?;
    if breaks.is_empty() {
        output::note("the catalogue is right");
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}

fn read(dir: &Path) -> Result<Catalogue> {
    match Catalogue::load(dir) {
        Ok(catalogue) => Ok(catalogue),
        Err(problems) => {
            let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
            bail!("the catalogue can't be used:\n  - {}", lines.join("\n  - "))
        }
    }
}
