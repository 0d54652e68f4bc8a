//! `kaiku completions` and `man`: the command line as shells and readers of man pages have it.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;

use crate::cli::{Cli, CompletionsArgs, ManArgs};
use crate::output::{Out, note};

/// Prints the completions of a shell.
pub(crate) fn completions(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kaiku", &mut text);
    let mut out = Out::new();
    out.line(String::from_utf8_lossy(&text).trim_end())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the man pages.
pub(crate) fn man(args: &ManArgs) -> Result<ExitCode> {
    let shown = args.dir.display();
    fs::create_dir_all(&args.dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), &args.dir))
        .with_context(|| format!("writing man pages to {shown}"))?;
    note(&format!("the man pages lie in {shown}"));
    Ok(ExitCode::SUCCESS)
}
