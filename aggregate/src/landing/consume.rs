//! The thread that reads partitions and lands them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, note};
use kaiku_registry::Registry;
use kaiku_stage::{Causes, Standstill};
use kaiku_wire::Day;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::behind::{self, Behind};
use super::lane::{Failure, Lane, Took};
use super::reader::{Change, Reader, Trouble, trouble};
use super::{Appended, Definitions, Log};
use crate::config::Config;
use crate::error::Error;
use crate::metrics::{FENCED, REJECTED};
use crate::progress::Progress;

/// How long a poll waits for a record.
const STEP: Duration = Duration::from_millis(100);

/// How often the age of what is open is looked at, and the lag.
const LOOK: Duration = Duration::from_secs(1);

/// What every landing thread is given.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) cluster: Cluster,
    pub(crate) registry: Option<Arc<Registry>>,
    pub(crate) topic: String,
    /// The logs of all partitions; the group says which of them are read here.
    pub(crate) logs: Vec<Arc<Log>>,
    pub(crate) definitions: Definitions,
    pub(crate) progress: Progress,
    /// The thread that has the first partition, counted from 1; 0 where it is another process's. Who
    /// has it seals: one process is enough.
    pub(crate) seals: AtomicUsize,
    /// Called when an entry was put.
    pub(crate) landed: Arc<Notify>,
    pub(crate) shutdown: CancellationToken,
    /// Where the stores' and DataFusion's futures run.
    pub(crate) runtime: Handle,
}

/// Lands the partitions that the group gives until the shutdown. What is open then is read again
/// later.
pub(crate) fn land(shared: &Arc<Shared>, number: usize) -> Result<(), Error> {
    let config = &shared.config;
    let group = format!("{}{}", shared.cluster.prefix(), config.group);
    let whole = Arc::clone(shared);
    let reader = Reader::join(
        &shared.cluster,
        &shared.topic,
        &group,
        config.session_timeout,
        move |partition| whole.given_back(partition, number),
    )?;
    let mut thread = Thread {
        number,
        shared,
        reader: &reader,
        lanes: HashMap::new(),
        kept: HashMap::new(),
        unanswered: HashMap::new(),
        behind: Behind::new(shared)?,
        unknown: None,
    };
    let mut looked = Instant::now();
    while !shared.shutdown.is_cancelled() {
        let polled = reader.poll(STEP);
        match reader.take_change() {
            Some(Change::Taken) => thread.keep(),
            Some(Change::Given(share)) => {
                drop(polled);
                thread.take_up(share)?;
                continue;
            }
            None => {}
        }
        match polled {
            Some(Ok(message)) => thread.offer(&message)?,
            Some(Err(KafkaError::PartitionEOF(partition))) => thread.at_end(partition),
            Some(Err(error)) => thread.failed(error)?,
            None => {}
        }
        if looked.elapsed() >= LOOK {
            thread.look()?;
            // Only now: a look that took its time would be followed by the next.
            looked = Instant::now();
        }
    }
    reader.leave();
    Ok(())
}

impl Shared {
    /// A partition is not landed any more by this thread, and by none of this process until it is
    /// given to one.
    fn given_back(&self, partition: i32, number: usize) {
        self.progress.readiness().gone(partition);
        behind::remove(partition);
        if partition == 0 {
            let nobody = 0;
            let _ =
                self.seals
                    .compare_exchange(number, nobody, Ordering::AcqRel, Ordering::Relaxed);
        }
    }
}

/// One thread with its reader and its share of the partitions; one that has stopped is not among
/// its lanes any more.
pub(super) struct Thread<'a> {
    /// From 1.
    pub(super) number: usize,
    pub(super) shared: &'a Shared,
    pub(super) reader: &'a Reader,
    pub(super) lanes: HashMap<i32, Lane>,
    /// Those whose partitions were taken back, until it is known who has them next.
    pub(super) kept: HashMap<i32, Lane>,
    /// Partitions of which nobody has said yet whether they may be read on, and when that is asked again.
    pub(super) unanswered: HashMap<i32, Instant>,
    behind: Behind,
    /// The record whose schema the registry does not know, and since when that is waited for.
    unknown: Option<(i32, i64, Instant)>,
}

impl Thread<'_> {
    /// Takes a record, waiting where something else has to work first.
    fn offer(&mut self, message: &BorrowedMessage<'_>) -> Result<(), Error> {
        let shared = self.shared;
        let (partition, offset) = (message.partition(), message.offset());
        let payload = message.payload().unwrap_or_default();
        // It is read again once it is known whether it may be.
        if self.unanswered.contains_key(&partition) {
            return Ok(());
        }
        shared.progress.set_at_end(partition, false);
        let took = loop {
            // A partition that has stopped may still have records on the way.
            let Some(lane) = self.lanes.get_mut(&partition) else {
                return Ok(());
            };
            if offset < lane.position() {
                return Ok(());
            }
            if shared.config.accept.rejects(partition, offset) {
                self.reject(partition, offset);
                return Ok(());
            }
            match shared.runtime.block_on(lane.take(offset, payload)) {
                Ok(took) => break took,
                Err(Failure::Stop(error)) => {
                    self.stop(partition, &error);
                    return Ok(());
                }
                Err(Failure::Later(error)) => self.wait(partition, &error),
                Err(Failure::Wait(error)) => {
                    if !self.is_worth_waiting(partition, offset) {
                        self.stop(partition, &error);
                        return Ok(());
                    }
                    self.wait(partition, &error);
                }
            }
            if shared.shutdown.is_cancelled() {
                return Ok(());
            }
        };
        // What the record waited for has come.
        shared.progress.readiness().works(partition);
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

    /// Goes on without a record, as an operator has asked.
    fn reject(&mut self, partition: i32, offset: i64) {
        let shared = self.shared;
        // Where nothing is sealed yet, the first day that anybody has landed.
        let landed = || shared.logs.iter().filter_map(|log| log.first_day()).min();
        let since = shared.progress.last_sealed().map(Day::next).or_else(landed);
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        match shared.runtime.block_on(lane.reject(offset, since)) {
            Ok(()) => {
                REJECTED.with([]).increment(1);
                tracing::warn!(
                    partition,
                    offset,
                    "a stripped record is rejected, as was asked"
                );
                self.count(partition);
            }
            Err(error) => self.stop(partition, &error),
        }
    }

    /// Whether a record that may never be readable has not been waited for long enough.
    fn is_worth_waiting(&mut self, partition: i32, offset: i64) -> bool {
        let now = Instant::now();
        let since = match self.unknown {
            Some((of, at, since)) if (of, at) == (partition, offset) => since,
            _ => now,
        };
        self.unknown = Some((partition, offset, since));
        now - since < self.shared.config.unknown_schema
    }

    /// Nothing more comes for now: what has come is counted.
    fn at_end(&mut self, partition: i32) {
        let shared = self.shared;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return;
        };
        if let Err(error) = shared.runtime.block_on(lane.settle()) {
            return self.stop(partition, &error);
        }
        self.count(partition);
        shared.progress.set_at_end(partition, true);
    }

    /// Puts what is open, again and again where the store is away.
    fn roll(&mut self, partition: i32) -> Result<(), Error> {
        let shared = self.shared;
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(());
        };
        let (entry, data) = match shared.runtime.block_on(lane.close()) {
            Ok(closed) => closed,
            Err(error) => {
                self.stop(partition, &error);
                return Ok(());
            }
        };
        self.count(partition);
        while !shared.shutdown.is_cancelled() {
            let Some(lane) = self.lanes.get_mut(&partition) else {
                return Ok(());
            };
            match shared.runtime.block_on(lane.roll(&entry, data.clone())) {
                Ok(appended) => return self.rolled(partition, &appended),
                Err(
                    error @ (Error::Log { .. } | Error::Altered { .. } | Error::Document { .. }),
                ) => {
                    self.stop(partition, &error);
                    return Ok(());
                }
                Err(error) => self.wait(partition, &error),
            }
        }
        Ok(())
    }

    fn rolled(&mut self, partition: i32, appended: &Appended) -> Result<(), Error> {
        let shared = self.shared;
        shared.progress.readiness().works(partition);
        match appended {
            Appended::Ours => shared.progress.add_object(),
            Appended::Theirs(entry) => {
                FENCED.with([]).increment(1);
                tracing::info!(
                    partition,
                    sequence = entry.sequence,
                    "another process has landed this range; going on behind it"
                );
                if let Err(error) = self.reader.seek(partition, entry.end) {
                    // It is given to somebody else just now; who gets it reads where the log ends.
                    tracing::warn!(partition, error = %Causes(&error), "not going on behind an entry");
                }
                shared.progress.set_consumed(partition, entry.end);
            }
        }
        if let Some(lane) = self.lanes.get(&partition) {
            self.show(lane);
        }
        shared.landed.notify_one();
        Ok(())
    }

    /// Rolls what has become old, asks again what nobody has answered, and measures the lag.
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
        self.ask_again()?;
        let unanswered = &self.unanswered;
        self.behind.measure(self.reader, &self.lanes, unanswered);
        Ok(())
    }

    /// A consumer's error: most pass by themselves; an offset that does not exist never does.
    fn failed(&mut self, error: KafkaError) -> Result<(), Error> {
        let trouble = trouble(&error);
        if trouble == Trouble::Fatal {
            return Err(Error::kafka("reading stripped records")(error));
        }
        note("landing", &error, "reading stripped records; it goes on");
        match trouble {
            Trouble::Passes | Trouble::Fatal => Ok(()),
            // Whichever partition it was: all are read anew from where they stand.
            Trouble::OutOfRange => {
                self.check_ends()?;
                for partition in self.unanswered.keys() {
                    self.reader.pause(*partition);
                }
                self.seek()
            }
        }
    }

    /// Lands no more of a partition: what is wrong with it needs a person. The others go on.
    pub(super) fn stop(&mut self, partition: i32, error: &Error) {
        let (why, causes) = (error.standstill(), Causes(error).to_string());
        let reason = why.as_str();
        tracing::error!(
            partition,
            reason,
            error = causes,
            "landing of a partition has stopped"
        );
        let readiness = self.shared.progress.readiness();
        readiness.stands_still(partition, why, causes);
        self.lanes.remove(&partition);
        self.unanswered.remove(&partition);
        self.reader.pause(partition);
    }

    /// Says that a partition waits.
    pub(super) fn show_wait(&self, partition: i32, error: &Error) {
        let causes = Causes(error).to_string();
        tracing::warn!(partition, error = causes, "landing waits; trying again");
        let readiness = self.shared.progress.readiness();
        readiness.stands_still(partition, Standstill::LandingWaits, causes);
    }

    /// Waits before something is tried again.
    pub(super) fn wait(&self, partition: i32, error: &Error) {
        self.show_wait(partition, error);
        let (shutdown, retry) = (&self.shared.shutdown, self.shared.config.retry);
        self.shared.runtime.block_on(async {
            let _ = tokio::time::timeout(retry, shutdown.cancelled()).await;
        });
    }

    /// Shows how far a partition is.
    fn count(&mut self, partition: i32) {
        let progress = &self.shared.progress;
        if let Some(lane) = self.lanes.get_mut(&partition) {
            progress.set_consumed(partition, lane.position());
            progress.add_events(lane.take_events());
        }
    }

    pub(super) fn show(&self, lane: &Lane) {
        let progress = &self.shared.progress;
        progress.set_landed(lane.partition(), lane.position(), lane.landed_day());
    }
}
