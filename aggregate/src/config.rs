//! Settings of the aggregation stage.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use kaiku_release::{Policy, Table};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::landing::marginals;
use crate::rollups::Rollups;
use crate::store::{Landing, Probed, S3Config, Store, is_url};

/// Settings of the aggregation stage.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where partial counts lie: a folder, or a URL. Personal data for the pipeline alone.
    pub landing: String,
    /// Where what is released lies: a folder, or a URL.
    pub rollups: String,
    /// How the landing store is reached where it is a URL.
    pub landing_s3: S3Config,
    /// How the rollups are reached where they are a URL.
    pub rollups_s3: S3Config,
    /// Folder in which local files are written before they appear under their name; on the file
    /// system of both stores and in neither. `.kaiku-tmp` beside each store where none is set.
    pub staging: Option<PathBuf>,
    /// A built-in policy by its name (`small`, `default`, `large`), or a policy file; `small` where
    /// none is set.
    pub policy: Option<PathBuf>,
    /// Consumer group by which the processes of this stage share the partitions; the prefix of the
    /// topics stands in front of it.
    pub group: String,
    /// How long this process may be silent before the group gives its partitions to others.
    #[serde(with = "humantime_serde")]
    pub session_timeout: Duration,
    /// A landing object is put at this age of its first record, if not earlier.
    #[serde(with = "humantime_serde")]
    pub roll_time: Duration,
    /// A landing object is put when it holds this many events.
    pub roll_events: u64,
    /// Put a landing object as soon as a day closes in its partition, so that the seal need not
    /// wait for `roll_time`.
    pub roll_on_close: bool,
    /// Threads that land, each with its own share of the partitions; 0 for one a core.
    pub threads: usize,
    /// Delete records of `events.stripped` when all that was landed of them is sealed.
    pub delete_stripped: bool,
    /// Delete landing data when all its days are sealed.
    pub delete_landing: bool,
    /// The devices are simulated, as those of `kaiku demo`: each manifest says so, and so does whatever
    /// is made of the rollups.
    pub synthetic: bool,
    /// How often the seal looks by itself whether a day is due.
    #[serde(with = "humantime_serde")]
    pub seal_every: Duration,
    /// How long after midnight a day should be sealed; behind it, it is overdue.
    #[serde(with = "humantime_serde")]
    pub seal_within: Duration,
    /// How long a record is waited for whose schema the registry does not know: one that replicates may
    /// come to know it.
    #[serde(with = "humantime_serde")]
    pub unknown_schema: Duration,
    /// What an operator has decided to go on without, for this start alone: from the command line,
    /// never from a file.
    #[serde(skip)]
    pub accept: Accept,
    /// How long to wait before what failed is tried again.
    #[serde(with = "humantime_serde")]
    pub retry: Duration,
}

/// What an operator has decided to go on without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// By partition, the offset before which stripped records are lost that were never landed.
    pub gaps: BTreeMap<i32, i64>,
    /// Stripped records that nobody can read: partition, first and last offset.
    pub rejects: BTreeSet<(i32, i64, i64)>,
}

impl Accept {
    /// The first partition that is named and that a topic with so many does not have.
    pub(crate) fn beyond(&self, partitions: i32) -> Option<i32> {
        let Accept { gaps, rejects } = self;
        let rejected = rejects.iter().map(|(partition, ..)| *partition);
        let mut named = gaps.keys().copied().chain(rejected);
        named.find(|partition| !(0..partitions).contains(partition))
    }

    /// Whether a record is to be gone on without.
    pub(crate) fn rejects(&self, partition: i32, offset: i64) -> bool {
        let named = |(of, first, last): &(i32, i64, i64)| {
            *of == partition && (*first..=*last).contains(&offset)
        };
        self.rejects.iter().any(named)
    }
}

impl Default for Config {
    fn default() -> Config {
        Config {
            landing: "landing".to_owned(),
            rollups: "rollups".to_owned(),
            landing_s3: S3Config::default(),
            rollups_s3: S3Config::default(),
            staging: None,
            policy: None,
            group: "kaiku-aggregate".to_owned(),
            session_timeout: Duration::from_secs(10),
            roll_time: Duration::from_secs(3600),
            roll_events: 2_000_000,
            roll_on_close: true,
            threads: 0,
            delete_stripped: true,
            delete_landing: true,
            synthetic: false,
            seal_every: Duration::from_secs(10),
            seal_within: Duration::from_secs(3600),
            unknown_schema: Duration::from_secs(120),
            accept: Accept::default(),
            retry: Duration::from_secs(2),
        }
    }
}

impl Config {
    /// Everything that is wrong with these settings, a sentence each that says what to do. Reads
    /// the policy file; opens no store.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.landing.is_empty() || self.rollups.is_empty() {
            problems
                .push("aggregate.landing and aggregate.rollups must name two stores".to_owned());
        }
        if is_within(&self.landing, &self.rollups) || is_within(&self.rollups, &self.landing) {
            problems.push(
                "aggregate.landing and aggregate.rollups must be apart: only rollups are public"
                    .to_owned(),
            );
        }
        for (name, place, s3) in self.stores() {
            problems.extend(s3.problems(name, place));
        }
        if self.group.is_empty() || self.session_timeout < Duration::from_millis(100) {
            problems.push(
                "aggregate.group must name a consumer group, and aggregate.session_timeout be at \
                 least 100ms"
                    .to_owned(),
            );
        }
        if self.roll_events == 0 || self.roll_time.is_zero() {
            problems.push("aggregate.roll_events and aggregate.roll_time must not be 0".to_owned());
        }
        if self.retry.is_zero() || self.seal_every.is_zero() {
            problems.push("aggregate.retry and aggregate.seal_every must not be 0".to_owned());
        }
        if let Err(found) = self.load_policy() {
            problems.extend(found);
        }
        problems
    }

    /// Reads the policy file, or takes a built-in policy: the one that is named, or `small`.
    ///
    /// # Errors
    /// Everything that is wrong with it, a sentence each.
    pub fn load_policy(&self) -> Result<Policy, Vec<String>> {
        let Some(file) = &self.policy else {
            return Ok(Policy::small());
        };
        if let Some(policy) = file.to_str().and_then(Policy::named) {
            return Ok(policy);
        }
        let text = std::fs::read_to_string(file).map_err(|error| {
            vec![format!(
                "aggregate.policy: {} can't be read ({error}): name small, default, large or an existing file",
                file.display()
            )]
        })?;
        let with_file =
            |problem: String| format!("aggregate.policy: {}: {problem}", file.display());
        let policy = Policy::parse(&text).map_err(|problems| -> Vec<String> {
            let problems = problems.iter().map(ToString::to_string);
            problems.map(with_file).collect()
        })?;
        match too_wide(&policy) {
            problems if problems.is_empty() => Ok(policy),
            problems => Err(problems.into_iter().map(with_file).collect()),
        }
    }

    /// Opens the store of partial counts; a local folder is made, for its owner alone.
    ///
    /// # Errors
    /// Where the setting can't be used.
    pub fn landing_store(&self) -> Result<Landing, Error> {
        Landing::open_with(&self.landing, self.staging.as_deref(), &self.landing_s3)
    }

    /// Tries both stores without leaving anything in them: the name of the setting, the place, and what it
    /// was found to be. An object store gets an object of this name, which is deleted again.
    pub async fn probe_stores(
        &self,
        name: &str,
    ) -> [(&'static str, &str, Result<Probed, Error>); 2] {
        let staging = self.staging.as_deref();
        let [landing, rollups] = self.stores().map(|(of, place, s3)| async move {
            let probed = Store::probe(place, staging, s3, name).await;
            (of, place, probed)
        });
        [landing.await, rollups.await]
    }

    /// Refuses an object store in which a second object takes the place of the first: there nothing
    /// would be counted once. It gets an object of this name, which is deleted again.
    ///
    /// # Errors
    /// Where it is one, or can't be written.
    pub(crate) async fn check_urls(&self, name: &str) -> Result<(), Error> {
        for (_, place, s3) in self.stores() {
            if !is_url(place) {
                continue;
            }
            if Store::probe(place, None, s3, name).await? == Probed::Overwrites {
                return Err(Error::Place {
                    place: place.to_owned(),
                    reason: "it lets an object be overwritten: take a store with conditional puts"
                        .to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The name of each store's setting, its place, and how it is reached where that is a URL.
    fn stores(&self) -> [(&'static str, &str, &S3Config); 2] {
        [
            ("aggregate.landing", &self.landing, &self.landing_s3),
            ("aggregate.rollups", &self.rollups, &self.rollups_s3),
        ]
    }

    /// Which of the two stores a folder lies in, by the name of its setting: what lies there is read by those
    /// who read the store.
    pub fn store_around(&self, folder: &str) -> Option<&'static str> {
        let stores = [
            ("aggregate.rollups", &self.rollups),
            ("aggregate.landing", &self.landing),
        ];
        let mut around = stores
            .into_iter()
            .filter(|(_, store)| is_within(folder, store));
        around.next().map(|(name, _)| name)
    }

    /// Opens the store of what is released; a local folder is made.
    ///
    /// # Errors
    /// Where the setting can't be used.
    pub fn rollups_store(&self) -> Result<Rollups, Error> {
        Rollups::open_with(&self.rollups, self.staging.as_deref(), &self.rollups_s3)
    }
}

/// The tables that have more columns than a landing object has room for.
fn too_wide(policy: &Policy) -> Vec<String> {
    let (dimensions, marks) = (marginals::DIMENSIONS.len(), marginals::COUNTS.len());
    let wide =
        |table: &&Table| table.dimensions().len() > dimensions || table.marks().len() > marks;
    let tables = policy.tables().iter().filter(wide);
    tables
        .map(|table| {
            format!(
                "table {} is too wide: {dimensions} dimensions, the app included, and {marks} \
                 different marks are the most",
                table.name()
            )
        })
        .collect()
}

fn is_within(inner: &str, outer: &str) -> bool {
    let parts = |text: &str| -> Vec<String> {
        let parts = text
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".");
        parts.map(str::to_owned).collect()
    };
    let absolute = |text: &str| text.starts_with('/');
    absolute(inner) == absolute(outer) && parts(inner).starts_with(&parts(outer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_no_problems() {
        assert_eq!(Config::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn stores_within_each_other_are_refused() {
        for (landing, rollups) in [("a", "a"), ("./a/landing", "a"), ("/a", "/a/rollups/")] {
            let config = Config {
                landing: landing.to_owned(),
                rollups: rollups.to_owned(),
                ..Config::default()
            };
            assert_eq!(config.problems().len(), 1, "{landing} {rollups}");
        }
    }

    #[test]
    fn settings_are_read_with_their_durations() {
        let text = "landing = \"l\"\nrollups = \"r\"\nroll_time = \"10m\"\n";
        let config: Result<Config, _> = toml::from_str(text);
        assert_eq!(config.map(|config| config.roll_time.as_secs()), Ok(600));
        assert!(toml::from_str::<Config>("role_time = \"10m\"").is_err());
    }
}
