//! The topics: their names, and the settings that each of them must have.

use std::time::Duration;

use kaiku_wire::Month;
use kaiku_wire::contract::topic;
use serde::{Deserialize, Serialize};

/// What a broker must accept as one record or batch, in bytes: Kafka's default, and above
/// librdkafka's own limit of 1,000,000 for a record, so that a producer refuses before a broker
/// does.
pub const MESSAGE_MAX_BYTES: u64 = 1_048_576;

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a raw record may live where enrich does not delete it first.
pub(crate) const RAW_RETENTION: Duration = Duration::from_secs(14 * 24 * 3600);
const REJECTED_RETENTION: Duration = Duration::from_secs(30 * 24 * 3600);
/// What was replaced or deleted is compacted away within this time, however little is written: the
/// sealed record of a device that was forgotten, a month's key.
pub(crate) const COMPACTION_LAG: Duration = DAY;
/// `retention.ms` for "never by age".
pub(crate) const NEVER: &str = "-1";

/// The names of the topics, under one prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics {
    /// Put in front of every name as it stands; empty in production.
    pub prefix: String,
}

impl Topics {
    /// What devices say, with their identity.
    pub fn raw(&self) -> String {
        self.named(topic::RAW)
    }

    /// What enrich leaves of it: no identity, but not yet anonymous.
    pub fn stripped(&self) -> String {
        self.named(topic::STRIPPED)
    }

    /// What is known of each device in a month's open periods, encrypted.
    pub fn state(&self, month: Month) -> String {
        self.named(&format!("{}.{month}", topic::STATE))
    }

    /// The months' sealed keys.
    pub fn keys(&self) -> String {
        self.named(topic::KEYS)
    }

    /// Reasons, days and counts of what was rejected.
    pub fn rejected(&self) -> String {
        self.named(topic::REJECTED)
    }

    /// The name of a topic of this kind; `None` for the state, of which there is one a month.
    fn of_kind(&self, kind: Kind) -> Option<String> {
        match kind {
            Kind::Raw => Some(self.raw()),
            Kind::Stripped => Some(self.stripped()),
            Kind::State => None,
            Kind::Keys => Some(self.keys()),
            Kind::Rejected => Some(self.rejected()),
        }
    }

    /// The topics of these kinds, the state once for each of the months.
    pub(crate) fn named_of(&self, kinds: &[Kind], months: &[Month]) -> Vec<(Kind, String)> {
        let mut named = Vec::new();
        for kind in kinds {
            match self.of_kind(*kind) {
                Some(name) => named.push((*kind, name)),
                None => named.extend(months.iter().map(|month| (*kind, self.state(*month)))),
            }
        }
        named
    }

    /// The months that have a state topic among these names, oldest first.
    pub fn months_in(&self, names: &[String]) -> Vec<Month> {
        let mut months: Vec<Month> = names
            .iter()
            .filter_map(|name| name.get(name.len().checked_sub(7)?..))
            .filter_map(|end| Month::parse(end).ok())
            .filter(|month| names.contains(&self.state(*month)))
            .collect();
        months.sort_unstable();
        months.dedup();
        months
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// The `[topics]` section of the settings: the shape that the topics are made in and held to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicsConfig {
    /// Partitions of every topic but `enrich.keys`; never to be changed once there are records.
    pub partitions: i32,
    /// On how many brokers each record stands.
    pub replication: i32,
    /// History is replayed: the producers say when a record was made (CreateTime), and whoever
    /// replays closes the days.
    pub replay: bool,
}

impl Default for TopicsConfig {
    /// Four partitions on one broker, no replay.
    fn default() -> Self {
        TopicsConfig {
            partitions: 4,
            replication: 1,
            replay: false,
        }
    }
}

impl TopicsConfig {
    /// Everything that keeps these settings from being used, each with what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !(1..=10_000).contains(&self.partitions) {
            problems.push(
                "topics.partitions must be 1 to 10000: take 64 where growth is expected".to_owned(),
            );
        }
        if !(1..=100).contains(&self.replication) {
            problems.push(
                "topics.replication must be at least 1, and no more than there are brokers: take 3"
                    .to_owned(),
            );
        }
        problems
    }
}

/// Which of the topics one is; their settings follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `events.raw`.
    Raw,
    /// `events.stripped`.
    Stripped,
    /// `enrich.state.YYYY-MM`.
    State,
    /// `enrich.keys`.
    Keys,
    /// `events.rejected`.
    Rejected,
}

impl Kind {
    /// Every kind, in the order in which data flows.
    pub(crate) const ALL: [Kind; 5] = [
        Kind::Raw,
        Kind::Stripped,
        Kind::Rejected,
        Kind::Keys,
        Kind::State,
    ];
}

/// One topic as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicSpec {
    /// Which topic it is.
    pub kind: Kind,
    /// Its full name, prefix included.
    pub name: String,
    /// How many partitions it gets; the same for all but `enrich.keys`, for partition p feeds
    /// partition p.
    pub partitions: i32,
    /// On how many brokers each record stands.
    pub replication: i32,
    /// The topic's settings, by Kafka's names.
    pub settings: Vec<(&'static str, String)>,
}

impl TopicSpec {
    /// The topic of `kind` in this shape; [`Kind::Keys`] has one partition whatever is asked. In a
    /// replay, record times are the producer's, and no age deletes anything: history is old when
    /// it arrives.
    pub fn new(kind: Kind, name: String, shape: &TopicsConfig) -> TopicSpec {
        let TopicsConfig {
            partitions,
            replication,
            replay,
        } = *shape;
        let partitions = if kind == Kind::Keys { 1 } else { partitions };
        let mut settings = settings(kind, replay);
        settings.push(("max.message.bytes", MESSAGE_MAX_BYTES.to_string()));
        if matches!(kind, Kind::State | Kind::Keys) {
            settings.push((
                "max.compaction.lag.ms",
                COMPACTION_LAG.as_millis().to_string(),
            ));
        }
        if replication > 1 {
            // A broker that lags behind and is elected all the same loses what was acknowledged.
            settings.push(("unclean.leader.election.enable", "false".to_owned()));
            settings.push(("min.insync.replicas", majority(replication).to_string()));
        }
        TopicSpec {
            kind,
            name,
            partitions,
            replication,
            settings,
        }
    }

    /// What the spec says of one setting.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// How many of `replication` copies must stand before a write is acknowledged, so that the loss of
/// the others loses nothing that was.
pub(crate) fn majority(replication: i32) -> i32 {
    replication / 2 + 1
}

fn settings(kind: Kind, replay: bool) -> Vec<(&'static str, String)> {
    let text = |value: &str| value.to_owned();
    let millis = |span: Duration| span.as_millis().to_string();
    match kind {
        // The day of an event is the broker's time of its record. In a replay it is the producer's,
        // and a segment an hour of history would be a file an hour.
        Kind::Raw if replay => vec![
            ("cleanup.policy", text("delete")),
            ("message.timestamp.type", text("CreateTime")),
            ("retention.ms", text(NEVER)),
            ("segment.ms", millis(DAY)),
        ],
        Kind::Raw => vec![
            ("cleanup.policy", text("delete")),
            ("message.timestamp.type", text("LogAppendTime")),
            ("retention.ms", millis(RAW_RETENTION)),
            ("segment.ms", millis(HOUR)),
        ],
        // Record times are days here, set by enrich: by age, Kafka would delete within minutes what
        // was never landed. Less than a day a segment, so that each day of records gets its own,
        // and deleting up to it frees the disk.
        Kind::Stripped => vec![
            ("cleanup.policy", text("delete")),
            ("message.timestamp.type", text("CreateTime")),
            ("retention.ms", text(NEVER)),
            ("segment.ms", millis(DAY / 2)),
        ],
        Kind::State => vec![
            ("cleanup.policy", text("compact")),
            ("message.timestamp.type", text("CreateTime")),
            ("segment.bytes", (64 << 20).to_string()),
            ("segment.ms", millis(HOUR)),
        ],
        // Not compacted alone: Kafka refuses DeleteRecords, by which an old key goes, on a topic
        // without `delete`.
        Kind::Keys => vec![
            ("cleanup.policy", text("compact,delete")),
            ("message.timestamp.type", text("CreateTime")),
            ("retention.ms", text(NEVER)),
            ("segment.ms", millis(DAY)),
        ],
        Kind::Rejected => vec![
            ("cleanup.policy", text("delete")),
            ("message.timestamp.type", text("CreateTime")),
            (
                "retention.ms",
                if replay {
                    text(NEVER)
                } else {
                    millis(REJECTED_RETENTION)
                },
            ),
            ("segment.ms", millis(DAY / 2)),
        ],
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_stands_in_front_of_every_name() {
        let topics = Topics {
            prefix: "try-7.".into(),
        };
        let month = Month::parse("2026-11").unwrap();
        let names = [
            topics.raw(),
            topics.stripped(),
            topics.state(month),
            topics.keys(),
            topics.rejected(),
        ];
        let expected = [
            "try-7.events.raw",
            "try-7.events.stripped",
            "try-7.enrich.state.2026-11",
            "try-7.enrich.keys",
            "try-7.events.rejected",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn keys_has_one_partition_and_the_rest_agree() {
        let six = TopicsConfig {
            partitions: 6,
            ..TopicsConfig::default()
        };
        for kind in Kind::ALL {
            let expected = if kind == Kind::Keys { 1 } else { 6 };
            let spec = TopicSpec::new(kind, "t".into(), &six);
            assert_eq!(spec.partitions, expected, "{kind:?}");
        }
    }

    #[test]
    fn only_a_replay_takes_the_producers_time() {
        let raw = |replay| {
            let shape = TopicsConfig {
                replay,
                ..TopicsConfig::default()
            };
            TopicSpec::new(Kind::Raw, "t".into(), &shape)
        };
        assert_eq!(
            raw(false).setting("message.timestamp.type"),
            Some("LogAppendTime")
        );
        assert_eq!(
            raw(true).setting("message.timestamp.type"),
            Some("CreateTime")
        );
        assert_eq!(raw(true).setting("retention.ms"), Some("-1"));
    }

    #[test]
    fn an_acknowledged_record_stands_on_a_majority() {
        let insync = |replication| {
            let shape = TopicsConfig {
                replication,
                ..TopicsConfig::default()
            };
            let spec = TopicSpec::new(Kind::Raw, "t".into(), &shape);
            spec.setting("min.insync.replicas").map(str::to_owned)
        };
        assert_eq!(insync(1), None);
        assert_eq!(insync(2).as_deref(), Some("2"));
        assert_eq!(insync(3).as_deref(), Some("2"));
        assert_eq!(insync(5).as_deref(), Some("3"));
    }
}
