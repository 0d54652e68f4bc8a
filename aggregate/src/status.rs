//! How far landing and seal have come, from Kafka, the landing store and the rollups alone and without
//! anything being changed: for `kaiku status`.

use std::collections::BTreeMap;
use std::time::Duration;

use kaiku_broker::{Admin, Cluster, Owners};
use kaiku_release::{Period, Policy, Unit};
use kaiku_stage::Causes;
use kaiku_wire::{Day, Week};

use crate::config::Config;
use crate::error::Error;
use crate::landing::{Looked, Place, Source, look};
use crate::rollups::{Chain, Rollups};
use crate::seal::schedule;
use crate::store::Landing;

/// The longest that all questions about single partitions may take together.
const PARTITIONS: Duration = Duration::from_secs(30);

/// How far the stage has come.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What is landed.
    pub landing: LandingStatus,
    /// What is sealed; `None` where the rollups could not be read.
    pub days: Option<DayStatus>,
    /// What keeps the stage from its work, a sentence each that says what to do.
    pub wrong: Vec<String>,
    /// What could not be read, a sentence each that says what to do.
    pub unread: Vec<String>,
}

/// What is landed.
#[derive(Clone, Debug, Default)]
pub struct LandingStatus {
    /// The topic that is read.
    pub topic: String,
    /// The group by which the landers share its partitions.
    pub group: String,
    /// How many landing threads are in the group, where that could be asked.
    pub members: Option<usize>,
    /// The partitions, by the topic or, where Kafka does not answer, by the landing store.
    pub partitions: Vec<LandedPartition>,
}

/// What is landed of a partition.
#[derive(Clone, Debug, Default)]
pub struct LandedPartition {
    /// The partition.
    pub partition: i32,
    /// The first offset that the topic still has, and the one behind its last, open transactions with it.
    pub held: Option<(i64, i64)>,
    /// The first offset that is not in the landing log; `None` where the log could not be read.
    pub end: Option<i64>,
    /// The last day that is closed in it.
    pub closed: Option<Day>,
    /// Whether a lander has it; `None` while they are shared out anew, or where that could not be asked.
    pub is_owned: Option<bool>,
    /// Why nobody can land on from where its log ends.
    pub gap: Option<String>,
}

impl LandedPartition {
    /// How many offsets of the topic are not landed.
    pub fn lag(&self) -> Option<i64> {
        Some((self.held?.1 - self.end?).max(0))
    }
}

/// What is sealed, and what is next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DayStatus {
    /// The last day that every partition has closed.
    pub closed: Option<Day>,
    /// The day that was sealed first.
    pub began: Option<Day>,
    /// The last day that is sealed.
    pub last_day: Option<Day>,
    /// The last week that is sealed.
    pub last_week: Option<Week>,
    /// What is sealed next, where that is known: nothing is before anything was landed.
    pub next: Option<Period>,
    /// Whether every partition has closed what is next.
    pub is_closed: bool,
    /// How many days are open, today with them.
    pub open_days: i32,
    /// For how many milliseconds the next seal has been overdue.
    pub overdue: i64,
    /// Whether the policy publishes days, and weeks.
    pub publishes: (bool, bool),
}

/// Looks at everything, at this moment (milliseconds since 1970); at Kafka where a cluster is handed in.
/// It blocks, and wants no runtime around it.
///
/// # Errors
/// Where the policy can't be read, or there is no thread for stores. All else that can't be read is said in
/// [`Status::unread`].
pub fn status(config: &Config, cluster: Option<&Cluster>, now: i64) -> Result<Status, Error> {
    let policy = config.load_policy().map_err(Error::Policy)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?;
    let mut status = Status::default();
    let asked = cluster.and_then(|cluster| status.take(ask(config, cluster)));
    let (source, owners, admin) = match asked {
        Some(asked) => {
            status.landing = asked.landing;
            (Some(asked.source), asked.owners, Some(asked.admin))
        }
        None => (None, None, None),
    };
    for one in &mut status.landing.partitions {
        one.is_owned = owners.as_ref().and_then(|owners| owners.has(one.partition));
    }
    runtime.block_on(status.look_at_stores(config, &policy, source.as_ref(), now));
    status.look_for_gaps(admin.as_ref());
    Ok(status)
}

/// What Kafka has said.
struct Asked {
    admin: Admin,
    source: Source,
    landing: LandingStatus,
    owners: Option<Owners>,
    unread: Vec<String>,
}

fn ask(config: &Config, cluster: &Cluster) -> Result<Asked, Error> {
    let admin =
        Admin::impatient(cluster).map_err(Error::broker("making a client for questions"))?;
    let topic = cluster.topics().stripped();
    let asking = "asking for the topic of stripped records";
    let partitions = admin
        .partition_count(&topic)
        .map_err(Error::broker(asking))?;
    let topic_id = admin.topic_id(&topic).map_err(Error::broker(asking))?;
    let mut unread = Vec::new();
    let mut ends = admin.ends(&topic, partitions, PARTITIONS);
    let partitions_of = (0..partitions).map(|partition| LandedPartition {
        partition,
        held: match ends.remove(&partition) {
            Some(Ok(held)) => Some(held),
            Some(Err(error)) => {
                unread.push(told(&Error::broker("asking for the ends of a partition")(
                    error,
                )));
                None
            }
            None => {
                unread.push(format!(
                    "partition {partition} was not asked for: the brokers take too long"
                ));
                None
            }
        },
        ..LandedPartition::default()
    });
    let found: Vec<_> = partitions_of.collect();
    let group = format!("{}{}", cluster.prefix(), config.group);
    let owners = admin.owners(&group, &topic);
    let owners = owners.map_err(Error::broker("asking who has the partitions"));
    let owners = owners.map_err(|error| unread.push(told(&error))).ok();
    Ok(Asked {
        admin,
        landing: LandingStatus {
            members: owners.as_ref().map(|owners| owners.members),
            topic: topic.clone(),
            group,
            partitions: found,
        },
        source: Source {
            topic,
            topic_id,
            partitions,
        },
        owners,
        unread,
    })
}

impl Status {
    /// What was found; an error is something that could not be read.
    fn take<T: Unread>(&mut self, found: Result<T, Error>) -> Option<T> {
        match found {
            Ok(mut found) => {
                self.unread.append(&mut found.unread());
                Some(found)
            }
            Err(error) => {
                self.unread.push(told(&error));
                None
            }
        }
    }

    async fn look_at_stores(
        &mut self,
        config: &Config,
        policy: &Policy,
        source: Option<&Source>,
        now: i64,
    ) {
        let landing = Landing::open_to_read(&config.landing, &config.landing_s3);
        let landing = self.take(landing.map_err(beside("aggregate.landing")));
        let read = match &landing {
            Some(landing) => self.take(Source::bound(landing).await),
            None => None,
        };
        let is_new = matches!(read, Some(None));
        let bound = read.flatten();
        if let (Some(bound), Some(source)) = (&bound, source)
            && let Err(error) = source.check(bound)
        {
            self.wrong.push(told(&error));
        }
        let rollups = Rollups::open_to_read_with(&config.rollups, &config.rollups_s3);
        let rollups = self.take(rollups.map_err(beside("aggregate.rollups")));
        let chain = match &rollups {
            Some(rollups) => self.take(Chain::load(rollups).await),
            None => None,
        };
        // Before the first day is sealed, the counts say which it is going to be.
        let is_deep = chain
            .as_ref()
            .is_some_and(|chain| needs_counts(chain, policy));
        let logs = match (&landing, &bound) {
            (Some(landing), Some(bound)) => self.look_at_logs(landing, bound, is_deep).await,
            _ => BTreeMap::new(),
        };
        self.set_logs(&logs, is_new);
        if let Some(chain) = chain {
            let source = source.or(bound.as_ref());
            if let Some(source) = source.filter(|source| is_of_another(&chain, source)) {
                let read = source.to_string();
                self.wrong.push(told(&Error::OtherRollups { read }));
            }
            let closed = self.landing.partitions.iter().map(|one| one.closed);
            let closed = closed.min().flatten();
            self.days = Some(days(&chain, policy, closed, &logs, config.seal_within, now));
        }
    }

    /// The logs of all partitions that can be read.
    async fn look_at_logs(
        &mut self,
        landing: &Landing,
        bound: &Source,
        is_deep: bool,
    ) -> BTreeMap<i32, Looked> {
        let id = bound.id();
        let mut logs = BTreeMap::new();
        for partition in 0..bound.partitions {
            match look(landing, &id, partition, is_deep).await {
                Ok(looked) => drop(logs.insert(partition, looked)),
                Err(error @ Error::Log { .. }) => self.wrong.push(told(&error)),
                Err(error) => self.unread.push(told(&error)),
            }
        }
        logs
    }

    /// Puts what is landed beside what the topic has; `is_new` says that nothing ever was.
    fn set_logs(&mut self, logs: &BTreeMap<i32, Looked>, is_new: bool) {
        let partitions = &mut self.landing.partitions;
        // Kafka was not asked.
        if partitions.is_empty() {
            partitions.extend(logs.keys().map(|partition| LandedPartition {
                partition: *partition,
                ..LandedPartition::default()
            }));
        }
        let nothing = Looked::default();
        for one in partitions {
            // A store in which nothing was landed has every log, and nothing in it.
            let looked = logs.get(&one.partition);
            if let Some(looked) = looked.or(is_new.then_some(&nothing)) {
                (one.end, one.closed) = (Some(looked.end), looked.closed);
            }
        }
    }

    /// Says of each partition why nobody can land on from where its log ends. What was landed since the topic
    /// was asked is not more than there is: then its end is asked for again.
    fn look_for_gaps(&mut self, admin: Option<&Admin>) {
        let LandingStatus {
            topic, partitions, ..
        } = &mut self.landing;
        for one in partitions {
            let (Some(end), Some((_, high))) = (one.end, &mut one.held) else {
                continue;
            };
            if end > *high
                && let Some(Ok((_, now))) =
                    admin.map(|admin| admin.watermarks(topic, one.partition))
            {
                *high = now;
            }
            let Some(held) = one.held else { continue };
            let place = Place {
                topic,
                partition: one.partition,
                end,
                held,
                is_other: false,
            };
            one.gap = place.check(None).err().map(|error| told(&error));
        }
    }
}

/// Whether the next period can't be told without what is landed.
fn needs_counts(chain: &Chain, policy: &Policy) -> bool {
    let next = |has_counts| schedule::next(chain, policy, || None, |_| has_counts);
    chain.last_day().is_none() || next(true) != next(false)
}

fn is_of_another(chain: &Chain, source: &Source) -> bool {
    let id = source.id();
    chain.manifests().iter().any(|one| one.source != id)
}

/// What the chain of manifests says, and what is landed behind it.
fn days(
    chain: &Chain,
    policy: &Policy,
    closed: Option<Day>,
    logs: &BTreeMap<i32, Looked>,
    within: Duration,
    now: i64,
) -> DayStatus {
    let landed = || logs.values().flat_map(|log| log.days.iter().copied());
    let has_counts = |week: Week| landed().any(|day| day.week() == week);
    let next = schedule::next(chain, policy, || landed().min(), has_counts);
    let is_closed = next.is_some_and(|next| Some(next.last_day()) <= closed);
    let open = chain.last_day().map(Day::next).or_else(|| landed().min());
    let last_week = chain.last_of(Unit::Week).map(Period::first_day);
    DayStatus {
        closed,
        began: chain.first().map(|first| first.first_day),
        last_day: chain.last_day(),
        last_week: last_week.map(Day::week),
        next,
        is_closed,
        open_days: open.map_or(0, |open| schedule::open_days(open, Day::from_millis(now))),
        overdue: next.map_or(0, |next| schedule::overdue(next.last_day(), now, within)),
        publishes: (
            schedule::has_tables(policy, Unit::Day),
            schedule::has_tables(policy, Unit::Week),
        ),
    }
}

/// What was found may say itself what of it could not be read.
trait Unread {
    fn unread(&mut self) -> Vec<String> {
        Vec::new()
    }
}

impl Unread for Asked {
    fn unread(&mut self) -> Vec<String> {
        std::mem::take(&mut self.unread)
    }
}

impl Unread for Landing {}
impl Unread for Rollups {}
impl Unread for Chain {}
impl Unread for Option<Source> {}

/// Says of a store that is not there what it may mean.
fn beside(setting: &'static str) -> impl FnOnce(Error) -> Error {
    move |error| match error {
        Error::Place { place, reason } => Error::Place {
            place: format!("{place} ({setting})"),
            reason: format!(
                "{reason}; run this where aggregate runs, with its settings; where it has never run, there is \
                 nothing yet"
            ),
        },
        error => error,
    }
}

/// An error with its causes, and what to do where a right is missing.
fn told(error: &Error) -> String {
    let advice = match error {
        Error::Broker { source, .. } => source.missing_right(),
        _ => None,
    };
    let text = Causes(error).to_string();
    match advice {
        Some(advice) => format!("{text}: {advice}"),
        None => text,
    }
}

#[cfg(test)]
mod tests;
