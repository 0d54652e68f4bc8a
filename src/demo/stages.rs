//! The stages of the demo, each on its own threads in this process, and how far each has come.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use kaiku_broker::KafkaConfig;
use kaiku_catalogue::Catalogue;
use kaiku_wire::Day;
use tokio_util::sync::CancellationToken;

use super::door::Time;
use super::folder::Folder;
use super::tap::Tap;

/// Records that wait for enrich in a partition at most: a batch has some 300 bytes, and the mock
/// keeps 5 MiB.
const RAW_AHEAD: i64 = 6_000;
/// Events that wait for the landing at most, over all partitions.
const EVENTS_AHEAD: u64 = 60_000;
/// Records that the search for identifiers may be behind the landing in a partition.
const TAP_BEHIND: i64 = 24;
/// Without any progress for so long, something is wrong.
const STALL: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(2);

/// Enrich and aggregate at work.
pub(crate) struct Stages {
    shutdown: CancellationToken,
    enrich: Stage,
    aggregate: Stage,
    pub(crate) enriched: Arc<kaiku_enrich::Progress>,
    pub(crate) aggregated: kaiku_aggregate::Progress,
    partitions: i32,
}

type Stage = Option<JoinHandle<Result<()>>>;

impl Stages {
    /// Starts both.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub(crate) fn start(
        kafka: &KafkaConfig,
        catalogue: &Arc<Catalogue>,
        folder: &Folder,
        partitions: i32,
        time: Time,
    ) -> Result<Stages> {
        let shutdown = CancellationToken::new();
        let enriched = Arc::new(kaiku_enrich::Progress::default());
        let aggregated = kaiku_aggregate::Progress::new();
        let enrich = {
            let config = enrich_config(folder);
            let clock = kaiku_enrich::Clock::from_fn(move || time.load(Ordering::Relaxed));
            let (kafka, catalogue) = (kafka.clone(), Arc::clone(catalogue));
            let (progress, shutdown) = (Arc::clone(&enriched), shutdown.clone());
            stage("enrich", move || {
                kaiku_enrich::run_by(clock, config, kafka, None, catalogue, progress, shutdown)
                    .context("enrich")
            })?
        };
        let aggregate = {
            let config = aggregate_config(folder);
            let (kafka, catalogue) = (kafka.clone(), Arc::clone(catalogue));
            let (progress, shutdown) = (aggregated.clone(), shutdown.clone());
            stage("aggregate", move || {
                kaiku_aggregate::run(config, kafka, None, catalogue, progress, &shutdown)
                    .context("aggregate")
            })?
        };
        let (enrich, aggregate) = (Some(enrich), Some(aggregate));
        Ok(Stages {
            shutdown,
            enrich,
            aggregate,
            enriched,
            aggregated,
            partitions,
        })
    }

    /// What ends everything of the demo.
    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Waits until the stages have come so far that the mock loses nothing if more is sent.
    ///
    /// `sent` are the records of each raw partition, `events` those of them that count.
    ///
    /// # Errors
    /// Where a stage has failed, or stands still.
    pub(crate) fn pace(&mut self, sent: &[i64], events: u64, tap: &Tap) -> Result<()> {
        self.wait(|stages| {
            let lanes = stages.enriched.lanes();
            let raw = (0..).zip(sent).all(|(partition, sent)| {
                let done = lanes.get(&partition).map_or(0, |lane| lane.next_offset);
                sent - done < RAW_AHEAD
            });
            let search = (0..stages.partitions)
                .all(|p| stages.aggregated.consumed(p) - tap.position(p) < TAP_BEHIND);
            raw && search && events.saturating_sub(stages.aggregated.events()) < EVENTS_AHEAD
        })
    }

    /// Waits until a day, and those before it, are sealed.
    ///
    /// # Errors
    /// Where a stage has failed, or stands still.
    pub(crate) fn sealed(&mut self, day: Day, mut watch: impl FnMut(&Stages)) -> Result<()> {
        self.wait(|stages| {
            watch(stages);
            stages.aggregated.last_sealed() >= Some(day)
        })
    }

    /// Stops both, cleanly.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub(crate) fn stop(mut self) -> Result<()> {
        self.shutdown.cancel();
        for stage in [self.enrich.take(), self.aggregate.take()]
            .into_iter()
            .flatten()
        {
            joined(stage)?;
        }
        Ok(())
    }

    fn wait(&mut self, mut done: impl FnMut(&Stages) -> bool) -> Result<()> {
        let (mut seen, mut since) = (self.sum(), Instant::now());
        while !done(self) {
            self.check()?;
            std::thread::sleep(STEP);
            let now = self.sum();
            if now != seen {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() > STALL {
                bail!(
                    "nothing has moved for {STALL:?}: {}",
                    self.complaints().join("; ")
                );
            }
        }
        Ok(())
    }

    /// A number that grows with everything that is done.
    fn sum(&self) -> u64 {
        let lanes = self.enriched.lanes();
        let raw: i64 = lanes.values().map(|lane| lane.next_offset).sum();
        self.aggregated.events()
            + self.aggregated.objects()
            + self.aggregated.days_sealed()
            + u64::try_from(raw).unwrap_or(0)
    }

    fn check(&mut self) -> Result<()> {
        for stage in [&mut self.enrich, &mut self.aggregate] {
            if let Some(ended) = stage.take_if(|stage| stage.is_finished()) {
                joined(ended)?;
                bail!("a stage has ended before its time");
            }
        }
        Ok(())
    }

    fn complaints(&self) -> Vec<String> {
        let lanes = self.enriched.lanes();
        let stopped = lanes.iter().filter_map(|(partition, lane)| {
            lane.stopped
                .map(|reason| format!("partition {partition} stands still: {reason}"))
        });
        let mut all: Vec<String> = stopped.chain(self.aggregated.problems()).collect();
        if all.is_empty() {
            all.push("and no stage says why".to_owned());
        }
        all
    }
}

fn stage(
    name: &'static str,
    run: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<JoinHandle<Result<()>>> {
    std::thread::Builder::new()
        .name(format!("kaiku-{name}"))
        .spawn(run)
        .with_context(|| format!("starting the thread of {name}"))
}

fn joined(stage: JoinHandle<Result<()>>) -> Result<()> {
    stage
        .join()
        .map_err(|_| anyhow!("a stage ended by a fault of this program"))?
}

fn enrich_config(folder: &Folder) -> kaiku_enrich::Config {
    kaiku_enrich::Config {
        keys_dir: folder.work("keys"),
        replay: true,
        // On a machine of two cores the commits are what costs.
        mix_time: Duration::from_millis(300),
        mix_longest: Duration::from_secs(1),
        delete_raw: false,
        ..kaiku_enrich::Config::default()
    }
}

fn aggregate_config(folder: &Folder) -> kaiku_aggregate::Config {
    let place = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    kaiku_aggregate::Config {
        landing: place(folder.work("landing")),
        rollups: place(folder.rollups()),
        staging: Some(folder.work("staging")),
        threads: 1,
        // What was landed is searched for identifiers at the end, then deleted as a whole.
        delete_stripped: false,
        delete_landing: false,
        seal_every: Duration::from_millis(200),
        ..kaiku_aggregate::Config::default()
    }
}
