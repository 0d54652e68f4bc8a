//! `kaiku status`: how far everything has come, by what Kafka, the landing store and the rollups say. It
//! changes nothing, and asks no running stage.

use std::process::ExitCode;

use anyhow::Result;
use kaiku_broker::{Admin, Cluster};
use kaiku_stage::Causes;

use crate::cli::{Format, Global};
use crate::clock::clock;
use crate::config::{Part as Section, Settings};
use crate::output::Out;
use crate::status::{Facts, Part, Report, Said};

/// `kaiku status`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "It changes nothing, and asks Kafka, the landing store and the rollups alone: rights to describe and to read
are enough, and what can't be read is said while the rest goes on. No identifier and no payload is printed.

The exit code is 0 where nothing needs a hand, 1 where something does or could not be read, 2 where the command
line is wrong. docs/runbook.md has the findings, and the fields of the JSON object.

Examples:
  kaiku status --config kaiku.toml
  kaiku status --format json | jq .findings"
)]
pub(crate) struct Args {
    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Runs the verb: success only where nothing needs a hand.
pub(crate) fn run(args: &Args, global: &Global) -> Result<ExitCode> {
    let settings = global.settings(&[Section::Kafka, Section::Topics])?;
    let report = Report::of(&look(&settings)?);
    let mut out = Out::new();
    match args.format {
        Format::Text => {
            for line in report.lines() {
                out.line(line)?;
            }
            out.line("")?;
            out.line(report.summary())?;
        }
        Format::Json => out.line(serde_json::to_string_pretty(&report)?)?,
    }
    out.finish()?;
    Ok(match report.is_fine() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Reads everything that can be read.
fn look(settings: &Settings) -> Result<Facts> {
    let clock = clock();
    let now = clock.millis();
    let millis = |span: std::time::Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let mut facts = Facts {
        now,
        replay: settings.topics.replay,
        grace: millis(settings.enrich.grace),
        seal_within: millis(settings.aggregate.seal_within),
        ..Facts::default()
    };
    let cluster = Cluster::new(&settings.kafka)?;
    // Asked once: where nobody answers, each part would wait for it.
    let cluster = match Admin::greet(&cluster) {
        Ok(()) => Some(cluster),
        Err(error) => {
            facts.unread(Part::Kafka, [Causes(&error).to_string()]);
            None
        }
    };
    if let Some(cluster) = &cluster {
        match kaiku_enrich::raw_status(cluster, &settings.enrich, now) {
            Ok(mut raw) => {
                facts.unread(Part::Raw, std::mem::take(&mut raw.unread));
                facts.raw = Some(raw);
            }
            Err(error) => facts.unread(Part::Raw, [Causes(&error).to_string()]),
        }
    }
    match kaiku_aggregate::status(&settings.aggregate, cluster.as_ref(), now) {
        Ok(status) => {
            facts.unread(Part::Stripped, status.unread);
            facts.landing = Some(status.landing);
            facts.days = status.days;
            facts.wrong = status.wrong;
        }
        Err(error) => facts.unread(Part::Stripped, [Causes(&error).to_string()]),
    }
    if let Some(cluster) = &cluster {
        look_at_rejections(cluster, &mut facts);
        // In a replay no month is ever over.
        if !facts.replay {
            look_at_months(cluster, settings, &mut facts);
        }
    }
    Ok(facts)
}

fn look_at_rejections(cluster: &Cluster, facts: &mut Facts) {
    let closed = facts.days.as_ref().and_then(|days| days.closed);
    let today = match closed.filter(|_| facts.replay) {
        // What is replayed has days of its own: the one that is open is today.
        Some(closed) => closed.next(),
        None => kaiku_wire::Day::from_millis(facts.now),
    };
    match kaiku_enrich::rejections(cluster, today) {
        Ok(rejections) => facts.rejections = Some(rejections),
        Err(error) => facts.unread(Part::Rejections, [Causes(&error).to_string()]),
    }
}

fn look_at_months(cluster: &Cluster, settings: &Settings, facts: &mut Facts) {
    let (enrich, today) = (&settings.enrich, kaiku_wire::Day::from_millis(facts.now));
    let keys = &enrich.keys_dir;
    let found = match keys.is_dir() {
        true => kaiku_enrich::inspect(cluster, enrich, today),
        false => {
            let text = format!(
                "the keys were not looked at: enrich.keys_dir ({}) is not on this host; run this where enrich runs",
                keys.display()
            );
            let part = Part::Months;
            facts.notes.push(Said { part, text });
            kaiku_enrich::inspect_months(cluster, enrich, today)
        }
    };
    match found {
        Ok(found) => facts.months = Some(found),
        Err(error) => facts.unread(Part::Months, [Causes(&error).to_string()]),
    }
}
