//! The `kaiku` command: the only place that knows all stages.

mod bench;
mod cli;
mod clock;
mod commands;
mod config;
mod demo;
mod output;
mod service;
mod shutdown;
mod stage;
mod status;
mod telemetry;
mod throw_away;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Steps at which a test has this process end; without the feature of the tests it reads nothing.
    let _steps = fail::FailScenario::setup();
    let cli = Cli::parse();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}
