//! One device in the open day and week: what is new of an upload, what the bounds let count, and
//! which firsts it is. Pure: no clock, no I/O, no identity.

use kaiku_stripped::Marks;
use kaiku_wire::Mark;
use kaiku_wire::{Day, bounds};
use serde::{Deserialize, Serialize};

/// Streams that are remembered of one app: the newest, and the one before it.
const STREAMS_PER_APP: usize = 2;
/// Streams that are remembered of one device.
const STREAMS: usize = 16;
/// Uses of a feature are counted up to this.
const USES: u8 = 5;

/// What is known of one device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// The day of the last event, in days since 1970-01-01.
    pub(super) day: i32,
    pub(super) streams: Vec<Stream>,
    pub(super) slots: Vec<Slot>,
    /// Apps that were forgotten in this week, `None` for all: they can't count again in it.
    pub(super) spent: Vec<Option<u64>>,
}

/// How far one numbered stream of events was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stream {
    pub(super) app: u64,
    pub(super) id: [u8; 8],
    pub(super) next: i64,
}

/// One contribution of the device in the open week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Slot {
    pub(super) family: Family,
    /// The lower half of the app's key: enough to find what a `Forget` of one app is about.
    pub(super) app: u32,
    pub(super) key: u64,
    /// Whether it counts today too.
    pub(super) today: bool,
    /// App: sessions today. Feature: uses today, up to five.
    pub(super) count: u8,
    /// Release: failed fatally today. App: failed fatally in this week. Feature: enters into pairs.
    pub(super) flag: bool,
    /// App: failed fatally today.
    pub(super) fatal_today: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Family {
    App,
    Release,
    Feature,
    Cause,
}

/// An event as the bounds see it: keys of vocabularies, no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sight {
    /// The app started.
    Started,
    /// The app stopped: a session.
    Stopped,
    /// A feature was used so many times; unlisted ones enter into no pairs.
    FeatureUsed {
        feature: u64,
        times: u16,
        pairs: bool,
    },
    /// Something failed.
    Failed { cause: u64, fatal: bool },
}

/// What becomes of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It counts, with these marks.
    Counted(Marks),
    /// It is over a bound, or its app was forgotten in this week.
    Bounded,
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
        if before.week() != day.week() {
            self.slots.clear();
            self.spent.clear();
            return;
        }
        self.slots.retain_mut(|slot| {
            slot.today = false;
            slot.fatal_today = false;
            slot.count = 0;
            slot.family != Family::Release
        });
    }

    /// How many of the first events of an upload were counted before, by its stream and numbers.
    ///
    /// A gap in the numbers is taken as it is: what was lost on the device stays lost.
    pub(crate) fn seen_before(
        &mut self,
        app: u64,
        id: [u8; 8],
        first: i64,
        events: usize,
    ) -> usize {
        let end = first.saturating_add(i64::try_from(events).unwrap_or(i64::MAX));
        if let Some(stream) = self.streams.iter_mut().find(|s| s.app == app && s.id == id) {
            let seen = stream.next.saturating_sub(first).max(0);
            stream.next = stream.next.max(end);
            return usize::try_from(seen).unwrap_or(usize::MAX).min(events);
        }
        let of_app = self
            .streams
            .iter()
            .filter(|stream| stream.app == app)
            .count();
        if of_app >= STREAMS_PER_APP {
            if let Some(oldest) = self.streams.iter().position(|stream| stream.app == app) {
                self.streams.remove(oldest);
            }
        } else if self.streams.len() >= STREAMS {
            self.streams.remove(0);
        }
        self.streams.push(Stream { app, id, next: end });
        0
    }

    /// Bounds one event, then marks it. An event that is dropped takes no slot.
    ///
    /// `pair` is called with the key of every other feature of the week that the event's feature
    /// makes a new pair with.
    pub(crate) fn count(
        &mut self,
        app: u64,
        release: u64,
        sight: Sight,
        pair: impl FnMut(u64),
    ) -> Outcome {
        if self
            .spent
            .iter()
            .any(|spent| spent.is_none_or(|one| one == app))
        {
            return Outcome::Bounded;
        }
        let fits = self.fits(Family::App, app, bounds::DAY_APPS, bounds::WEEK_APPS)
            && self.fits(Family::Release, release, bounds::DAY_RELEASES, u32::MAX)
            && match sight {
                Sight::Started => true,
                Sight::Stopped => self
                    .slot(Family::App, app)
                    .is_none_or(|slot| u32::from(slot.count) < bounds::DAY_SESSIONS_PER_APP),
                Sight::FeatureUsed { feature, .. } => self.fits(
                    Family::Feature,
                    feature,
                    bounds::DAY_FEATURES,
                    bounds::WEEK_FEATURES,
                ),
                Sight::Failed { cause, .. } => self.fits(
                    Family::Cause,
                    cause,
                    bounds::DAY_CAUSES,
                    bounds::WEEK_CAUSES,
                ),
            };
        if fits {
            Outcome::Counted(self.mark(app, release, sight, pair))
        } else {
            Outcome::Bounded
        }
    }

    /// Takes the slots of an event that fits, and says which firsts it is.
    fn mark(&mut self, app: u64, release: u64, sight: Sight, pair: impl FnMut(u64)) -> Marks {
        let mut marks = Marks::default();
        let (day, week) = self.take(Family::App, app, app);
        marks.set(Mark::FirstAppDay, day);
        marks.set(Mark::FirstAppWeek, week);
        marks.set(
            Mark::FirstReleaseDay,
            self.take(Family::Release, app, release).0,
        );
        match sight {
            Sight::Started => {}
            Sight::Stopped => {
                if let Some(slot) = self.slot_mut(Family::App, app) {
                    slot.count = slot.count.saturating_add(1);
                }
            }
            Sight::FeatureUsed {
                feature,
                times,
                pairs,
            } => {
                let (day, week) = self.take(Family::Feature, app, feature);
                marks.set(Mark::FirstItemDay, day);
                marks.set(Mark::FirstItemWeek, week);
                self.uses(feature, times, &mut marks);
                if week && pairs {
                    self.pairs(feature, pair);
                }
            }
            Sight::Failed { cause, fatal } => {
                let (day, week) = self.take(Family::Cause, app, cause);
                marks.set(Mark::FirstItemDay, day);
                marks.set(Mark::FirstItemWeek, week);
                if fatal {
                    self.fatal(app, release, &mut marks);
                }
            }
        }
        marks
    }

    fn uses(&mut self, feature: u64, times: u16, marks: &mut Marks) {
        if let Some(slot) = self.slot_mut(Family::Feature, feature) {
            let before = slot.count;
            let after = u16::from(before).saturating_add(times).min(u16::from(USES));
            slot.count = u8::try_from(after).unwrap_or(USES);
            marks.set(Mark::SecondUseDay, before < 2 && after >= 2);
            marks.set(Mark::FifthUseDay, before < 5 && after >= 5);
        }
    }

    /// The first features of the week, up to the bound, make pairs with one another.
    fn pairs(&mut self, feature: u64, mut pair: impl FnMut(u64)) {
        let paired = |slot: &&Slot| slot.family == Family::Feature && slot.flag;
        if self.slots.iter().filter(paired).count() < bounds::WEEK_PAIR_FEATURES as usize {
            self.slots
                .iter()
                .filter(paired)
                .for_each(|slot| pair(slot.key));
            if let Some(slot) = self.slot_mut(Family::Feature, feature) {
                slot.flag = true;
            }
        }
    }

    /// A fatal failure takes a slot of its release; where none is free, it counts as not fatal.
    fn fatal(&mut self, app: u64, release: u64, marks: &mut Marks) {
        let fatals = self
            .slots
            .iter()
            .filter(|s| s.family == Family::Release && s.flag)
            .count();
        let Some(slot) = self.slot_mut(Family::Release, release) else {
            return;
        };
        if slot.flag || fatals >= bounds::DAY_FATALS as usize {
            return;
        }
        slot.flag = true;
        marks.set(Mark::FirstFatalReleaseDay, true);
        if let Some(slot) = self.slot_mut(Family::App, app) {
            marks.set(Mark::FirstFatalDay, !slot.fatal_today);
            slot.fatal_today = true;
            marks.set(Mark::FirstFatalWeek, !slot.flag);
            slot.flag = true;
        }
    }

    /// Forgets one app, or all: what is left is the bare mark that they were here in this week.
    ///
    /// The slots of one forgotten app stay taken until their period ends, without a name: else the
    /// device could count for more than the bounds by forgetting and coming back.
    pub(crate) fn forget(&mut self, app: Option<u64>) {
        match app {
            Some(app) => {
                self.streams.retain(|stream| stream.app != app);
                let of_app = |slot: &&mut Slot| slot.app == half(app);
                for (nameless, slot) in (0_u64..).zip(self.slots.iter_mut().filter(of_app)) {
                    slot.key = u64::MAX - nameless;
                }
            }
            None => {
                self.streams.clear();
                self.slots.clear();
                self.spent.clear();
            }
        }
        if !self.spent.contains(&app) {
            self.spent.push(app);
        }
    }

    /// Whether nothing would be lost by dropping the device on this day.
    pub(crate) fn is_empty_on(&self, day: Day) -> bool {
        let last = Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN);
        self.streams.is_empty() && last.week() != day.week()
    }

    fn slot(&self, family: Family, key: u64) -> Option<&Slot> {
        self.slots
            .iter()
            .find(|slot| slot.family == family && slot.key == key)
    }

    fn slot_mut(&mut self, family: Family, key: u64) -> Option<&mut Slot> {
        self.slots
            .iter_mut()
            .find(|slot| slot.family == family && slot.key == key)
    }

    /// Whether a slot is there, or one is free in the day and in the week.
    fn fits(&self, family: Family, key: u64, of_day: u32, of_week: u32) -> bool {
        let (mut today, mut week, mut in_week) = (0_u32, 0_u32, false);
        for slot in self.slots.iter().filter(|slot| slot.family == family) {
            if slot.key == key {
                if slot.today {
                    return true;
                }
                in_week = true;
            }
            today += u32::from(slot.today);
            week += 1;
        }
        today < of_day && (in_week || week < of_week)
    }

    /// Takes a slot, and says whether it is the first of the day and of the week.
    fn take(&mut self, family: Family, app: u64, key: u64) -> (bool, bool) {
        if let Some(slot) = self.slot_mut(family, key) {
            let first = !slot.today;
            slot.today = true;
            return (first, false);
        }
        // A usual upload takes about so many: fewer steps of growth.
        if self.slots.capacity() == 0 {
            self.slots.reserve_exact(12);
        }
        self.slots.push(Slot {
            family,
            app: half(app),
            key,
            today: true,
            count: 0,
            flag: false,
            fatal_today: false,
        });
        (true, true)
    }
}

/// The lower half of an app's key.
fn half(app: u64) -> u32 {
    // Truncation is what is meant.
    #[allow(clippy::cast_possible_truncation)]
    let lower = app as u32;
    lower
}

#[cfg(test)]
mod tests;
