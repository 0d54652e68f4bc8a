//! The one group member of this process: it is given partitions, runs a lane for each, and gives
//! none back before its lane has ended.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kaiku_broker::note;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{
    BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata, Rebalance,
};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::lane::{self, End, Shared, Start, Suspect, Warm, one};
use crate::read::isolate;
use crate::stage::Stage;
use crate::{Error, upkeep::Upkeep};

const STEP: Duration = Duration::from_millis(100);
/// A group is joined anew at most this often.
const REJOIN_EVERY: Duration = Duration::from_secs(5);

/// What the consumer's callbacks and the member share.
pub(crate) struct Membership {
    lanes: Mutex<HashMap<i32, Running>>,
    /// What was assigned and not taken up yet.
    assigned: Mutex<Vec<i32>>,
    /// What is this process's, lane or no lane.
    owned: Mutex<Owned>,
    warm: Mutex<HashMap<i32, Warm>>,
    stage: Arc<Stage>,
}

/// The partitions of the present assignment.
#[derive(Default)]
struct Owned {
    partitions: Vec<i32>,
    /// The group as it was when they were assigned: a commit under it fails once the group has
    /// moved on. Asked for afresh it would let a lane that lost its partition move the new owner's
    /// offset.
    group: Option<Arc<ConsumerGroupMetadata>>,
}

struct Running {
    shared: Arc<Shared>,
    thread: JoinHandle<End>,
}

impl ClientContext for Membership {
    fn error(&self, error: KafkaError, reason: &str) {
        note("group", &error, reason);
    }
}

impl ConsumerContext for Membership {
    /// Nothing is given back while its lane may still commit.
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if !matches!(rebalance, Rebalance::Assign(_)) {
            *lock(&self.owned) = Owned::default();
            self.stop_all();
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            let partitions = list.elements();
            let partitions: Vec<i32> = partitions.iter().map(|one| one.partition()).collect();
            lock(&self.assigned).clone_from(&partitions);
            *lock(&self.owned) = Owned {
                partitions,
                group: consumer.group_metadata().map(Arc::new),
            };
        }
    }
}

impl Membership {
    /// Ends every lane and keeps what it leaves.
    fn stop_all(&self) {
        let running: Vec<_> = lock(&self.lanes).drain().collect();
        for (_, lane) in &running {
            lane.shared.stop.store(true, Ordering::Relaxed);
        }
        for (partition, lane) in running {
            if let Ok(End::Stopped(Some(warm))) = lane.thread.join() {
                self.keep(partition, warm);
            }
            self.stage.gone(partition);
        }
    }

    fn keep(&self, partition: i32, warm: Warm) {
        lock(&self.warm).insert(partition, warm);
    }

    /// Lanes whose thread has ended by itself.
    fn ended(&self) -> Vec<(i32, Running)> {
        lock(&self.lanes)
            .extract_if(|_, lane| lane.thread.is_finished())
            .collect()
    }

    /// The group under which a partition is this process's; `None` where it is not any more.
    fn group_of(&self, partition: i32) -> Option<Arc<ConsumerGroupMetadata>> {
        let owned = lock(&self.owned);
        let is_owned = owned.partitions.contains(&partition);
        owned.group.clone().filter(|_| is_owned)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The group member.
pub(crate) struct Member {
    consumer: Arc<BaseConsumer<Membership>>,
    stage: Arc<Stage>,
    crashes: HashMap<i32, Suspect>,
    /// Lanes that are to be started again, and when.
    again: HashMap<i32, Instant>,
    rejoined: Option<Instant>,
    /// A lane was lost since.
    rejoin: bool,
}

impl Member {
    /// Makes the consumer and joins the group.
    pub(crate) fn join(stage: Arc<Stage>) -> Result<Member, Error> {
        let membership = Membership {
            lanes: Mutex::default(),
            assigned: Mutex::default(),
            owned: Mutex::default(),
            warm: Mutex::default(),
            stage: Arc::clone(&stage),
        };
        let mut config = stage
            .kafka
            .client_config("enrich")
            .map_err(Error::broker("making the group member"))?;
        let (session, poll) = (stage.config.session_timeout, stage.config.poll_timeout);
        let consumer: BaseConsumer<Membership> = isolate(&mut config, true)
            .set("group.id", &stage.config.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            // Eager: every lane ends before any partition moves.
            .set("partition.assignment.strategy", "range")
            // How long the partitions of a process that was killed stand still.
            .set("session.timeout.ms", session.as_millis().to_string())
            .set(
                "heartbeat.interval.ms",
                (session / 4).as_millis().to_string(),
            )
            .set("max.poll.interval.ms", poll.as_millis().to_string())
            .set("queued.max.messages.kbytes", "32768")
            .set("fetch.wait.max.ms", "100")
            .set("statistics.interval.ms", "0")
            .create_with_context(membership)
            .map_err(Error::kafka("making the group member"))?;
        consumer
            .subscribe(&[&stage.raw])
            .map_err(Error::kafka("joining the group"))?;
        Ok(Member {
            consumer: Arc::new(consumer),
            stage,
            crashes: HashMap::new(),
            again: HashMap::new(),
            rejoined: None,
            rejoin: false,
        })
    }

    /// Serves the group until told to stop.
    pub(crate) fn serve(&mut self, shutdown: &CancellationToken) -> Result<(), Error> {
        let mut upkeep = Upkeep::new(Arc::clone(&self.stage));
        let served = loop {
            if shutdown.is_cancelled() {
                break Ok(());
            }
            match self.consumer.poll(STEP) {
                // Fetched before the partition had its own queue; its lane will read it.
                None | Some(Ok(_)) => {}
                Some(Err(source @ KafkaError::MessageConsumptionFatal(_))) => {
                    break Err(Error::Kafka {
                        operation: "serving the group",
                        source,
                    });
                }
                Some(Err(error)) => tracing::warn!(%error, "serving the group"),
            }
            self.start_assigned()?;
            self.reap();
            self.start_again()?;
            upkeep.turn();
        };
        self.membership().stop_all();
        self.consumer.unsubscribe();
        served
    }

    fn membership(&self) -> &Membership {
        self.consumer.context()
    }

    fn start_assigned(&mut self) -> Result<(), Error> {
        let assigned = std::mem::take(&mut *lock(&self.membership().assigned));
        if assigned.is_empty() {
            return Ok(());
        }
        tracing::info!(partitions = ?assigned, "partitions assigned");
        self.again.clear();
        self.hold(&assigned)?;
        for partition in &assigned {
            self.start(*partition)?;
        }
        // What is kept of partitions that went elsewhere is of no use any more.
        let mut warm = lock(&self.membership().warm);
        warm.retain(|partition, _| assigned.contains(partition));
        Ok(())
    }

    /// Gives the partitions a place to read from, whatever it is: a lane, which begins paused, can
    /// move that place only once there is one, and moves it before it resumes.
    fn hold(&self, partitions: &[i32]) -> Result<(), Error> {
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            list.add_partition_offset(&self.stage.raw, *partition, Offset::Beginning)
                .map_err(Error::kafka("taking the partitions"))?;
        }
        self.consumer
            .assign(&list)
            .map_err(Error::kafka("taking the partitions"))
    }

    /// Starts the lane of a partition, where that is still this process's.
    fn start(&self, partition: i32) -> Result<(), Error> {
        let (stage, membership) = (&self.stage, self.membership());
        let Some(group) = membership.group_of(partition) else {
            return Ok(());
        };
        let held = self.consumer.pause(&one(&stage.raw, partition)).is_ok();
        let queue = self.consumer.split_partition_queue(&stage.raw, partition);
        let Some(queue) = queue.filter(|_| held) else {
            tracing::warn!(partition, "the partition is gone again");
            return Ok(());
        };
        let shared = Arc::new(Shared {
            handling: AtomicI64::new(-1),
            ..Shared::default()
        });
        let start = Start {
            partition,
            stage: Arc::clone(stage),
            consumer: Arc::clone(&self.consumer),
            queue,
            group,
            shared: Arc::clone(&shared),
            warm: lock(&membership.warm).remove(&partition),
            suspect: self.crashes.get(&partition).copied(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("lane-{partition}"))
            .spawn(move || lane::run(start))
            .map_err(|_| Error::Settings(vec!["no thread could be started".to_owned()]))?;
        lock(&membership.lanes).insert(partition, Running { shared, thread });
        Ok(())
    }

    /// Looks after lanes that ended by themselves.
    fn reap(&mut self) {
        for (partition, lane) in self.membership().ended() {
            let handling = lane.shared.handling.load(Ordering::Relaxed);
            let retry = self.stage.config.retry;
            match lane.thread.join() {
                Ok(End::Stopped(warm)) => {
                    if let Some(warm) = warm {
                        self.membership().keep(partition, warm);
                    }
                    self.stage.gone(partition);
                }
                Ok(End::Lost) => {
                    tracing::warn!(partition, "lane lost its partition");
                    metrics::counter!("kaiku_lanes_lost_total").increment(1);
                    self.stage.gone(partition);
                    self.rejoin = true;
                }
                Ok(End::Refused(refusal, error)) => {
                    let reason = refusal.as_str();
                    tracing::error!(partition, reason, error = %Chain(&error), "lane refuses to run");
                    self.stage.stopped(partition, Some(reason));
                }
                Ok(End::Failed(error)) => {
                    tracing::error!(partition, error = %Chain(&error), "lane failed");
                    self.stage.stopped(partition, Some("failed"));
                    self.again.insert(partition, Instant::now() + retry);
                }
                Err(_) => {
                    let before = self
                        .crashes
                        .get(&partition)
                        .filter(|s| s.offset == handling);
                    let crashes = before.map_or(1, |suspect| suspect.crashes + 1);
                    tracing::error!(partition, offset = handling, crashes, "lane crashed");
                    self.crashes.insert(
                        partition,
                        Suspect {
                            offset: handling,
                            crashes,
                        },
                    );
                    self.stage.stopped(partition, Some("crashed"));
                    self.again.insert(partition, Instant::now() + retry);
                }
            }
        }
        if self.rejoin && self.rejoined.is_none_or(|at| at.elapsed() >= REJOIN_EVERY) {
            self.rejoin = false;
            self.rejoin();
        }
    }

    /// Leaves the group and joins it again: a lost lane starts again only after a new assignment.
    fn rejoin(&mut self) {
        self.rejoined = Some(Instant::now());
        tracing::info!("joining the group anew");
        self.consumer.unsubscribe();
        if let Err(error) = self.consumer.subscribe(&[&self.stage.raw]) {
            tracing::error!(%error, "joining the group failed");
        }
    }

    fn start_again(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let due: Vec<i32> = self
            .again
            .iter()
            .filter_map(|(partition, at)| (*at <= now).then_some(*partition))
            .collect();
        for partition in due {
            self.again.remove(&partition);
            self.stage.stopped(partition, None);
            self.start(partition)?;
        }
        Ok(())
    }
}

/// An error with everything behind it, in one line.
struct Chain<'a>(&'a Error);

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
