//! One device in the open day and week: what is new of an upload, where it is at home, and what it
//! counts for. Pure: no clock, no I/O, no identity. `docs/counting.md` says what it does.

mod books;
mod count;
mod home;
mod places;
mod streams;

use kaiku_wire::Day;

pub(crate) use books::Books;
pub(super) use books::days_before;
pub(crate) use count::{Outcome, Sight};
pub(crate) use home::Home;
pub(super) use places::{Family, Flags, Slot, Totals};
pub(crate) use streams::Fresh;
pub(super) use streams::{Gaps, Stream};

use places::half;

/// What is known of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Device {
    /// The day of the last event, in days since 1970-01-01.
    pub(super) day: i32,
    pub(super) streams: Vec<Stream>,
    /// The places that it holds, of both books.
    pub(super) slots: Vec<Slot>,
    /// The places of the day book that it took in this week, all days added up.
    pub(super) taken: Totals,
    /// Where it stands in this week; unknown until it brings something new.
    pub(super) home: Option<Home>,
    /// Apps that were forgotten in this week, `None` for all: they can't count again in it.
    pub(super) spent: Vec<Option<u64>>,
}

impl Device {
    /// Brings the device to a day: what belongs to closed periods is dropped.
    pub(crate) fn turn(&mut self, day: Day) {
        let number = day.days_since_epoch();
        if self.day == number {
            return;
        }
        let before = Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN);
        self.day = number;
        if before.week() == day.week() {
            self.slots.retain_mut(Slot::turn_day);
            return;
        }
        self.slots.clear();
        self.taken = Totals::default();
        self.home = None;
        self.spent.clear();
    }

    /// The home of this week: that which is known, else the one that an upload names, which has
    /// brought something new.
    pub(crate) fn home(&mut self, named: impl FnOnce() -> Home) -> Home {
        // What is left of a forgotten device is the bare mark that it was there.
        if self.spent.contains(&None) {
            return named();
        }
        *self.home.get_or_insert_with(named)
    }

    /// Forgets one app, or all: what is left is the bare mark that they were here in this week.
    ///
    /// The places of one forgotten app stay taken until their period ends, without a name: else the
    /// device could count for more than the bounds by forgetting and coming back.
    pub(crate) fn forget(&mut self, app: Option<u64>) {
        match app {
            Some(app) => {
                self.streams.retain(|stream| stream.app != app);
                let of_app = self.slots.iter_mut().filter(|slot| slot.app == half(app));
                of_app.for_each(Slot::lose_name);
            }
            None => {
                self.streams.clear();
                self.slots.clear();
                self.taken = Totals::default();
                self.home = None;
                self.spent.clear();
            }
        }
        if !self.spent.contains(&app) {
            self.spent.push(app);
        }
    }

    /// Whether an app was forgotten in this week, or all were.
    fn is_spent(&self, app: u64) -> bool {
        let mut spent = self.spent.iter();
        spent.any(|spent| spent.is_none_or(|one| one == app))
    }

    /// Whether nothing would be lost by dropping the device on this day.
    pub(crate) fn is_empty_on(&self, day: Day) -> bool {
        let last = Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN);
        self.streams.is_empty() && last.week() != day.week()
    }
}

#[cfg(test)]
mod tests;
