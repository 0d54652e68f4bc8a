//! The thread that reads partitions, read committed and in no group, and lands them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::{KafkaConfig, Noting};
use kaiku_registry::Registry;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{Offset, TopicPartitionList};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::lane::{Failure, Lane, Took};
use super::{Appended, Log};
use crate::progress::Scope;
use crate::{Config, Error, Progress};

/// How long a poll waits for a record.
const STEP: Duration = Duration::from_millis(100);

/// How often the age of what is open is looked at, and the lag.
const LOOK: Duration = Duration::from_secs(1);

/// The longest that one question to the broker may take.
pub(super) const ASK: Duration = Duration::from_secs(30);

/// What every landing thread is given.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) kafka: KafkaConfig,
    pub(crate) registry: Option<Arc<Registry>>,
    pub(crate) topic: String,
    pub(crate) progress: Progress,
    /// Called when an entry was put.
    pub(crate) landed: Arc<Notify>,
    pub(crate) shutdown: CancellationToken,
    /// Where the stores' and DataFusion's futures run.
    pub(crate) runtime: Handle,
}

/// Lands the partitions of these logs until the shutdown. What is open then is read again later.
pub(crate) fn land(shared: &Shared, logs: Vec<Arc<Log>>) -> Result<(), Error> {
    let mut thread = Thread::new(shared, logs)?;
    let mut looked = Instant::now();
    while !shared.shutdown.is_cancelled() {
        let consumer = thread.consumer.clone();
        match consumer.poll(STEP) {
            Some(Ok(message)) => thread.offer(&message)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                thread.at_end(partition)?;
            }
            Some(Err(error)) => thread.failed(error)?,
            None => {}
        }
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            thread.look()?;
        }
    }
    Ok(())
}

/// One thread with its consumer and its share of the partitions.
pub(super) struct Thread<'a> {
    pub(super) shared: &'a Shared,
    pub(super) consumer: Arc<BaseConsumer<Noting>>,
    pub(super) lanes: HashMap<i32, Lane>,
    pub(super) reported: HashMap<i32, u64>,
}

impl<'a> Thread<'a> {
    fn new(shared: &'a Shared, logs: Vec<Arc<Log>>) -> Result<Thread<'a>, Error> {
        let consumer = consumer(&shared.kafka)?;
        let lanes = logs.into_iter().map(|log| {
            let lane = Lane::new(log, shared.registry.clone());
            (lane.partition(), lane)
        });
        let mut thread = Thread {
            shared,
            consumer: Arc::new(consumer),
            lanes: lanes.collect(),
            reported: HashMap::new(),
        };
        thread.check_ends()?;
        thread.assign()?;
        Ok(thread)
    }

    /// Takes a record, waiting where something else has to work first.
    fn offer(&mut self, message: &BorrowedMessage<'_>) -> Result<(), Error> {
        let shared = self.shared;
        let (partition, offset) = (message.partition(), message.offset());
        let payload = message.payload().unwrap_or_default();
        shared.progress.set_at_end(partition, false);
        let took = loop {
            // A partition that has stopped may still have records on the way.
            let Some(lane) = self.lanes.get_mut(&partition) else {
                return Ok(());
            };
            if offset < lane.position() {
                return Ok(());
            }
            match shared.runtime.block_on(lane.take(offset, payload)) {
                Ok(took) => break took,
                Err(Failure::Stop(error)) => return self.stop(partition, error),
                Err(Failure::Later(error)) => self.wait(partition, &error),
            }
            if shared.shutdown.is_cancelled() {
                return Ok(());
            }
        };
        self.count(partition);
        let config = &shared.config;
        let due = self
            .lanes
            .get(&partition)
            .is_some_and(|lane| lane.is_due(config.roll_time, config.roll_events));
        if due || (took == Took::DayClosed && config.roll_on_close) {
            self.roll(partition)?;
        }
        Ok(())
    }

    /// Nothing more comes for now: what has come is counted.
    fn at_end(&mut self, partition: i32) -> Result<(), Error> {
        let shared = self.shared;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(());
        };
        if let Err(error) = shared.runtime.block_on(lane.settle()) {
            return self.stop(partition, error);
        }
        self.count(partition);
        shared.progress.set_at_end(partition, true);
        Ok(())
    }

    /// Puts what is open, again and again where the store is away.
    fn roll(&mut self, partition: i32) -> Result<(), Error> {
        let shared = self.shared;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(());
        };
        let (entry, data) = match shared.runtime.block_on(lane.close()) {
            Ok(closed) => closed,
            Err(error) => return self.stop(partition, error),
        };
        self.count(partition);
        self.reported.remove(&partition);
        while !shared.shutdown.is_cancelled() {
            let Some(lane) = self.lanes.get_mut(&partition) else {
                return Ok(());
            };
            match shared.runtime.block_on(lane.roll(&entry, data.clone())) {
                Ok(appended) => return self.rolled(partition, &appended),
                Err(
                    error @ (Error::Log { .. } | Error::Altered { .. } | Error::Document { .. }),
                ) => {
                    return self.stop(partition, error);
                }
                Err(error) => self.wait(partition, &error),
            }
        }
        Ok(())
    }

    fn rolled(&mut self, partition: i32, appended: &Appended) -> Result<(), Error> {
        let shared = self.shared;
        shared
            .progress
            .set_problem(Scope::Partition(partition), None);
        match appended {
            Appended::Ours => shared.progress.add_object(),
            Appended::Theirs(entry) => {
                metrics::counter!("kaiku_land_fenced_total").increment(1);
                tracing::info!(
                    partition,
                    sequence = entry.sequence,
                    "another process has landed this range; going on behind it"
                );
                self.consumer
                    .seek(&shared.topic, partition, Offset::Offset(entry.end), ASK)
                    .map_err(Error::kafka("going on behind an entry"))?;
                shared.progress.set_consumed(partition, entry.end);
            }
        }
        if let Some(lane) = self.lanes.get(&partition) {
            self.show(lane);
        }
        shared.landed.notify_one();
        Ok(())
    }

    /// Rolls what has become old, and measures the lag.
    fn look(&mut self) -> Result<(), Error> {
        let config = &self.shared.config;
        let due = self
            .lanes
            .values()
            .filter(|lane| lane.is_due(config.roll_time, config.roll_events))
            .map(Lane::partition);
        for partition in due.collect::<Vec<_>>() {
            self.roll(partition)?;
        }
        for lane in self.lanes.values() {
            let partition = lane.partition();
            let lag = if self.shared.progress.at_end(partition) {
                Ok(0)
            } else {
                let ends = self
                    .consumer
                    .fetch_watermarks(&self.shared.topic, partition, ASK);
                ends.map(|(_, high)| (high - lane.position()).max(0))
            };
            if let Ok(lag) = lag {
                let labels = [("partition", partition.to_string())];
                metrics::gauge!("kaiku_land_lag_records", &labels).set(lag as f64);
            }
        }
        Ok(())
    }

    /// Lands no more of a partition: what is wrong with it needs a person. The others go on.
    pub(super) fn stop(&mut self, partition: i32, error: Error) -> Result<(), Error> {
        let labels = [
            ("partition", partition.to_string()),
            ("reason", error.label().to_owned()),
        ];
        metrics::gauge!("kaiku_lane_stopped", &labels).set(1.0);
        tracing::error!(partition, error = %Chain(&error), "landing of a partition has stopped");
        let problem = Some(Chain(&error).to_string());
        self.shared
            .progress
            .set_problem(Scope::Partition(partition), problem);
        self.lanes.remove(&partition);
        let mut paused = TopicPartitionList::new();
        paused.add_partition(&self.shared.topic, partition);
        // Before the assignment there is nothing to pause.
        let _ = self.consumer.pause(&paused);
        Ok(())
    }

    /// Waits before something is tried again.
    pub(super) fn wait(&self, partition: i32, error: &Error) {
        tracing::warn!(partition, error = %Chain(error), "landing waits; trying again");
        let problem = Some(Chain(error).to_string());
        self.shared
            .progress
            .set_problem(Scope::Partition(partition), problem);
        let (shutdown, retry) = (&self.shared.shutdown, self.shared.config.retry);
        self.shared.runtime.block_on(async {
            let _ = tokio::time::timeout(retry, shutdown.cancelled()).await;
        });
    }

    /// Shows how far a partition is.
    fn count(&mut self, partition: i32) {
        let Some(lane) = self.lanes.get(&partition) else {
            return;
        };
        self.shared
            .progress
            .set_consumed(partition, lane.position());
        let reported = self.reported.entry(partition).or_default();
        self.shared
            .progress
            .add_events(lane.events().saturating_sub(*reported));
        *reported = lane.events();
    }

    pub(super) fn show(&self, lane: &Lane) {
        let landed = lane.position();
        self.shared
            .progress
            .set_landed(lane.partition(), landed, lane.landed_day());
    }
}

/// A consumer that belongs to no group, and starts where it is told.
fn consumer(kafka: &KafkaConfig) -> Result<BaseConsumer<Noting>, Error> {
    let mut config = kafka
        .client_config("aggregate")
        .map_err(Error::broker("reading Kafka's settings"))?;
    config
        .set("group.id", "kaiku-none")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "100")
        .set("queued.max.messages.kbytes", "16384")
        .create_with_context(Noting("aggregate"))
        .map_err(Error::kafka("making a consumer"))
}

/// An error with all its sources, in one line.
pub(crate) struct Chain<'a>(pub(crate) &'a Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = std::error::Error::source(self.0);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}
