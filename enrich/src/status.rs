//! How far the strip has come, from Kafka alone and without anything being changed: for `kaiku status`.

mod rejections;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, Isolation, Owners, missing_right};
use kaiku_stage::Causes;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::config::Config;
use crate::error::Error;
use crate::state::{Meta, MetaError};
use crate::upkeep::{Headroom, left, newest_metas, retention};

pub use rejections::{Rejections, rejections};

/// The longest that the offsets of the group are waited for.
const COMMITTED: Duration = Duration::from_secs(10);
/// The longest that all questions about single partitions may take together; the others are said not to
/// have been asked.
const PARTITIONS: Duration = Duration::from_secs(30);

/// How far the strip has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawStatus {
    /// The topic that is read.
    pub topic: String,
    /// The group whose offsets say how far.
    pub group: String,
    /// How many processes are in the group, where that could be asked.
    pub members: Option<usize>,
    /// The topic's retention in milliseconds, where it has one and that could be asked.
    pub retention: Option<i64>,
    /// The partitions that could be asked for.
    pub partitions: Vec<RawPartition>,
    /// What could not be read, a sentence each that says what to do.
    pub unread: Vec<String>,
}

/// How far one partition has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawPartition {
    /// The partition.
    pub partition: i32,
    /// The first offset that it still has, and the one behind its last.
    pub held: (i64, i64),
    /// Where the strip goes on, and what says so; `None` where nobody could be asked.
    pub next: Option<(i64, Known)>,
    /// What its state says, where that is something else than the group's offset; `None` too where it could
    /// not be read.
    pub state: Option<OtherState>,
    /// The time of the first record that waits, in milliseconds since 1970; `None` where none does or it
    /// could not be read.
    pub waits_since: Option<i64>,
    /// How many milliseconds are left until the first record that waits is deleted; where none does, all of
    /// the retention.
    pub headroom: Option<i64>,
    /// Whether a process has it; `None` while they are shared out anew, or where that could not be asked.
    pub is_owned: Option<bool>,
}

/// What the state of a partition says where it is not what its group's offset says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherState {
    /// It stands at another offset.
    At(i64),
    /// There is none.
    Gone,
}

/// What says how far a partition has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The offset that its group has committed.
    Group,
    /// The meta record of its state: the group's offset has expired.
    State,
    /// Nothing: it was never handled.
    Nothing,
}

impl RawPartition {
    /// How many records wait: those that are gone with them.
    pub fn lag(&self) -> Option<i64> {
        let (next, _) = self.next?;
        Some((self.held.1 - next).max(0))
    }
}

/// Asks how far each partition has come, at this moment (milliseconds since 1970).
///
/// # Errors
/// Where Kafka does not answer at all, or does not have the topic. All else that can't be read is said in
/// [`RawStatus::unread`].
pub fn raw_status(cluster: &Cluster, config: &Config, now: i64) -> Result<RawStatus, Error> {
    let admin =
        Admin::impatient(cluster).map_err(Error::broker("making a client for questions"))?;
    let topic = cluster.topics().raw();
    let partitions = admin
        .partition_count(&topic)
        .map_err(Error::broker("counting the partitions"))?;
    let mut status = RawStatus {
        group: config.group_under(cluster.prefix()),
        topic,
        ..RawStatus::default()
    };
    let look = Look {
        cluster,
        admin: &admin,
        now,
    };
    let held = look.held(partitions, &mut status);
    let (next, is_seen) = look.next(held.keys().copied().collect(), &mut status);
    let held = look.again(held, next.as_ref(), &status.topic);
    let states = next.as_ref().map(|next| look.disagreeing(next, &status));
    let states = states.transpose().unwrap_or_else(|error| {
        status.unread.push(told(&error));
        None
    });
    // Of a group that can't be seen nobody says more, and it takes as long again.
    let owners = is_seen.then(|| look.owners(&mut status)).flatten();
    status.members = owners.as_ref().map(|owners| owners.members);
    let asked = retention(&admin, &status.topic);
    status.retention = asked.unwrap_or_else(|error| {
        status.unread.push(told(&error));
        None
    });
    status.partitions = held
        .into_iter()
        .map(|(partition, held)| RawPartition {
            partition,
            held,
            next: next.as_ref().and_then(|next| {
                // What was never handled begins where the topic does.
                let known = next.get(&partition).copied();
                known.map(|known| known.unwrap_or((held.0, Known::Nothing)))
            }),
            state: states
                .as_ref()
                .and_then(|states| states.get(&partition).copied()),
            waits_since: None,
            headroom: None,
            is_owned: owners.as_ref().and_then(|owners| owners.has(partition)),
        })
        .collect();
    look.times(&mut status);
    Ok(status)
}

/// Where each partition goes on, by what is known of it; `None` for one that was never handled.
type Next = BTreeMap<i32, Option<(i64, Known)>>;

/// What is asked.
struct Look<'a> {
    cluster: &'a Cluster,
    admin: &'a Admin,
    now: i64,
}

impl Look<'_> {
    /// What the topic has of each partition.
    fn held(&self, partitions: i32, status: &mut RawStatus) -> BTreeMap<i32, (i64, i64)> {
        let ends = self.admin.ends(&status.topic, partitions, PARTITIONS);
        let missing = (0..partitions).find(|partition| !ends.contains_key(partition));
        status.unread.extend(missing.map(|partition| {
            format!("partition {partition} and those behind it were not asked for: the brokers take too long")
        }));
        let mut held = BTreeMap::new();
        for (partition, ends) in ends {
            match ends.map_err(Error::broker("asking for the ends of a partition")) {
                Ok(ends) => drop(held.insert(partition, ends)),
                Err(error) => status.unread.push(told(&error)),
            }
        }
        held
    }

    /// What was counted between the two questions is not more than there is: of such partitions the end is asked
    /// for again. The beginning stays that of before, so that what was deleted meanwhile was counted.
    fn again(
        &self,
        mut held: BTreeMap<i32, (i64, i64)>,
        next: Option<&Next>,
        topic: &str,
    ) -> BTreeMap<i32, (i64, i64)> {
        let known = |partition: &i32| next?.get(partition).copied().flatten();
        for (partition, (_, high)) in &mut held {
            let is_behind = known(partition).is_some_and(|(next, _)| next > *high);
            if is_behind && let Ok((_, now)) = self.admin.watermarks(topic, *partition) {
                *high = now;
            }
        }
        held
    }

    /// Where the partitions go on: by the group, and by the state where the group has nothing; and whether
    /// the group could be asked.
    fn next(&self, partitions: BTreeSet<i32>, status: &mut RawStatus) -> (Option<Next>, bool) {
        let committed = match self.committed(&partitions, status) {
            Ok(committed) => Some(committed),
            Err(error) => {
                let group = &status.group;
                let sentence = format!(
                    "the offsets of the group `{group}` (where the brokers answer all else, this user may not see \
                     it: give it the right Describe on the group): {}",
                    Causes(&error)
                );
                status.unread.push(sentence);
                None
            }
        };
        let by_group = committed.clone().unwrap_or_default();
        let rest = partitions
            .into_iter()
            .filter(|partition| !by_group.contains_key(partition));
        let rest: BTreeSet<i32> = rest.collect();
        let mut next: Next = by_group
            .into_iter()
            .map(|(partition, offset)| (partition, Some((offset, Known::Group))))
            .collect();
        match self.metas(&rest) {
            Ok(metas) => next.extend(rest.into_iter().filter_map(|partition| {
                let meta = metas.get(&partition).and_then(|meta| meta.as_ref().ok());
                let known = meta.map(|meta| (meta.next_offset, Known::State));
                // Where the group could not be asked, nothing in the state says nothing.
                (known.is_some() || committed.is_some()).then_some((partition, known))
            })),
            Err(error) => status.unread.push(told(&error)),
        }
        let is_seen = committed.is_some();
        let is_known = is_seen || !next.is_empty();
        (Some(next).filter(|_| is_known), is_seen)
    }

    /// The newest meta records of these partitions.
    fn metas(
        &self,
        partitions: &BTreeSet<i32>,
    ) -> Result<BTreeMap<i32, Result<Meta, MetaError>>, Error> {
        if partitions.is_empty() {
            return Ok(BTreeMap::new());
        }
        let months = self.admin.months();
        let months = months.map_err(Error::broker("listing the state topics"))?;
        newest_metas(self.cluster, &months, partitions)
    }

    /// What the state says where it is not what the group does. Both are written in one transaction, and
    /// asked for one after the other: so what differs is asked for once more, and only what has not moved
    /// meanwhile is told.
    fn disagreeing(
        &self,
        next: &Next,
        status: &RawStatus,
    ) -> Result<BTreeMap<i32, OtherState>, Error> {
        let by_group = |(partition, known): (&i32, &Option<(i64, Known)>)| match known {
            Some((offset, Known::Group)) => Some((*partition, *offset)),
            _ => None,
        };
        let mut suspects: BTreeMap<i32, i64> = next.iter().filter_map(by_group).collect();
        let mut found: BTreeMap<i32, OtherState> = BTreeMap::new();
        for is_again in [false, true] {
            let partitions: BTreeSet<i32> = suspects.keys().copied().collect();
            let metas = self.metas(&partitions)?;
            let committed = match partitions.is_empty() {
                true => BTreeMap::new(),
                false => self.committed(&partitions, status)?,
            };
            suspects.retain(|partition, offset| committed.get(partition) == Some(offset));
            let states = suspects.iter().filter_map(|(partition, offset)| {
                let state = match metas.get(partition) {
                    None => OtherState::Gone,
                    Some(Ok(meta)) if meta.next_offset != *offset => {
                        OtherState::At(meta.next_offset)
                    }
                    Some(Ok(_) | Err(_)) => return None,
                };
                let stood = !is_again || found.get(partition) == Some(&state);
                stood.then_some((*partition, state))
            });
            found = states.collect();
            suspects.retain(|partition, _| found.contains_key(partition));
        }
        Ok(found)
    }

    /// The offsets that the group has committed.
    fn committed(
        &self,
        partitions: &BTreeSet<i32>,
        status: &RawStatus,
    ) -> Result<BTreeMap<i32, i64>, Error> {
        let failed = || Error::kafka("asking for the committed offsets");
        // Not committed reads: what a transaction is about to commit is not waited for.
        let consumer: BaseConsumer = self
            .cluster
            .reader("status", Isolation::Uncommitted)
            .set("group.id", &status.group)
            .create()
            .map_err(failed())?;
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&status.topic, *partition);
        }
        let answer = consumer.committed_offsets(asked, COMMITTED);
        let mut committed = BTreeMap::new();
        for element in answer.map_err(failed())?.elements() {
            element.error().map_err(failed())?;
            let offset = element.offset().to_raw().filter(|offset| *offset >= 0);
            committed.extend(offset.map(|offset| (element.partition(), offset)));
        }
        Ok(committed)
    }

    /// Who has the partitions.
    fn owners(&self, status: &mut RawStatus) -> Option<Owners> {
        let asked = self.admin.owners(&status.group, &status.topic);
        match asked.map_err(Error::broker("asking who has the partitions")) {
            Ok(owners) => Some(owners),
            Err(error) => {
                status.unread.push(told(&error));
                None
            }
        }
    }

    /// The times of the first records that wait. The first that can't be read ends it: so would the others.
    fn times(&self, status: &mut RawStatus) {
        let (begun, mut reader) = (Instant::now(), Headroom::default());
        let mut is_over = false;
        for one in &mut status.partitions {
            let Some((next, _)) = one.next else { continue };
            // An end of a transaction is no record that waits.
            let mut is_nothing = one.lag() == Some(0);
            if one.lag() > Some(0) && !is_over {
                let from = next.max(one.held.0);
                // What is lost has no time, and may be all that is counted as waiting.
                if from >= one.held.1 {
                    continue;
                }
                let (topic, isolation) = (&status.topic, Isolation::Uncommitted);
                match reader.time_of(self.cluster, topic, isolation, one.partition, from) {
                    Ok(time) => {
                        one.waits_since = time;
                        is_nothing = time.is_none();
                    }
                    Err(error) => {
                        status.unread.push(told(&error));
                        is_over = true;
                    }
                }
                is_over |= begun.elapsed() >= PARTITIONS;
            }
            let is_known = is_nothing || one.waits_since.is_some();
            let retention = status.retention.filter(|_| is_known);
            one.headroom = retention.map(|retention| left(retention, one.waits_since, self.now));
        }
    }
}

/// An error with its causes, and what to do where a right is missing.
fn told(error: &Error) -> String {
    let advice = match error {
        Error::Kafka { source, .. } => missing_right(source),
        Error::Broker { source, .. } => source.missing_right(),
        _ => None,
    };
    let text = Causes(error).to_string();
    match advice {
        Some(advice) => format!("{text}: {advice}"),
        None => text,
    }
}
