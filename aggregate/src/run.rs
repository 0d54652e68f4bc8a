//! The stage: threads that land, and a task that seals.

use std::sync::Arc;
use std::thread::JoinHandle;

use kaiku_broker::{Admin, Cluster, Scope, TopicsConfig};
use kaiku_release::Policy;
use kaiku_stage::{Causes, Context, failpoint};
use kaiku_wire::{Clock, Day};
use tokio::sync::Notify;

use crate::config::Config;
use crate::error::Error;
use crate::landing::{Log, Shared, land};
use crate::metrics::{BUDGET_SPENT_RATIO, OPEN_DAYS, SEAL_OVERDUE_SECONDS};
use crate::progress::Progress;
use crate::rollups::Chain;
use crate::seal::{Sealer, Vocabulary, clean, destroy_spent_keys};

/// Lands all partitions of `events.stripped` and seals each day that all of them have closed,
/// until the shutdown. It blocks: give it a thread of its own, outside of any runtime.
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
    let shared = Shared {
        config,
        cluster: context.cluster.clone(),
        registry: context.registry.clone(),
        topic: context.cluster.topics().stripped(),
        progress,
        landed: Arc::new(Notify::new()),
        // Whoever ends early ends the others.
        shutdown: context.shutdown.child_token(),
        runtime: runtime.handle().clone(),
    };
    runtime.block_on(stage(Arc::new(shared), policy, &context))
}

async fn stage(shared: Arc<Shared>, policy: Policy, context: &Context) -> Result<(), Error> {
    let landing = shared.config.landing_store()?;
    let rollups = shared.config.rollups_store()?;
    let (admin, partitions) = connect(&shared.cluster, &context.topics).await?;
    let mut logs = Vec::new();
    for partition in 0..partitions {
        logs.push(Arc::new(Log::open(landing.clone(), partition).await?));
    }
    let chain = Chain::load(&rollups).await?;
    destroy_spent_keys(&landing, &chain).await?;
    shared.progress.set_last_sealed(chain.last_day());
    shared.progress.start(partitions);
    tracing::info!(
        partitions,
        sealed = chain.manifests().len(),
        "aggregate starts"
    );
    let threads = spawn(&shared, &logs)?;
    let sealer = Sealer {
        landing,
        rollups,
        logs,
        policy: Arc::new(policy),
        vocabulary: Vocabulary::of(&context.catalogue),
        chain,
        random: context.random.clone(),
    };
    seal_until_shutdown(sealer, &shared, &admin, &context.clock).await;
    let ended = join(threads).await;
    tracing::info!("aggregate has stopped");
    ended
}

/// Checks the topic that is read, and counts its partitions.
async fn connect(cluster: &Cluster, shape: &TopicsConfig) -> Result<(Arc<Admin>, i32), Error> {
    let (cluster, shape) = (cluster.clone(), shape.clone());
    blocking(move || {
        let admin =
            Admin::connect(&cluster).map_err(Error::broker("making a client for questions"))?;
        let wrong = admin
            .check(&shape, Scope::Aggregate, &[])
            .map_err(Error::broker("checking the topics"))?;
        if !wrong.is_empty() {
            return Err(Error::Topics(wrong));
        }
        let count = admin.partition_count(&cluster.topics().stripped());
        let count = count.map_err(Error::broker(
            "asking for the partitions of stripped records",
        ))?;
        Ok((Arc::new(admin), count))
    })
    .await
}

/// Starts the landing threads, each with its share of the partitions.
fn spawn(
    shared: &Arc<Shared>,
    logs: &[Arc<Log>],
) -> Result<Vec<JoinHandle<Result<(), Error>>>, Error> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = match shared.config.threads {
        0 => cores,
        threads => threads,
    };
    let count = wanted.min(logs.len()).max(1);
    let mut threads = Vec::new();
    for number in 0..count {
        let share = logs.iter().skip(number).step_by(count).cloned().collect();
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new()
            .name(format!("kaiku-land-{number}"))
            .spawn(move || {
                // Dropped however the thread ends: a panic, too, ends the stage.
                let _ends = shared.shutdown.clone().drop_guard();
                land(&shared, share)
            });
        threads.push(thread.map_err(|_| Error::Thread)?);
    }
    Ok(threads)
}

/// Seals what is due, as often as something was landed, and at least every `seal_every`.
async fn seal_until_shutdown(
    mut sealer: Sealer,
    shared: &Shared,
    admin: &Arc<Admin>,
    clock: &Clock,
) {
    loop {
        while let Some(day) = sealer.due() {
            if shared.shutdown.is_cancelled() {
                return;
            }
            if let Err(error) = seal(&mut sealer, day, shared, admin).await {
                let causes = Causes(&error).to_string();
                tracing::error!(%day, error = causes, "the seal of a day failed; trying again");
                shared.progress.readiness().set_trouble(Some(causes));
                if wait(shared, shared.config.retry).await {
                    return;
                }
            }
            measure(&sealer, shared, clock);
        }
        measure(&sealer, shared, clock);
        tokio::select! {
            () = shared.shutdown.cancelled() => return,
            () = shared.landed.notified() => {}
            () = tokio::time::sleep(shared.config.seal_every) => {}
        }
    }
}

async fn seal(
    sealer: &mut Sealer,
    day: Day,
    shared: &Shared,
    admin: &Arc<Admin>,
) -> Result<(), Error> {
    let (rows, folded) = sealer.seal(day).await?.rows();
    tracing::info!(%day, rows, folded, "a day is sealed");
    shared.progress.readiness().set_trouble(None);
    let config = &shared.config;
    let cleaned = clean(sealer, config.delete_landing).await;
    // Counted last: who waits for the seal finds everything done.
    shared.progress.add_sealed(day, rows, folded);
    match cleaned {
        Ok(before) if config.delete_stripped => delete_records(admin, shared, before).await,
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(%day, error = %Causes(&error), "cleaning up after a seal failed; the next one does it");
        }
    }
    Ok(())
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

fn measure(sealer: &Sealer, shared: &Shared, clock: &Clock) {
    let (now, today) = (clock.millis(), clock.today());
    let ratio = sealer.chain.spent_ratio(&sealer.policy);
    BUDGET_SPENT_RATIO.with([]).set(ratio);
    let first = sealer.logs.iter().filter_map(|log| log.first_day()).min();
    let next = sealer.chain.last_day().map(Day::next).or(first);
    let open = next.map_or(0, |next| {
        today.days_since_epoch() - next.days_since_epoch() + 1
    });
    OPEN_DAYS.with([]).set(f64::from(open.max(0)));
    let overdue = next.map_or(0, |next| {
        let within = i64::try_from(shared.config.seal_within.as_millis()).unwrap_or(i64::MAX);
        now.saturating_sub(next.next().start_millis().saturating_add(within))
            .max(0)
    });
    SEAL_OVERDUE_SECONDS.with([]).set(overdue as f64 / 1000.0);
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
