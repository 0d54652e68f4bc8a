//! Settings of the enrichment stage.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the enrichment stage.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Consumer group; where none is named, `kaiku-enrich` behind the prefix of the topics. Behind the
    /// prefix, it is also the first part of every lane's `transactional.id`: another group on the same
    /// topics would count everything twice.
    pub group: String,
    /// Folder with the key-encryption keys, one file a month (`2026-11.key`, 64 hexadecimal
    /// digits), which seals that month's key on `enrich.keys`.
    pub keys_dir: PathBuf,
    /// Make a month's key-encryption key where its file is missing. Turn it off where several
    /// hosts run this stage, and hand the files out yourself.
    pub create_keys: bool,
    /// Uploads that are gathered, while there are enough of them, before a transaction commits.
    pub mix_uploads: usize,
    /// A transaction is at least this old when it commits, so that uploads mix under load.
    #[serde(with = "humantime_serde")]
    pub mix_time: Duration,
    /// A transaction commits at this age, however few uploads it holds.
    #[serde(with = "humantime_serde")]
    pub mix_longest: Duration,
    /// How far the broker's clock may run ahead of this one, and how long after midnight a lane
    /// waits for a record before it asks the broker for the time.
    #[serde(with = "humantime_serde")]
    pub grace: Duration,
    /// What becomes of a record whose broker time runs further ahead than that.
    pub clock_ahead: ClockAhead,
    /// How long this process may be silent before the group gives its partitions to others. The
    /// broker has bounds for it, by default 6 s and 30 min.
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
    /// How long the group member may be busy with something else before it gives its partitions
    /// away by itself.
    #[serde(with = "humantime_serde")]
    pub poll_timeout: Duration,
    /// How many identifiers that a partition has no state of may enter the counts in one hour, for
    /// each app, by the records' Kafka time. What is beyond counts for nothing and leaves no state:
    /// a guard against faked identifiers.
    pub new_devices_per_hour: u32,
    /// What an operator has decided to go on without, for this start alone: from the command line,
    /// never from a file.
    #[serde(skip)]
    pub accept: Accept,
    /// Delete raw records once they are committed.
    pub delete_raw: bool,
    /// How many committed raw records are left standing on each partition.
    pub delete_margin: i64,
    /// How often committed raw records are deleted.
    #[serde(with = "humantime_serde")]
    pub delete_every: Duration,
    /// Limit for one call of a transaction.
    #[serde(with = "humantime_serde")]
    pub transaction_timeout: Duration,
    /// How often topics are checked while the stage waits for them; and how long a stopped lane
    /// waits before it tries again.
    #[serde(with = "humantime_serde")]
    pub retry: Duration,
}

/// What becomes of a record whose broker time lies ahead of this machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockAhead {
    /// The partition stands still until the clocks agree, and says so.
    #[default]
    Stop,
    /// It counts on the day that is open, and closes none. For a broker whose clock was wrong for
    /// a while, and is right again.
    OpenDay,
}

/// What an operator has decided to go on without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// By partition, the offset before which raw records were deleted without having been counted.
    pub gaps: BTreeMap<i32, i64>,
    /// Partitions whose state is gone, with the offset at which it was noticed: nothing counts for the
    /// rest of the open day, and no weekly mark for the rest of the week.
    pub lost_state: BTreeMap<i32, i64>,
    /// Partitions whose topic has lost its end.
    pub cuts: BTreeMap<i32, AcceptedCut>,
    /// Records that nobody can mend: partition, first and last offset.
    pub rejects: BTreeSet<(i32, i64, i64)>,
}

/// A log that has lost its end, as an operator has named it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcceptedCut {
    /// The offset that had been reached.
    pub reached: i64,
    /// From where on it was written again; `None` leaves that to the broker's time.
    pub from: Option<i64>,
}

impl Accept {
    /// The first partition that is named and that a topic with so many does not have.
    pub(crate) fn beyond(&self, partitions: i32) -> Option<i32> {
        let Accept {
            gaps,
            lost_state,
            cuts,
            rejects,
        } = self;
        let named = gaps.keys().chain(lost_state.keys()).chain(cuts.keys());
        let mut named = named
            .copied()
            .chain(rejects.iter().map(|(partition, ..)| *partition));
        named.find(|partition| !(0..partitions).contains(partition))
    }

    /// The offsets of a partition that are to be rejected.
    pub(crate) fn rejects_of(&self, partition: i32) -> Vec<RangeInclusive<i64>> {
        let of = self.rejects.iter().filter(|(one, ..)| *one == partition);
        of.map(|(_, first, last)| *first..=*last).collect()
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            group: String::new(),
            keys_dir: PathBuf::from("keys"),
            create_keys: true,
            mix_uploads: 500,
            mix_time: Duration::from_millis(200),
            mix_longest: Duration::from_secs(30),
            grace: Duration::from_secs(300),
            clock_ahead: ClockAhead::Stop,
            session_timeout: Duration::from_secs(10),
            poll_timeout: Duration::from_secs(300),
            new_devices_per_hour: 100_000,
            accept: Accept::default(),
            delete_raw: true,
            delete_margin: 10_000,
            delete_every: Duration::from_secs(60),
            transaction_timeout: Duration::from_secs(30),
            retry: Duration::from_secs(2),
        }
    }
}

/// The consumer group where none is named, behind the prefix of the topics.
const GROUP: &str = "kaiku-enrich";

impl Config {
    /// The consumer group of topics under a prefix.
    pub(crate) fn group_under(&self, prefix: &str) -> String {
        if self.group.is_empty() {
            format!("{prefix}{GROUP}")
        } else {
            self.group.clone()
        }
    }

    /// The first part of the `transactional.id` of whatever writes to topics under a prefix: two sets of
    /// topics on one cluster never fence each other, whatever their groups are.
    pub(crate) fn writer_under(&self, prefix: &str) -> String {
        let group = match self.group.as_str() {
            "" => GROUP,
            group => group,
        };
        format!("{prefix}{group}")
    }

    /// Everything that is wrong with these settings, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut require = |holds: bool, sentence: &str| {
            if !holds {
                problems.push(sentence.to_owned());
            }
        };
        require(
            self.mix_uploads > 0,
            "enrich.mix_uploads must be at least 1",
        );
        require(
            self.mix_time <= self.mix_longest,
            "enrich.mix_time must not be longer than enrich.mix_longest",
        );
        require(
            self.delete_margin >= 0,
            "enrich.delete_margin must not be negative",
        );
        require(
            self.transaction_timeout >= Duration::from_secs(1),
            "enrich.transaction_timeout must be at least 1s",
        );
        require(
            self.session_timeout >= Duration::from_millis(100)
                && self.poll_timeout >= self.session_timeout,
            "enrich.session_timeout must be at least 100ms, and enrich.poll_timeout no shorter",
        );
        require(
            self.new_devices_per_hour > 0,
            "enrich.new_devices_per_hour must be at least 1: with 0 no device would ever count",
        );
        require(
            self.create_keys || self.keys_dir.is_dir(),
            "enrich.keys_dir is no folder, and enrich.create_keys is off: \
             put the key-encryption keys there, or turn enrich.create_keys on",
        );
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn a_quota_that_lets_nobody_in_is_refused() {
        let quota = |new_devices_per_hour| {
            let config = Config {
                new_devices_per_hour,
                ..Config::default()
            };
            config.problems()
        };
        assert!(quota(1).is_empty());
        assert_eq!(quota(0).len(), 1);
    }
}
