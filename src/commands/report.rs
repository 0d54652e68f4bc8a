//! `kaiku report`: the page that is made of released rollups, and the same as JSON and CSV.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use kaiku_aggregate::{Rollups, is_url};
use kaiku_report::{Made, Settings};
use kaiku_wire::Day;

use crate::output::{Out, count, note};

/// The exit code where something got worse and that was asked for.
const WORSE: u8 = 3;

/// `kaiku report`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It reads the rollups alone. The page is one file that makes no request: open it, mail it, print it.
`kaiku verify` says whether the rollups are what was sealed; this command does not.

The exit code is 0 where the report was made, of a folder without a sealed day too, 1 where it could not be, 2 where the
command line is wrong, and with `--fail-on worse` 3 where a crash rate or a cause of failures got worse.

Examples:
  kaiku report rollups
  kaiku report rollups --app maps --since 2026-11-01 -o maps.html
  kaiku report rollups --format json | jq .apps[0].sections[0].tile
  kaiku report rollups --format csv --section features -o features.csv
  kaiku report rollups --format json --fail-on worse > /dev/null"
)]
pub(crate) struct Args {
    /// Folder of the rollups, or the one in which `rollups` stands, or their s3:// URL
    #[arg(value_name = "DIR")]
    dir: String,
    /// The file that is written; `-` for standard output [default: report.html, and standard output for JSON and CSV]
    #[arg(long, short, value_name = "FILE")]
    output: Option<String>,
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// One section alone, such as `features`
    #[arg(long, value_name = "ID")]
    section: Option<String>,
    /// One app alone
    #[arg(long, value_name = "APP")]
    app: Option<String>,
    /// Periods that begin on this day or later, YYYY-MM-DD
    #[arg(long, value_name = "DAY")]
    since: Option<Day>,
    /// Exit with 3 where this is so
    #[arg(long, value_enum, value_name = "WHAT")]
    fail_on: Option<FailOn>,
    /// A crash rate to compare with [default: 0.0109, bad behaviour by Google Play]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    crash_line: Option<f64>,
    /// The same for models [default: 0.08, bad behaviour of a model by Google Play]
    #[arg(long, value_name = "RATE", value_parser = rate)]
    model_crash_line: Option<f64>,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One page with everything in it
    Html,
    /// The numbers and sentences of the page
    Json,
    /// A section as a table; without `--section`, all of them one value a line
    Csv,
}

/// What a report may fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A crash rate or a cause of failures that reliably got worse
    Worse,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| "give a part of the devices from 0 to 1, such as 0.0109".to_owned())
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let settings = Settings {
        since: args.since,
        app: args.app.clone(),
        section: args.section.clone(),
        ..Settings::default()
    };
    let settings = settings.with_crash_lines(args.crash_line, args.model_crash_line);
    let made = made(&args.dir, &settings)?;
    let text = match args.format {
        Format::Html => kaiku_report::html(&made.report)?,
        Format::Json => serde_json::to_string(&made.report)?,
        Format::Csv => kaiku_report::csv(&made.report)?,
    };
    let file = args.output.as_deref().unwrap_or(match args.format {
        Format::Html => "report.html",
        Format::Json | Format::Csv => "-",
    });
    match file {
        "-" => {
            let mut out = Out::new();
            out.line(text.trim_end_matches('\n'))?;
            out.finish()?;
        }
        file => fs::write(file, text).with_context(|| format!("writing {file}"))?,
    }
    say(args, &made, file);
    Ok(match args.fail_on {
        Some(FailOn::Worse) if !made.worse.is_empty() => ExitCode::from(WORSE),
        _ => ExitCode::SUCCESS,
    })
}

/// The report of a folder, or of what a URL has, which is copied to one for as long as that takes.
fn made(place: &str, settings: &Settings) -> Result<Made> {
    if !is_url(place) {
        return Ok(kaiku_report::make(Path::new(place), settings)?);
    }
    let rollups = Rollups::open_to_read(place)?;
    let folder = tempfile::tempdir().context("making a folder for a copy of the rollups")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let copied = runtime.block_on(rollups.copy_to(folder.path()))?;
    note(&format!(
        "{} of the rollups copied",
        count(copied, "object")
    ));
    kaiku_report::make(folder.path(), settings)
        .with_context(|| format!("reading a copy of {place}"))
}

/// Says what was made, and what got worse where that was asked for.
fn say(args: &Args, made: &Made, file: &str) {
    match &made.report.days {
        Some(days) if file != "-" => note(&format!(
            "{file}: {} up to {}, {}",
            count(days.sealed, "day"),
            days.last,
            count(made.report.apps.len(), "app")
        )),
        Some(_) => {}
        None => note("nothing is sealed yet, or nothing since that day: the report is empty"),
    }
    if args.fail_on == Some(FailOn::Worse) {
        for worse in &made.worse {
            note(&format!("worse: {}: {}", worse.app, worse.sentence));
        }
    }
}
