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
    /// Those of them that are handed on behind the strip, with the mark alone that says that
    /// something was bounded.
    pub bounded_marked: u64,
    /// Sum of `times` of these.
    pub bounded_marked_times: u64,
    /// Batches whose sender does not number its events.
    pub unnumbered_batches: u64,
    /// Devices, or apps of devices, that were forgotten.
    pub forgotten: u64,
    /// Records that must be rejected, by reason.
    pub rejected: BTreeMap<Reason, u64>,
    /// Pairs of features that a device used in the same week.
    pub pairs: u64,
    /// How many events bear each mark, and of that of pairs how many pairs do.
    pub marks: Marks,
}

/// How many events bear each mark of first use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks([u64; Mark::COUNT]);

impl Totals {
    /// Events that stand behind the strip: those that count, and those that say that something was
    /// bounded.
    pub fn handed_on(&self) -> u64 {
        self.accepted + self.bounded_marked
    }

    /// Sum of `times` of the events that stand behind the strip.
    pub fn handed_on_times(&self) -> u64 {
        self.accepted_times + self.bounded_marked_times
    }

    pub(super) fn merge(&mut self, other: Totals) {
        let Totals {
            batches,
            events,
            accepted,
            accepted_times,
            duplicates,
            duplicate_batches,
            bounded,
            bounded_marked,
            bounded_marked_times,
            unnumbered_batches,
            forgotten,
            rejected,
            pairs,
            marks,
        } = other;
        self.batches += batches;
        self.events += events;
        self.accepted += accepted;
        self.accepted_times += accepted_times;
        self.duplicates += duplicates;
        self.duplicate_batches += duplicate_batches;
        self.bounded += bounded;
        self.bounded_marked += bounded_marked;
        self.bounded_marked_times += bounded_marked_times;
        self.unnumbered_batches += unnumbered_batches;
        self.forgotten += forgotten;
        self.pairs += pairs;
        for (reason, count) in rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
        for (sum, count) in self.marks.0.iter_mut().zip(marks.0) {
            *sum += count;
        }
    }
}

impl Marks {
    /// How many events bear this mark.
    pub fn of(&self, mark: Mark) -> u64 {
        self.0[mark.index()]
    }

    /// Each mark with the name that it has in the stripped records.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Mark::ALL.iter().map(|mark| (mark.as_str(), self.of(*mark)))
    }

    pub(super) fn add(&mut self, mark: Mark, times: u64) {
        self.0[mark.index()] += times;
    }
}
