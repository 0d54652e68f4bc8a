//! `kaiku policy explain`: what stays visible of a fleet, by simulation.

use std::num::NonZero;
use std::thread;

use anyhow::{Context, Result};
use clap::ValueEnum;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::FleetConfig;
use kaiku_rehearsal::{Explained, TableOutcome, explain};
use kaiku_release::Policy;
use serde_json::{Value, json};

use crate::config::Settings;
use crate::output::{Out, columns};

const BAR: &str = "{bar:28} {human_pos:>10} of {human_len} devices, {eta} left";

/// `kaiku policy explain`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The devices are simulated, on the sample catalogue; the gate is the real one, with seeded noise.
Your own fleet differs: what counts is how many devices stand behind a cell.

Examples:
  kaiku policy explain --devices 20000
  kaiku policy explain --devices 1000000 --policy large --format json"
)]
pub(crate) struct Args {
    /// How many devices the fleet has; some 60 of 100 report on a day
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    devices: u32,
    /// A built-in policy (small, default, large) or a policy file [default: that of the settings]
    #[arg(long, value_name = "NAME|FILE")]
    policy: Option<String>,
    /// How many days are simulated, from a Monday on
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(7..=56))]
    days: u32,
    /// The same seed makes the same devices and the same noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// Runs the verb.
///
/// # Errors
/// Where the policy can't be read, or its result can't be written.
pub(super) fn run(args: &Args, settings: &Settings) -> Result<()> {
    let policy = super::chosen(args.policy.as_deref(), settings)?;
    let bar = ProgressBar::new(args.devices.into());
    // The default style is good enough where this template were wrong.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    let explained = simulate(args, &policy, |devices| bar.inc(devices.into()));
    bar.finish_and_clear();
    let explained = explained?;
    let mut out = Out::new();
    match args.format {
        Format::Table => {
            for line in lines(args, &policy, &explained) {
                out.line(line)?;
            }
        }
        Format::Json => {
            let text = serde_json::to_string_pretty(&document(args, &policy, &explained));
            out.line(text.context("writing JSON")?)?;
        }
    }
    out.finish()
}

fn simulate(args: &Args, policy: &Policy, progress: impl Fn(u32) + Sync) -> Result<Explained> {
    let fleet = FleetConfig {
        seed: args.seed,
        devices: args.devices,
        // What is rejected counts for nothing.
        garbage: 0.0,
        ..FleetConfig::default()
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let catalogue = Catalogue::sample();
    explain(policy, &catalogue, &fleet, args.days, threads, progress)
}

fn lines(args: &Args, policy: &Policy, explained: &Explained) -> Vec<String> {
    let week = policy.costs().week;
    let (devices, reporting) = (HumanCount(args.devices.into()), whole(explained.reporting));
    let mut lines = vec![
        format!("policy     {}", policy.name()),
        format!(
            "price      epsilon {:.2} at delta {:.0e} a device-week",
            week.epsilon, week.delta
        ),
        format!("fleet      {devices} simulated devices; {reporting} of them report on a day"),
        format!(
            "simulated  {} days; every device is counted, none is scaled up",
            args.days
        ),
        String::new(),
    ];
    let head = [
        "table",
        "periods",
        "cells",
        "rows shown",
        "devices shown",
        "error",
        "lost to bounds",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for (name, outcome) in &explained.tables {
        let each = |sum| format!("{:.0}", each_period(outcome, sum));
        rows.push(vec![
            name.clone(),
            outcome.periods.to_string(),
            each(outcome.cells),
            each(outcome.rows),
            percent(outcome.published()),
            percent(outcome.median_error()),
            percent(outcome.lost()),
        ]);
    }
    lines.extend(columns(&rows));
    lines.extend(
        [
            "",
            "cells, rows shown: in one period. devices shown: how much of what devices count for stands in rows",
            "that are shown. error: by how much the estimate of a shown row is off what is true without any bound,",
            "in the median. lost to bounds: how much of what devices did does not count, because one device did so much.",
        ]
        .map(str::to_owned),
    );
    lines
}

fn document(args: &Args, policy: &Policy, explained: &Explained) -> Value {
    let week = policy.costs().week;
    let tables = explained.tables.iter().map(|(name, outcome)| {
        json!({
            "table": name,
            "periods": outcome.periods,
            "cells": each_period(outcome, outcome.cells),
            "rows_shown": each_period(outcome, outcome.rows),
            "devices_shown": outcome.published(),
            "median_error": outcome.median_error(),
            "lost_to_bounds": outcome.lost(),
        })
    });
    json!({
        "policy": policy.name(),
        "device_week": { "epsilon": week.epsilon, "delta": week.delta },
        "devices": args.devices,
        "devices_a_day": explained.reporting,
        "days": args.days,
        "seed": args.seed,
        "tables": tables.collect::<Vec<_>>(),
    })
}

/// Counts of rows are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn each_period(outcome: &TableOutcome, sum: u64) -> f64 {
    sum as f64 / outcome.periods.max(1) as f64
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

/// A number of devices, which is no fraction, with its thousands apart.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(number: f64) -> HumanCount {
    HumanCount(number.round() as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn args() -> Args {
        Args {
            devices: 1_500,
            policy: None,
            days: 7,
            seed: 1,
            format: Format::Table,
        }
    }

    #[test]
    fn every_table_of_the_policy_has_its_line_and_its_entry() {
        let (args, policy) = (args(), Policy::small());
        let explained = simulate(&args, &policy, |_| {}).unwrap();
        let (lines, document) = (
            lines(&args, &policy, &explained),
            document(&args, &policy, &explained),
        );
        for (place, table) in policy.tables().iter().enumerate() {
            let line = lines.iter().find(|line| line.starts_with(table.name()));
            let entry = &document["tables"][place];
            assert_eq!(entry["table"], table.name());
            let shown = percent(entry["devices_shown"].as_f64());
            assert!(line.unwrap().contains(&shown), "{line:?} {shown}");
        }
        assert!(lines[2].contains("1,500 simulated devices"));
    }
}
