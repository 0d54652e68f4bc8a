//! What is known of one device: its streams, its home, what was forgotten, and its books.

use std::collections::HashMap;
use std::ops::Range;

use kaiku_raw::{RawBatch, RawEvent};
use kaiku_wire::{Bounds, Day, Month, Week};

use super::book::Books;
use super::event::{Home, Name};

/// What was sent of a stream: everything below a number, but for some.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) below: i64,
    /// Ranges of numbers below it that never came, in any order.
    pub(super) but: Vec<Range<i64>>,
}

impl Sent {
    /// Whether a number is new; it is sent now.
    fn is_new(&mut self, number: i64) -> bool {
        if number >= self.below {
            if number > self.below {
                self.but.push(self.below..number);
            }
            self.below = number + 1;
            return true;
        }
        let Some(at) = self.but.iter().position(|range| range.contains(&number)) else {
            return false;
        };
        let range = self.but.swap_remove(at);
        let parts = [range.start..number, number + 1..range.end];
        let left = parts.into_iter().filter(|range| !range.is_empty());
        self.but.extend(left);
        true
    }
}

/// Everything that is known of a device.
#[derive(Default)]
pub(super) struct Device {
    /// What was sent of each stream of each app; those that no catalogue lists are one.
    pub(super) sent: HashMap<(Name, [u8; 8]), Sent>,
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
    ) -> Vec<&'b RawEvent<'b>> {
        let (Some(stream), Some(first)) = (batch.stream, batch.first_sequence) else {
            return batch.events.iter().collect();
        };
        let sent = self.sent.entry((app, *stream.as_bytes())).or_default();
        let numbered = (first..).zip(&batch.events);
        let new = numbered.filter(|(number, _)| sent.is_new(*number));
        new.map(|(_, event)| event).collect()
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
        self.sent
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
