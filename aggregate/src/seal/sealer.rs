//! The seal of one period, from its inputs to its manifest.

use std::collections::BTreeSet;
use std::sync::Arc;

use kaiku_release::{Period, Policy, Released, SealNoise, Spent, Table, check_cap, release};
use kaiku_stage::{RandomSource, failpoint};
use kaiku_wire::Day;

use super::Vocabulary;
use super::intent::{self, Intent, Standing};
use super::partials::Partials;
use crate::error::Error;
use crate::landing::{Entry, Log, counts_of};
use crate::rollups::manifest::{self, FORMAT, Manifest, ManifestTable};
use crate::rollups::{Chain, Rollups, apps, folder_of};
use crate::store::Landing;

/// Seals periods, one after the other.
pub(crate) struct Sealer {
    pub(crate) landing: Landing,
    pub(crate) rollups: Rollups,
    pub(crate) logs: Vec<Arc<Log>>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) chain: Chain,
    pub(crate) random: RandomSource,
}

impl Sealer {
    /// The next day, if every partition has closed it.
    pub(crate) fn due(&self) -> Option<Day> {
        let closed = self.closed()?;
        let next = match self.chain.last_day() {
            Some(day) => day.next(),
            None => self.logs.iter().filter_map(|log| log.first_day()).min()?,
        };
        (next <= closed).then_some(next)
    }

    /// The last day that every partition has closed.
    pub(crate) fn closed(&self) -> Option<Day> {
        let closed = self.logs.iter().map(|log| log.closed());
        // An option without a day is less than any other.
        closed.min().flatten()
    }

    /// Seals a day, or takes up the manifest that another process has put.
    ///
    /// # Errors
    /// Where a store fails, where the gate or the budget refuses, or where the seal was begun
    /// with other inputs. It may be called again: what stands is never written again.
    pub(crate) async fn seal(&mut self, day: Day) -> Result<&Manifest, Error> {
        let period = Period::Day(day);
        if let Some(standing) = self.rollups.sealed(period).await? {
            return self.chain.add(period, &standing);
        }
        let next = Spent::of(&self.policy, period);
        check_cap(&self.policy, &self.chain.spent(), next).map_err(gate(period))?;
        let inputs: Vec<Entry> = self.logs.iter().flat_map(|log| log.with_day(day)).collect();
        let previous = self.chain.last_hash();
        let intent = Intent::new(period, &self.policy, &self.vocabulary, &inputs, previous);
        let intent = intent.put(&self.landing, period).await?;
        failpoint("seal.intent");
        let key = intent::key(&self.landing, period, &self.random).await?;
        failpoint("seal.key");
        // Another process may have ended this seal and destroyed its key since the intent was put:
        // then this key is a new one, and whatever is drawn with it must not get out.
        if let Some(standing) = self.rollups.sealed(period).await? {
            return self.chain.add(period, &standing);
        }
        let noise = SealNoise::new(key, intent.hash());
        let mut tables = Vec::new();
        let policy = Arc::clone(&self.policy);
        let of_period = policy
            .tables()
            .iter()
            .filter(|table| table.unit() == period.unit());
        let mut partials: Vec<_> = of_period.map(Partials::new).collect();
        for entry in &inputs {
            let counts = counts_of(&self.landing, entry).await?;
            for partial in &mut partials {
                let counts = counts.clone();
                partial
                    .add(counts, period.first_day(), period.last_day())
                    .await?;
            }
        }
        for partial in partials {
            let table = partial.table();
            let cells = partial.cells().await?;
            let released = release(table, period, cells, &noise).map_err(gate(period))?;
            tables.push(self.publish(&released, table, intent.apps()).await?);
        }
        let manifest = self.manifest(period, &intent, tables);
        failpoint("seal.files");
        let bytes = self.rollups.seal(period, &manifest).await?;
        failpoint("seal.manifest");
        self.chain.add(period, &bytes)
    }

    /// Puts the files of one released table: one for every listed app, and for every other app
    /// that was released.
    async fn publish(
        &self,
        released: &Released,
        table: &Table,
        listed: &[String],
    ) -> Result<ManifestTable, Error> {
        let listed = listed.iter().map(String::as_str);
        let all: BTreeSet<&str> = listed.chain(apps(released)).collect();
        let mut files = Vec::new();
        for app in all {
            let put = self.rollups.publish(released, app, table, &self.policy);
            files.push(put.await?);
            failpoint("seal.file");
        }
        let folded = released.rows().iter().filter(|row| row.folded());
        Ok(ManifestTable {
            name: table.name().to_owned(),
            rows: released.rows().len() as u64,
            folded: folded.count() as u64,
            files,
        })
    }

    fn manifest(&self, period: Period, intent: &Standing, tables: Vec<ManifestTable>) -> Manifest {
        let (epsilon, delta) = manifest::cost_of(&self.policy, period.unit());
        Manifest {
            format: FORMAT,
            number: self.chain.next_number(),
            unit: period.unit().to_string(),
            first_day: period.first_day(),
            policy: self.policy.name().to_owned(),
            policy_hash: hex::encode(self.policy.hash()),
            catalogue_hash: intent.catalogue().to_owned(),
            intent_hash: hex::encode(intent.hash()),
            k: self.policy.k(),
            rho_millionths: self.policy.share(period.unit()).millionths(),
            epsilon,
            delta,
            tables,
            previous: self.chain.last_hash().map(str::to_owned),
        }
    }
}

fn gate(period: Period) -> impl FnOnce(kaiku_release::Error) -> Error {
    move |source| Error::Gate {
        period: folder_of(period),
        source,
    }
}
