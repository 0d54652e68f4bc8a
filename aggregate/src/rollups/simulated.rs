//! Rollups of counts that were made up: through the gate and the writer, with no landing and no seal.
//!
//! A year of history takes seconds so, for whoever tries what reads rollups. Every manifest says that the
//! devices are simulated, and none can be had from here that does not.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_catalogue::Catalogue;
use kaiku_release::{Cell, Period, Policy, SealNoise, Spent, release};
use kaiku_wire::BOUNDS;

use super::manifest::{
    FORMAT, Manifest, ManifestIncident, ManifestTable, Withheld, WithheldReason, folder_of,
};
use super::{Chain, Rollups, Signer, apps};
use crate::error::Error;
use crate::store::sha256;

/// Rollups of simulated devices, and what is needed to go on with them.
#[derive(Debug)]
pub struct Simulated {
    rollups: Rollups,
    chain: Chain,
    signer: Signer,
    /// The apps that have a file in every table and period.
    listed: Vec<String>,
}

/// What is sealed of one period.
#[derive(Debug, Default)]
pub struct SimulatedPeriod {
    /// The cells of each table.
    pub cells: BTreeMap<String, Vec<Cell>>,
    /// The tables that are withheld, and why.
    pub withheld: Vec<(String, WithheldReason)>,
    /// What happened to the data.
    pub incidents: Vec<ManifestIncident>,
}

impl Simulated {
    /// Goes on with rollups, or begins new ones.
    ///
    /// # Errors
    /// Where the store fails, or its manifests are no chain.
    pub async fn open(
        rollups: Rollups,
        signer: Signer,
        listed: Vec<String>,
    ) -> Result<Simulated, Error> {
        let chain = Chain::load(&rollups).await?;
        Ok(Simulated {
            rollups,
            chain,
            signer,
            listed,
        })
    }

    /// Takes the cells of a period through the gate, and publishes what comes out.
    ///
    /// # Errors
    /// Where the gate refuses, or the store fails.
    pub async fn seal(
        &mut self,
        period: Period,
        policy: &Policy,
        mut made: SimulatedPeriod,
        key: [u8; 32],
    ) -> Result<(), Error> {
        let noise = SealNoise::new(key, [0; 32]);
        let (mut tables, mut withheld) = (Vec::new(), Vec::new());
        let of_unit = policy
            .tables()
            .iter()
            .filter(|table| table.unit() == period.unit());
        for table in of_unit {
            let why = made.withheld.iter().find(|(name, _)| name == table.name());
            let cells = made.cells.remove(table.name()).filter(|_| why.is_none());
            let released = release(table, period, cells.unwrap_or_default(), &noise);
            let released = released.map_err(|source| Error::Gate {
                period: folder_of(period),
                source,
            })?;
            let listed = self.listed.iter().map(String::as_str);
            let all: BTreeSet<&str> = listed.chain(apps(&released)).collect();
            let mut files = Vec::new();
            for app in all {
                files.push(self.rollups.publish(&released, app, table, policy).await?);
            }
            match why {
                Some((table, reason)) => withheld.push(Withheld {
                    table: table.clone(),
                    reason: *reason,
                    files,
                }),
                None => tables.push(ManifestTable::of(table, table.definition(), files)),
            }
        }
        let manifest = self.manifest(period, policy, tables, withheld, made.incidents);
        let bytes = self.rollups.seal(period, &manifest, &self.signer).await?;
        let link = self.chain.next(period, &bytes)?;
        self.chain.add(link);
        Ok(())
    }

    /// Writes what stands beside the rollups.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn write_aids(&self, policy: &Policy, catalogue: &Catalogue) -> Result<(), Error> {
        self.rollups
            .refresh_aids(policy, &self.chain, catalogue)
            .await
    }

    fn manifest(
        &self,
        period: Period,
        policy: &Policy,
        tables: Vec<ManifestTable>,
        withheld: Vec<Withheld>,
        incidents: Vec<ManifestIncident>,
    ) -> Manifest {
        let costs = policy.costs();
        let published = tables.iter().filter_map(|table| policy.table(&table.name));
        let spent = Spent {
            rho: published.map(kaiku_release::Table::share).sum(),
            ..Spent::of(policy, period)
        };
        Manifest {
            format: FORMAT,
            number: self.chain.next_number(),
            unit: period.unit().to_string(),
            first_day: period.first_day(),
            source: "simulated".to_owned(),
            policy: policy.name().to_owned(),
            policy_hash: hex::encode(policy.hash()),
            bounds: BOUNDS,
            synthetic: true,
            catalogue_hash: sha256(b"simulated"),
            intent_hash: sha256(folder_of(period).as_bytes()),
            k: policy.k(),
            rho_millionths: spent.rho.millionths(),
            week_rho_millionths: policy.week_share().millionths(),
            epsilon: spent.rho.epsilon(costs.day.delta),
            delta: costs.day.delta,
            week_epsilon: costs.week.epsilon,
            week_delta: costs.week.delta,
            delta_spent: spent.delta,
            cap_rho_millionths: policy.cap().millionths(),
            incidents,
            withheld,
            tables,
            signer: self.signer.public(),
            previous: self.chain.last_hash().map(str::to_owned),
        }
    }
}
