//! What the report has found of the fleet's true changes, and which of its flags are false: held
//! against what a perfect observer counts.

use std::collections::BTreeMap;

use kaiku_fleet::{Cells, TrueChange, Truth};
use kaiku_release::{Policy, Table};
use kaiku_report::{Compared, Flagged, Made};
use kaiku_wire::Day;

/// A flag is false where what was counted moved the other way, or by less than this part.
const LEAST: f64 = 0.02;

/// What the report's flags are worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags {
    /// How many rows of the report have a flag.
    pub(crate) all: usize,
    /// Those of them that say something that did not happen.
    pub(crate) wrong: Vec<String>,
    /// Each change of the fleet in words, and whether it has a flag.
    pub(crate) changes: Vec<(String, bool)>,
}

impl Flags {
    /// Holds a report against the truth.
    pub(crate) fn of(
        made: &Made,
        changes: &[TrueChange],
        policy: &Policy,
        truth: &Truth<'_>,
    ) -> Flags {
        let tables = policy.tables().iter().zip(truth.tables());
        let counted: BTreeMap<&str, (&Table, &Cells)> =
            tables.map(|known| (known.0.name(), known)).collect();
        let wrong = made.flagged.iter().filter(|flag| !happened(flag, &counted));
        let found = |change: &TrueChange| {
            made.flagged.iter().any(|flag| {
                flag.app == change.app
                    && flag.table == change.table
                    && flag.dims.first().is_some_and(|name| name == change.name)
            })
        };
        Flags {
            all: made.flagged.len(),
            wrong: wrong.map(told).collect(),
            changes: changes
                .iter()
                .map(|change| {
                    let (says, app, name) = (change.says, change.app, change.name);
                    (format!("{says} ({app}, {name})"), found(change))
                })
                .collect(),
        }
    }
}

/// A flag in words.
fn told(flag: &Flagged) -> String {
    let way = if flag.is_up { "up" } else { "down" };
    let name = flag.dims.join("/");
    format!(
        "{} {} {name}: {:?} {way}",
        flag.app, flag.table, flag.compared
    )
}

/// Whether what was counted moved as a flag says.
fn happened(flag: &Flagged, counted: &BTreeMap<&str, (&Table, &Cells)>) -> bool {
    let number = |days: &[Day]| {
        let devices = sum(flag, counted.get(flag.table.as_str())?, days, "devices")?;
        Some(match flag.compared {
            Compared::Devices => devices,
            Compared::Crashed => {
                sum(flag, counted.get(flag.table.as_str())?, days, "crashed")? / devices
            }
            Compared::Part => {
                let whole = Flagged {
                    dims: Vec::new(),
                    ..flag.clone()
                };
                devices / sum(&whole, counted.get("activity_weekly")?, days, "devices")?
            }
        })
    };
    let (Some(before), Some(after)) = (number(&flag.before), number(&flag.after)) else {
        return false;
    };
    match flag.is_up {
        true => after > before * (1.0 + LEAST),
        false => after < before * (1.0 - LEAST),
    }
}

/// What was counted of a row over some periods.
fn sum(flag: &Flagged, known: &(&Table, &Cells), days: &[Day], measure: &str) -> Option<f64> {
    let (table, cells) = known;
    let mark = table
        .measures()
        .iter()
        .find(|m| m.name() == measure)?
        .figures()
        .mark;
    let place = table.marks().iter().position(|other| *other == mark)?;
    let row = |key: &[&str]| {
        let names = std::iter::once(&flag.app).chain(&flag.dims);
        key.iter().copied().eq(names.map(String::as_str))
    };
    let counts = days.iter().filter_map(|day| {
        let period = cells.get(day)?;
        let (_, counts) = period.iter().find(|(key, _)| row(key))?;
        counts.get(place)
    });
    // Numbers of a demo are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let sum = counts.sum::<u64>() as f64;
    Some(sum)
}
