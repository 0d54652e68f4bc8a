//! What one transaction is going to write, gathered before it begins.

use std::collections::BTreeMap;
use std::time::Instant;

use kaiku_raw::Reason;
use kaiku_stripped::{DayClosed, Pair};
use kaiku_wire::Day;
use rand::seq::SliceRandom;

use crate::strip::{Sink, Tally};

/// Rows of one record of `events.stripped`: some ten bytes each, far under Kafka's limit for a record.
pub(crate) const ROWS_PER_RECORD: usize = 2_000;
/// Events after which a transaction commits though it is young, where enough uploads are mixed: more of them cost
/// memory that the processor's caches do not hold, and save nothing.
const MANY_EVENTS: usize = 60_000;
/// Events after which a transaction commits, whatever else holds: a bound on memory.
const MOST_EVENTS: usize = 200_000;

/// What one transaction is going to write.
#[derive(Default)]
pub(crate) struct Buffer {
    /// Days that close before anything else is written.
    pub(crate) closes: Vec<DayClosed>,
    /// The day on which everything in `sink` counts.
    pub(crate) day: Option<Day>,
    /// Events, in the order of the uploads until [`Buffer::shuffle`], and pairs.
    pub(crate) sink: Sink,
    /// Refused records by reason.
    pub(crate) rejected: BTreeMap<Reason, u64>,
    /// What became of the events.
    pub(crate) tally: Tally,
    /// Uploads that were handled.
    pub(crate) uploads: u64,
    /// Raw records that were taken in, of any kind.
    pub(crate) records: u64,
    since: Option<Instant>,
}

/// When a transaction commits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mixing {
    pub(crate) uploads: u64,
    pub(crate) time: std::time::Duration,
    pub(crate) longest: std::time::Duration,
}

impl Buffer {
    /// Whether nothing was taken in.
    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// Notes that a raw record was taken in.
    pub(crate) fn taken(&mut self, now: impl FnOnce() -> Instant) {
        self.records += 1;
        self.since.get_or_insert_with(now);
    }

    pub(crate) fn reject(&mut self, reason: Reason) {
        *self.rejected.entry(reason).or_default() += 1;
    }

    pub(crate) fn add(&mut self, tally: &Tally) {
        self.uploads += 1;
        self.tally.add(tally);
    }

    /// Whether it is time to commit.
    pub(crate) fn is_due(&self, mixing: &Mixing, now: Instant) -> bool {
        let Some(since) = self.since else {
            return false;
        };
        let age = now.saturating_duration_since(since);
        let events = self.sink.events.len();
        let is_mixed = self.uploads >= mixing.uploads;
        !self.closes.is_empty()
            || age >= mixing.longest
            || (is_mixed && (age >= mixing.time || events >= MANY_EVENTS))
            || events >= MOST_EVENTS
    }

    /// Puts events into a random order, so that what one device uploaded does not stand together.
    pub(crate) fn shuffle(&mut self, rng: &mut impl rand::Rng) {
        self.sink.events.shuffle(rng);
    }

    /// The pairs, each once with how many devices made it, by their names: nothing of their order is left.
    pub(crate) fn pairs(&self) -> Vec<(Pair, u32)> {
        let pairs = self.sink.pairs.iter();
        let mut pairs: Vec<_> = pairs.map(|(pair, devices)| (*pair, *devices)).collect();
        pairs.sort_unstable_by_key(|(pair, _)| {
            [pair.app().as_str(), pair.a().as_str(), pair.b().as_str()]
        });
        pairs
    }

    /// Empties it, keeping its memory.
    pub(crate) fn clear(&mut self) {
        let Buffer {
            closes,
            day,
            sink,
            rejected,
            tally,
            uploads,
            records,
            since,
        } = self;
        closes.clear();
        *day = None;
        sink.events.clear();
        sink.pairs.clear();
        rejected.clear();
        *tally = Tally::default();
        *uploads = 0;
        *records = 0;
        *since = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kaiku_catalogue::{App, Country, Model, Operator, Release};
    use kaiku_stripped::{Item, Marks, StrippedEvent};
    use kaiku_wire::Incidents;

    use super::*;

    const MIXING: Mixing = Mixing {
        uploads: 2,
        time: Duration::from_millis(200),
        longest: Duration::from_secs(30),
    };

    #[test]
    fn a_quiet_lane_waits_for_others_to_mix_with_but_not_for_ever() {
        let start = Instant::now();
        let mut buffer = Buffer::default();
        assert!(!buffer.is_due(&MIXING, start));
        buffer.taken(|| start);
        buffer.add(&Tally::default());
        assert!(!buffer.is_due(&MIXING, start + Duration::from_secs(29)));
        assert!(buffer.is_due(&MIXING, start + Duration::from_secs(30)));
    }

    #[test]
    fn under_load_a_transaction_commits_when_it_is_old_enough() {
        let start = Instant::now();
        let mut buffer = Buffer::default();
        for _ in 0..2 {
            buffer.taken(|| start);
            buffer.add(&Tally::default());
        }
        assert!(!buffer.is_due(&MIXING, start));
        assert!(buffer.is_due(&MIXING, start + Duration::from_millis(200)));
        buffer.clear();
        assert!(buffer.is_empty() && !buffer.is_due(&MIXING, start + Duration::from_secs(60)));
    }

    #[test]
    fn many_events_wait_for_nothing_but_to_be_mixed_and_too_many_for_nothing() {
        let start = Instant::now();
        let event = StrippedEvent {
            app: App::UNLISTED,
            release: Release::UNLISTED,
            item: Item::Started,
            model: Model::UNLISTED,
            operator: Operator::UNLISTED,
            country: Country::UNKNOWN,
            times: 1,
            marks: Marks::default(),
        };
        let mut buffer = Buffer::default();
        buffer.taken(|| start);
        buffer.add(&Tally::default());
        buffer.sink.events = vec![event; MANY_EVENTS];
        assert!(!buffer.is_due(&MIXING, start), "one upload is not mixed");
        buffer.add(&Tally::default());
        assert!(buffer.is_due(&MIXING, start));
        buffer.uploads = 1;
        buffer.sink.events.resize(MOST_EVENTS, event);
        assert!(buffer.is_due(&MIXING, start), "memory has a bound");
    }

    #[test]
    fn a_day_that_closes_does_not_wait() {
        let start = Instant::now();
        let mut buffer = Buffer::default();
        buffer.taken(|| start);
        buffer.closes.push(DayClosed {
            day: Day::MIN,
            incidents: Incidents::default(),
        });
        assert!(buffer.is_due(&MIXING, start));
    }
}
