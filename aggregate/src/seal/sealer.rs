//! The seal of one period, from its inputs to its manifest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kaiku_release::{Period, Policy, Released, Rho, SealNoise, Spent, Table, Unit};
use kaiku_release::{check_cap, release};
use kaiku_stage::{RandomSource, failpoint};
use kaiku_wire::{BOUNDS, Day, Week};

use super::cells::Cells;
use super::intent::{self, Intent, Plan, Standing};
use super::withheld::withheld;
use super::{Vocabulary, ledger, schedule};
use crate::error::Error;
use crate::landing::{Entry, Log, counts_of};
use crate::rollups::manifest::{
    FORMAT, Manifest, ManifestFile, ManifestIncident, ManifestTable, Withheld, WithheldReason,
};
use crate::rollups::{Chain, Rollups, Signer, apps, folder_of};
use crate::store::Landing;

/// Seals periods, one after the other.
pub(crate) struct Sealer {
    pub(crate) landing: Landing,
    pub(crate) rollups: Rollups,
    pub(crate) logs: Vec<Arc<Log>>,
    /// The [id](crate::landing::Source::id) of the topic that the logs are of.
    pub(crate) source: String,
    pub(crate) policy: Arc<Policy>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) chain: Chain,
    pub(crate) signer: Signer,
    pub(crate) random: RandomSource,
    /// Whether the devices are simulated, which each manifest says.
    pub(crate) synthetic: bool,
}

impl Sealer {
    /// Takes in what others have landed.
    pub(crate) async fn catch_up(&self) -> Result<(), Error> {
        for log in &self.logs {
            log.catch_up().await?;
        }
        Ok(())
    }

    /// The next period, if every partition has closed it: a day, or behind a Sunday its week, where
    /// the policy has a table of weeks.
    pub(crate) fn due(&self) -> Option<Period> {
        let first = || self.logs.iter().filter_map(|log| log.first_day()).min();
        let has_counts = |week| self.has_counts(week);
        let next = schedule::next(&self.chain, &self.policy, first, has_counts)?;
        (next.last_day() <= self.closed()?).then_some(next)
    }

    /// The last day that is sealed, a Sunday only with its week.
    pub(crate) fn last_day(&self) -> Option<Day> {
        let day = self.chain.last_day()?;
        let has_counts = |week| self.has_counts(week);
        match schedule::week_behind(&self.chain, &self.policy, day, has_counts) {
            Some(_) => Some(day.prev()),
            None => Some(day),
        }
    }

    /// Whether counts of a week are left.
    fn has_counts(&self, week: Week) -> bool {
        let (first, last) = (week.monday(), week.sunday());
        let mut logs = self.logs.iter();
        logs.any(|log| !log.within(first, last).is_empty())
    }

    /// The last day that every partition has closed.
    pub(crate) fn closed(&self) -> Option<Day> {
        let closed = self.logs.iter().map(|log| log.closed());
        // An option without a day is less than any other.
        closed.min().flatten()
    }

    fn tables(&self, unit: Unit) -> impl Iterator<Item = &Table> {
        let tables = self.policy.tables().iter();
        tables.filter(move |table| table.unit() == unit)
    }

    /// The tables of a unit that are not withheld.
    fn published<'a>(
        &'a self,
        unit: Unit,
        withheld: &'a [Withheld],
    ) -> impl Iterator<Item = &'a Table> {
        let is_withheld = |table: &Table| withheld.iter().any(|one| one.table == table.name());
        self.tables(unit).filter(move |table| !is_withheld(table))
    }

    /// Seals a period, or takes up the manifest that another process has put.
    ///
    /// # Errors
    /// Where a store fails, where the gate or the budget refuses, where the seal was begun with
    /// other inputs, or ended before. It may be called again: what stands is never written again.
    pub(crate) async fn seal(&mut self, period: Period) -> Result<&Manifest, Error> {
        if let Some(standing) = self.rollups.sealed(period).await? {
            return self.adopt(period, &standing).await;
        }
        let (first, last) = (period.first_day(), period.last_day());
        let logs = self.logs.iter();
        let inputs: Vec<Entry> = logs.flat_map(|log| log.within(first, last)).collect();
        let plan = self.plan(period, &inputs)?;
        let spent = self.spent(period, plan.rho);
        check_cap(&self.policy, &self.chain.spent(), spent).map_err(gate(period))?;
        let intent = Intent::new(plan, &self.random);
        let intent = intent.put(&self.landing, period).await?;
        failpoint("seal.intent");
        let key = intent::key(&self.landing, period, &self.random).await?;
        failpoint("seal.key");
        // Another process may have ended this seal since the intent was put: then its manifest
        // stands, and the tombstone of its key.
        if let Some(standing) = self.rollups.sealed(period).await? {
            return self.adopt(period, &standing).await;
        }
        let Some(key) = key else {
            return Err(Error::Spent {
                period: folder_of(period),
            });
        };
        let noise = SealNoise::new(*key, intent.hash());
        let (tables, contradictory) = self.release(period, &intent, &inputs, &noise).await?;
        let withheld = [intent.withheld().to_vec(), contradictory].concat();
        let withheld = self.withhold(period, withheld, &intent, &noise).await?;
        let published = self.published(period.unit(), &withheld);
        let spent = self.spent(period, published.map(Table::share).sum());
        let mut manifest = self.manifest(period, &intent, &inputs, spent);
        (manifest.tables, manifest.withheld) = (tables, withheld);
        failpoint("seal.files");
        let bytes = self.rollups.seal(period, &manifest, &self.signer).await?;
        failpoint("seal.manifest");
        self.adopt(period, &bytes).await
    }

    /// What the seal of a period takes: the shares of what is published, and of the rest what the
    /// policy takes, where anything is published.
    fn spent(&self, period: Period, rho: Rho) -> Spent {
        let spent = Spent::of(&self.policy, period);
        if rho > Rho::default() {
            return Spent { rho, ..spent };
        }
        Spent {
            rho,
            week_rho: rho,
            delta: 0.0,
            week_delta: 0.0,
            ..spent
        }
    }

    /// What the seal of a period is going to do.
    fn plan<'a>(&'a self, period: Period, inputs: &'a [Entry]) -> Result<Plan<'a>, Error> {
        let began = self
            .chain
            .first()
            .map_or(period.first_day(), |first| first.first_day);
        let withheld = withheld(period, self.tables(period.unit()), inputs, began)?;
        let published = self.published(period.unit(), &withheld);
        let rho = published.map(Table::share).sum::<Rho>();
        Ok(Plan {
            source: &self.source,
            period,
            policy: &self.policy,
            vocabulary: &self.vocabulary,
            inputs,
            rho,
            withheld,
            previous: self.chain.last_hash(),
        })
    }

    /// Takes the period's cells through the gate, and publishes what comes out. A table whose counts
    /// contradict themselves is withheld: the others need not wait for it.
    async fn release(
        &self,
        period: Period,
        intent: &Standing,
        inputs: &[Entry],
        noise: &SealNoise,
    ) -> Result<(Vec<ManifestTable>, Vec<Withheld>), Error> {
        let tables: Vec<&Table> = self.published(period.unit(), intent.withheld()).collect();
        let mut cells = Cells::new(period, tables.iter().copied());
        // Where nothing is published, what was landed need not even be of this version.
        for entry in inputs.iter().filter(|_| !tables.is_empty()) {
            cells.add(counts_of(&self.landing, entry).await?).await?;
        }
        let mut cells = cells.merged().await?;
        let (mut published, mut contradictory) = (Vec::new(), Vec::new());
        for table in tables {
            let cells = cells.remove(table.name()).unwrap_or_default();
            let released = match release(table, period, cells, noise) {
                Err(kaiku_release::Error::Containment { .. }) => {
                    contradictory.push(Withheld {
                        table: table.name().to_owned(),
                        reason: WithheldReason::Contradiction,
                        files: Vec::new(),
                    });
                    continue;
                }
                released => released.map_err(gate(period))?,
            };
            let files = self.publish(&released, table, intent.apps()).await?;
            published.push(ManifestTable::of(table, table.definition(), files));
        }
        Ok((published, contradictory))
    }

    /// Puts the files of the tables that are not published: what the gate makes of no cell.
    async fn withhold(
        &self,
        period: Period,
        mut withheld: Vec<Withheld>,
        intent: &Standing,
        noise: &SealNoise,
    ) -> Result<Vec<Withheld>, Error> {
        for one in &mut withheld {
            let Some(table) = self.policy.table(&one.table) else {
                continue;
            };
            let released = release(table, period, Vec::new(), noise).map_err(gate(period))?;
            one.files = self.publish(&released, table, intent.apps()).await?;
        }
        Ok(withheld)
    }

    /// Puts the files of one released table: one for every listed app, and for every other app
    /// that was released.
    async fn publish(
        &self,
        released: &Released,
        table: &Table,
        listed: &[String],
    ) -> Result<Vec<ManifestFile>, Error> {
        let listed = listed.iter().map(String::as_str);
        let all: BTreeSet<&str> = listed.chain(apps(released)).collect();
        let mut files = Vec::new();
        for app in all {
            let put = self.rollups.publish(released, app, table, &self.policy);
            files.push(put.await?);
            failpoint("seal.file");
        }
        Ok(files)
    }

    /// Takes up a manifest that stands, and ends its seal: the ledger has it, and its key is gone.
    async fn adopt(&mut self, period: Period, bytes: &[u8]) -> Result<&Manifest, Error> {
        let broken = || Error::Chain {
            path: folder_of(period),
        };
        let link = self.chain.next(period, bytes)?;
        ledger::close(&self.landing, period, &link.manifest, &link.hash).await?;
        // Only now: where the seal could not be ended, it is ended the next time.
        self.chain.add(link);
        self.chain.manifests().last().ok_or_else(broken)
    }

    /// The manifest, as far as it does not depend on what the gate let through.
    fn manifest(
        &self,
        period: Period,
        intent: &Standing,
        inputs: &[Entry],
        spent: Spent,
    ) -> Manifest {
        let (policy, costs) = (&self.policy, self.policy.costs());
        Manifest {
            format: FORMAT,
            number: self.chain.next_number(),
            unit: period.unit().to_string(),
            first_day: period.first_day(),
            source: self.source.clone(),
            policy: policy.name().to_owned(),
            policy_hash: hex::encode(policy.hash()),
            bounds: BOUNDS,
            synthetic: self.synthetic,
            catalogue_hash: intent.catalogue().to_owned(),
            intent_hash: hex::encode(intent.hash()),
            k: policy.k(),
            rho_millionths: spent.rho.millionths(),
            week_rho_millionths: policy.week_share().millionths(),
            epsilon: spent.rho.epsilon(costs.day.delta),
            delta: costs.day.delta,
            week_epsilon: costs.week.epsilon,
            week_delta: costs.week.delta,
            delta_spent: spent.delta,
            cap_rho_millionths: policy.cap().millionths(),
            incidents: incidents(period, inputs),
            withheld: Vec::new(),
            tables: Vec::new(),
            signer: self.signer.public(),
            previous: self.chain.last_hash().map(str::to_owned),
        }
    }
}

/// What happened in a period, each with its first day and the number of partitions.
fn incidents(period: Period, inputs: &[Entry]) -> Vec<ManifestIncident> {
    let mut found: BTreeMap<_, (Day, BTreeSet<i32>)> = BTreeMap::new();
    for entry in inputs {
        for happened in entry.incidents_within(period.first_day(), period.last_day()) {
            let (first, partitions) = found
                .entry(happened.incident)
                .or_insert_with(|| (happened.day, BTreeSet::new()));
            *first = happened.day.min(*first);
            partitions.insert(entry.partition);
        }
    }
    let each = found.into_iter();
    each.map(|(incident, (first_day, partitions))| ManifestIncident {
        incident,
        first_day,
        partitions: u32::try_from(partitions.len()).unwrap_or(u32::MAX),
    })
    .collect()
}

fn gate(period: Period) -> impl FnOnce(kaiku_release::Error) -> Error {
    move |source| Error::Gate {
        period: folder_of(period),
        source,
    }
}
