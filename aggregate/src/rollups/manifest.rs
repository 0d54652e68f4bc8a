//! The manifest of a sealed period: what was published, under which policy, and what it cost.

use kaiku_release::{Period, Policy, Rho, Unit};
use kaiku_wire::{Day, Week};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// The folder of the manifests.
pub(crate) const MANIFESTS: &str = "_manifests";

/// The format of manifests.
pub(crate) const FORMAT: u32 = 1;

/// The manifest of a sealed period. It is the last file of its period; each names the hash of
/// the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format, 1.
    pub format: u32,
    /// Its number in the chain, from 1.
    pub number: u64,
    /// The length of the period, `day` or `week`.
    pub unit: String,
    /// The first day of the period.
    pub first_day: Day,
    /// The name of the policy.
    pub policy: String,
    /// BLAKE3 of the policy's canonical text, in hexadecimal digits.
    pub policy_hash: String,
    /// The hash of the catalogue.
    pub catalogue_hash: String,
    /// SHA-256 of the intent that the seal began with.
    pub intent_hash: String,
    /// The least number of devices in a published cell.
    pub k: u64,
    /// What a device pays at most for this period in all tables: ρ in millionths.
    pub rho_millionths: u64,
    /// The same as ε at `delta`.
    pub epsilon: f64,
    /// δ of `epsilon`.
    pub delta: f64,
    /// What was published.
    pub tables: Vec<ManifestTable>,
    /// SHA-256 of the manifest before; none in the first one.
    pub previous: Option<String>,
}

/// What was published of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// The name of the table.
    pub name: String,
    /// The rows of all its files.
    pub rows: u64,
    /// Those of the rows that hold a folded rest.
    pub folded: u64,
    /// Its files, one an app.
    pub files: Vec<ManifestFile>,
}

/// One published file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Its path under the rollups.
    pub path: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256, as `sha256sum` prints it.
    pub sha256: String,
}

impl Manifest {
    /// The period; none where the manifest names none.
    pub fn period(&self) -> Option<Period> {
        match self.unit.as_str() {
            "day" => Some(Period::Day(self.first_day)),
            "week" => Week::from_monday(self.first_day).ok().map(Period::Week),
            _ => None,
        }
    }

    /// What a device pays at most for this period.
    pub fn rho(&self) -> Rho {
        Rho::from_millionths(self.rho_millionths)
    }

    /// The rows of all tables, and those of them that hold a folded rest.
    pub fn rows(&self) -> (u64, u64) {
        let rows = self.tables.iter().map(|table| table.rows).sum();
        let folded = self.tables.iter().map(|table| table.folded).sum();
        (rows, folded)
    }
}

/// What a period costs under a policy: ε and δ.
pub(crate) fn cost_of(policy: &Policy, unit: Unit) -> (f64, f64) {
    let costs = policy.costs();
    let cost = match unit {
        Unit::Day => costs.day,
        Unit::Week => costs.week,
    };
    (cost.epsilon, cost.delta)
}

/// The folder level that names a period: `day=2026-11-24` or `week=2026-11-23`.
pub(crate) fn folder_of(period: Period) -> String {
    format!("{}={period}", period.unit())
}

/// Where the manifest of a period stands.
pub(super) fn path_of(period: Period) -> Path {
    Path::from(format!("{MANIFESTS}/{}.json", folder_of(period)))
}
