//! From the text of a policy file to what it says, or to everything that is wrong with it.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::content::{Content, Problem, Table};
use super::document::{At, Fields, Problems, read_name, read_rho};
use super::table::{TABLE, read_table};
use crate::gaussian::z_of;
use crate::ledger::dearest_window;
use crate::{Rho, Unit};

/// The least k that a policy may name: under it a cell is no crowd.
const LEAST_K: u64 = 10;

/// The most that any 28 days may cost a device: beyond it nothing is promised that is worth it.
const MOST_CAP: Rho = Rho::from_millionths(10_000_000);

/// The most that one device-week may cost.
const MOST_WEEK: Rho = Rho::from_millionths(2_000_000);

/// The entries of a policy.
const POLICY: [&str; 5] = ["name", "k", "delta", "cap_rho", "table"];

/// The head of a policy, as far as it could be read.
struct Head {
    name: String,
    k: u64,
    delta: f64,
    cap: At<Rho>,
}

pub(super) fn content(text: &str) -> Result<Content, Vec<Problem>> {
    let mut problems = Problems::new(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = error.span().map_or(0, |span| span.start);
        problems.add(at, error.message());
    }
    if !problems.is_empty() {
        return Err(problems.into_sorted());
    }
    let fields = Fields::new(document.get_ref(), 0, &POLICY, &mut problems);
    let head = read_head(&fields, &mut problems);
    let mut names = BTreeSet::new();
    let mut tables = Vec::new();
    let found = fields.tables("table", &TABLE, &mut problems);
    if found.is_empty() {
        problems.add(fields.at, "a policy has at least one table");
    }
    for table in &found {
        let read = read_table(table, head.k, &mut problems);
        if !names.insert(read.name.clone()) {
            problems.add(table.at, "there are two tables of this name");
        }
        tables.push(read);
    }
    if !problems.is_empty() {
        return Err(problems.into_sorted());
    }
    let content = derived(head.name, head.k, head.delta, head.cap.value, tables);
    check_costs(&content, head.cap.at, &mut problems);
    if problems.is_empty() {
        Ok(content)
    } else {
        Err(problems.into_sorted())
    }
}

fn read_head(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Head {
    let name = read_name(fields, problems);
    let k = fields.whole("k", problems);
    if let Some(k) = &k
        && !(LEAST_K..=1_000_000).contains(&k.value)
    {
        problems.add(k.at, format!("k is at least {LEAST_K} and at most 1000000"));
    }
    let delta = fields.number("delta", problems);
    if let Some(delta) = &delta
        && !(1e-15..=1e-6).contains(&delta.value)
    {
        problems.add(delta.at, "delta lies between 1e-15 and 1e-6");
    }
    let cap = read_rho(fields, "cap_rho", MOST_CAP, problems);
    Head {
        name,
        // What could not be read was said, and nothing is made of the rest.
        k: k.map_or(LEAST_K, |k| k.value),
        delta: delta.map_or(1e-9, |delta| delta.value),
        cap,
    }
}

/// The policy with z from δ and the cells that a device-week can touch, and τ from z.
fn derived(name: String, k: u64, delta: f64, cap: Rho, tables: Vec<Table>) -> Content {
    let mut content = Content {
        name,
        k,
        delta,
        cap,
        z: 0.0,
        chance: 0.0,
        tables,
    };
    let touched: u64 = Unit::ALL
        .into_iter()
        .map(|unit| content.week_cells(unit))
        .sum();
    // The other half of δ stands behind ε.
    content.chance = delta / 2.0 / touched.max(1) as f64;
    content.z = z_of(content.chance);
    for table in &mut content.tables {
        if let Some(decides) = table.measures.first_mut() {
            let tau = decides.tails.threshold(k, content.z, content.chance);
            decides.tau = Some(tau);
        }
    }
    content
}

/// That the policy can be followed within its cap, and that its week is not dearer than any may be.
fn check_costs(content: &Content, cap_at: usize, problems: &mut Problems<'_>) {
    let week = content.costs().week.rho;
    if week > MOST_WEEK {
        problems.add(
            0,
            format!(
                "a device-week of these tables costs ρ = {week}, at most {MOST_WEEK} is allowed"
            ),
        );
    }
    let needed = dearest_window(content);
    if needed > content.cap {
        problems.add(
            cap_at,
            format!(
                "28 days of these tables cost a device up to ρ = {needed}, the cap is {}",
                content.cap
            ),
        );
    }
}
