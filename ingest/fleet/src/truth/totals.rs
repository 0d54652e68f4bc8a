//! What the truth adds up to.

use std::collections::{BTreeMap, HashMap};

use kaiku_raw::Reason;
use kaiku_wire::{Day, Week};

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
#[allow(missing_docs)]
pub struct Marks {
    pub first_app_day: u64,
    pub first_app_week: u64,
    pub first_release_day: u64,
    pub first_item_day: u64,
    pub first_item_week: u64,
    pub second_use_day: u64,
    pub fifth_use_day: u64,
    pub first_fatal_day: u64,
    pub first_fatal_release_day: u64,
    pub first_fatal_week: u64,
}

impl Marks {
    /// Each mark with the name that it has in the stripped records.
    pub fn named(&self) -> [(&'static str, u64); 10] {
        [
            ("first_app_day", self.first_app_day),
            ("first_app_week", self.first_app_week),
            ("first_release_day", self.first_release_day),
            ("first_item_day", self.first_item_day),
            ("first_item_week", self.first_item_week),
            ("second_use_day", self.second_use_day),
            ("fifth_use_day", self.fifth_use_day),
            ("first_fatal_day", self.first_fatal_day),
            ("first_fatal_release_day", self.first_fatal_release_day),
            ("first_fatal_week", self.first_fatal_week),
        ]
    }
}

/// The exact counts behind the published tables, by the names of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    /// (day, app, country): devices.
    pub activity: HashMap<(Day, &'static str, &'static str), u64>,
    /// (day, app, feature): devices that used it, twice, five times.
    pub features: HashMap<(Day, &'static str, &'static str), [u64; 3]>,
    /// (day, app, release): devices, and devices on which it crashed.
    pub releases: HashMap<(Day, &'static str, &'static str), [u64; 2]>,
    /// (day, app, release): devices whose first event of the day in the app was on this release,
    /// and devices whose first fatal failure of the day in the app was.
    pub release_firsts: HashMap<(Day, &'static str, &'static str), [u64; 2]>,
    /// (week, app, feature, feature with the later name): devices.
    pub pairs: HashMap<(Week, &'static str, &'static str, &'static str), u64>,
}
