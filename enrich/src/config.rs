//! Settings of the enrichment stage.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

/// Settings of the enrichment stage.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Consumer group. It is also the first part of every lane's `transactional.id`: another group
    /// on the same topics would count everything twice.
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
    /// History is replayed: timestamps are the producers' (CreateTime), and the days are closed
    /// by the ticks of whoever replays.
    pub replay: bool,
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
    /// Replication factor of the state topics that this stage makes at the turn of a month.
    pub replication: i32,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            group: "kaiku-enrich".to_owned(),
            keys_dir: PathBuf::from("keys"),
            create_keys: true,
            mix_uploads: 500,
            mix_time: Duration::from_millis(200),
            mix_longest: Duration::from_secs(30),
            grace: Duration::from_secs(300),
            replay: false,
            delete_raw: true,
            delete_margin: 10_000,
            delete_every: Duration::from_secs(60),
            transaction_timeout: Duration::from_secs(30),
            retry: Duration::from_secs(2),
            replication: 1,
        }
    }
}

impl Config {
    /// Everything that is wrong with these settings, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut require = |holds: bool, sentence: &str| {
            if !holds {
                problems.push(sentence.to_owned());
            }
        };
        require(
            !self.group.is_empty(),
            "enrich.group is empty: name the consumer group",
        );
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
            self.create_keys || self.keys_dir.is_dir(),
            "enrich.keys_dir is no folder, and enrich.create_keys is off: \
             put the key-encryption keys there, or turn enrich.create_keys on",
        );
        problems
    }
}
