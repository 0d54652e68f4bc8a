//! Both stages behind the broker, in this process, on throw-away topics and a temporary folder.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use kaiku_broker::{Admin, KafkaConfig};
use kaiku_catalogue::Catalogue;
use kaiku_wire::Day;
use tokio_util::sync::CancellationToken;

/// How long a stage may show no progress before the test gives up.
const STALL: Duration = Duration::from_secs(60);
/// How often its progress is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Enrich and aggregate, each on its thread.
pub(super) struct Pipeline {
    shutdown: CancellationToken,
    stages: Vec<(&'static str, JoinHandle<Result<()>>)>,
    enrich: Arc<kaiku_enrich::Progress>,
    aggregate: kaiku_aggregate::Progress,
}

impl Pipeline {
    /// Starts both; keys, landing and rollups go into the folder.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub(super) fn start(
        folder: &Path,
        kafka: &KafkaConfig,
        catalogue: &Arc<Catalogue>,
        replication: i32,
    ) -> Result<Pipeline> {
        let mut pipeline = Pipeline {
            shutdown: CancellationToken::new(),
            stages: Vec::new(),
            enrich: Arc::default(),
            aggregate: kaiku_aggregate::Progress::new(),
        };
        let config = kaiku_enrich::Config {
            group: format!("{}enrich", kafka.prefix),
            keys_dir: folder.join("keys"),
            replay: true,
            replication,
            ..kaiku_enrich::Config::default()
        };
        let stage = (kafka.clone(), catalogue.clone(), pipeline.shutdown.clone());
        let progress = pipeline.enrich.clone();
        pipeline.spawn("enrich", move || {
            let (kafka, catalogue, shutdown) = stage;
            Ok(kaiku_enrich::run(
                config, kafka, None, catalogue, progress, shutdown,
            )?)
        })?;
        let config = kaiku_aggregate::Config {
            landing: folder.join("landing").display().to_string(),
            rollups: folder.join("rollups").display().to_string(),
            // What was landed is compared with the truth.
            delete_landing: false,
            seal_every: Duration::from_millis(500),
            ..kaiku_aggregate::Config::default()
        };
        let stage = (kafka.clone(), catalogue.clone(), pipeline.shutdown.clone());
        let progress = pipeline.aggregate.clone();
        pipeline.spawn("aggregate", move || {
            let (kafka, catalogue, shutdown) = stage;
            Ok(kaiku_aggregate::run(
                config, kafka, None, catalogue, progress, &shutdown,
            )?)
        })?;
        Ok(pipeline)
    }

    fn spawn(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let thread = std::thread::Builder::new().name(format!("kaiku-{name}"));
        let handle = thread
            .spawn(stage)
            .with_context(|| format!("starting {name}"))?;
        self.stages.push((name, handle));
        Ok(())
    }

    /// Waits until the raw partitions are committed to their ends.
    ///
    /// # Errors
    /// Where that makes no progress any more, or a stage has ended.
    pub(super) fn wait_for_enrich(&self, kafka: &KafkaConfig) -> Result<String> {
        let admin = Admin::connect(kafka)?;
        let raw = kafka.topics().raw();
        let mut ends = Vec::new();
        for partition in 0..admin.partition_count(&raw)? {
            ends.push((partition, admin.watermarks(&raw, partition)?.1));
        }
        self.wait(|| {
            let lanes = self.enrich.lanes();
            let next = |partition| lanes.get(&partition).map_or(0, |lane| lane.next_offset);
            let done = ends.iter().all(|(partition, end)| next(*partition) >= *end);
            (
                done,
                ends.iter().map(|(partition, _)| next(*partition)).sum(),
            )
        })?;
        Ok(format!(
            "{} records",
            ends.iter().map(|(_, end)| end).sum::<i64>()
        ))
    }

    /// Waits until the last day is sealed.
    ///
    /// # Errors
    /// Where that makes no progress any more, or a stage has ended.
    pub(super) fn wait_for_seal(&self, last: Day) -> Result<String> {
        self.wait(|| {
            let progress = &self.aggregate;
            let done = progress.last_sealed().is_some_and(|day| day >= last);
            let so_far = progress.events() + progress.objects() + progress.days_sealed();
            (done, i64::try_from(so_far).unwrap_or(i64::MAX))
        })?;
        let progress = &self.aggregate;
        Ok(format!(
            "{} days, {} rows published",
            progress.days_sealed(),
            progress.rows_published()
        ))
    }

    /// What enrich has committed.
    pub(super) fn enriched(&self) -> kaiku_enrich::Totals {
        self.enrich.totals()
    }

    /// How many events aggregate has read.
    pub(super) fn events_landed(&self) -> u64 {
        self.aggregate.events()
    }

    /// Asks both stages to stop, and waits for that.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub(super) fn stop(mut self) -> Result<String> {
        self.shutdown.cancel();
        for (name, handle) in std::mem::take(&mut self.stages) {
            let ended = handle.join().map_err(|_| anyhow!("{name} has panicked"))?;
            ended.with_context(|| format!("{name} has failed"))?;
        }
        Ok("both".to_owned())
    }

    /// Looks again and again until it is done; the number must grow from time to time.
    fn wait(&self, look: impl Fn() -> (bool, i64)) -> Result<()> {
        let mut best = i64::MIN;
        let mut since = Instant::now();
        loop {
            let (done, number) = look();
            if done {
                return Ok(());
            }
            if number > best {
                best = number;
                since = Instant::now();
            }
            if let Some((name, _)) = self.stages.iter().find(|(_, stage)| stage.is_finished()) {
                bail!("{name} has ended early");
            }
            if since.elapsed() > STALL {
                bail!("no progress for {STALL:?}; {}", self.complaints());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// What the stages say about standing still.
    fn complaints(&self) -> String {
        let lanes = self.enrich.lanes().into_iter();
        let stopped = lanes.filter_map(|(partition, lane)| {
            lane.stopped
                .map(|why| format!("the lane of partition {partition} stands still: {why}"))
        });
        let all: Vec<_> = stopped.chain(self.aggregate.problems()).collect();
        if all.is_empty() {
            "no stage says why".to_owned()
        } else {
            all.join("; ")
        }
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.shutdown.cancel();
        for (_, handle) in std::mem::take(&mut self.stages) {
            // Its outcome no longer counts; the folder must not be deleted under its hands.
            let _ = handle.join();
        }
    }
}
