//! Do the topics stand as they must? Pure: what was seen and what is needed go in, sentences come
//! out.

use std::collections::{BTreeMap, BTreeSet};

use crate::topics::{
    COMPACTION_LAG, Kind, MESSAGE_MAX_BYTES, NEVER, RAW_RETENTION, TopicSpec, TopicsConfig,
    majority,
};

/// An absence of enrich that `events.raw` should outlast: a weekend and a day.
const ABSENCE_MS: i64 = 3 * 24 * 3_600_000;

/// Whose topics: a stage's credentials should reach no further than its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every topic.
    All,
    /// What the gateway or a producer writes to: `events.raw`.
    Ingest,
    /// What enrich reads and writes: every topic.
    Enrich,
    /// What aggregate reads: `events.stripped`.
    Aggregate,
}

impl Scope {
    /// The kinds of topics that are looked at.
    pub(crate) fn kinds(self) -> &'static [Kind] {
        match self {
            Scope::Ingest => &[Kind::Raw],
            Scope::Aggregate => &[Kind::Stripped],
            Scope::All | Scope::Enrich => &Kind::ALL,
        }
    }
}

/// A topic as the brokers describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partitions: i32,
    /// The smallest number of replicas of any of its partitions.
    pub(crate) replication: i32,
    pub(crate) settings: BTreeMap<String, String>,
}

/// Every way in which the topics differ from what is needed.
pub(crate) fn deviations(
    shape: &TopicsConfig,
    wanted: &[(Kind, String)],
    seen: &BTreeMap<String, Seen>,
) -> Vec<String> {
    let mut sentences = Vec::new();
    // The first topic that is there sets the number of partitions: events.raw, where it is looked
    // at.
    let mut first: Option<(&str, i32)> = None;
    for (kind, name) in wanted {
        let Some(topic) = seen.get(name) else {
            sentences.push(format!(
                "topic `{name}` does not exist: make it with `kaiku topics create` (where it is there, this \
                 user may not see it: give it the right Describe)"
            ));
            continue;
        };
        match (kind, first) {
            (Kind::Keys, _) if topic.partitions != 1 => sentences.push(format!(
                "topic `{name}` has {} partitions and may have one only: delete it and make it \
                 with `kaiku topics create` before the first start",
                topic.partitions
            )),
            (Kind::Keys, _) => {}
            (_, None) => first = Some((name, topic.partitions)),
            (_, Some((_, partitions))) if partitions == topic.partitions => {}
            (_, Some((other, partitions))) => sentences.push(format!(
                "topic `{name}` has {} partitions and `{other}` has {partitions}: they must \
                 agree, and can't be changed later, so make a new set of topics under another \
                 kafka.prefix",
                topic.partitions
            )),
        }
        settings(shape, *kind, name, topic, &mut sentences);
    }
    sentences
}

/// Why no topic can be made with so many replicas, where there are fewer brokers.
pub(crate) fn too_few(replication: i32, brokers: usize) -> Option<String> {
    let brokers = i32::try_from(brokers).unwrap_or(i32::MAX);
    (replication > brokers).then(|| {
        format!(
            "topics.replication is {replication}, and the cluster has {brokers} broker(s) that answer: lower \
             it (`kaiku topics create --replication {brokers}`), or start the others"
        )
    })
}

/// What is wrong with one topic's own settings.
fn settings(
    shape: &TopicsConfig,
    kind: Kind,
    name: &str,
    topic: &Seen,
    sentences: &mut Vec<String>,
) {
    if topic.replication < shape.replication {
        sentences.push(format!(
            "topic `{name}` stands on {} broker(s) and {} are asked for: add replicas with \
             `kafka-reassign-partitions`, or lower topics.replication",
            topic.replication, shape.replication
        ));
    }
    // A broker that replicates by majority, as Redpanda does, has no such setting and needs none.
    if let Some(insync) = topic.number("min.insync.replicas")
        && insync < i64::from(majority(topic.replication))
    {
        let least = majority(topic.replication);
        sentences.push(alter(
            name,
            "min.insync.replicas",
            &insync.to_string(),
            &least.to_string(),
        ));
    }
    let unclean = "unclean.leader.election.enable";
    if topic.replication > 1 && topic.is(unclean, "true") {
        sentences.push(alter(name, unclean, "true", "false"));
    }
    if let Some(bytes) = topic.number("max.message.bytes")
        && bytes < i64::try_from(MESSAGE_MAX_BYTES).unwrap_or(i64::MAX)
    {
        sentences.push(alter(
            name,
            "max.message.bytes",
            &bytes.to_string(),
            &MESSAGE_MAX_BYTES.to_string(),
        ));
    }
    let seen = TopicsConfig {
        partitions: topic.partitions,
        replication: topic.replication,
        replay: shape.replay,
    };
    let spec = TopicSpec::new(kind, name.to_owned(), &seen);
    for setting in ["cleanup.policy", "message.timestamp.type"] {
        let (Some(has), Some(needs)) = (topic.settings.get(setting), spec.setting(setting)) else {
            continue;
        };
        // State and keys are found by their offsets; nobody reads the time of their records.
        let matters = setting == "cleanup.policy" || !matches!(kind, Kind::State | Kind::Keys);
        if matters && words(has) != words(needs) {
            sentences.push(alter(name, setting, has, needs));
        }
    }
    retention(kind, name, topic, &spec, sentences);
}

fn retention(kind: Kind, name: &str, topic: &Seen, spec: &TopicSpec, sentences: &mut Vec<String>) {
    let (Some(has), Some(needs)) = (topic.number("retention.ms"), spec.setting("retention.ms"))
    else {
        return;
    };
    let longest = i64::try_from(RAW_RETENTION.as_millis()).unwrap_or(i64::MAX);
    let is_right = match kind {
        _ if needs == NEVER => has == -1,
        // The long stop for people's identities may be shorter than ours, not longer.
        Kind::Raw => (0..=longest).contains(&has),
        Kind::Stripped | Kind::State | Kind::Keys | Kind::Rejected => true,
    };
    if !is_right {
        sentences.push(alter(name, "retention.ms", &has.to_string(), needs));
    }
    // By size, Kafka would throw away what nobody has read yet.
    if kind != Kind::State
        && topic
            .number("retention.bytes")
            .is_some_and(|bytes| bytes != -1)
    {
        let bytes = topic
            .settings
            .get("retention.bytes")
            .map_or("", String::as_str);
        sentences.push(alter(name, "retention.bytes", bytes, NEVER));
    }
}

/// What works as it is and may cost something one day.
pub(crate) fn remarks(
    shape: &TopicsConfig,
    wanted: &[(Kind, String)],
    seen: &BTreeMap<String, Seen>,
) -> Vec<String> {
    let there = wanted
        .iter()
        .filter_map(|(kind, name)| Some((*kind, name, seen.get(name)?)));
    let mut remarks = Vec::new();
    for (kind, name, topic) in there {
        match kind {
            Kind::Raw => {
                remarks.extend(other_partitions(shape, name, topic));
                remarks.extend(
                    (!shape.replay)
                        .then(|| short_retention(name, topic))
                        .flatten(),
                );
            }
            Kind::State | Kind::Keys => remarks.extend(late_compaction(name, topic)),
            Kind::Stripped | Kind::Rejected => {}
        }
    }
    remarks
}

fn other_partitions(shape: &TopicsConfig, name: &str, topic: &Seen) -> Option<String> {
    let (set, has) = (shape.partitions, topic.partitions);
    (set != has).then(|| {
        format!(
            "topic `{name}` has {has} partitions and topics.partitions is {set}: the topic's number counts; set \
             topics.partitions = {has}"
        )
    })
}

fn short_retention(name: &str, topic: &Seen) -> Option<String> {
    let has = topic.number("retention.ms")?;
    let hours = has / 3_600_000;
    let wanted = RAW_RETENTION.as_millis().to_string();
    (0..ABSENCE_MS).contains(&has).then(|| {
        format!(
            "topic `{name}` keeps records for {hours} hours: where enrich is away for longer, they are \
             gone before they were counted, for good. {}",
            command(name, "retention.ms", &wanted)
        )
    })
}

fn late_compaction(name: &str, topic: &Seen) -> Option<String> {
    let lag = "max.compaction.lag.ms";
    let longest = i64::try_from(COMPACTION_LAG.as_millis()).unwrap_or(i64::MAX);
    let is_late = topic.number(lag).is_some_and(|has| has > longest);
    is_late.then(|| {
        format!(
            "topic `{name}` has no bound on how late it is compacted: what was replaced or deleted stays \
             until the cleaner happens to come. {}",
            command(name, lag, &longest.to_string())
        )
    })
}

fn alter(topic: &str, setting: &str, has: &str, needs: &str) -> String {
    let command = command(topic, setting, needs);
    format!("topic `{topic}` has {setting}={has} and needs {needs}: {command}")
}

fn command(topic: &str, setting: &str, needs: &str) -> String {
    format!(
        "`kafka-configs --bootstrap-server BROKER --alter --entity-type topics --entity-name {topic} \
         --add-config '{setting}=[{needs}]'` sets it"
    )
}

fn words(list: &str) -> BTreeSet<&str> {
    list.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .collect()
}

impl Seen {
    fn is(&self, setting: &str, value: &str) -> bool {
        self.settings.get(setting).is_some_and(|has| has == value)
    }

    fn number(&self, setting: &str) -> Option<i64> {
        self.settings
            .get(setting)
            .and_then(|value| value.parse().ok())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
