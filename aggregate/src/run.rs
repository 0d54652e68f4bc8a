//! The stage: threads that land, and a task that seals.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use kaiku_broker::{Admin, Cluster, Scope, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_release::{Period, Policy};
use kaiku_stage::{Causes, Context, Readiness, failpoint, start_patiently};
use kaiku_wire::{Clock, Day};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::config::{Accept, Config};
use crate::error::Error;
use crate::landing::{Definitions, Log, Shared, Source, land};
use crate::metrics::{BUDGET_SPENT_RATIO, SEAL_OVERDUE_SECONDS, UNSEALED_DATES};
use crate::progress::Progress;
use crate::rollups::Chain;
use crate::seal::{Sealer, Vocabulary, clean, ledger_lines, reconcile, schedule, signer};

/// Lands the partitions of `events.stripped` that the group gives to this process, and seals each
/// period that all partitions have closed, until the shutdown. It blocks: give it a thread of its own,
/// outside of any runtime.
///
/// What is not landed by the shutdown is read again at the next start. Several processes may run
/// on the same stores: the log and the seals decide who was first.
///
/// # Errors
/// Where the stage can't start, or a landing thread ends early. A partition that stops and a
/// seal that fails end nothing: they are logged and shown in `progress`.
pub fn run(config: Config, context: Context, progress: Progress) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("kaiku-aggregate")
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let policy = config.load_policy().map_err(Error::Policy)?;
    let stage = Stage {
        config,
        policy: Arc::new(policy),
        context,
        progress,
        runtime: runtime.handle().clone(),
    };
    runtime.block_on(stage.run())
}

/// The stage before it has looked at anything.
struct Stage {
    config: Config,
    policy: Arc<Policy>,
    context: Context,
    progress: Progress,
    runtime: Handle,
}

impl Stage {
    async fn run(self) -> Result<(), Error> {
        let context = &self.context;
        let landing = self.config.landing_store()?;
        let rollups = self.config.rollups_store()?;
        let probe = hex::encode(context.random.bytes::<8>());
        self.config.check_urls(&probe).await?;
        let accept = &self.config.accept;
        let connected = connect(context, self.progress.readiness(), accept).await?;
        let Some((admin, source)) = connected else {
            return Ok(());
        };
        source.bind(&landing).await?;
        let (id, partitions) = (source.id(), source.partitions);
        let mut logs = Vec::new();
        for partition in 0..partitions {
            let log = Log::open(landing.clone(), id.clone(), partition);
            logs.push(Arc::new(log.await?));
        }
        // The lines first: what another process seals meanwhile stands in the chain before it stands in
        // the ledger.
        let lines = ledger_lines(&landing).await?;
        let chain = Chain::load(&rollups).await?;
        if chain.manifests().iter().any(|one| one.source != id) {
            let read = source.to_string();
            return Err(Error::OtherRollups { read });
        }
        reconcile(&landing, lines, &chain).await?;
        self.progress.start(partitions);
        tracing::info!(
            partitions,
            sealed = chain.manifests().len(),
            "aggregate starts"
        );
        let sealer = Sealer {
            signer: signer(&landing, &context.random).await?,
            landing,
            rollups,
            logs: logs.clone(),
            source: id,
            policy: Arc::clone(&self.policy),
            vocabulary: Vocabulary::of(&context.catalogue),
            chain,
            random: context.random.clone(),
            synthetic: self.config.synthetic,
        };
        self.progress.set_last_sealed(sealer.last_day());
        let (clock, catalogue) = (context.clock.clone(), Arc::clone(&context.catalogue));
        let shared = Arc::new(self.shared(logs));
        let threads = spawn(&shared)?;
        let mut seal = Seals {
            sealer,
            shared: Arc::clone(&shared),
            admin,
            clock,
            catalogue,
        };
        seal.write_aids().await;
        seal.until_shutdown().await;
        let ended = join(threads).await;
        tracing::info!("aggregate has stopped");
        ended
    }

    /// What the landing threads are given.
    fn shared(self, logs: Vec<Arc<Log>>) -> Shared {
        let context = self.context;
        Shared {
            config: self.config,
            registry: context.registry,
            topic: context.cluster.topics().stripped(),
            cluster: context.cluster,
            logs,
            definitions: Definitions::of(&self.policy),
            progress: self.progress,
            seals: AtomicUsize::new(0),
            landed: Arc::new(Notify::new()),
            // Whoever ends early ends the others.
            shutdown: context.shutdown.child_token(),
            runtime: self.runtime,
        }
    }
}

/// Checks the topic that is read, and asks which one it is, once Kafka answers; `None` where the
/// shutdown comes before.
async fn connect(
    context: &Context,
    readiness: &Readiness,
    accept: &Accept,
) -> Result<Option<(Arc<Admin>, Source)>, Error> {
    let (context, readiness) = (context.clone(), readiness.clone());
    let accept = accept.clone();
    blocking(move || {
        start_patiently(&context.shutdown, &readiness, Error::retry_helps, || {
            ask(&context.cluster, &context.topics, &accept)
        })
    })
    .await
}

fn ask(
    cluster: &Cluster,
    shape: &TopicsConfig,
    accept: &Accept,
) -> Result<(Arc<Admin>, Source), Error> {
    Admin::greet(cluster).map_err(Error::broker("looking for the brokers"))?;
    let admin = Admin::connect(cluster).map_err(Error::broker("making a client for questions"))?;
    let wrong = admin
        .check(shape, Scope::Aggregate, &[])
        .map_err(Error::broker("checking the topics"))?;
    if !wrong.is_empty() {
        return Err(Error::Topics(wrong));
    }
    let topic = cluster.topics().stripped();
    let asking = "asking for the topic of stripped records";
    let partitions = admin.partition_count(&topic);
    let topic_id = admin.topic_id(&topic).map_err(Error::broker(asking))?;
    let partitions = partitions.map_err(Error::broker(asking))?;
    if let Some(partition) = accept.beyond(partitions) {
        return Err(Error::Topics(vec![format!(
            "an option of this start names partition {partition}, and `{topic}` has {partitions}, counted from 0"
        )]));
    }
    let source = Source {
        partitions,
        topic_id,
        topic,
    };
    Ok((Arc::new(admin), source))
}

/// Starts the landing threads, each a member of the group.
fn spawn(shared: &Arc<Shared>) -> Result<Vec<JoinHandle<Result<(), Error>>>, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = match shared.config.threads {
        0 => cores,
        threads => threads,
    };
    let mut threads = Vec::new();
    for number in 0..wanted.min(shared.logs.len()).max(1) {
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name(format!("kaiku-land-{number}"))
            .spawn(move || {
                // Dropped however the thread ends: a panic, too, ends the stage.
                let _ends = shared.shutdown.clone().drop_guard();
                land(&shared, number + 1)
            });
        threads.push(thread.map_err(|_| Error::Thread)?);
    }
    Ok(threads)
}

/// The task that seals.
struct Seals {
    sealer: Sealer,
    shared: Arc<Shared>,
    admin: Arc<Admin>,
    clock: Clock,
    catalogue: Arc<Catalogue>,
}

impl Seals {
    /// Seals what is due, as often as something was landed, and at least every `seal_every`, while
    /// the first partition is here.
    async fn until_shutdown(&mut self) {
        loop {
            if self.shared.seals.load(Ordering::Acquire) > 0 && self.seal_all().await {
                return;
            }
            self.measure();
            let config = &self.shared.config;
            tokio::select! {
                () = self.shared.shutdown.cancelled() => return,
                () = self.shared.landed.notified() => {}
                () = tokio::time::sleep(config.seal_every) => {}
            }
        }
    }

    /// Seals everything that is due; true where the shutdown came first.
    async fn seal_all(&mut self) -> bool {
        loop {
            if self.shared.shutdown.is_cancelled() {
                return true;
            }
            match self.seal_next().await {
                Ok(true) => {}
                Ok(false) => return false,
                Err(error) => {
                    let causes = Causes(&error).to_string();
                    tracing::error!(error = causes, "a seal failed; trying again");
                    self.shared.progress.readiness().set_trouble(Some(causes));
                    if wait(&self.shared, self.shared.config.retry).await {
                        return true;
                    }
                }
            }
            self.measure();
        }
    }

    /// Seals the next period; false where none is due.
    async fn seal_next(&mut self) -> Result<bool, Error> {
        self.sealer.catch_up().await?;
        let Some(period) = self.sealer.due() else {
            self.shared.progress.readiness().set_trouble(None);
            return Ok(false);
        };
        let manifest = self.sealer.seal(period).await?;
        let (rows, withheld) = (manifest.rows(), manifest.withheld.len());
        let of = period.unit();
        tracing::info!(%of, %period, rows, withheld, "a period is sealed");
        self.shared.progress.readiness().set_trouble(None);
        self.clean(period).await;
        // Counted last: who waits for the seal finds everything done.
        let progress = &self.shared.progress;
        progress.add_sealed(period, rows);
        progress.set_last_sealed(self.sealer.last_day());
        Ok(true)
    }

    /// Writes what helps to read the rollups, at the start so that a reader finds each table before
    /// anything is sealed. What fails is written after the next seal.
    async fn write_aids(&self) {
        let sealer = &self.sealer;
        let (policy, chain) = (&sealer.policy, &sealer.chain);
        let aids = sealer.rollups.refresh_aids(policy, chain, &self.catalogue);
        if let Err(error) = aids.await {
            tracing::warn!(error = %Causes(&error), "writing the aids of the rollups failed; the next seal does it");
        }
    }

    /// Deletes what is needed no more, and writes what helps to read the rollups.
    async fn clean(&self, period: Period) {
        let Seals { sealer, shared, .. } = self;
        self.write_aids().await;
        let config = &shared.config;
        match clean(sealer, config.delete_landing).await {
            Ok(before) if config.delete_stripped => {
                delete_records(&self.admin, shared, before).await;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%period, error = %Causes(&error), "cleaning up after a seal failed; the next one does it");
            }
        }
    }

    fn measure(&self) {
        let Seals { sealer, clock, .. } = self;
        let (now, today) = (clock.millis(), clock.today());
        let ratio = sealer.chain.spent_ratio(&sealer.policy);
        BUDGET_SPENT_RATIO.with([]).set(ratio);
        let first = sealer.logs.iter().filter_map(|log| log.first_day()).min();
        let next = sealer.chain.last_day().map(Day::next).or(first);
        let open = next.map_or(0, |next| schedule::open_days(next, today));
        UNSEALED_DATES.with([]).set(f64::from(open));
        let within = self.shared.config.seal_within;
        let overdue = next.map_or(0, |next| schedule::overdue(next, now, within));
        SEAL_OVERDUE_SECONDS.with([]).set(overdue as f64 / 1000.0);
    }
}

/// Deletes the records that were sealed; what fails is done after the next seal.
async fn delete_records(admin: &Arc<Admin>, shared: &Shared, before: Vec<(i32, i64)>) {
    let (admin, topic) = (Arc::clone(admin), shared.topic.clone());
    let deleted = blocking(move || {
        for (partition, offset) in before.into_iter().filter(|(_, offset)| *offset > 0) {
            admin
                .delete_records(&topic, partition, offset)
                .map_err(Error::broker("deleting sealed records"))?;
            failpoint("stripped.deleted");
        }
        Ok(())
    });
    if let Err(error) = deleted.await {
        tracing::warn!(error = %Causes(&error), "deleting sealed records failed; the next seal does it");
    }
}

/// Waits; true where the shutdown came first.
async fn wait(shared: &Shared, time: std::time::Duration) -> bool {
    tokio::time::timeout(time, shared.shutdown.cancelled())
        .await
        .is_ok()
}

async fn join(threads: Vec<JoinHandle<Result<(), Error>>>) -> Result<(), Error> {
    blocking(move || {
        let ends: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
        ends.into_iter()
            .try_for_each(|end| end.unwrap_or(Err(Error::Thread)))
    })
    .await
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or(Err(Error::Thread))
}

#[cfg(test)]
mod tests;
