//! From a folder of rollups to the report.

use std::collections::BTreeMap;
use std::path::Path;

use kaiku_wire::Day;

use crate::changes::{Changes, Flagged, Worse};
use crate::context::Context;
use crate::error::Error;
use crate::model::{App, FORMAT, LastManifest, PolicyInForce, Release, Report, Span, SpentSoFar};
use crate::rollups::{Manifest, Rollups, Unit};
use crate::sections;
use crate::settings::Settings;

/// The days that the policy's cap is about.
const CAP_DAYS: u32 = 28;

/// A report, and what got worse by it.
#[derive(Clone, Debug)]
pub struct Made {
    /// The report.
    pub report: Report,
    /// What got worse.
    pub worse: Vec<Worse>,
    /// Every row that has a flag.
    pub flagged: Vec<Flagged>,
}

/// Makes the report of a folder of rollups.
///
/// # Errors
/// Where the folder holds none, where something in it can't be read, or where there is no such app
/// or section.
pub fn make(folder: &Path, settings: &Settings) -> Result<Made, Error> {
    let rollups = Rollups::read(folder, settings.since)?;
    let apps = apps(&rollups, settings.app.as_deref())?;
    let changes = Changes::of(&rollups, &apps);
    let mut shown = Vec::new();
    for app in &apps {
        let context = Context {
            rollups: &rollups,
            app,
            changes: &changes,
            settings,
        };
        shown.push(App {
            app: app.clone(),
            title: title(&rollups, app),
            sections: wanted(sections::all(&context), settings.section.as_deref())?,
        });
    }
    let report = Report {
        format: FORMAT,
        synthetic: rollups.manifests.iter().any(|manifest| manifest.synthetic),
        made_by: concat!("kaiku ", env!("CARGO_PKG_VERSION")).to_owned(),
        days: span(&rollups, Unit::Day),
        weeks: span(&rollups, Unit::Week),
        manifest: last_manifest(&rollups),
        policies: policies(&rollups),
        program: rollups.catalogue.program.clone(),
        guarantee: sections::promises(&rollups.manifests),
        releases: apps
            .iter()
            .map(|app| (app.clone(), releases(&rollups, app)))
            .collect(),
        apps: shown,
    };
    Ok(Made {
        report,
        worse: changes.worse(),
        flagged: changes.flagged,
    })
}

/// The apps that are shown: those of the catalogue, and others of which something was published.
fn apps(rollups: &Rollups, wanted: Option<&str>) -> Result<Vec<String>, Error> {
    let mut apps: Vec<String> = rollups
        .catalogue
        .apps
        .iter()
        .map(|app| app.name.clone())
        .collect();
    let mut others: BTreeMap<&str, bool> = BTreeMap::new();
    for table in rollups.tables.values() {
        for (app, periods) in &table.rows {
            *others.entry(app).or_default() |= periods.values().any(|rows| !rows.is_empty());
        }
    }
    for (other, has_rows) in others {
        if has_rows && !apps.iter().any(|app| app == other) {
            apps.push(other.to_owned());
        }
    }
    match wanted {
        // Before anything is there, no app is known, and none is wrong.
        Some(wanted) if !apps.is_empty() => {
            if !apps.iter().any(|app| app == wanted) {
                return Err(Error::NoApp {
                    known: apps.join(", "),
                });
            }
            Ok(vec![wanted.to_owned()])
        }
        _ => Ok(apps),
    }
}

fn wanted(
    sections: Vec<crate::model::Section>,
    section: Option<&str>,
) -> Result<Vec<crate::model::Section>, Error> {
    let Some(id) = section else {
        return Ok(sections);
    };
    let known = sections
        .iter()
        .map(|section| section.id)
        .collect::<Vec<_>>()
        .join(", ");
    let found: Vec<_> = sections
        .into_iter()
        .filter(|section| section.id == id)
        .collect();
    match found.is_empty() {
        true => Err(Error::NoSection { known }),
        false => Ok(found),
    }
}

fn title(rollups: &Rollups, app: &str) -> String {
    match rollups.catalogue.title(app, "app", app) {
        Some(_) if app == crate::rollups::UNLISTED => "Apps not listed".to_owned(),
        Some(title) => title.to_owned(),
        None => app.to_owned(),
    }
}

fn span(rollups: &Rollups, unit: Unit) -> Option<Span> {
    let sealed = rollups.periods(unit);
    let (first, last) = (*sealed.iter().min()?, *sealed.iter().max()?);
    let mut gaps = Vec::new();
    let mut period = first;
    while period < last {
        if !sealed.contains(&period) {
            gaps.push(period);
        }
        period = period.plus(unit.days());
    }
    Some(Span {
        first,
        last,
        sealed: sealed.len(),
        gaps,
    })
}

fn last_manifest(rollups: &Rollups) -> Option<LastManifest> {
    let last = rollups.manifests.last()?;
    let millionths = |millionths: u64| millionths as f64 / 1e6;
    Some(LastManifest {
        number: last.number,
        hash: rollups.hash.clone()?,
        spent: SpentSoFar {
            rho: millionths(spent_within(&rollups.manifests, last.last_day())),
            cap_rho: millionths(last.cap_rho_millionths),
            week_epsilon: last.week_epsilon,
            delta: last.week_delta,
        },
    })
}

/// What a device has paid at most in the 28 days up to one: a week that they touch counts in full.
pub(crate) fn spent_within(manifests: &[Manifest], last: Day) -> u64 {
    let first = last.minus(CAP_DAYS - 1);
    let touched = manifests
        .iter()
        .filter(|one| one.last_day() >= first && one.first_day <= last);
    touched.map(|one| one.rho_millionths).sum()
}

fn policies(rollups: &Rollups) -> Vec<PolicyInForce> {
    let mut policies: Vec<PolicyInForce> = Vec::new();
    for manifest in rollups.shown() {
        if policies
            .last()
            .is_none_or(|policy| policy.hash != manifest.policy_hash)
        {
            policies.push(PolicyInForce {
                name: manifest.policy.clone(),
                hash: manifest.policy_hash.clone(),
                from: manifest.first_day,
                k: manifest.k,
            });
        }
    }
    policies
}

fn releases(rollups: &Rollups, app: &str) -> Vec<Release> {
    let app = rollups.catalogue.app(app);
    let releases = app.map(|app| app.releases.as_slice()).unwrap_or_default();
    let each = releases.iter().map(|release| Release {
        release: release.name.clone(),
        since: release.date,
    });
    each.collect()
}
