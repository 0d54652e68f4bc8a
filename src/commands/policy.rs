//! `kaiku policy`: what is published, how noisy, at what price; and a policy for a fleet of one's own.

pub(crate) mod explain;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use kaiku_release::{Aim, Cost, Measure, Policy, Table, tune};

use crate::cli::{Global, PolicyVerb, TuneArgs};
use crate::config::Settings;
use crate::output::{Out, columns};

/// Runs the verb.
pub(crate) fn run(verb: &PolicyVerb, global: &Global) -> Result<ExitCode> {
    match verb {
        PolicyVerb::Show(args) => {
            show(&chosen(args.policy.as_deref(), &global.settings(&[])?)?)?;
        }
        PolicyVerb::Tune(args) => print_tuned(args)?,
        PolicyVerb::Explain(args) => explain::run(args, &global.settings(&[])?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The policy in force.
///
/// # Errors
/// Everything that is wrong with its file.
pub(crate) fn load(settings: &Settings) -> Result<Policy> {
    match settings.aggregate.load_policy() {
        Ok(policy) => Ok(policy),
        Err(problems) => bail!("the policy can't be used:\n  - {}", problems.join("\n  - ")),
    }
}

/// A policy by its name or its file; that of the settings where none is given.
///
/// # Errors
/// Everything that is wrong with its file.
pub(crate) fn chosen(policy: Option<&str>, settings: &Settings) -> Result<Policy> {
    let mut settings = settings.clone();
    if let Some(policy) = policy {
        settings.aggregate.policy = Some(PathBuf::from(policy));
    }
    load(&settings)
}

fn show(policy: &Policy) -> Result<()> {
    let mut out = Out::new();
    out.line(format!("policy  {}", policy.name()))?;
    out.line(format!(
        "k       {}: no cell is published of which fewer devices are part",
        policy.k()
    ))?;
    out.line(format!(
        "z       {:.2}: thresholds lie so many standard deviations above k; a device-week touches {} cells",
        policy.z(),
        policy.cells_touched()
    ))?;
    out.line("")?;
    let head = [
        "table",
        "cell",
        "measure",
        "part of",
        "share",
        "a week",
        "Δ²",
        "because a device has",
        "σ",
        "τ",
        "95 %",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for table in policy.tables() {
        rows.extend(table.measures().iter().map(|measure| row(table, measure)));
    }
    for line in columns(&rows) {
        out.line(line)?;
    }
    out.line("")?;
    out.line("share: what one period costs a device, as rho; a week: what all its periods in an ISO week cost")?;
    out.line("95 %: half the width of the interval of a count far above the threshold")?;
    out.line("")?;
    out.line("what a device that reports at its bounds throughout pays in all tables together:")?;
    let costs = policy.costs();
    for (what, cost) in [
        ("one device-week, the unit of privacy", costs.week),
        ("one device-day, daily tables alone", costs.day),
        ("28 days, four ISO weeks", costs.days_28),
        ("a year, 53 ISO weeks", costs.year),
    ] {
        out.line(price(what, cost))?;
    }
    out.line(format!(
        "cap for any 28 days: rho {:.6}; a release beyond it is refused",
        policy.cap().value()
    ))?;
    out.finish()
}

fn row(table: &Table, measure: &Measure) -> Vec<String> {
    let dimensions: Vec<_> = table.dimensions().iter().map(ToString::to_string).collect();
    let figures = measure.figures();
    vec![
        table.name().to_owned(),
        dimensions.join(", "),
        measure.name().to_owned(),
        measure.rate_of().unwrap_or("").to_owned(),
        format!("{:.6}", figures.rho.value()),
        format!("{:.6}", measure.week_share().value()),
        format!("{}", figures.delta2),
        measure.derivation().to_owned(),
        format!("{:.1}", figures.sigma),
        figures
            .tau
            .map_or_else(|| "-".to_owned(), |tau| tau.to_string()),
        format!("±{}", measure.half_width()),
    ]
}

fn price(what: &str, cost: Cost) -> String {
    format!(
        "  {what:<38} rho {:.6}   epsilon {:.2} at delta {:.1e}",
        cost.rho.value(),
        cost.epsilon,
        cost.delta
    )
}

fn print_tuned(args: &TuneArgs) -> Result<()> {
    let aim = Aim::of(args.devices);
    let aim = Aim {
        name: args.name.clone().unwrap_or(aim.name),
        epsilon: args.epsilon.unwrap_or(aim.epsilon),
        ..aim
    };
    let mut out = Out::new();
    out.line(tune(&aim)?.trim_end())?;
    out.finish()
}
