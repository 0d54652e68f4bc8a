//! What the stage has done so far, for whoever runs it: the demo paces itself by it, health and
//! metrics read it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use kaiku_raw::{LossReason, Reason};
use kaiku_stage::{Readiness, Standstill, Step};
use kaiku_wire::Day;

use crate::metrics::{DEVICE_LOSSES, EVENTS, REJECTED, UNLISTED};
use crate::strip::Tally;

/// What the stage has committed. Every number is of committed transactions only. Clones share what
/// they show.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    inner: Arc<Inner>,
    readiness: Readiness,
}

#[derive(Debug, Default)]
struct Inner {
    uploads: AtomicU64,
    counted: AtomicU64,
    times: AtomicU64,
    duplicates: AtomicU64,
    bounded: AtomicU64,
    unsequenced: AtomicU64,
    over_quota: AtomicU64,
    state_lost: AtomicU64,
    stripped_records: AtomicU64,
    rejected: Mutex<BTreeMap<Reason, u64>>,
    lanes: Mutex<BTreeMap<i32, Shown>>,
}

/// A lane as it was shown last.
#[derive(Debug)]
struct Shown {
    status: LaneStatus,
    /// Since when it has committed nothing.
    since: Instant,
}

/// Where one lane stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LaneStatus {
    /// Offset of the first raw record that is not committed.
    pub next_offset: i64,
    /// The open day.
    pub open_day: Option<Day>,
    /// Devices in its state, when its day began or the lane did.
    pub devices: usize,
}

/// Sums over all lanes since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Uploads that were handled, rejected ones left out.
    pub uploads: u64,
    /// Events that count.
    pub counted: u64,
    /// The sum of their `times`.
    pub times: u64,
    /// Events that were counted before.
    pub duplicates: u64,
    /// Events over a bound.
    pub bounded: u64,
    /// Events whose sender can't count, so that a repetition can't be told.
    pub unsequenced: u64,
    /// Events of identifiers beyond `new_devices_per_hour`.
    pub over_quota: u64,
    /// Events on a day on which the state was lost: they count for nothing.
    pub state_lost: u64,
    /// Records written to `events.stripped`.
    pub stripped_records: u64,
    /// Records that were refused, by reason.
    pub rejected: BTreeMap<Reason, u64>,
}

impl Progress {
    /// Which lanes run here, and which of them stand still.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Shows every count from the start, at zero: what was never counted is told from what is not
    /// counted at all.
    pub(crate) fn begin(&self) {
        self.add(&Tally::default(), 0, 0, &BTreeMap::new());
        for reason in Reason::ALL {
            REJECTED.with([reason.as_str().into()]).increment(0);
        }
    }

    /// The sums so far.
    pub fn totals(&self) -> Totals {
        let inner = &self.inner;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            uploads: read(&inner.uploads),
            counted: read(&inner.counted),
            times: read(&inner.times),
            duplicates: read(&inner.duplicates),
            bounded: read(&inner.bounded),
            unsequenced: read(&inner.unsequenced),
            over_quota: read(&inner.over_quota),
            state_lost: read(&inner.state_lost),
            stripped_records: read(&inner.stripped_records),
            rejected: inner
                .rejected
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }

    /// Every lane that runs here, by its partition.
    pub fn lanes(&self) -> BTreeMap<i32, LaneStatus> {
        let shown = self.shown();
        let statuses = shown.iter();
        statuses
            .map(|(partition, lane)| (*partition, lane.status.clone()))
            .collect()
    }

    /// Since when each lane has committed nothing, or has been here.
    pub(crate) fn quiet_since(&self) -> BTreeMap<i32, Instant> {
        let shown = self.shown();
        let lanes = shown.iter();
        lanes
            .map(|(partition, lane)| (*partition, lane.since))
            .collect()
    }

    pub(crate) fn show(&self, partition: i32, status: LaneStatus) {
        let mut shown = self.shown();
        let before = shown.get(&partition);
        let quiet = before.filter(|lane| lane.status.next_offset == status.next_offset);
        let since = quiet.map_or_else(Instant::now, |lane| lane.since);
        shown.insert(partition, Shown { status, since });
    }

    /// A partition stands still. One whose lane never came to work is shown as well: all of it is
    /// lag. Of one that refuses to go on, it does not matter how far it was: nothing says that what it
    /// has counted is what stands on the topic now, and nothing of it may be deleted for that.
    pub(crate) fn stands_still(&self, partition: i32, why: Standstill, text: impl Into<String>) {
        self.readiness.stands_still(partition, why, text);
        let mut shown = self.shown();
        let lane = shown.entry(partition).or_insert_with(|| Shown {
            status: LaneStatus::default(),
            since: Instant::now(),
        });
        if why.step() == Step::Refuses {
            lane.status = LaneStatus::default();
        }
    }

    pub(crate) fn gone(&self, partition: i32) {
        self.readiness.gone(partition);
        self.shown().remove(&partition);
    }

    fn shown(&self) -> MutexGuard<'_, BTreeMap<i32, Shown>> {
        let lanes = &self.inner.lanes;
        lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(
        &self,
        tally: &Tally,
        uploads: u64,
        records: u64,
        rejected: &BTreeMap<Reason, u64>,
    ) {
        let inner = &self.inner;
        let add = |counter: &AtomicU64, more: u64| counter.fetch_add(more, Ordering::Relaxed);
        add(&inner.uploads, uploads);
        add(&inner.counted, tally.counted);
        add(&inner.times, tally.times);
        add(&inner.duplicates, tally.duplicates);
        add(&inner.bounded, tally.bounded);
        add(&inner.unsequenced, tally.unsequenced);
        add(&inner.over_quota, tally.over_quota);
        add(&inner.state_lost, tally.state_lost);
        add(&inner.stripped_records, records);
        let event = |outcome: &'static str, count: u64| {
            EVENTS.with([outcome.into()]).increment(count);
        };
        event("counted", tally.counted);
        event("duplicate", tally.duplicates);
        event("bounded", tally.bounded);
        event("unsequenced", tally.unsequenced);
        event("late", tally.late);
        event("evicting", tally.evicting);
        event("over_quota", tally.over_quota);
        event("state_lost", tally.state_lost);
        for (reason, count) in LossReason::ALL.into_iter().zip(tally.losses) {
            DEVICE_LOSSES
                .with([reason.as_str().into()])
                .increment(count);
        }
        for (field, count) in tally.unlisted.counts() {
            UNLISTED.with([field.as_str().into()]).increment(count);
        }
        let sums = &inner.rejected;
        let mut sums = sums.lock().unwrap_or_else(PoisonError::into_inner);
        for (reason, count) in rejected {
            *sums.entry(*reason).or_default() += count;
            REJECTED.with([reason.as_str().into()]).increment(*count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_lane_was_is_forgotten_once_it_refuses_to_go_on_and_not_while_it_tries_again() {
        let progress = Progress::default();
        let status = LaneStatus {
            next_offset: 7,
            ..LaneStatus::default()
        };
        let mut shown = Vec::new();
        for why in [Standstill::Failed, Standstill::RawCut] {
            progress.show(0, status.clone());
            progress.stands_still(0, why, "");
            shown.push(progress.lanes().get(&0).map(|lane| lane.next_offset));
        }
        assert_eq!(shown, [Some(7), Some(0)]);
    }
}
