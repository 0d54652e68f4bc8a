//! The manifests, as far as a report needs them.
//!
//! Fields that a report does not need are passed over, so that it can be made of rollups whose
//! manifests say more.

use kaiku_wire::{Bounds, Day, Incident};
use serde::Deserialize;

/// The format of manifests that is read.
pub(crate) const FORMAT: u32 = 2;

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// A UTC day.
    Day,
    /// An ISO week, named by its Monday.
    Week,
}

/// The manifest of a sealed period.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) number: u64,
    pub(crate) unit: Unit,
    pub(crate) first_day: Day,
    pub(crate) policy: String,
    pub(crate) policy_hash: String,
    pub(crate) bounds: Bounds,
    pub(crate) k: u64,
    pub(crate) rho_millionths: u64,
    pub(crate) week_rho_millionths: u64,
    pub(crate) epsilon: f64,
    pub(crate) delta: f64,
    pub(crate) week_epsilon: f64,
    pub(crate) week_delta: f64,
    pub(crate) cap_rho_millionths: u64,
    #[serde(default)]
    pub(crate) synthetic: bool,
    pub(crate) incidents: Vec<ManifestIncident>,
    pub(crate) withheld: Vec<Withheld>,
    pub(crate) tables: Vec<ManifestTable>,
}

/// Something that happened to the data of a period.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct ManifestIncident {
    pub(crate) incident: Incident,
    pub(crate) first_day: Day,
}

/// A table that was not published.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Withheld {
    pub(crate) table: String,
    pub(crate) reason: String,
}

/// What was published of one table.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ManifestTable {
    pub(crate) name: String,
    pub(crate) measures: Vec<ManifestMeasure>,
    pub(crate) files: Vec<ManifestFile>,
}

/// The noise of one measure.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ManifestMeasure {
    pub(crate) name: String,
    pub(crate) sigma: f64,
    pub(crate) tau: Option<i64>,
}

/// One file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ManifestFile {
    pub(crate) path: String,
    pub(crate) rows: u64,
}

impl Unit {
    /// The word for it: also the name of the folder level and of the column in monthly copies.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Unit::Day => "day",
            Unit::Week => "week",
        }
    }

    /// How many days it has.
    pub(crate) fn days(self) -> u32 {
        match self {
            Unit::Day => 1,
            Unit::Week => 7,
        }
    }
}

impl Manifest {
    /// The last day of its period.
    pub(crate) fn last_day(&self) -> Day {
        self.first_day.plus(self.unit.days() - 1)
    }
}
