//! How stages are started, and what an operator decides for one start.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kaiku_enrich::AcceptedCut;

use crate::stage::Stage;

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
    /// Which of them [default: all]
    #[arg(value_name = "STAGE", value_enum)]
    pub(crate) stages: Vec<Stage>,
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
    #[arg(long = "accept-cut", value_name = "PARTITION:OFFSET[:FROM]", value_parser = cut)]
    pub(crate) cuts: Vec<(i32, AcceptedCut)>,
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

fn cut(text: &str) -> Result<(i32, AcceptedCut), String> {
    let parts: Result<Vec<i64>, _> = text.split(':').map(str::parse).collect();
    let cut = match parts.as_deref() {
        Ok([partition, reached]) => Some((partition, *reached, None)),
        Ok([partition, reached, from]) => Some((partition, *reached, Some(*from))),
        _ => None,
    };
    let cut = cut.and_then(|(partition, reached, from)| {
        Some((
            i32::try_from(*partition).ok()?,
            AcceptedCut { reached, from },
        ))
    });
    cut.ok_or_else(|| {
        "give the partition, the offset that had been reached and, where the line asks for it, the one \
         to go on from, such as 3:120000 or 3:120000:118500"
            .to_owned()
    })
}

fn gap(text: &str) -> Result<(i32, i64), String> {
    let parts = text.split_once(':');
    parts
        .and_then(|(partition, offset)| Some((partition.parse().ok()?, offset.parse().ok()?)))
        .ok_or_else(|| "give the partition and the offset, such as 3:120000".to_owned())
}
