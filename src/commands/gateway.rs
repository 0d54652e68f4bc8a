//! `kaiku gateway key` and `check`: a key for an app, and whether a gateway answers as it must.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use kaiku_gateway::golden::{APP, Outcome, Target};
use kaiku_gateway::{certificates, key_hash, new_key};

use crate::cli::GatewayVerb;
use crate::output::{Out, note};

/// Runs the verb.
pub(crate) fn run(verb: &GatewayVerb) -> Result<ExitCode> {
    match verb {
        GatewayVerb::Key { hash } => key(hash.as_deref()),
        GatewayVerb::Check {
            url,
            key_file,
            ca_file,
        } => check(url, key_file, ca_file),
    }
}

fn key(file: Option<&Path>) -> Result<ExitCode> {
    let mut out = Out::new();
    if let Some(file) = file {
        out.line(key_hash(&first_line(file)?))?;
    } else {
        let (key, hash) = new_key();
        out.line(format!("key   {key}"))?;
        out.line(format!("hash  {hash}"))?;
        note(
            "the key goes into the app, its hash into gateway.keys_file; the key is shown this once",
        );
    }
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

fn check(url: &str, key_file: &Path, ca_file: &Path) -> Result<ExitCode> {
    let key = first_line(key_file)?;
    let roots = if url.starts_with("https:") {
        let pem = fs::read(ca_file).with_context(|| {
            let file = ca_file.display();
            format!("reading {file}: name the authorities with --ca-file")
        })?;
        certificates(&pem, "the file of the authorities")?
    } else {
        Vec::new()
    };
    let target = Target::new(url, roots)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcomes = runtime.block_on(target.check(&key))?;
    let mut out = Out::new();
    let mut wrong = 0;
    for Outcome {
        name,
        about,
        wrong: said,
    } in &outcomes
    {
        match said {
            None => out.line(format!("ok      {name:<22} {about}"))?,
            Some(said) => {
                wrong += 1;
                out.line(format!("WRONG   {name:<22} {about}: {said}"))?;
            }
        }
    }
    out.finish()?;
    if wrong == 0 {
        note(&format!(
            "all {} answers are as they must be",
            outcomes.len()
        ));
        return Ok(ExitCode::SUCCESS);
    }
    note(&format!(
        "{wrong} of {} answers are wrong; is the key good for the app `{APP}`, and does a proxy stand between?",
        outcomes.len()
    ));
    Ok(ExitCode::FAILURE)
}

/// The first line of a file. What stands in it is told nowhere.
fn first_line(file: &Path) -> Result<String> {
    let text = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let line = text.lines().next().unwrap_or("").trim().to_owned();
    ensure!(!line.is_empty(), "{} holds no key", file.display());
    Ok(line)
}
