//! The stages at work in this process, each on its thread, and how far each has come.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use kaiku_broker::Admin;
use kaiku_stage::Context;
use kaiku_wire::Day;
use tokio_util::sync::CancellationToken;

/// Without any progress for so long, something is wrong.
const STALL: Duration = Duration::from_secs(60);
/// How often it is looked at.
const STEP: Duration = Duration::from_millis(2);

/// Enrich and aggregate at work; asked to stop, and awaited, when this is dropped.
pub struct Pipeline {
    context: Context,
    stages: Vec<Stage>,
    /// How far enrich is.
    pub enriched: kaiku_enrich::Progress,
    /// How far aggregate is.
    pub aggregated: kaiku_aggregate::Progress,
}

struct Stage {
    name: &'static str,
    thread: JoinHandle<Result<()>>,
}

impl Pipeline {
    /// No stage yet.
    pub fn new(context: Context) -> Pipeline {
        Pipeline {
            context,
            stages: Vec::new(),
            enriched: kaiku_enrich::Progress::default(),
            aggregated: kaiku_aggregate::Progress::default(),
        }
    }

    /// Starts enrich.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn enrich(mut self, config: kaiku_enrich::Config) -> Result<Pipeline> {
        let (context, progress) = (self.context.clone(), self.enriched.clone());
        self.start("enrich", move || {
            Ok(kaiku_enrich::run(config, context, progress)?)
        })?;
        Ok(self)
    }

    /// Starts aggregate.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn aggregate(mut self, config: kaiku_aggregate::Config) -> Result<Pipeline> {
        let (context, progress) = (self.context.clone(), self.aggregated.clone());
        self.start("aggregate", move || {
            Ok(kaiku_aggregate::run(config, context, progress)?)
        })?;
        Ok(self)
    }

    fn start(
        &mut self,
        name: &'static str,
        stage: impl FnOnce() -> Result<()> + Send + 'static,
    ) -> Result<()> {
        let thread = std::thread::Builder::new()
            .name(format!("kaiku-{name}"))
            .spawn(stage)
            .with_context(|| format!("starting the thread of {name}"))?;
        self.stages.push(Stage { name, thread });
        Ok(())
    }

    /// What ends the stages.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.context.shutdown
    }

    /// Waits until enrich has committed every raw record that stands there now; gives their number.
    ///
    /// # Errors
    /// Where a stage has failed, or nothing moves any more.
    pub fn await_committed(&mut self) -> Result<i64> {
        let cluster = &self.context.cluster;
        let (admin, raw) = (Admin::connect(cluster)?, cluster.topics().raw());
        let mut ends = Vec::new();
        for partition in 0..admin.partition_count(&raw)? {
            ends.push((partition, admin.watermarks(&raw, partition)?.1));
        }
        self.wait(|pipeline| {
            let lanes = pipeline.enriched.lanes();
            let next = |partition| lanes.get(&partition).map_or(0, |lane| lane.next_offset);
            ends.iter().all(|(partition, end)| next(*partition) >= *end)
        })?;
        Ok(ends.iter().map(|(_, end)| end).sum())
    }

    /// Waits until a day, and those before it, are sealed.
    ///
    /// # Errors
    /// Where a stage has failed, or nothing moves any more.
    pub fn await_sealed(&mut self, day: Day, mut watch: impl FnMut(&Pipeline)) -> Result<()> {
        self.wait(|pipeline| {
            watch(pipeline);
            pipeline.aggregated.last_sealed() >= Some(day)
        })
    }

    /// Waits until it is so.
    ///
    /// # Errors
    /// Where a stage has failed, or nothing moves any more.
    pub fn wait(&mut self, mut done: impl FnMut(&Pipeline) -> bool) -> Result<()> {
        let (mut seen, mut since) = (self.done(), Instant::now());
        while !done(self) {
            self.check()?;
            std::thread::sleep(STEP);
            let now = self.done();
            if now != seen {
                (seen, since) = (now, Instant::now());
            } else if since.elapsed() > STALL {
                bail!("nothing has moved for {STALL:?}: {}", self.complaints());
            }
        }
        Ok(())
    }

    /// Stops the stages, cleanly.
    ///
    /// # Errors
    /// Where one of them has failed.
    pub fn stop(mut self) -> Result<()> {
        self.context.shutdown.cancel();
        let stages = std::mem::take(&mut self.stages);
        stages.into_iter().try_for_each(Stage::join)
    }

    /// A number that grows with everything that is done.
    fn done(&self) -> u64 {
        let lanes = self.enriched.lanes();
        let raw: i64 = lanes.values().map(|lane| lane.next_offset).sum();
        let aggregated = &self.aggregated;
        aggregated.events()
            + aggregated.objects()
            + aggregated.days_sealed()
            + aggregated.weeks_sealed()
            + u64::try_from(raw).unwrap_or(0)
    }

    fn check(&mut self) -> Result<()> {
        let ended = self
            .stages
            .iter()
            .position(|stage| stage.thread.is_finished());
        if let Some(place) = ended {
            let stage = self.stages.swap_remove(place);
            let name = stage.name;
            stage.join()?;
            bail!("{name} has ended before its time");
        }
        Ok(())
    }

    fn complaints(&self) -> String {
        let all = [self.enriched.readiness(), self.aggregated.readiness()];
        let all: Vec<String> = all.iter().flat_map(|one| one.complaints()).collect();
        if all.is_empty() {
            return "and no stage says why".to_owned();
        }
        all.join("; ")
    }
}

impl Stage {
    fn join(self) -> Result<()> {
        let name = self.name;
        let ended = self.thread.join();
        let ended = ended.map_err(|_| anyhow!("{name} ended by a fault of this program"))?;
        ended.with_context(|| format!("{name} has failed"))
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.context.shutdown.cancel();
        for stage in std::mem::take(&mut self.stages) {
            // Its outcome no longer counts; its folder must not be deleted under its hands.
            let _ = stage.thread.join();
        }
    }
}
