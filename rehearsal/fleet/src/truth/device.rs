//! What is known of one device: its streams, its home, what was forgotten, and its books.

use std::collections::HashMap;

use kaiku_raw::{RawBatch, RawEvent};
use kaiku_wire::{Bounds, Day, Month, Week};

use super::book::Books;
use super::event::{Home, Name};

/// Everything that is known of a device.
#[derive(Default)]
pub(super) struct Device {
    /// The next number of each stream of each app; those that no catalogue lists are one.
    pub(super) next: HashMap<(Name, [u8; 8]), i64>,
    /// The month in which something was heard of it last; none of one that is being made.
    pub(super) heard_of: Option<Month>,
    week: Option<Week>,
    home: Option<Home>,
    /// Apps that were forgotten in this week.
    spent: Vec<Name>,
    all_spent: bool,
    /// What it counts for under the bounds.
    pub(super) bounded: Books,
    /// What it would count for if there were none; kept where somebody asks for it.
    pub(super) unbounded: Books,
}

impl Device {
    /// A device that nothing is known of; where that is because its partition has lost its state,
    /// with its places used up.
    pub(super) fn new(lost: Option<Day>, bounds: &Bounds) -> Device {
        let mut device = Device::default();
        if let Some(day) = lost {
            device.bounded.lose(bounds, day);
        }
        device
    }

    /// Whether anything is still known of it: until the end of the month after the one in which
    /// something was heard of it last.
    pub(super) fn is_remembered_on(&self, day: Day) -> bool {
        self.heard_of
            .is_none_or(|month| month >= day.month().prev())
    }

    /// The events of a batch that were not sent before.
    pub(super) fn new_events<'b>(
        &mut self,
        app: Name,
        batch: &'b RawBatch<'b>,
    ) -> &'b [RawEvent<'b>] {
        let (Some(stream), Some(first)) = (batch.stream, batch.first_sequence) else {
            return &batch.events;
        };
        let next = self.next.entry((app, *stream.as_bytes())).or_default();
        let count = i64::try_from(batch.events.len()).unwrap_or(i64::MAX);
        let seen = (*next - first).clamp(0, count);
        *next = (*next).max(first + count);
        &batch.events[usize::try_from(seen).unwrap_or(0)..]
    }

    /// Where the device is at home in the week of a day: where it was in its first upload of that
    /// week, which is this one if there was none before.
    pub(super) fn home(&mut self, day: Day, of_upload: impl FnOnce() -> Home) -> Home {
        self.turn(day);
        *self.home.get_or_insert_with(of_upload)
    }

    /// Whether a device, or an app of it, was forgotten and does not count.
    pub(super) fn is_spent(&mut self, day: Day, app: Name) -> bool {
        self.turn(day);
        self.all_spent || self.spent.contains(&app)
    }

    /// Forgets one app, or all (`None`): it can't count again in this week. What it counted for
    /// stays taken.
    pub(super) fn forget(&mut self, day: Day, app: Option<Name>) {
        self.turn(day);
        match app {
            Some(app) => self.spent.push(app),
            None => {
                self.all_spent = true;
                self.home = None;
            }
        }
        self.next
            .retain(|(name, _), _| app.is_some_and(|app| app != *name));
    }

    fn turn(&mut self, day: Day) {
        if self.week != Some(day.week()) {
            self.week = Some(day.week());
            self.home = None;
            self.spent.clear();
            self.all_spent = false;
        }
    }
}
