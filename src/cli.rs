//! The command line: verbs, options and their help.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kaiku_wire::Day;

use crate::commands::report;
use crate::config::{Part, Settings};
use crate::demo;
use crate::stage::Stage;

/// An improvement program that people can trust: events in, anonymous Parquet out.
///
/// Devices say what happened in an app; `enrich` takes their identity away; `aggregate` publishes
/// rollups in which nobody can be found.
#[derive(Debug, Parser)]
#[command(
    name = "kaiku",
    version,
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
    /// Run every stage in this process
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
    /// List every field of every record, who sees it, and what for
    Inventory(InventoryArgs),
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

/// `kaiku gateway`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Without a verb of its own it runs.

Examples:
  kaiku gateway --config kaiku.toml
  kaiku gateway key
  kaiku gateway check https://gateway.example.com --key-file golden.key"
)]
pub(crate) struct GatewayArgs {
    #[command(subcommand)]
    pub(crate) verb: Option<GatewayVerb>,
}

/// What else there is to do for a gateway.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayVerb {
    /// Make a key for an app or a service, or print the hash of one that there is
    Key {
        /// A file whose first line is the key that is to be hashed [default: a new one is made]
        #[arg(long, value_name = "FILE")]
        hash: Option<PathBuf>,
    },
    /// Send the golden uploads to a gateway that runs, and compare its answers; none of them counts
    Check {
        /// Such as `https://gateway.example.com`
        #[arg(value_name = "URL")]
        url: String,
        /// A file whose first line is a key that is good for the app `golden`, or a token
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// The authorities that are believed, in PEM
        #[arg(
            long,
            value_name = "FILE",
            default_value = "/etc/ssl/certs/ca-certificates.crt"
        )]
        ca_file: PathBuf,
    },
}

/// `kaiku run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Make the topics that are missing first
    #[arg(long)]
    pub(crate) create_topics: bool,
    #[command(flatten)]
    pub(crate) accept: AcceptArgs,
    #[command(flatten)]
    pub(crate) landing: LandingArgs,
}

/// What an operator has decided that landing is to go on without, for this start alone. The partition
/// that has stopped names the option and its value.
#[derive(Debug, Default, Args)]
pub(crate) struct LandingArgs {
    /// Go on behind stripped records that are lost and were never landed; the days that they concern are
    /// withheld
    #[arg(long = "accept-landing-gap", value_name = "PARTITION:OFFSET", value_parser = gap)]
    pub(crate) landing_gaps: Vec<(i32, i64)>,
    /// Go on without stripped records that nobody can read; the days that they may be of are withheld
    #[arg(long = "reject-stripped", value_name = "PARTITION:OFFSET[-OFFSET]", value_parser = range)]
    pub(crate) stripped_rejects: Vec<(i32, i64, i64)>,
}

/// What an operator has decided that the enrichment stage is to go on without, for this start
/// alone. The lane that refuses to run names the option and its value.
#[derive(Debug, Default, Args)]
pub(crate) struct AcceptArgs {
    /// Go on behind raw records that were deleted before they were counted; they stay uncounted
    #[arg(long = "accept-gap", value_name = "PARTITION:OFFSET", value_parser = gap)]
    pub(crate) gaps: Vec<(i32, i64)>,
    /// Go on without the state of a partition; what it counts of this day and week is not published
    #[arg(long = "accept-lost-state", value_name = "PARTITION:OFFSET", value_parser = gap)]
    pub(crate) lost_state: Vec<(i32, i64)>,
    /// Go on where a raw partition that has lost its end was written again
    #[arg(long = "accept-cut", value_name = "PARTITION:OFFSET", value_parser = gap)]
    pub(crate) cuts: Vec<(i32, i64)>,
    /// Reject raw records that hold up their partition and that nobody can mend
    #[arg(long = "reject", value_name = "PARTITION:OFFSET[-OFFSET]", value_parser = range)]
    pub(crate) rejects: Vec<(i32, i64, i64)>,
}

fn range(text: &str) -> Result<(i32, i64, i64), String> {
    let parsed = text.split_once(':').and_then(|(partition, offsets)| {
        let (first, last) = offsets.split_once('-').unwrap_or((offsets, offsets));
        Some((
            partition.parse().ok()?,
            first.parse().ok()?,
            last.parse().ok()?,
        ))
    });
    parsed
        .filter(|(_, first, last)| first <= last)
        .ok_or_else(|| {
            "give the partition and the offset, or the first and the last, such as 3:120000 or \
             3:120000-120010"
                .to_owned()
        })
}

fn gap(text: &str) -> Result<(i32, i64), String> {
    let parts = text.split_once(':');
    parts
        .and_then(|(partition, offset)| Some((partition.parse().ok()?, offset.parse().ok()?)))
        .ok_or_else(|| "give the partition and the offset, such as 3:120000".to_owned())
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

/// `kaiku catalogue`.
#[derive(Debug, Subcommand)]
pub(crate) enum CatalogueVerb {
    /// Read the catalogue, and name every error with file, line and column
    Check(CatalogueArgs),
    /// Write an app's names as source of its language, or what its device library reads
    Generate(GenerateArgs),
    /// List the features that were not published in the last 28 sealed days
    Unused(UnusedArgs),
    /// Write what an app says of the program in a store's privacy form
    Texts(StoreArgs),
}

/// `kaiku catalogue generate`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku catalogue generate --app maps --lang json -o maps.json
  kaiku catalogue generate catalogue/ --app maps --lang kotlin -o Catalogue.kt")]
pub(crate) struct GenerateArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The app [default: the only one that there is]
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The language of the app; json is what its device library reads
    #[arg(long, value_enum)]
    pub(crate) lang: Lang,
    /// The file that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A language that names are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// A module
    Rust,
    /// A header, for C and C++
    C,
    /// A module
    Python,
    /// A file of the package kaiku.catalogue.app_…
    Kotlin,
    /// A file
    Swift,
    /// What a device library reads
    Json,
}

/// `kaiku catalogue unused`.
#[derive(Debug, Args)]
#[command(
    after_help = "A feature that is listed here was not seen, which means: below what is published. A few
devices may have used it.

Example:
  kaiku catalogue unused rollups --catalogue catalogue/"
)]
pub(crate) struct UnusedArgs {
    /// Folder of the rollups
    #[arg(value_name = "DIR")]
    pub(crate) dir: String,
    /// Folder of the catalogue [default: that of the settings]
    #[arg(long, value_name = "DIR")]
    pub(crate) catalogue: Option<PathBuf>,
}

/// `kaiku catalogue texts`.
#[derive(Debug, Args)]
#[command(
    after_help = "The text says what the program sends, and not what else the app does.

Examples:
  kaiku catalogue texts --app maps --store apple -o PrivacyInfo.xcprivacy
  kaiku catalogue texts --app maps --store google"
)]
pub(crate) struct StoreArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// The app [default: the only one that there is]
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// The store
    #[arg(long, value_enum)]
    pub(crate) store: StoreName,
    /// The file that is written [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A store whose form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreName {
    /// Apple's App Store: a privacy manifest
    Apple,
    /// Google Play: the answers to the data safety form
    Google,
}

/// `kaiku catalogue check`.
#[derive(Debug, Args)]
pub(crate) struct CatalogueArgs {
    /// Folder of the catalogue [default: that of the settings]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Refuse what would break readers of rollups made with this older catalogue
    #[arg(long, value_name = "DIR")]
    pub(crate) against: Option<PathBuf>,
}

/// `kaiku policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// Print a policy: tables, sensitivities, noise, thresholds, and what a device-week costs
    Show(ShowArgs),
    /// Print a policy file that is best for a fleet of this size
    Tune(TuneArgs),
    /// Simulate a fleet, and print for each table what would stay visible of it
    Explain(crate::commands::policy::explain::Args),
}

/// `kaiku policy show`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku policy show
  kaiku policy show --policy large
  kaiku policy show --policy my-policy.toml")]
pub(crate) struct ShowArgs {
    /// A built-in policy (small, default, large) or a policy file [default: that of the settings]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) policy: Option<String>,
}

/// `kaiku policy tune`.
#[derive(Debug, Args)]
#[command(
    after_help = "The shares of the budget are chosen so that the least is lost, in cells that do not appear and in
noise, at a stated price of a device-week. The three built-in policies are what comes out for
20,000, 100,000 and 1,000,000 devices.

Examples:
  kaiku policy tune --devices 50000 > my-policy.toml
  kaiku policy tune --devices 50000 --epsilon 3 --name careful"
)]
pub(crate) struct TuneArgs {
    /// Devices that are heard from on a day; it also decides which tables are worth their price
    #[arg(long, value_name = "N")]
    pub(crate) devices: u64,
    /// The most that a device-week may cost, as epsilon at delta 1e-9 [default: that of the built-in policy for such a fleet]
    #[arg(long, value_name = "E")]
    pub(crate) epsilon: Option<f64>,
    /// The name of the policy [default: tuned]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

/// `kaiku tables`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  kaiku tables
  kaiku tables --policy large --format json
  kaiku tables --policy my-policy.toml > tables.md")]
pub(crate) struct TablesArgs {
    /// A built-in policy (small, default, large) or a policy file [default: that of the settings]
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) policy: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = DictionaryFormat::Markdown)]
    pub(crate) format: DictionaryFormat,
}

/// How a data dictionary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DictionaryFormat {
    /// For people
    Markdown,
    /// For programs
    Json,
}

/// `kaiku export`.
#[derive(Debug, Args)]
#[command(
    after_help = "A row begins with its table, app, unit (day or week) and first day; then come the columns of the
table. Without --table the columns of all tables stand beside each other, and those that a table does not
have are empty. Only sealed periods are written. Text that a spreadsheet would run as a formula gets a '
in front.

Examples:
  kaiku export rollups --table features_daily --app maps -o features.csv
  kaiku export rollups --from 2026-11-01 --to 2026-11-30 -o november.csv"
)]
pub(crate) struct ExportArgs {
    /// Folder of the rollups
    #[arg(value_name = "DIR")]
    pub(crate) dir: String,
    /// One table alone
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Option<String>,
    /// One app alone
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// Periods that begin on this day or later, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub(crate) from: Option<Day>,
    /// Periods that begin on this day or earlier, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    pub(crate) to: Option<Day>,
    /// The file that is written; `-` for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: String,
}

/// `kaiku verify`.
#[derive(Debug, Args)]
#[command(
    after_help = "It reads the rollups alone, and names every file, row, signature and link of the chain that is wrong.
The exit code is 0 where nothing is wrong, 1 where something is, 2 where the command line is.

Whoever can write to the folder can also cut off its newest periods, or put another chain in its place,
signatures and all. Against that, write down the head that this command prints somewhere else, such as in
a ticket or a Git tag, and the key; hand them in the next time.

Examples:
  kaiku verify rollups
  kaiku verify rollups --key 3d40…  --head 9f86…
  kaiku verify rollups --format json"
)]
pub(crate) struct VerifyArgs {
    /// Folder of the rollups
    #[arg(value_name = "DIR")]
    pub(crate) dir: String,
    /// The hash of a manifest that was the last one when it was written down
    #[arg(long, value_name = "HASH")]
    pub(crate) head: Option<String>,
    /// The public key of the pipeline [default: that of the first manifest]
    #[arg(long, value_name = "HEX")]
    pub(crate) key: Option<String>,
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
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
