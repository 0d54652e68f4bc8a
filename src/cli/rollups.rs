//! What is published, and what there is to do with it.

use clap::{Args, Subcommand, ValueEnum};
use kaiku_wire::Day;

use super::Format;

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
