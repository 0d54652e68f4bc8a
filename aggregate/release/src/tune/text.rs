//! The text of a policy file: bare, to derive from it, and with what was derived beside it.

use std::fmt::Write;

use super::tables::{Draft, DraftMeasure, Tables};
use super::{Aim, DELTA, K};
use crate::{Cost, Measure, Policy, Rho};

/// The policy without any comment.
pub(super) fn bare(aim: &Aim, tables: &Tables, shares: &[Rho], cap: Rho) -> String {
    let mut out = String::new();
    entries(&mut out, aim, cap, "");
    let mut shares = shares.iter();
    for table in tables.tables() {
        head_of(&mut out, table);
        for (place, measure) in table.measures.iter().enumerate() {
            let rho = shares.next().copied().unwrap_or_default();
            measure_of(&mut out, measure, rho, place > 0, None);
        }
    }
    out
}

/// The policy with what the gate derives, beside each measure and in front of all.
pub(super) fn commented(aim: &Aim, tables: &Tables, shares: &[Rho], policy: &Policy) -> String {
    let mut out = preamble(aim, tables, policy);
    entries(
        &mut out,
        aim,
        policy.cap(),
        "# The most that a device may pay in any 28 days, whatever policies they were released under.\n",
    );
    let mut shares = shares.iter();
    for (table, derived) in tables.tables().zip(policy.tables()) {
        head_of(&mut out, table);
        let measures = table.measures.iter().zip(derived.measures());
        for (place, (measure, derived)) in measures.enumerate() {
            let rho = shares.next().copied().unwrap_or_default();
            measure_of(&mut out, measure, rho, place > 0, Some(derived));
        }
    }
    out
}

/// What is said in front: for whom, at what price, by what threshold.
fn preamble(aim: &Aim, tables: &Tables, policy: &Policy) -> String {
    let costs = policy.costs();
    let lines = [
        line(
            "one ISO week of one device, the unit of privacy",
            costs.week,
        ),
        line("one of its days", costs.day),
        line("four weeks", costs.days_28),
        line("a year", costs.year),
    ];
    format!(
        "# A policy for fleets of {fleets}. Its shares are what\n\
         # `kaiku policy tune --devices {devices}` finds best at ε {epsilon} for a device-week.\n\
         #\n\
         # What a device pays at most, in all tables, if it reports at its bounds throughout:\n\
         {lines}\n\
         # A device-week can touch {cells} cells, hence z = {z}. A cell appears where its noisy number of\n\
         # devices reaches τ and it holds {K} in truth.\n\
         #\n\
         # The figures in front of the measures are derived by the gate, and a test holds them: Δ² of a\n\
         # period and where it comes from, σ of the noise, the threshold τ, the half of a 95 % interval.\n",
        fleets = tables.fleets(),
        devices = aim.devices,
        epsilon = aim.epsilon,
        lines = lines.concat().trim_end_matches('\n').to_owned() + "\n#",
        cells = policy.cells_touched(),
        z = policy.z(),
    )
}

fn line(what: &str, cost: Cost) -> String {
    let Cost {
        rho,
        epsilon,
        delta,
    } = cost;
    format!("#   {what}: ρ {rho}, ε {epsilon:.2} at δ {delta:e}\n")
}

/// The entries in front of the tables.
fn entries(out: &mut String, aim: &Aim, cap: Rho, about_cap: &str) {
    // Writing to a String does not fail.
    let _ = write!(
        out,
        "name = \"{name}\"\nk = {K}\ndelta = {DELTA:e}\n{about_cap}cap_rho = {cap}\n",
        name = aim.name
    );
}

fn head_of(out: &mut String, table: &Draft) {
    let dimensions: Vec<_> = table
        .dimensions
        .iter()
        .map(|dimension| format!("\"{dimension}\""))
        .collect();
    let _ = write!(
        out,
        "\n[[table]]\nname = \"{}\"\ndescription = \"{}\"\nperiod = \"{}\"\ndimensions = [{}]\n",
        table.name,
        table.description,
        table.unit,
        dimensions.join(", ")
    );
}

fn measure_of(
    out: &mut String,
    measure: &DraftMeasure,
    rho: Rho,
    is_part: bool,
    derived: Option<&Measure>,
) {
    let comment = derived.map(|derived| format!("# {}\n", derived.summary()));
    let rate_of = if is_part {
        "rate_of = \"devices\"\n"
    } else {
        ""
    };
    let _ = write!(
        out,
        "\n{comment}[[table.measure]]\nname = \"{}\"\ndescription = \"{}\"\nmark = \"{}\"\nrho = {rho}\n{rate_of}",
        measure.name,
        measure.description,
        measure.mark,
        comment = comment.unwrap_or_default(),
    );
}
