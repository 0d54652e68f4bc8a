//! One file a verb; none does more than to bring settings, stages and output together.

mod bench;
mod catalogue;
mod doctor;
pub(crate) mod explain;
mod export;
mod gateway;
mod inventory;
pub(crate) mod policy;
mod publish;
pub(crate) mod recommend;
pub(crate) mod report;
mod schemas;
mod selftest;
mod shell;
mod stages;
pub(crate) mod status;
mod tables;
mod topics;
mod verify;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Verb};
use crate::config::Part;
use crate::demo;
use crate::stage::Stage;
use crate::telemetry;
use stages::Options;

/// Does what the command line says.
///
/// # Errors
/// Whatever kept it from being done; `main` prints it.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let Cli { global, verb } = cli;
    match verb {
        Verb::Demo(args) => {
            telemetry::start_if_asked()?;
            demo::run(args)
        }
        Verb::Publish(args) => publish::run(&args, &global),
        Verb::Explain(args) => explain::run(&args, &global),
        Verb::Gateway(args) => match args.verb {
            None => stages::run(&global, &[Stage::Gateway], &Options::default()),
            Some(verb) => gateway::run(&verb),
        },
        Verb::Enrich(accept) => stages::run(&global, &[Stage::Enrich], &Options::accept(accept)),
        Verb::Aggregate(landing) => {
            let options = Options::default().land(landing);
            stages::run(&global, &[Stage::Aggregate], &options)
        }
        Verb::Run(args) => stages::run(
            &global,
            Stage::or_all(&args.stages),
            &Options {
                create_topics: args.create_topics,
                ..Options::accept(args.accept).land(args.landing)
            },
        ),
        Verb::Topics(verb) => topics::run(&verb, global.settings(&[Part::Kafka, Part::Topics])?),
        Verb::Schemas(verb) => {
            schemas::run(&verb, || global.settings(&[])).map(|()| ExitCode::SUCCESS)
        }
        Verb::Catalogue(verb) => catalogue::run(&verb, &global),
        Verb::Policy(verb) => policy::run(&verb, &global),
        Verb::Tables(args) => tables::run(&args, &global),
        Verb::Export(args) => export::run(&args),
        Verb::Report(args) => report::run(&args),
        Verb::Verify(args) => verify::run(&args),
        Verb::Recommend(args) => recommend::run(&args, &global),
        Verb::Doctor(args) => doctor::run(&args, &global),
        Verb::Status(args) => status::run(&args, &global),
        Verb::Selftest(args) => selftest::run(&args, &global),
        Verb::Bench(args) => bench::run(&args, &global),
        Verb::Inventory(args) => inventory::run(&args).map(|()| ExitCode::SUCCESS),
        Verb::Completions(args) => shell::completions(&args),
        Verb::Man(args) => shell::man(&args),
    }
}
