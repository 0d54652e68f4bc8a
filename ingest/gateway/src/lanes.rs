//! Whether Kafka answers, partition by partition: of one that does not, only a few requests wait
//! for it, the others are told at once, and the other partitions feel nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::{LANES_AWAY, RECORDS};

/// Requests that try a partition that does not answer.
const PROBES: usize = 4;

/// How long a partition may confirm nothing while something waits for it, before only a few more
/// may wait. It is far below the time after which a record is given up.
const SUSPECT: Duration = Duration::from_secs(2);

/// The least time between two log lines on how much of Kafka answers.
const SAID: Duration = Duration::from_secs(10);

/// How much of Kafka answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    All,
    Some,
    None,
}

/// The partitions of `events.raw`, and what the last deliveries said of each.
pub(crate) struct Lanes {
    lanes: Box<[Lane]>,
    epoch: Instant,
    ack_time: Duration,
    /// When something was last confirmed, in milliseconds from the epoch, never 0.
    confirmed: AtomicU64,
    /// Since when nothing but failures was seen; 0 where the last word was a good one.
    failing: AtomicU64,
    said: Mutex<(State, Option<Instant>)>,
}

#[derive(Default)]
struct Lane {
    is_away: AtomicBool,
    waiting: AtomicUsize,
    /// When it last confirmed something, or had nothing to confirm.
    progress: AtomicU64,
}

/// A record that waits for its partition.
pub(crate) struct Waiting {
    lanes: Arc<Lanes>,
    lane: usize,
}

impl Lanes {
    pub(crate) fn new(lanes: usize, ack_time: Duration) -> Arc<Lanes> {
        Arc::new(Lanes {
            lanes: (0..lanes.max(1)).map(|_| Lane::default()).collect(),
            epoch: Instant::now(),
            ack_time,
            confirmed: AtomicU64::new(1),
            failing: AtomicU64::new(0),
            said: Mutex::new((State::All, None)),
        })
    }

    /// Room to wait for a partition; `None` where it does not answer and enough others try.
    pub(crate) fn try_it(self: &Arc<Lanes>, lane: usize) -> Option<Waiting> {
        let lane = lane % self.lanes.len();
        let state = &self.lanes[lane];
        let before = state.waiting.fetch_add(1, Ordering::AcqRel);
        let waiting = Waiting {
            lanes: self.clone(),
            lane,
        };
        if before == 0 {
            state.progress.store(self.now(), Ordering::Release);
        }
        let silence = self.now() - state.progress.load(Ordering::Acquire).min(self.now());
        let suspect = millis(SUSPECT.min(self.ack_time / 2));
        let is_away = state.is_away.load(Ordering::Acquire) || silence > suspect;
        (!is_away || before < PROBES).then_some(waiting)
    }

    /// What keeps the gateway from its work: that nothing was confirmed for as long as a record may
    /// take, and something has failed since.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        let failing = self.failing.load(Ordering::Acquire);
        let since = self.confirmed.load(Ordering::Acquire).max(failing);
        let is_lost = failing > 0 && self.now().saturating_sub(since) >= millis(self.ack_time);
        (is_lost || failing == DOUBT).then_some("kafka confirms nothing; devices are answered 503")
    }

    /// Nothing is known of Kafka, and it did not answer when it was asked.
    pub(crate) fn doubt(&self) {
        self.failing.store(DOUBT, Ordering::Release);
    }

    /// A partition that does not answer, the first of them where there are several.
    pub(crate) fn away(&self) -> Option<usize> {
        let is_away = |lane: &Lane| lane.is_away.load(Ordering::Acquire);
        self.lanes.iter().position(is_away)
    }

    /// Tells the log and the metric how much of Kafka answers. A change is said once, and no more
    /// often than every ten seconds, however it comes and goes.
    pub(crate) fn tell(&self) {
        let away = self.lanes.iter();
        let away = away
            .filter(|lane| lane.is_away.load(Ordering::Acquire))
            .count();
        LANES_AWAY
            .with([])
            .set(f64::from(u32::try_from(away).unwrap_or(u32::MAX)));
        let state = match away {
            0 => State::All,
            _ if away == self.lanes.len() || self.trouble().is_some() => State::None,
            _ => State::Some,
        };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.0 == state || said.1.is_some_and(|when| when.elapsed() < SAID) {
            return;
        }
        *said = (state, Some(Instant::now()));
        match state {
            State::All => tracing::info!("kafka confirms records again"),
            State::Some => tracing::warn!(
                partitions = away,
                "some partitions do not confirm records; their devices are answered 503"
            ),
            State::None => tracing::warn!("kafka does not confirm records; answering 503"),
        }
    }

    /// Milliseconds from the epoch, never 0.
    fn now(&self) -> u64 {
        millis(self.epoch.elapsed()) + 2
    }
}

/// What `failing` is where nothing was tried yet, and a look at Kafka has failed.
const DOUBT: u64 = 1;

impl Waiting {
    /// Takes note of what became of the record.
    pub(crate) fn ended(self, is_confirmed: bool) {
        let lanes = &self.lanes;
        let lane = &lanes.lanes[self.lane];
        let now = lanes.now();
        if is_confirmed {
            lane.progress.store(now, Ordering::Release);
            lanes.confirmed.store(now, Ordering::Release);
            lanes.failing.store(0, Ordering::Release);
        } else {
            // Where it was in doubt, it stays so: that is the longer of the two.
            let _ = lanes
                .failing
                .compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        }
        lane.is_away.store(!is_confirmed, Ordering::Release);
        let outcome = if is_confirmed { "confirmed" } else { "lost" };
        RECORDS.with([outcome.into()]).increment(1);
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let lane = &self.lanes.lanes[self.lane];
        lane.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn while_a_partition_is_away_only_a_few_requests_try_it_and_the_others_go_on() {
        let lanes = Lanes::new(4, LONG);
        let many: Vec<_> = (0..100).map(|_| lanes.try_it(1).unwrap()).collect();
        drop(many);
        lanes.try_it(1).unwrap().ended(false);
        let probes: Vec<_> = (0..PROBES).map(|_| lanes.try_it(1).unwrap()).collect();
        assert!(lanes.try_it(1).is_none());
        for other in [0, 2, 3] {
            let many: Vec<_> = (0..100).map(|_| lanes.try_it(other).unwrap()).collect();
            drop(many);
            lanes.try_it(other).unwrap().ended(true);
        }
        assert!(
            lanes.try_it(1).is_none(),
            "another partition's word counted"
        );
        assert!(lanes.trouble().is_none(), "the others are confirmed");
        drop(probes);
        lanes.try_it(1).unwrap().ended(true);
        let many: Vec<_> = (0..100).map(|_| lanes.try_it(1).unwrap()).collect();
        assert_eq!(many.len(), 100);
    }

    #[test]
    fn a_partition_that_is_silent_is_suspect_long_before_its_records_are_given_up() {
        let lanes = Lanes::new(2, Duration::from_millis(60));
        let first = lanes.try_it(0).unwrap();
        std::thread::sleep(Duration::from_millis(40));
        let probes: Vec<_> = (1..PROBES).map(|_| lanes.try_it(0).unwrap()).collect();
        assert!(lanes.try_it(0).is_none());
        first.ended(true);
        assert!(lanes.try_it(0).is_some(), "it has confirmed something");
        drop(probes);
    }

    #[test]
    fn there_is_trouble_only_where_nothing_is_confirmed_for_a_while() {
        let lanes = Lanes::new(2, Duration::from_millis(30));
        lanes.try_it(0).unwrap().ended(false);
        assert!(lanes.trouble().is_none(), "one failure may be that of one");
        std::thread::sleep(Duration::from_millis(40));
        assert!(lanes.trouble().is_some());
        assert_eq!(lanes.away(), Some(0));
        lanes.try_it(1).unwrap().ended(true);
        assert!(lanes.trouble().is_none());
        lanes.doubt();
        assert!(lanes.trouble().is_some());
        lanes.try_it(1).unwrap().ended(false);
        assert!(lanes.trouble().is_some());
        lanes.try_it(1).unwrap().ended(true);
        assert!(lanes.trouble().is_none());
    }
}
