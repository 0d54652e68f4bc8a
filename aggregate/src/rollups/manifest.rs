//! The manifest of a sealed period: what was published, under which policy and bounds, what it
//! cost, and what a reader must know of the period.
//!
//! Nothing in it depends on exact counts: of the data it has the hashes of published files alone,
//! and the hash of an intent, which holds 32 random bytes.

use kaiku_release::{Period, Rho, Spent, Table};
use kaiku_wire::{Bounds, Day, Incident, Mark, Week};
use object_store::path::Path;
use serde::{Deserialize, Serialize};

/// The folder of the manifests. Its name has no underscore: Spark does not read what has one.
pub(crate) const MANIFESTS: &str = "manifests";

/// Where manifests of format 1 stood.
pub(crate) const FIRST_MANIFESTS: &str = "_manifests";

/// The format of manifests.
pub(crate) const FORMAT: u32 = 2;

/// The manifest of a sealed period. It is the last file of its period; each names the hash of
/// the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The format, 2.
    pub format: u32,
    /// Its number in the chain, from 1.
    pub number: u64,
    /// The length of the period, `day` or `week`.
    pub unit: String,
    /// The first day of the period.
    pub first_day: Day,
    /// The topic that the counts came from.
    pub source: String,
    /// The name of the policy.
    pub policy: String,
    /// BLAKE3 of the policy's canonical text, in hexadecimal digits.
    pub policy_hash: String,
    /// How much one device can count for.
    pub bounds: Bounds,
    /// Whether the devices are simulated; left out where they are not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// The hash of the catalogue.
    pub catalogue_hash: String,
    /// SHA-256 of the intent that the seal began with.
    pub intent_hash: String,
    /// The least number of devices in a published cell.
    pub k: u64,
    /// What a device pays at most for this period alone: ρ in millionths.
    pub rho_millionths: u64,
    /// What a device pays at most for an ISO week, in all daily and weekly tables together: ρ in
    /// millionths.
    pub week_rho_millionths: u64,
    /// ε of this period alone, at `delta`.
    pub epsilon: f64,
    /// δ of `epsilon`.
    pub delta: f64,
    /// ε of an ISO week, at `week_delta`: the price of the unit of privacy.
    pub week_epsilon: f64,
    /// δ of `week_epsilon`.
    pub week_delta: f64,
    /// What the ledger adds up for this period: δ.
    pub delta_spent: f64,
    /// What a device may pay at most in any 28 days by the policy: ρ in millionths.
    pub cap_rho_millionths: u64,
    /// What happened to the data of the period.
    pub incidents: Vec<ManifestIncident>,
    /// The tables of the policy that were not published for this period, and why.
    pub withheld: Vec<Withheld>,
    /// What was published.
    pub tables: Vec<ManifestTable>,
    /// The public key of whoever signed it, Ed25519, in hexadecimal digits.
    pub signer: String,
    /// SHA-256 of the manifest before; none in the first one.
    pub previous: Option<String>,
}

/// Something that happened to the data of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestIncident {
    /// What happened.
    pub incident: Incident,
    /// The first day that it concerns.
    pub first_day: Day,
    /// In how many partitions.
    pub partitions: u32,
}

/// A table that was not published for a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// The name of the table.
    pub table: String,
    /// Why it was not published.
    pub reason: WithheldReason,
    /// Its files, one an app and each without a row, so that a reader finds the table.
    pub files: Vec<ManifestFile>,
}

/// Why a table was not published for a period: a closed list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WithheldReason {
    /// What was known of the devices of a partition was lost: some may count twice.
    StateLost,
    /// The period was counted under two sets of bounds.
    BoundsChanged,
    /// The period was counted under two definitions of the table.
    PolicyChanged,
    /// The deployment began within this week.
    PartialWeek,
    /// Stripped records were gone before they were landed.
    StrippedLost,
    /// A part counted more devices than its whole, as where the catalogue's tables lost a value within
    /// a week: what was counted contradicts itself.
    Contradiction,
}

/// What was published of one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestTable {
    /// The name of the table.
    pub name: String,
    /// The hash of the table's definition.
    pub definition: String,
    /// The rows of all its files.
    pub rows: u64,
    /// Its measures, in the order of their columns; the first decides which rows appear.
    pub measures: Vec<ManifestMeasure>,
    /// Its files, one an app.
    pub files: Vec<ManifestFile>,
}

/// The noise of one measure of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestMeasure {
    /// The name of its column.
    pub name: String,
    /// The measure that it is a part of.
    pub part_of: Option<String>,
    /// The mark whose sum it is.
    pub mark: Mark,
    /// The squared L2 sensitivity to one device in one period.
    pub delta2: u32,
    /// The same in all periods of this length in one ISO week together.
    pub delta2_week: u32,
    /// The share of the budget: ρ in millionths.
    pub rho_millionths: u64,
    /// The standard deviation of its noise.
    pub sigma: f64,
    /// The least value that appears; of the first measure, and of no other.
    pub tau: Option<i64>,
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
    /// Its size.
    pub bytes: u64,
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

    /// What it was paid under, as the ledger adds it up; none where the manifest names no period or
    /// no policy.
    pub(crate) fn spent(&self) -> Option<Spent> {
        let policy = hex::decode(&self.policy_hash).ok()?.try_into().ok()?;
        let measures = || self.tables.iter().flat_map(|table| &table.measures);
        let cells = |of: fn(&ManifestMeasure) -> u32| -> f64 {
            let decide = measures().filter(|measure| measure.tau.is_some());
            decide.map(|measure| f64::from(of(measure))).sum()
        };
        let (period, week) = (cells(|one| one.delta2), cells(|one| one.delta2_week));
        let more = if period > 0.0 { week / period } else { 1.0 };
        Some(Spent {
            period: self.period()?,
            rho: self.rho(),
            week_rho: measures().map(ManifestMeasure::week_rho).sum(),
            delta: self.delta_spent,
            week_delta: self.delta_spent * more,
            policy,
        })
    }

    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

impl ManifestMeasure {
    /// The share of the budget.
    pub(crate) fn rho(&self) -> Rho {
        Rho::from_millionths(self.rho_millionths)
    }

    /// What all periods of this length in one ISO week cost a device together, rounded up.
    pub(crate) fn week_rho(&self) -> Rho {
        let scaled = u128::from(self.rho_millionths) * u128::from(self.delta2_week);
        let millionths = scaled.div_ceil(u128::from(self.delta2.max(1)));
        Rho::from_millionths(u64::try_from(millionths).unwrap_or(u64::MAX))
    }
}

impl ManifestTable {
    /// What the manifest says of a table with these files.
    pub(crate) fn of(table: &Table, definition: String, files: Vec<ManifestFile>) -> ManifestTable {
        let measures = table.measures().iter().map(|measure| {
            let figures = measure.figures();
            ManifestMeasure {
                name: measure.name().to_owned(),
                part_of: measure.rate_of().map(str::to_owned),
                mark: figures.mark,
                delta2: figures.delta2,
                delta2_week: figures.delta2_week,
                rho_millionths: figures.rho.millionths(),
                sigma: figures.sigma,
                tau: figures.tau,
            }
        });
        ManifestTable {
            name: table.name().to_owned(),
            definition,
            rows: files.iter().map(|file| file.rows).sum(),
            measures: measures.collect(),
            files,
        }
    }
}

/// The folder level that names a period: `day=2026-11-24` or `week=2026-11-23`.
pub(crate) fn folder_of(period: Period) -> String {
    format!("{}={period}", period.unit())
}

/// The files of a period's manifest.
pub(crate) struct ManifestPaths {
    /// The manifest itself: where it stands, the period is sealed.
    pub(crate) json: Path,
    /// The same in one line.
    pub(crate) line: Path,
    /// Its signature.
    pub(crate) signature: Path,
}

impl ManifestPaths {
    /// Those of a period.
    pub(crate) fn of(period: Period) -> ManifestPaths {
        let folder = folder_of(period);
        let path = |ending: &str| Path::from(format!("{MANIFESTS}/{folder}.{ending}"));
        ManifestPaths {
            json: path("json"),
            line: path("jsonl"),
            signature: path("sig"),
        }
    }
}
