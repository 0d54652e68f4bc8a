//! The kill switch: what is answered 202 and dropped, by app, release and feature, so that an app
//! that went wrong falls silent within seconds and without an update.

use kaiku_raw::RawBatch;
use serde::Deserialize;

use crate::keys::{parse, read};
use crate::metrics::KILLED;
use crate::{Config, Error};

/// The file of switches.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switches {
    #[serde(default)]
    kill: Vec<Kill>,
}

/// What is dropped: of this app, and where they are named, of this release and this feature alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Kill {
    app: String,
    release: Option<String>,
    feature: Option<String>,
}

impl Switches {
    pub(crate) fn load(config: &Config) -> Result<Switches, Error> {
        match &config.switches_file {
            None => Ok(Switches::default()),
            Some(path) => parse("switches_file", &read("switches_file", path)?),
        }
    }

    /// Whether anything of this batch is to be dropped.
    pub(crate) fn concern(&self, batch: &RawBatch<'_>) -> bool {
        self.of(batch).next().is_some()
    }

    fn of<'a>(&'a self, batch: &'a RawBatch<'_>) -> impl Iterator<Item = &'a Kill> {
        let concerns = |kill: &&Kill| {
            kill.app == batch.app
                && kill
                    .release
                    .as_ref()
                    .is_none_or(|name| name == batch.release)
        };
        self.kill.iter().filter(concerns)
    }

    /// Drops what is to be dropped; the batch may be without events behind it.
    ///
    /// What is left keeps the number of its last event: the dropped ones count as the first of the
    /// batch. A device that did not see the answer sends all of it again, perhaps after a switch
    /// was changed. The batch then ends at the same number whatever was dropped, so that its events
    /// are either all new or all known. Were the last number another one, an event would be counted
    /// twice, or the next batch's first events be taken for known ones.
    pub(crate) fn drop_from(&self, batch: &mut RawBatch<'_>) {
        let before = batch.events.len();
        let whole = self.of(batch).find(|kill| kill.feature.is_none());
        let by = match whole.map(Kill::by) {
            Some(by) => {
                batch.events.clear();
                by
            }
            None => {
                let features: Vec<String> = self
                    .of(batch)
                    .filter_map(|kill| kill.feature.clone())
                    .collect();
                batch.events.retain(|event| {
                    let feature = event.feature;
                    feature.is_none_or(|name| features.iter().all(|killed| killed != name))
                });
                "feature"
            }
        };
        let dropped = before - batch.events.len();
        let dropped = i64::try_from(dropped).unwrap_or(i64::MAX);
        batch.first_sequence = batch
            .first_sequence
            .map(|first| first.saturating_add(dropped));
        KILLED
            .with([by.into()])
            .increment(u64::try_from(dropped).unwrap_or(0));
    }
}

impl Kill {
    fn by(&self) -> &'static str {
        match (&self.feature, &self.release) {
            (Some(_), _) => "feature",
            (None, Some(_)) => "release",
            (None, None) => "app",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;

    use kaiku_raw::{EventType, RawEvent};

    use super::*;

    fn switches(text: &str) -> Switches {
        parse("switches_file", text).unwrap()
    }

    fn with_batch(test: impl Fn(RawBatch<'_>)) {
        let device = kaiku_ingest::Device::new(kaiku_ingest::DeviceId::new([7; 16]), "b", "m");
        let consent = kaiku_ingest::Consent::new(1, kaiku_wire::Day::parse("2024-01-01").unwrap());
        let batch = kaiku_ingest::Batch::new(device, "maps", "4.2", consent);
        let mut raw = batch.as_raw();
        raw.first_sequence = Some(10);
        raw.events = ["a", "bad", "b", "bad", "c"]
            .map(|feature| RawEvent {
                feature: Some(feature),
                ..RawEvent::new(EventType::FeatureUsed)
            })
            .to_vec();
        raw.events.push(RawEvent::new(EventType::Started));
        test(raw);
    }

    fn last(batch: &RawBatch<'_>) -> i64 {
        batch.first_sequence.unwrap() + i64::try_from(batch.events.len()).unwrap()
    }

    #[test]
    fn a_switch_drops_what_it_names_and_nothing_else() {
        for (text, left) in [
            ("", 6),
            ("[[kill]]\napp = \"music\"\n", 6),
            ("[[kill]]\napp = \"maps\"\nrelease = \"4.1\"\n", 6),
            ("[[kill]]\napp = \"maps\"\nfeature = \"none\"\n", 6),
            ("[[kill]]\napp = \"maps\"\nfeature = \"bad\"\n", 4),
            (
                "[[kill]]\napp = \"maps\"\nrelease = \"4.2\"\nfeature = \"bad\"\n",
                4,
            ),
            (
                "[[kill]]\napp = \"maps\"\nrelease = \"4.1\"\nfeature = \"bad\"\n",
                6,
            ),
            ("[[kill]]\napp = \"maps\"\nrelease = \"4.2\"\n", 0),
            ("[[kill]]\napp = \"maps\"\n", 0),
        ] {
            with_batch(|mut batch| {
                let switches = switches(text);
                if switches.concern(&batch) {
                    switches.drop_from(&mut batch);
                }
                assert_eq!(batch.events.len(), left, "{text}");
                assert_eq!(last(&batch), 16, "{text}");
            });
        }
        assert!(parse::<Switches>("switches_file", "[[kill]]\nrelease = \"1\"\n").is_err());
    }

    /// What a server that knows the greatest number of a stream counts of a batch.
    fn count(mark: &mut i64, batch: &RawBatch<'_>) -> usize {
        let first = batch.first_sequence.unwrap();
        let numbers: BTreeSet<i64> = (first..last(batch)).collect();
        let new = numbers.iter().filter(|number| **number > *mark).count();
        *mark = (*mark).max(last(batch) - 1);
        new
    }

    #[test]
    fn a_retry_across_a_switch_that_changed_doubles_nothing_and_costs_the_next_batch_nothing() {
        let on = switches("[[kill]]\napp = \"maps\"\nfeature = \"bad\"\n");
        let off = switches("");
        for (first, second, counted) in [(&on, &off, 4), (&off, &on, 6)] {
            with_batch(|batch| {
                let mut mark = 9;
                let send = |switches: &Switches| {
                    let mut sent = batch.clone();
                    switches.drop_from(&mut sent);
                    sent
                };
                assert_eq!(count(&mut mark, &send(first)), counted);
                assert_eq!(count(&mut mark, &send(second)), 0, "the retry was counted");
                let mut next = batch.clone();
                next.first_sequence = Some(16);
                assert_eq!(count(&mut mark, &next), 6, "the next batch lost something");
            });
        }
    }
}
