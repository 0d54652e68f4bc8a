//! What a perfect observer counts who sees everything that is sent, identifiers included.
//!
//! These are the rules of `docs/counting.md` in plain lists and maps, written without a line of the
//! enrichment stage. Beside what counts *under the bounds*, which is what the marks must add up to,
//! it can count without any: what a person would call true, the distinct identifiers that did a
//! thing in a period. Both see a device at its home of the week, and neither counts what was sent
//! before or what was forgotten.

mod book;
mod cells;
mod device;
mod event;
mod places;
mod totals;

use std::collections::HashMap;
use std::ops::Range;

use kaiku_catalogue::Catalogue;
use kaiku_raw::{DeviceId, Forget, RawBatch, RawEvent, partition_of};
use kaiku_wire::{BOUNDS, Bounds, Day, Mark};

use crate::upload::{Upload, What};
use book::{Counted, NO_BOUNDS};
pub use cells::{Cells, Column, Pairs, Wanted};
use device::Device;
use event::{Event, Home};
pub use totals::{Marks, Totals};

/// What a perfect observer has counted so far.
pub struct Truth<'a> {
    catalogue: &'a Catalogue,
    bounds: Bounds,
    lanes: Vec<Lane>,
    devices: HashMap<DeviceId, Device>,
    totals: Totals,
    tables: Vec<Table>,
    /// Whether it counts without bounds as well.
    both: bool,
    pairs: Pairs,
}

/// A stream of a device, and what was sent of it: see [`Truth::streams`].
pub type SentOf<'t> = (DeviceId, &'t str, [u8; 8], i64, &'t [Range<i64>]);

/// One partition.
#[derive(Clone, Copy)]
struct Lane {
    /// The day that it has come to.
    day: Day,
    /// The day on which what was known of its devices was lost.
    lost: Option<Day>,
}

impl Lane {
    const NEW: Lane = Lane {
        day: Day::MIN,
        lost: None,
    };
}

struct Table {
    wanted: Wanted,
    bounded: Cells,
    unbounded: Cells,
}

impl<'a> Truth<'a> {
    /// Nothing counted yet, on a topic with so many partitions (at least one).
    pub fn new(catalogue: &'a Catalogue, partitions: i32) -> Truth<'a> {
        Truth::of(catalogue, partitions, Vec::new())
    }

    /// The same, with the exact counts of these tables.
    pub fn of(catalogue: &'a Catalogue, partitions: i32, wanted: Vec<Wanted>) -> Truth<'a> {
        let partitions = usize::try_from(partitions).unwrap_or(1).max(1);
        let table = |wanted| Table {
            wanted,
            bounded: Cells::new(),
            unbounded: Cells::new(),
        };
        Truth {
            catalogue,
            bounds: BOUNDS,
            lanes: vec![Lane::NEW; partitions],
            devices: HashMap::new(),
            totals: Totals::default(),
            tables: wanted.into_iter().map(table).collect(),
            both: false,
            pairs: Pairs::new(),
        }
    }

    /// Counts what there would be without bounds as well.
    #[must_use]
    pub fn and_unbounded(self) -> Truth<'a> {
        Truth { both: true, ..self }
    }

    /// Counts under other bounds than those of the contract.
    #[must_use]
    pub fn under(self, bounds: Bounds) -> Truth<'a> {
        Truth { bounds, ..self }
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

    /// Goes on without what was known of the devices of a partition, which was lost on this day:
    /// nothing of that day counts any more, and no weekly mark is given in its week.
    pub fn lose_state(&mut self, partition: i32, day: Day) {
        let partitions = i32::try_from(self.lanes.len()).unwrap_or(1);
        let of_lane = |id: &DeviceId| partition_of(id.as_bytes(), partitions) == partition;
        self.devices.retain(|id, _| !of_lane(id));
        let lane = usize::try_from(partition).ok();
        if let Some(lane) = lane.and_then(|lane| self.lanes.get_mut(lane)) {
            lane.day = day.max(lane.day);
            lane.lost = Some(lane.day);
        }
    }

    /// What comes next is sent by devices that have sent nothing yet, from the first day on. So a
    /// fleet can be counted one device after the other, and only its cells need memory.
    pub fn next_device(&mut self) {
        self.devices.clear();
        self.lanes.fill(Lane::NEW);
    }

    /// Adds what was counted of other devices, for the same tables.
    pub fn merge(&mut self, other: Truth<'_>) {
        self.totals.merge(other.totals);
        for (own, table) in self.tables.iter_mut().zip(other.tables) {
            cells::merge(&mut own.bounded, table.bounded);
            cells::merge(&mut own.unbounded, table.unbounded);
        }
        for (pair, count) in other.pairs {
            *self.pairs.entry(pair).or_default() += count;
        }
        self.devices.extend(other.devices);
    }

    /// The sums so far.
    pub fn totals(&self) -> &Totals {
        &self.totals
    }

    /// The cells so far of each table that was asked for, in their order, under the bounds.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = &Cells> {
        self.tables.iter().map(|table| &table.bounded)
    }

    /// The same without bounds; empty where that was not asked for.
    pub fn unbounded(&self) -> impl ExactSizeIterator<Item = &Cells> {
        self.tables.iter().map(|table| &table.unbounded)
    }

    /// The pairs of features so far.
    pub fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// What was sent of each stream of the devices that are remembered: whose, of which app, the stream,
    /// everything below which number, but for which ranges.
    pub fn streams(&self) -> impl Iterator<Item = SentOf<'_>> {
        let remembered = self.devices.iter().filter(|(id, device)| {
            let lane = self.lanes.get(self.lane_of(id));
            lane.is_some_and(|lane| device.is_remembered_on(lane.day))
        });
        remembered.flat_map(|(id, device)| {
            let streams = device.sent.iter();
            streams.map(|((app, stream), sent)| (*id, *app, *stream, sent.below, &*sent.but))
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
        let lane = self.lane(&batch.device.id, day);
        let (day, catalogue) = (lane.day, self.catalogue);
        let app = catalogue.app(batch.app, day);
        let release = catalogue.release(app, batch.release, day).as_str();
        let device = device(&mut self.devices, batch.device.id, lane, &self.bounds);
        let new = device.new_events(app.as_str(), batch);
        self.totals.batches += 1;
        self.totals.unnumbered_batches += u64::from(batch.stream.is_none());
        self.totals.events += batch.events.len() as u64;
        self.totals.duplicates += (batch.events.len() - new.len()) as u64;
        self.totals.duplicate_batches += u64::from(new.is_empty());
        if new.is_empty() {
            return;
        }
        let home = device.home(day, || Home::of(catalogue, batch));
        let counts = lane.lost != Some(day) && !device.is_spent(day, app.as_str());
        if !counts {
            self.totals.bounded += new.len() as u64;
            return;
        }
        for raw in new {
            let event = Event::of(catalogue, (app, release), home, raw, day);
            let counted = device.bounded.count(&self.bounds, day, &event);
            self.totals.add(raw, &counted);
            for table in &mut self.tables {
                table
                    .wanted
                    .count(&mut table.bounded, day, &event, &counted);
            }
            cells::pair(&mut self.pairs, day, &event, &counted);
            if self.both {
                let mut free = device.unbounded.count(&NO_BOUNDS, day, &event);
                // Without bounds nothing is bounded; what is true of it is what the bounds did.
                free.set(Mark::FirstBoundedDay, counted.has(Mark::FirstBoundedDay));
                for table in &mut self.tables {
                    table.wanted.count(&mut table.unbounded, day, &event, &free);
                }
            }
        }
    }

    fn forget(&mut self, forget: &Forget<'_>, day: Day) {
        let lane = self.lane(&forget.device_id, day);
        let app = forget.app.map(|app| self.catalogue.app(app, lane.day));
        let device = device(&mut self.devices, forget.device_id, lane, &self.bounds);
        device.forget(lane.day, app.map(|app| app.as_str()));
        self.totals.forgotten += 1;
    }

    /// The partition of a device, come to the day of one of its records.
    fn lane(&mut self, id: &DeviceId, day: Day) -> Lane {
        let at = self.lane_of(id);
        let lane = &mut self.lanes[at];
        lane.day = day.max(lane.day);
        *lane
    }

    fn lane_of(&self, id: &DeviceId) -> usize {
        let partitions = i32::try_from(self.lanes.len()).unwrap_or(1);
        usize::try_from(partition_of(id.as_bytes(), partitions)).unwrap_or(0)
    }
}

/// A device of which something was heard on the lane's day: one that is not remembered any more begins
/// anew.
fn device<'d>(
    devices: &'d mut HashMap<DeviceId, Device>,
    id: DeviceId,
    lane: Lane,
    bounds: &Bounds,
) -> &'d mut Device {
    let new = || Device::new(lane.lost, bounds);
    let device = devices.entry(id).or_insert_with(new);
    if !device.is_remembered_on(lane.day) {
        *device = new();
    }
    device.heard_of = Some(lane.day.month());
    device
}

impl Totals {
    fn add(&mut self, raw: &RawEvent<'_>, counted: &Counted) {
        let times = u64::try_from(event::times(raw)).unwrap_or(0);
        if !counted.is_bounded() {
            self.accepted += 1;
            self.accepted_times += times;
        } else {
            self.bounded += 1;
            if counted.has(Mark::FirstBoundedDay) {
                self.bounded_marked += 1;
                self.bounded_marked_times += times;
            }
        }
        self.pairs += counted.pairs_with.len() as u64;
        for mark in Mark::of_events().filter(|mark| counted.has(*mark)) {
            self.marks.add(mark, 1);
        }
        let pairs = counted.pairs_with.len() as u64;
        self.marks.add(Mark::FirstPairWeek, pairs);
    }
}

#[cfg(test)]
mod tests;
