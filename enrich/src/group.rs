//! The one group member of this process: it is given partitions, runs a lane for each, and gives
//! none back before its lane has ended.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kaiku_broker::note;
use kaiku_stage::{Causes, Standstill};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::handover::{End, Shared, Suspect, Warm};
use crate::lane::{self, Start};
use crate::lane_context::LaneContext;
use crate::membership::{Due, Ended, Held, Membership, Running};
use crate::metrics::LANES_LOST;
use crate::read::assignment_of;
use crate::upkeep::Upkeep;

const STEP: Duration = Duration::from_millis(100);
/// A group is joined anew at most this often.
const REJOIN_EVERY: Duration = Duration::from_secs(5);

/// The group member.
pub(crate) struct Member {
    consumer: Arc<BaseConsumer<Membership>>,
    context: Arc<LaneContext>,
    rejoin: Rejoin,
}

/// Whether the group is to be joined anew: a lane that was lost starts again only after a new
/// assignment.
enum Rejoin {
    /// No: nothing was lost since it was joined, at this moment where it was joined anew.
    No { joined: Option<Instant> },
    /// Yes, from this moment on.
    From(Instant),
}

impl Member {
    /// Makes the consumer and joins the group.
    pub(crate) fn join(context: Arc<LaneContext>) -> Result<Member, Error> {
        let membership = Membership::new(context.progress.clone());
        let (session, poll) = (context.config.session_timeout, context.config.poll_timeout);
        let consumer: BaseConsumer<Membership> = context
            .cluster
            .member("enrich", &context.config.group, session)
            .set("max.poll.interval.ms", poll.as_millis().to_string())
            // Little more than what the lanes are at: what waits for longer has left the caches, and memory that is
            // taken anew is zeroed first.
            .set("queued.min.messages", "10000")
            .set("queued.max.messages.kbytes", "4096")
            .set("fetch.queue.backoff.ms", "5")
            .set("fetch.wait.max.ms", "100")
            .set("statistics.interval.ms", "0")
            .create_with_context(membership)
            .map_err(Error::kafka("making the group member"))?;
        consumer
            .subscribe(&[&context.raw])
            .map_err(Error::kafka("joining the group"))?;
        Ok(Member {
            consumer: Arc::new(consumer),
            context,
            rejoin: Rejoin::No { joined: None },
        })
    }

    /// Serves the group until told to stop.
    pub(crate) fn serve(&mut self, shutdown: &CancellationToken) -> Result<(), Error> {
        let mut upkeep = Upkeep::start(&self.context)?;
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
                Some(Err(error)) => note("group member", &error, "serving the group"),
            }
            self.take_up()?;
            for due in self.membership().take_due(Instant::now()) {
                self.start(due)?;
            }
            self.reap();
            self.membership().drop_old(Instant::now());
            if let Err(error) = upkeep.keep_up(&self.context) {
                break Err(error);
            }
        };
        self.membership().leave_all();
        self.consumer.unsubscribe();
        upkeep.end();
        served
    }

    fn membership(&self) -> &Membership {
        self.consumer.context()
    }

    /// Takes up a new assignment: gives its partitions a place to read from, whatever it is. A
    /// lane, which begins paused, can move that place only once there is one, and moves it before
    /// it resumes.
    fn take_up(&self) -> Result<(), Error> {
        // An empty one is taken up too: the group waits for it.
        let Some(fresh) = self.membership().take_fresh() else {
            return Ok(());
        };
        tracing::info!(partitions = ?fresh, "partitions assigned");
        let mut list = TopicPartitionList::new();
        for partition in fresh {
            list.add_partition_offset(&self.context.raw, partition, Offset::Beginning)
                .map_err(Error::kafka("taking the partitions"))?;
        }
        self.consumer
            .assign(&list)
            .map_err(Error::kafka("taking the partitions"))
    }

    /// Starts the lane of a partition.
    fn start(&self, due: Due) -> Result<(), Error> {
        let Due {
            partition,
            group,
            warm,
            suspect,
        } = due;
        let (context, membership) = (&self.context, self.membership());
        let assignment = assignment_of(&context.raw, partition);
        let paused = self.consumer.pause(&assignment).is_ok();
        let queue = self.consumer.split_partition_queue(&context.raw, partition);
        let Some(queue) = queue.filter(|_| paused) else {
            // The next rebalance is on its way and has taken it already.
            tracing::warn!(partition, "the partition is gone again");
            context.progress.gone(partition);
            membership.set(partition, left(warm, suspect));
            return Ok(());
        };
        let shared = Arc::new(Shared::default());
        let start = Start {
            partition,
            context: Arc::clone(context),
            consumer: Arc::clone(&self.consumer),
            queue,
            group,
            shared: Arc::clone(&shared),
            warm,
            suspect,
        };
        let thread = std::thread::Builder::new()
            .name(format!("lane-{partition}"))
            .spawn(move || lane::run(start))
            .map_err(Error::Thread)?;
        let lane = Running { shared, thread };
        membership.set(partition, Held::Running { lane, suspect });
        Ok(())
    }

    /// Looks after lanes that ended by themselves.
    fn reap(&mut self) {
        for ended in self.membership().take_ended() {
            let partition = ended.partition;
            let held = self.after(ended);
            self.membership().set(partition, held);
        }
        match self.rejoin {
            Rejoin::From(at) if at <= Instant::now() => self.join_anew(),
            Rejoin::From(_) | Rejoin::No { .. } => {}
        }
    }

    /// What a partition is once its lane has ended in this way.
    fn after(&mut self, ended: Ended) -> Held {
        let Ended {
            partition,
            lane,
            suspect,
        } = ended;
        let since = Instant::now() + self.context.config.retry;
        let handling = lane.shared.handling.load(Ordering::Relaxed);
        match lane.thread.join() {
            Ok(End::Stopped(warm)) => {
                self.context.progress.gone(partition);
                left(warm, suspect)
            }
            Ok(End::Lost) => {
                tracing::warn!(partition, "lane lost its partition");
                LANES_LOST.with([]).increment(1);
                self.context.progress.gone(partition);
                if let Rejoin::No { joined } = self.rejoin {
                    let earliest = joined.map(|joined| joined + REJOIN_EVERY);
                    self.rejoin = Rejoin::From(earliest.unwrap_or_else(Instant::now));
                }
                left(None, suspect)
            }
            Ok(End::Refused(why, error)) => {
                let (reason, causes) = (why.as_str(), Causes(&error).to_string());
                tracing::error!(partition, reason, error = causes, "lane refuses to run");
                self.context.stands_still(partition, why, causes);
                Held::Refused { suspect }
            }
            Ok(End::Failed(error)) => {
                let causes = Causes(&error).to_string();
                tracing::error!(partition, error = causes, "lane failed");
                self.context
                    .stands_still(partition, Standstill::Failed, causes);
                Held::Waiting {
                    since,
                    warm: None,
                    suspect,
                }
            }
            // A panic: a second one at the same record has that record rejected.
            Err(_) => {
                let before = suspect.filter(|suspect| suspect.offset == handling);
                let crashes = before.map_or(1, |suspect| suspect.crashes + 1);
                tracing::error!(partition, offset = handling, crashes, "lane crashed");
                let sentence = Standstill::Crashed.sentence();
                self.context
                    .stands_still(partition, Standstill::Crashed, sentence);
                let suspect = Some(Suspect {
                    offset: handling,
                    crashes,
                });
                Held::Waiting {
                    since,
                    warm: None,
                    suspect,
                }
            }
        }
    }

    /// Leaves the group and joins it again.
    fn join_anew(&mut self) {
        self.rejoin = Rejoin::No {
            joined: Some(Instant::now()),
        };
        tracing::info!("joining the group anew");
        self.consumer.unsubscribe();
        if let Err(error) = self.consumer.subscribe(&[&self.context.raw]) {
            tracing::error!(%error, "joining the group failed");
        }
    }
}

/// A partition that is not this process's any more, from now on.
fn left(warm: Option<Warm>, suspect: Option<Suspect>) -> Held {
    Held::Left {
        since: Instant::now(),
        warm,
        suspect,
    }
}
