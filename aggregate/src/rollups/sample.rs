//! Rollups of made-up counts for unit tests: through the gate, with no landing and no seal.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path as FsPath;

use kaiku_release::{Cell, Period, Policy, SealNoise, Spent, Table, release};
use kaiku_wire::{BOUNDS, Day};

use super::manifest::FORMAT;
use super::{Chain, Manifest, ManifestTable, Rollups, Signer, apps};

/// The apps that are listed: one has a name that looks like a number, one has no device.
pub(crate) const APPS: [&str; 3] = ["007", "idle", "maps"];

/// A folder of rollups, and what is needed to go on with it.
pub(crate) struct Sample {
    pub(crate) rollups: Rollups,
    pub(crate) policy: Policy,
    pub(crate) chain: Chain,
}

/// The signer of all samples.
pub(crate) fn signer() -> Signer {
    Signer::from_seed([7; 32]).unwrap()
}

impl Sample {
    /// Rollups in a folder, with nothing sealed.
    pub(crate) fn new(folder: &FsPath) -> Sample {
        let place = folder.join("rollups");
        Sample {
            rollups: Rollups::open(place.to_str().unwrap(), None).unwrap(),
            policy: Policy::small(),
            chain: Chain::default(),
        }
    }

    /// Seals the days from one to another, and each week behind its Sunday.
    pub(crate) async fn seal_days(&mut self, first: &str, last: &str) {
        let (mut day, last) = (Day::parse(first).unwrap(), Day::parse(last).unwrap());
        while day <= last {
            self.seal(Period::Day(day), 1_000).await;
            if day == day.week().sunday() {
                self.seal(Period::Week(day.week()), 1_000).await;
            }
            day = day.next();
        }
    }

    /// Seals a period in which each cell has so many devices.
    pub(crate) async fn seal(&mut self, period: Period, devices: u64) {
        let noise = SealNoise::new([1; 32], [2; 32]);
        let tables = self.policy.tables().iter();
        let mut published = Vec::new();
        for table in tables.filter(|table| table.unit() == period.unit()) {
            let released = release(table, period, cells(table, devices), &noise).unwrap();
            let all: BTreeSet<&str> = APPS.into_iter().chain(apps(&released)).collect();
            let mut files = Vec::new();
            for app in all {
                let put = self.rollups.publish(&released, app, table, &self.policy);
                files.push(put.await.unwrap());
            }
            published.push(ManifestTable::of(table, "definition".to_owned(), files));
        }
        let manifest = self.manifest(period, published);
        let bytes = self
            .rollups
            .seal(period, &manifest, &signer())
            .await
            .unwrap();
        let link = self.chain.next(period, &bytes).unwrap();
        self.chain.add(link);
    }

    /// The manifest of a period with these tables.
    pub(crate) fn manifest(&self, period: Period, tables: Vec<ManifestTable>) -> Manifest {
        let (spent, costs) = (Spent::of(&self.policy, period), self.policy.costs());
        Manifest {
            format: FORMAT,
            number: self.chain.next_number(),
            unit: period.unit().to_string(),
            first_day: period.first_day(),
            source: "events.stripped".to_owned(),
            policy: self.policy.name().to_owned(),
            policy_hash: hex::encode(self.policy.hash()),
            bounds: BOUNDS,
            synthetic: false,
            catalogue_hash: "c".repeat(64),
            intent_hash: "1".repeat(64),
            k: self.policy.k(),
            rho_millionths: spent.rho.millionths(),
            week_rho_millionths: self.policy.week_share().millionths(),
            epsilon: spent.rho.epsilon(costs.day.delta),
            delta: costs.day.delta,
            week_epsilon: costs.week.epsilon,
            week_delta: costs.week.delta,
            delta_spent: spent.delta,
            cap_rho_millionths: self.policy.cap().millionths(),
            incidents: Vec::new(),
            withheld: Vec::new(),
            tables,
            signer: signer().public(),
            previous: self.chain.last_hash().map(str::to_owned),
        }
    }
}

/// Two values of each dimension for each app that has devices, so that there are rows to sort.
fn cells(table: &Table, devices: u64) -> Vec<Cell> {
    let mut cells = Vec::new();
    for app in ["007", "maps", "unlisted"] {
        for value in ["FI", "SE"] {
            let others = table.dimensions().iter().skip(1).map(|_| value.to_owned());
            let dims: Vec<String> = [app.to_owned()].into_iter().chain(others).collect();
            // A part of a count has fewer devices than the whole.
            let parts = (1..).map(|part| devices / part);
            let counts = parts.take(table.marks().len()).collect();
            if dims.len() > 1 || value == "FI" {
                cells.push(Cell { dims, counts });
            }
        }
    }
    cells
}
