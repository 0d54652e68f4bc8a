//! The partitions of this process, each in one state, and what the group's rebalances do to them.
//!
//! The consumer calls back into here from within the group member's own poll: so nothing waits for
//! the member, and a rebalance returns only when every lane has ended.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kaiku_broker::note;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;

use crate::handover::{End, Shared, Suspect, Warm};
use crate::progress::Progress;

/// How long what a lane has left is kept for its partition to come back: as long as a rolling restart
/// takes, and no longer, for it is a table of devices.
const KEPT: Duration = Duration::from_secs(600);

/// What the consumer's callbacks and the member share.
pub(crate) struct Membership {
    partitions: Mutex<Partitions>,
    progress: Progress,
}

#[derive(Default)]
struct Partitions {
    /// The group as it was when the partitions were assigned: a commit under it fails once the
    /// group has moved on. Asked for afresh it would let a lane that lost its partition move the
    /// new owner's offset.
    group: Option<Arc<ConsumerGroupMetadata>>,
    /// An assignment that was not taken up yet.
    fresh: Option<Vec<i32>>,
    held: HashMap<i32, Held>,
}

/// What a partition is to this process. There is no other state.
pub(crate) enum Held {
    /// Its lane runs.
    Running {
        lane: Running,
        suspect: Option<Suspect>,
    },
    /// It is this process's, and its lane is to be started from `since` on.
    Waiting {
        since: Instant,
        warm: Option<Warm>,
        suspect: Option<Suspect>,
    },
    /// It is this process's, and its lane refuses to run: only a new assignment starts it again.
    Refused { suspect: Option<Suspect> },
    /// It is somebody else's, or nobody's; what its lane left is of use should it come back.
    Left {
        since: Instant,
        warm: Option<Warm>,
        suspect: Option<Suspect>,
    },
}

/// A lane's thread.
pub(crate) struct Running {
    pub(crate) shared: Arc<Shared>,
    pub(crate) thread: JoinHandle<End>,
}

/// A lane that is to be started.
pub(crate) struct Due {
    pub(crate) partition: i32,
    pub(crate) group: Arc<ConsumerGroupMetadata>,
    pub(crate) warm: Option<Warm>,
    pub(crate) suspect: Option<Suspect>,
}

/// A lane whose thread has ended by itself.
pub(crate) struct Ended {
    pub(crate) partition: i32,
    pub(crate) lane: Running,
    pub(crate) suspect: Option<Suspect>,
}

impl ClientContext for Membership {
    fn error(&self, error: KafkaError, reason: &str) {
        note("group", &error, reason);
    }
}

impl ConsumerContext for Membership {
    /// Nothing is given back while its lane may still commit: another process would restore a state
    /// that is about to change.
    ///
    /// What is given is assigned by the member, once and with a place to read from, and not here
    /// without: librdkafka aborts the process where a partition is assigned a second time, and
    /// revoked, while it still stops for the first.
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        code: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        if code == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let partitions = list.elements();
            let partitions = partitions.iter().map(|one| one.partition()).collect();
            let group = consumer.group_metadata().map(Arc::new);
            self.partitions().assign(partitions, group);
            return;
        }
        self.leave_all();
        if let Err(error) = consumer.unassign() {
            tracing::warn!(%error, "giving partitions back");
        }
    }
}

impl Membership {
    pub(crate) fn new(progress: Progress) -> Membership {
        Membership {
            partitions: Mutex::default(),
            progress,
        }
    }

    /// Ends every lane and keeps what it leaves; nothing is this process's any more.
    pub(crate) fn leave_all(&self) {
        // The threads are joined with nothing locked.
        let held = {
            let mut partitions = self.partitions();
            partitions.group = None;
            partitions.fresh = None;
            std::mem::take(&mut partitions.held)
        };
        for one in held.values() {
            if let Held::Running { lane, .. } = one {
                lane.shared.stop.store(true, Ordering::Relaxed);
            }
        }
        let left = held.into_iter().map(|(partition, one)| {
            let was_here = !matches!(one, Held::Left { .. });
            let left = one.left();
            // Only now: until its thread has ended, a lane shows what it still commits.
            if was_here {
                self.progress.gone(partition);
            }
            (partition, left)
        });
        let left: HashMap<i32, Held> = left.collect();
        self.partitions().held = left;
    }

    /// The partitions of an assignment that was not taken up yet; given once.
    pub(crate) fn take_fresh(&self) -> Option<Vec<i32>> {
        self.partitions().fresh.take()
    }

    /// The lanes that are to be started by now.
    pub(crate) fn take_due(&self, now: Instant) -> Vec<Due> {
        let mut partitions = self.partitions();
        let Some(group) = partitions.group.clone() else {
            return Vec::new();
        };
        let due = partitions
            .held
            .extract_if(|_, held| matches!(held, Held::Waiting { since, .. } if *since <= now));
        let due = due.filter_map(|(partition, held)| match held {
            Held::Waiting { warm, suspect, .. } => Some(Due {
                partition,
                group: Arc::clone(&group),
                warm,
                suspect,
            }),
            _ => None,
        });
        due.collect()
    }

    /// Lanes whose thread has ended by itself.
    pub(crate) fn take_ended(&self) -> Vec<Ended> {
        let mut partitions = self.partitions();
        let ended = partitions.held.extract_if(
            |_, held| matches!(held, Held::Running { lane, .. } if lane.thread.is_finished()),
        );
        let ended = ended.filter_map(|(partition, held)| match held {
            Held::Running { lane, suspect } => Some(Ended {
                partition,
                lane,
                suspect,
            }),
            _ => None,
        });
        ended.collect()
    }

    /// Drops what lanes have left whose partitions did not come back.
    pub(crate) fn drop_old(&self, now: Instant) {
        for held in self.partitions().held.values_mut() {
            match held {
                Held::Left { since, warm, .. } if now.duration_since(*since) >= KEPT => {
                    *warm = None;
                }
                _ => {}
            }
        }
    }

    /// What a partition is from now on.
    pub(crate) fn set(&self, partition: i32, held: Held) {
        self.partitions().held.insert(partition, held);
    }

    fn partitions(&self) -> MutexGuard<'_, Partitions> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Partitions {
    /// These partitions are this process's; what is kept of others is of no use any more.
    fn assign(&mut self, partitions: Vec<i32>, group: Option<Arc<ConsumerGroupMetadata>>) {
        let since = Instant::now();
        let mut before = std::mem::take(&mut self.held);
        self.group = group;
        for partition in &partitions {
            let left = before.remove(partition).map(Held::left);
            let (warm, suspect) = match left {
                Some(Held::Left { warm, suspect, .. }) => (warm, suspect),
                _ => (None, None),
            };
            let waiting = Held::Waiting {
                since,
                warm,
                suspect,
            };
            self.held.insert(*partition, waiting);
        }
        // There were more members than partitions for a moment, as in a rolling restart: what was
        // left of them is of use when they come back.
        if partitions.is_empty() {
            let left = before.into_iter();
            self.held = left
                .map(|(partition, held)| (partition, held.left()))
                .collect();
            self.fresh = Some(partitions);
            return;
        }
        // A record that crashes lanes is remembered wherever its partition goes.
        let suspects = before.into_iter().filter_map(|(partition, held)| {
            let suspect = Some(held.suspect()?);
            let left = Held::Left {
                since,
                warm: None,
                suspect,
            };
            Some((partition, left))
        });
        self.held.extend(suspects);
        self.fresh = Some(partitions);
    }
}

impl Held {
    /// What is left of it once it is not this process's any more; waits for its lane to end.
    fn left(self) -> Held {
        let suspect = self.suspect();
        let since = match &self {
            Held::Left { since, .. } => *since,
            _ => Instant::now(),
        };
        let warm = match self {
            Held::Running { lane, .. } => match lane.thread.join() {
                Ok(End::Stopped(warm)) => warm,
                Ok(End::Lost | End::Refused(..) | End::Failed(_)) | Err(_) => None,
            },
            Held::Waiting { warm, .. } | Held::Left { warm, .. } => warm,
            Held::Refused { .. } => None,
        };
        Held::Left {
            since,
            warm,
            suspect,
        }
    }

    fn suspect(&self) -> Option<Suspect> {
        match self {
            Held::Running { suspect, .. }
            | Held::Waiting { suspect, .. }
            | Held::Refused { suspect }
            | Held::Left { suspect, .. } => *suspect,
        }
    }
}

#[cfg(test)]
mod tests;
