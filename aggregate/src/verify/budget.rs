//! The noise and the budget: that σ is what ρ and Δ² ask for, that Δ² is what the bounds leave to a
//! device, that thresholds leave the same chance everywhere, and that no week costs more than is
//! stated.

use std::collections::BTreeMap;

use kaiku_release::{Dimension, Rho, Spent, WINDOW_DAYS, sensitivity, spent_within};
use kaiku_wire::Day;

use super::{Price, Verified};
use crate::rollups::{MANIFESTS, Manifest, ManifestMeasure, ManifestTable};

/// σ is stated in thousandths, rounded up.
const SIGMA_STEP: f64 = 0.001;

/// How far two ways to compute the same ε or δ may lie apart.
const CLOSE: f64 = 1e-9;

/// Checks what the manifests say of noise and budget, and sets the dearest week and 28 days.
pub(super) fn check(manifests: &[Manifest], found: &mut Verified) {
    for manifest in manifests {
        let mut problems = Vec::new();
        for table in &manifest.tables {
            for measure in &table.measures {
                noise(table, measure, &mut problems);
            }
        }
        thresholds(manifest, &mut problems);
        stated(manifest, &mut problems);
        let path = path_of(manifest);
        for text in problems {
            found.problem(&path, text);
        }
    }
    let spent: Vec<Spent> = manifests.iter().filter_map(Manifest::spent).collect();
    weeks(manifests, &spent, found);
    windows(manifests, &spent, found);
}

/// What is paid in any 28 days is within the cap of the policy under which the last period of them
/// was sealed.
fn windows(manifests: &[Manifest], spent: &[Spent], found: &mut Verified) {
    for manifest in manifests {
        let first_day = manifest.first_day;
        let last_day = first_day.plus(WINDOW_DAYS - 1);
        let rho = spent_within(spent, first_day, last_day);
        let within = manifests
            .iter()
            .rev()
            .find(|other| other.first_day <= last_day);
        let cap = within.map(|last| Rho::from_millionths(last.cap_rho_millionths));
        if let Some(cap) = cap.filter(|cap| rho > *cap) {
            let text = format!("cost a device ρ {rho}, but its policy allows {cap}");
            found.problem(format!("the 28 days from {first_day}"), text);
        }
        let price = Price {
            first_day,
            rho: rho.value(),
        };
        found.dearest_28_days = Some(
            found
                .dearest_28_days
                .map_or(price, |one| dearer(one, price)),
        );
    }
}

fn path_of(manifest: &Manifest) -> String {
    format!("{MANIFESTS}/{}={}.json", manifest.unit, manifest.first_day)
}

fn dearer(one: Price, other: Price) -> Price {
    if other.rho > one.rho { other } else { one }
}

/// σ² = Δ²/2ρ, up to the step in which σ is stated.
fn noise(table: &ManifestTable, measure: &ManifestMeasure, problems: &mut Vec<String>) {
    let exact = (f64::from(measure.delta2) / (2.0 * measure.rho().value())).sqrt();
    let is_enough = measure.sigma >= exact * (1.0 - CLOSE);
    let is_tight = measure.sigma <= exact * (1.0 + CLOSE) + SIGMA_STEP;
    if !(is_enough && is_tight) {
        problems.push(format!(
            "σ of {}.{} is {}, but √(Δ²/2ρ) is {exact:.3}",
            table.name, measure.name, measure.sigma
        ));
    }
}

/// τ = ⌈k + zσ⌉, or one more where the exact tail asks for it, with one z for all tables; and of the
/// first measure of a table only.
fn thresholds(manifest: &Manifest, problems: &mut Vec<String>) {
    let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
    for table in &manifest.tables {
        for (position, measure) in table.measures.iter().enumerate() {
            match measure.tau {
                Some(tau) if position == 0 => {
                    // Thresholds and k are far below 2^52.
                    let excess = tau as f64 - manifest.k as f64;
                    least = least.max((excess - 2.0) / measure.sigma);
                    most = most.min(excess / measure.sigma);
                }
                None if position > 0 => {}
                _ => problems.push(format!(
                    "{}.{}: the first measure of a table has a threshold, and no other",
                    table.name, measure.name
                )),
            }
        }
    }
    if least > most {
        problems.push(format!(
            "the thresholds lie between {most:.2} and {least:.2} σ above k = {}: they are not of one \
             policy",
            manifest.k
        ));
    }
}

/// The period costs what its measures cost, and ε and δ follow from ρ.
fn stated(manifest: &Manifest, problems: &mut Vec<String>) {
    let measures = manifest.tables.iter().flat_map(|table| &table.measures);
    let sum: Rho = measures.map(ManifestMeasure::rho).sum();
    if sum != manifest.rho() {
        let stated = manifest.rho();
        problems.push(format!("ρ is {stated}, but its measures cost {sum}"));
    }
    for (what, rho, delta, epsilon) in [
        (
            "the period",
            manifest.rho(),
            manifest.delta,
            manifest.epsilon,
        ),
        (
            "a week",
            Rho::from_millionths(manifest.week_rho_millionths),
            manifest.week_delta,
            manifest.week_epsilon,
        ),
    ] {
        let least = rho.epsilon(delta);
        // What is no number is not enough either.
        let is_enough = epsilon >= least - CLOSE;
        if !is_enough {
            problems.push(format!(
                "ε of {what} is {epsilon}, but ρ {rho} makes {least:.3} at δ {delta:e}"
            ));
        }
    }
}

/// What is paid in an ISO week is not more than the manifests of the week state, under each policy
/// that they name.
fn weeks(manifests: &[Manifest], spent: &[Spent], found: &mut Verified) {
    let mut stated: BTreeMap<Day, BTreeMap<&str, Rho>> = BTreeMap::new();
    for manifest in manifests {
        let week = stated
            .entry(manifest.first_day.week().monday())
            .or_default();
        let most = week.entry(&manifest.policy_hash).or_default();
        *most = (*most).max(Rho::from_millionths(manifest.week_rho_millionths));
    }
    for (monday, policies) in stated {
        let rho = spent_within(spent, monday, monday.week().sunday());
        let most: Rho = policies.into_values().sum();
        if rho > most {
            let text = format!("costs a device ρ {rho}, but its manifests state {most}");
            found.problem(format!("the week of {monday}"), text);
        }
        let price = Price {
            first_day: monday,
            rho: rho.value(),
        };
        found.dearest_week = Some(found.dearest_week.map_or(price, |week| dearer(week, price)));
    }
}

/// Δ² is what the bounds of the manifest leave to a device in cells with these dimensions, the app
/// aside.
pub(super) fn sensitivities(
    path: &str,
    manifest: &Manifest,
    table: &ManifestTable,
    dimensions: &[&str],
    found: &mut Verified,
) {
    let named = |name: &&str| {
        Dimension::ALL
            .into_iter()
            .find(|dimension| dimension.as_str() == *name)
    };
    let others: Option<Vec<Dimension>> = dimensions.iter().map(named).collect();
    let (Some(others), Some(period)) = (others, manifest.period()) else {
        found.problem(path, "has a dimension that no table can have");
        return;
    };
    let cells: Vec<Dimension> = [Dimension::App].into_iter().chain(others).collect();
    for measure in &table.measures {
        let derived = sensitivity(measure.mark, period.unit(), &cells, &manifest.bounds);
        let stated = (measure.delta2, measure.delta2_week);
        match derived {
            Ok(derived) if (derived.period, derived.week) == stated => {}
            Ok(derived) => found.problem(
                path,
                format!(
                    "Δ² of {} is {} in its manifest, and {} by its bounds ({})",
                    measure.name, measure.delta2, derived.period, derived.derivation
                ),
            ),
            Err(reason) => found.problem(path, reason),
        }
    }
}
