//! What the stage has done so far, for whoever runs it: the demo paces itself by it, health and
//! metrics read it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use kaiku_raw::Reason;
use kaiku_wire::Day;

use crate::strip::Tally;

/// What the stage has committed. Every number is of committed transactions only.
#[derive(Debug, Default)]
pub struct Progress {
    uploads: AtomicU64,
    counted: AtomicU64,
    times: AtomicU64,
    duplicates: AtomicU64,
    bounded: AtomicU64,
    unsequenced: AtomicU64,
    stripped_records: AtomicU64,
    rejected: Mutex<BTreeMap<Reason, u64>>,
    lanes: Mutex<BTreeMap<i32, Lane>>,
}

/// Where one lane stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lane {
    /// Offset of the first raw record that is not committed.
    pub next_offset: i64,
    /// The open day.
    pub open_day: Option<Day>,
    /// Devices in its state.
    pub devices: usize,
    /// Why it stands still, where it does.
    pub stopped: Option<&'static str>,
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
    /// Records written to `events.stripped`.
    pub stripped_records: u64,
    /// Records that were refused, by reason.
    pub rejected: BTreeMap<Reason, u64>,
}

impl Progress {
    /// The sums so far.
    pub fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            uploads: read(&self.uploads),
            counted: read(&self.counted),
            times: read(&self.times),
            duplicates: read(&self.duplicates),
            bounded: read(&self.bounded),
            unsequenced: read(&self.unsequenced),
            stripped_records: read(&self.stripped_records),
            rejected: self
                .rejected
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }

    /// Every lane that runs here, by its partition.
    pub fn lanes(&self) -> BTreeMap<i32, Lane> {
        self.lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether at least one lane runs here and none stands still.
    pub fn is_ready(&self) -> bool {
        let lanes = self.lanes();
        !lanes.is_empty() && lanes.values().all(|lane| lane.stopped.is_none())
    }

    pub(crate) fn lane(&self, partition: i32, change: impl FnOnce(&mut Lane)) {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        change(lanes.entry(partition).or_default());
    }

    pub(crate) fn lane_gone(&self, partition: i32) {
        self.lanes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&partition);
    }

    pub(crate) fn add(
        &self,
        tally: &Tally,
        uploads: u64,
        records: u64,
        rejected: &BTreeMap<Reason, u64>,
    ) {
        let add = |counter: &AtomicU64, more: u64| counter.fetch_add(more, Ordering::Relaxed);
        add(&self.uploads, uploads);
        add(&self.counted, tally.counted);
        add(&self.times, tally.times);
        add(&self.duplicates, tally.duplicates);
        add(&self.bounded, tally.bounded);
        add(&self.unsequenced, tally.unsequenced);
        add(&self.stripped_records, records);
        let event = |outcome: &'static str, count: u64| {
            metrics::counter!("kaiku_enrich_events_total", "outcome" => outcome).increment(count);
        };
        event("counted", tally.counted);
        event("duplicate", tally.duplicates);
        event("bounded", tally.bounded);
        event("unsequenced", tally.unsequenced);
        let mut sums = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
        for (reason, count) in rejected {
            *sums.entry(*reason).or_default() += count;
            metrics::counter!("kaiku_rejected_total", "reason" => reason.as_str())
                .increment(*count);
        }
    }
}
