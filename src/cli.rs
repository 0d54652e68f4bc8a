//! The command line: verbs, options and their help.

mod catalogue;
mod rollups;
mod stages;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::report;
use crate::config::{Part, Settings};
use crate::demo;
use crate::stage::Stage;

pub(crate) use catalogue::{
    CatalogueArgs, CatalogueVerb, GenerateArgs, Lang, StoreArgs, StoreName, UnusedArgs,
};
pub(crate) use rollups::{
    DictionaryFormat, ExportArgs, PolicyVerb, TablesArgs, TuneArgs, VerifyArgs,
};
pub(crate) use stages::{AcceptArgs, GatewayArgs, GatewayVerb, LandingArgs, RunArgs};

/// An improvement program that people can trust: events in, anonymous Parquet out.
///
/// Devices say what happened in an app; `enrich` takes their identity away; `aggregate` publishes
/// rollups in which nobody can be found.
#[derive(Debug, Parser)]
#[command(
    name = "kaiku",
    version = env!("KAIKU_VERSION"),
    arg_required_else_help = true,
    after_help = "Examples:
  kaiku demo                                   the whole pipeline on simulated devices, nothing to set up
  kaiku topics create --config kaiku.toml      make the topics on a real broker
  kaiku run --config kaiku.toml                every stage in one process
  kaiku publish --dry-run events.jsonl         which lines would be refused, and why
  kaiku explain events.raw:3:1741              why this record is refused
  kaiku doctor --config kaiku.toml             what is wrong with the settings, and what to do
  kaiku status --config kaiku.toml             how far it has come, and what of it needs a hand"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The settings [default: ./kaiku.toml where it exists, else built-in defaults]
    ///
    /// Every key can also be set by an environment variable `KAIKU_<SECTION>__<KEY>`, such as
    /// KAIKU_KAFKA__BROKERS or KAIKU_KAFKA__SASL__USERNAME.
    #[arg(long, short, global = true, value_name = "FILE", env = "KAIKU_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

impl Global {
    /// The settings, with these parts of them usable.
    ///
    /// # Errors
    /// Every problem at once.
    pub(crate) fn settings(&self, parts: &[Part]) -> Result<Settings> {
        Ok(Settings::load(self.config.as_deref(), parts)?)
    }
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run the whole pipeline in this process on simulated devices: no broker, no network
    Demo(demo::Args),
    /// Validate JSON lines and put them onto Kafka
    Publish(PublishArgs),
    /// Say what becomes of one record, and why, field by field
    Explain(crate::commands::explain::Args),
    /// Take batches from devices over HTTPS and put them onto Kafka
    Gateway(GatewayArgs),
    /// Drop duplicates, mark first uses, take the identity away
    Enrich(AcceptArgs),
    /// Gather what is stripped, and publish anonymous rollups of each closed day
    Aggregate(LandingArgs),
    /// Run every stage, or those that are named, in this process
    Run(RunArgs),
    /// Make the topics, or check them
    #[command(subcommand)]
    Topics(TopicsVerb),
    /// The Avro schemas: show them, or bring them to the schema registry
    #[command(subcommand)]
    Schemas(SchemasVerb),
    /// The catalogue of apps, releases, features and causes: check it, and build it into apps
    #[command(subcommand)]
    Catalogue(CatalogueVerb),
    /// What is published, how noisy, at what price
    #[command(subcommand)]
    Policy(PolicyVerb),
    /// The data dictionary: each table and column, its noise, and over what it may be added up
    Tables(TablesArgs),
    /// Write rollups as CSV, for a spreadsheet
    Export(ExportArgs),
    /// Make the page of the rollups: what is used, what breaks, who uses it
    Report(report::Args),
    /// Check rollups: files, rows, signatures, the chain of manifests, and the budget
    Verify(VerifyArgs),
    /// Make the signed files from which devices pick what they might suggest, out of rollups
    Recommend(crate::commands::recommend::Args),
    /// Look at everything that the stages need, and say what to do about what is wrong
    Doctor(DoctorArgs),
    /// Say how far everything has come, and what of it needs a hand; change nothing
    Status(crate::commands::status::Args),
    /// Send simulated devices through a real broker, on throw-away topics, and compare with the truth
    Selftest(SelftestArgs),
    /// Measure how quick enrich is on a real broker, on throw-away topics, beside what librdkafka can do
    Bench(crate::bench::Args),
    /// List every field of every record, who sees it, and what for
    Inventory(InventoryArgs),
    /// Print what a shell needs to complete this command
    Completions(CompletionsArgs),
    /// Write a man page for each verb
    Man(ManArgs),
}

/// `kaiku publish`.
#[derive(Debug, Args)]
#[command(
    after_help = "A line is one batch of one device and app, or a device that is to be forgotten:
  {\"device\":{\"id\":\"6f1c…\",\"brand\":\"Nokia\",\"model\":\"TA-1053\"},\"app\":\"maps\",\"release\":\"4.2\",
   \"consent\":{\"version\":2,\"since\":\"2026-11-01\"},\"events\":[{\"type\":\"started\"}]}
  {\"forget\":{\"device_id\":\"6f1c…\"}}

Examples:
  kaiku publish events.jsonl
  zcat events.jsonl.gz | kaiku publish --on-error skip"
)]
pub(crate) struct PublishArgs {
    /// Lines of JSON; standard input where none is given, or `-`
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Only validate: name every bad line, and every name that no list has, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// The catalogue whose names a dry run looks for [default: the folder of the settings, else the built-in
    /// sample]
    #[arg(long, value_name = "DIR", requires = "dry_run")]
    pub(crate) catalogue: Option<PathBuf>,
    /// What to do at a line that is refused
    #[arg(long, value_enum, default_value_t = OnError::Stop)]
    pub(crate) on_error: OnError,
}

/// What to do at a line that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Name it, and go on with the next
    Skip,
    /// Name it, and stop; lines before it are sent
    Stop,
}

/// `kaiku topics`.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicsVerb {
    /// Make the topics that are missing; what is there is left as it is
    Create(CreateArgs),
    /// Say in which way the topics differ from what is needed
    Check,
}

/// `kaiku topics create`. What is not given is taken from the section `topics`.
#[derive(Debug, Args)]
pub(crate) struct CreateArgs {
    /// Partitions of every topic; never to be changed later
    #[arg(long)]
    pub(crate) partitions: Option<i32>,
    /// On how many brokers each record stands
    #[arg(long)]
    pub(crate) replication: Option<i32>,
}

/// `kaiku schemas`.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemasVerb {
    /// Check every schema against the registry, then register what is new
    Push,
    /// Check every schema against the registry, and change nothing
    Check,
    /// Print a schema, or the names of all
    Show {
        /// Such as RawBatch
        name: Option<String>,
        /// Print the ten bytes, in hexadecimal digits, that stand in front of a record of it where there is
        /// no schema registry: Avro's single-object header
        #[arg(long)]
        header: bool,
    },
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// `kaiku doctor`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku doctor --config kaiku.toml
  kaiku doctor enrich aggregate")]
pub(crate) struct DoctorArgs {
    /// The stages that run with these settings [default: all]
    #[arg(value_name = "STAGE", value_enum)]
    pub(crate) stages: Vec<Stage>,
    /// Only read the settings and the files that they name; connect to nothing
    #[arg(long)]
    pub(crate) settings_only: bool,
}

/// `kaiku selftest`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku selftest --brokers 127.0.0.1:9092
  kaiku selftest --config kaiku.toml --junit selftest.xml")]
pub(crate) struct SelftestArgs {
    /// Addresses of the broker, `host:port` with commas [default: those of the settings]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) brokers: Option<String>,
    /// Write the outcome as JUnit XML as well
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// What the names of the throw-away topics begin with; a random part follows
    #[arg(long, default_value = "kaiku-selftest-")]
    pub(crate) prefix: String,
    /// How many devices are simulated
    #[arg(long, default_value_t = 2_000)]
    pub(crate) devices: u32,
    /// How many days of history are replayed
    #[arg(long, default_value_t = 9)]
    pub(crate) days: u32,
    /// Partitions of the throw-away topics
    #[arg(long, default_value_t = 3)]
    pub(crate) partitions: i32,
    /// Seed of the simulation
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// `kaiku inventory`.
#[derive(Debug, Args)]
pub(crate) struct InventoryArgs {
    /// Print tab-separated lines instead of a table for people
    #[arg(long)]
    pub(crate) tsv: bool,
}

/// `kaiku completions`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku completions bash > /etc/bash_completion.d/kaiku
  kaiku completions zsh > ~/.zfunc/_kaiku")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// `kaiku man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  kaiku man /usr/local/share/man/man1")]
pub(crate) struct ManArgs {
    /// The folder in which the pages are written; it is made where it is missing
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
}
