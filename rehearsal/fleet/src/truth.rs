//! What a perfect observer counts who sees everything that is sent, identifiers included.
//!
//! This is the contract of the enrichment stage in plain sets and maps, written without a line of
//! that stage. For each record of a partition, in order:
//!
//! **Day.** The day of the record, but never one before the day of an earlier record of that
//! partition.
//!
//! **Deduplicate.** Each (device, app, stream) has a next number, at first 0. A batch whose last
//! number lies before it is a duplicate; of one that overlaps, the events from the next number on
//! are new; a gap is accepted. Without stream and number every event is new.
//!
//! **Bound.** For each new event in order, by the names that the catalogue gives to it (unlisted
//! names are one name), every check is made before any slot is taken; an event that fails one is
//! dropped and takes no slot:
//! 1. the device, or this app of it, was forgotten in this week: dropped;
//! 2. the app is not among today's and today's are full, or not among the week's and those are
//!    full: dropped;
//! 3. likewise for (app, release) among today's;
//! 4. `feature_used`: likewise for (app, feature) among today's and the week's; `failed`: likewise
//!    for (app, cause) among today's and the week's; `stopped`: dropped if the app has had its
//!    sessions for today; `started`: kept.
//!
//! **Mark.** The event then takes its slots, and a slot that is new is a mark: `first_app_day`,
//! `first_app_week`, `first_release_day`, `first_item_day`, `first_item_week` (the item is the
//! feature or the cause). `second_use_day` where the uses of the feature today, by `times`, go
//! from under 2 to 2 or more; `fifth_use_day` likewise. A fatal failure takes a slot of
//! (app, release) for today; where none is free, the event counts as not fatal. A new slot is
//! `first_fatal_release_day`; the app's first fatal failure with a slot of the day and of the week
//! is `first_fatal_day` and `first_fatal_week`.
//!
//! **Pair.** A feature that is listed and new in this week makes a pair with each feature of its
//! app that did so before it, as long as fewer than seven of the device, over all apps, did.
//!
//! **Forget.** The device's streams, or those of one app, are forgotten, and what it sends of them
//! is dropped until the week ends. The slots stay taken.

mod cells;
mod device;
mod totals;

use std::collections::HashMap;

use kaiku_catalogue::Catalogue;
use kaiku_raw::{DeviceId, EventType, Forget, RawBatch, RawEvent, partition_of};
use kaiku_wire::{Day, Mark};

use crate::upload::{Upload, What};
pub use cells::{Cells, Column, Pairs, Wanted};
use device::{Counted, Device, Event, Home};
pub use totals::{Marks, Totals};

/// What a perfect observer has counted so far.
pub struct Truth<'a> {
    catalogue: &'a Catalogue,
    days: Vec<Day>,
    devices: HashMap<DeviceId, Device>,
    totals: Totals,
    tables: Vec<(Wanted, Cells)>,
    pairs: Pairs,
}

impl<'a> Truth<'a> {
    /// Nothing counted yet, on a topic with so many partitions (at least one).
    pub fn new(catalogue: &'a Catalogue, partitions: i32) -> Truth<'a> {
        Truth::of(catalogue, partitions, Vec::new())
    }

    /// The same, with the exact counts of these tables.
    pub fn of(catalogue: &'a Catalogue, partitions: i32, wanted: Vec<Wanted>) -> Truth<'a> {
        let partitions = usize::try_from(partitions).unwrap_or(1).max(1);
        Truth {
            catalogue,
            days: vec![Day::MIN; partitions],
            devices: HashMap::new(),
            totals: Totals::default(),
            tables: wanted
                .into_iter()
                .map(|table| (table, Cells::new()))
                .collect(),
            pairs: Pairs::new(),
        }
    }

    /// Counts what is sent on a day. Uploads of one device must come in the order of their
    /// offsets.
    pub fn sent(&mut self, upload: &Upload, day: Day) {
        match &upload.what {
            What::Batch(batch) | What::Duplicate(batch) => self.batch(batch, day),
            What::Forget(forget) => self.forget(forget, day),
            What::Garbage(garbage) => {
                *self.totals.rejected.entry(garbage.reason).or_default() += 1;
            }
        }
    }

    /// The sums so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The cells so far of each table that was asked for, in their order.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = &Cells> {
        self.tables.iter().map(|(_, cells)| cells)
    }

    /// The pairs of features so far.
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The next number of each stream that is known: whose, of which app, the stream, the number.
    pub fn next_numbers(&self) -> impl Iterator<Item = (DeviceId, &str, [u8; 8], i64)> {
        self.devices.iter().flat_map(|(id, device)| {
            let streams = device.next.iter();
            streams.map(|((app, stream), next)| (*id, app.as_str(), *stream, *next))
        })
    }

    /// The devices that have sent a valid batch or were forgotten.
    pub fn device_ids(&self) -> impl Iterator<Item = DeviceId> {
        self.devices.keys().copied()
    }

    /// How many devices have sent a valid batch or were forgotten, by their identifiers.
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    fn batch(&mut self, batch: &RawBatch<'_>, day: Day) {
        let day = self.effective(&batch.device.id, day);
        let app = self.catalogue.app(batch.app, day);
        let release = self.catalogue.release(app, batch.release, day).as_str();
        let home = self.home(batch);
        let device = self.devices.entry(batch.device.id).or_default();
        let new = new_events(device, batch);
        let seen = batch.events.len() - new.len();
        self.totals.batches += 1;
        self.totals.unnumbered_batches += u64::from(batch.stream.is_none());
        self.totals.events += batch.events.len() as u64;
        self.totals.duplicates += seen as u64;
        self.totals.duplicate_batches += u64::from(new.is_empty());
        for raw in new {
            let (item, pairs) = item(self.catalogue, app, raw, day);
            let event = Event {
                raw,
                app: app.as_str(),
                release,
                home,
                item,
                pairs,
            };
            let Some(counted) = device.count(day, &event) else {
                self.totals.bounded += 1;
                continue;
            };
            self.totals.add(raw, &counted);
            for (wanted, cells) in &mut self.tables {
                wanted.count(cells, day, &event, &counted);
            }
            cells::pair(&mut self.pairs, day, &event, &counted);
        }
    }

    fn forget(&mut self, forget: &Forget<'_>, day: Day) {
        let day = self.effective(&forget.device_id, day);
        let app = forget.app.map(|app| self.catalogue.app(app, day).as_str());
        self.devices
            .entry(forget.device_id)
            .or_default()
            .forget(day, forget.app, app);
        self.totals.forgotten += 1;
    }

    /// The day on which a record of a device counts.
    fn effective(&mut self, id: &DeviceId, day: Day) -> Day {
        let partitions = i32::try_from(self.days.len()).unwrap_or(1);
        let partition = usize::try_from(partition_of(id.as_bytes(), partitions)).unwrap_or(0);
        let latest = &mut self.days[partition];
        *latest = day.max(*latest);
        *latest
    }

    /// Model and operator by the reference tables; the country of the SIM's network, else the one
    /// that the device names, else `ZZ`.
    fn home(&self, batch: &RawBatch<'_>) -> Home {
        let device = &batch.device;
        let of_network = device
            .mcc
            .and_then(|mcc| self.catalogue.country_of_mcc(mcc));
        let named = || self.catalogue.country(device.country.unwrap_or("ZZ"));
        let network = (device.mcc.unwrap_or(""), device.mnc.unwrap_or(""));
        Home {
            country: of_network.unwrap_or_else(named).as_str(),
            model: self.catalogue.model(device.brand, device.model).as_str(),
            operator: self.catalogue.operator(network.0, network.1).as_str(),
        }
    }
}

/// The events of a batch that were not sent before.
fn new_events<'b>(device: &mut Device, batch: &'b RawBatch<'b>) -> &'b [RawEvent<'b>] {
    let (Some(stream), Some(first)) = (batch.stream, batch.first_sequence) else {
        return &batch.events;
    };
    let next = device
        .next
        .entry((batch.app.to_owned(), *stream.as_bytes()))
        .or_default();
    let count = i64::try_from(batch.events.len()).unwrap_or(i64::MAX);
    let seen = (*next - first).clamp(0, count);
    *next = (*next).max(first + count);
    &batch.events[usize::try_from(seen).unwrap_or(0)..]
}

/// The name of an event's feature or cause, and whether a feature enters into pairs.
fn item(
    catalogue: &Catalogue,
    app: kaiku_catalogue::App,
    raw: &RawEvent<'_>,
    day: Day,
) -> (&'static str, bool) {
    match raw.kind {
        EventType::FeatureUsed => {
            let name = catalogue
                .feature(app, raw.feature.unwrap_or_default(), day)
                .as_str();
            (name, name != "unlisted")
        }
        EventType::Failed => (
            catalogue
                .cause(app, raw.cause.unwrap_or_default(), day)
                .as_str(),
            false,
        ),
        EventType::Started | EventType::Stopped => ("none", false),
    }
}

impl Totals {
    fn add(&mut self, raw: &RawEvent<'_>, counted: &Counted) {
        self.accepted += 1;
        self.accepted_times += u64::try_from(raw.times).unwrap_or(0);
        self.pairs += counted.pairs_with.len() as u64;
        for mark in Mark::ALL.into_iter().filter(|mark| counted.has(*mark)) {
            self.marks.add(mark);
        }
    }
}

#[cfg(test)]
mod tests;
