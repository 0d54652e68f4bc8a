//! What the truth adds up to.

use std::collections::BTreeMap;

use kaiku_raw::Reason;
use kaiku_wire::Mark;

/// Sums over everything that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Batches that are valid, repeated ones included.
    pub batches: u64,
    /// Events of these batches.
    pub events: u64,
    /// Events that count.
    pub accepted: u64,
    /// Sum of `times` of the events that count.
    pub accepted_times: u64,
    /// Events that were sent before.
    pub duplicates: u64,
    /// Batches of which every event was sent before.
    pub duplicate_batches: u64,
    /// Events over a bound, or of a device or app that was forgotten in the same week.
    pub bounded: u64,
    /// Batches whose sender does not number its events.
    pub unnumbered_batches: u64,
    /// Devices, or apps of devices, that were forgotten.
    pub forgotten: u64,
    /// Records that must be rejected, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Pairs of features that a device used in the same week.
    pub pairs: u64,
    /// How many events bear each mark.
    pub marks: Marks,
}

/// How many events bear each mark of first use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks([u64; Mark::COUNT]);

impl Marks {
    /// How many events bear this mark.
    pub fn of(&self, mark: Mark) -> u64 {
        self.0[mark.index()]
    }

    /// Each mark with the name that it has in the stripped records.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Mark::ALL.iter().map(|mark| (mark.as_str(), self.of(*mark)))
    }

    pub(super) fn add(&mut self, mark: Mark) {
        self.0[mark.index()] += 1;
    }
}
