//! `kaiku policy`: what is published, how noisy, at what price.

use std::process::ExitCode;

use anyhow::{Result, bail};
use kaiku_release::{Cost, Figures, Measure, Policy, Table};

use crate::cli::PolicyVerb;
use crate::config::Settings;
use crate::output::{Out, columns};

/// Runs the verb.
pub(crate) fn run(verb: &PolicyVerb, settings: &Settings) -> Result<ExitCode> {
    match verb {
        PolicyVerb::Show => show(&load(settings)?)?,
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

fn show(policy: &Policy) -> Result<()> {
    let mut out = Out::new();
    out.line(format!("policy  {}", policy.name()))?;
    out.line(format!(
        "k       {}: no cell is published of which fewer devices are part",
        policy.k()
    ))?;
    out.line(format!(
        "z       {:.2}: thresholds lie so many standard deviations above k; a device touches {} cells in 28 days",
        policy.z(),
        policy.cells_touched()
    ))?;
    out.line("")?;
    let head = [
        "table",
        "cell",
        "level",
        "measure",
        "of",
        "share",
        "sensitivity",
        "noise",
        "threshold",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for table in policy.tables() {
        for measure in table.measures() {
            let levels = measure.figures().enumerate();
            rows.extend(levels.map(|(level, figures)| row(table, measure, level, &figures)));
        }
    }
    for line in columns(&rows) {
        out.line(line)?;
    }
    out.line("")?;
    out.line("what a device that reports at its bounds pays:")?;
    let costs = policy.costs();
    for (what, cost) in [
        ("one device-day, daily tables", costs.day),
        ("one device-week, weekly tables", costs.week),
        ("any 28 days, all tables", costs.days_28),
        ("a year, all tables", costs.year),
    ] {
        out.line(price(what, cost))?;
    }
    out.line(format!(
        "cap for any 28 days: rho {:.6}; a release beyond it is refused",
        policy.cap().value()
    ))?;
    out.finish()
}

fn row(table: &Table, measure: &Measure, level: usize, figures: &Figures) -> Vec<String> {
    let dimensions: Vec<_> = table.dimensions().iter().map(ToString::to_string).collect();
    // A level is called after what was folded on the way to it.
    let folded = level
        .checked_sub(1)
        .and_then(|step| table.folds().get(step));
    vec![
        table.name().to_owned(),
        dimensions.join(", "),
        folded.map_or_else(
            || "as it is".to_owned(),
            |fold| format!("{} folded", fold.as_str()),
        ),
        measure.name().to_owned(),
        measure.rate_of().unwrap_or("").to_owned(),
        format!("{:.6}", figures.rho.value()),
        format!("{}", figures.delta2),
        format!("{:.1}", figures.sigma),
        figures
            .tau
            .map_or_else(|| "-".to_owned(), |tau| tau.to_string()),
    ]
}

fn price(what: &str, cost: Cost) -> String {
    format!(
        "  {what:<32} rho {:.6}   epsilon {:.2} at delta {:.0e}",
        cost.rho.value(),
        cost.epsilon,
        cost.delta
    )
}
