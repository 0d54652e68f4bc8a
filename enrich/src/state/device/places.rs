//! The places that a device holds, a slot for each thing that it counts for, in both books at once.

use kaiku_wire::{BOUNDS, Room};

use super::{Books, Device};

/// The key of a place whose name was forgotten.
const NAMELESS: u64 = u64::MAX;

/// One thing that the device counts for, and its places in the two books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::state) struct Slot {
    pub(in crate::state) key: u64,
    /// The lower half of the app's key: enough to find what a `Forget` of one app is about.
    pub(in crate::state) app: u32,
    pub(in crate::state) family: Family,
    pub(in crate::state) flags: Flags,
    /// Feature: uses today, up to five.
    pub(in crate::state) uses: u8,
}

/// What a slot is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::state) enum Family {
    App,
    Release,
    Feature,
    Cause,
    ReleaseCause,
    ComponentCause,
}

/// What a slot holds, and which marks that need no place it has given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::state) struct Flags(pub(in crate::state) u8);

/// A kind of place in the day book.
#[derive(Clone, Copy)]
pub(super) enum DayPlace {
    App,
    Release,
    Feature,
    Cause,
    ReleaseCause,
    Fatal,
}

/// A kind of place in the week book.
#[derive(Clone, Copy)]
pub(super) enum WeekPlace {
    App,
    Feature,
    Cause,
    ComponentCause,
    Paired,
}

/// How many places of the day book were taken in a week, by [`DayPlace`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::state) struct Totals(pub(in crate::state) [u8; 6]);

/// What became of trying to take a place: where its slot is, if it is held.
#[derive(Clone, Copy)]
pub(super) enum Take {
    /// It was held already.
    Held(usize),
    /// It was free, and is held now.
    Taken(usize),
    /// There is none.
    Full,
}

impl Take {
    pub(super) fn at(self) -> Option<usize> {
        match self {
            Take::Held(at) | Take::Taken(at) => Some(at),
            Take::Full => None,
        }
    }
}

impl Flags {
    /// A place of its family in the day book.
    pub(in crate::state) const DAY: Flags = Flags(1);
    /// A place of its family in the week book.
    pub(in crate::state) const WEEK: Flags = Flags(2);
    /// Release: a place among the fatals of the day. App: failed fatally today.
    pub(in crate::state) const FATAL_DAY: Flags = Flags(4);
    /// App: failed fatally in this week.
    pub(in crate::state) const FATAL_WEEK: Flags = Flags(8);
    /// Feature: a place among the paired ones of the week.
    pub(in crate::state) const PAIRED: Flags = Flags(16);
    /// App: had a session today.
    pub(in crate::state) const SESSION: Flags = Flags(32);
    /// App: something found no place today.
    pub(in crate::state) const BOUNDED: Flags = Flags(64);

    /// What ends with the day.
    const OF_DAY: u8 = Flags::DAY.0 | Flags::FATAL_DAY.0 | Flags::SESSION.0 | Flags::BOUNDED.0;

    pub(in crate::state) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    /// Sets a flag, and says whether it was not set.
    pub(in crate::state) fn put(&mut self, flag: Flags) -> bool {
        let new = !self.has(flag);
        self.0 |= flag.0;
        new
    }
}

impl Slot {
    /// Drops what belongs to a day, and says whether anything is left.
    pub(super) fn turn_day(&mut self) -> bool {
        self.flags.0 &= !Flags::OF_DAY;
        self.uses = 0;
        self.flags.has(Flags::WEEK)
    }

    /// Keeps the places, and not what they are about.
    pub(super) fn lose_name(&mut self) {
        self.key = NAMELESS;
    }
}

impl DayPlace {
    fn room(self) -> Room {
        let book = BOUNDS.day;
        match self {
            DayPlace::App => book.apps,
            DayPlace::Release => book.releases,
            DayPlace::Feature => book.features,
            DayPlace::Cause => book.causes,
            DayPlace::ReleaseCause => book.release_causes,
            DayPlace::Fatal => book.fatals,
        }
    }

    fn family(self) -> Family {
        match self {
            DayPlace::App => Family::App,
            DayPlace::Release | DayPlace::Fatal => Family::Release,
            DayPlace::Feature => Family::Feature,
            DayPlace::Cause => Family::Cause,
            DayPlace::ReleaseCause => Family::ReleaseCause,
        }
    }

    fn flag(self) -> Flags {
        match self {
            DayPlace::Fatal => Flags::FATAL_DAY,
            _ => Flags::DAY,
        }
    }
}

impl WeekPlace {
    fn bound(self) -> u32 {
        let book = BOUNDS.week;
        match self {
            WeekPlace::App => book.apps,
            WeekPlace::Feature => book.features,
            WeekPlace::Cause => book.causes,
            WeekPlace::ComponentCause => book.component_causes,
            WeekPlace::Paired => book.pair_features,
        }
    }

    fn family(self) -> Family {
        match self {
            WeekPlace::App => Family::App,
            WeekPlace::Feature | WeekPlace::Paired => Family::Feature,
            WeekPlace::Cause => Family::Cause,
            WeekPlace::ComponentCause => Family::ComponentCause,
        }
    }

    fn flag(self) -> Flags {
        match self {
            WeekPlace::Paired => Flags::PAIRED,
            _ => Flags::WEEK,
        }
    }
}

impl Device {
    /// Tries to take a place of the day book.
    pub(super) fn take_day(&mut self, place: DayPlace, books: Books, app: u64, key: u64) -> Take {
        let room = place.room();
        let total = usize::from(place as u8);
        let left = u32::from(self.taken.0[total]) < books.left_of(room);
        let most = if left { room.a_day } else { 0 };
        let at = self.find(place.family(), key);
        let take = self.take(at, place.family(), place.flag(), most, app, key);
        if let Take::Taken(_) = take {
            self.taken.0[total] = self.taken.0[total].saturating_add(1);
        }
        take
    }

    /// Tries to take a place of the week book, for something whose slot may be known.
    pub(super) fn take_week(
        &mut self,
        place: WeekPlace,
        known: Option<usize>,
        app: u64,
        key: u64,
    ) -> Take {
        let at = known.or_else(|| self.find(place.family(), key));
        self.take(at, place.family(), place.flag(), place.bound(), app, key)
    }

    /// The slot of something.
    fn find(&self, family: Family, key: u64) -> Option<usize> {
        let mut slots = self.slots.iter();
        slots.position(|slot| slot.key == key && slot.family == family)
    }

    /// Tries to take a place, of which there are `most`, for what has its slot at `at`, or none.
    fn take(
        &mut self,
        at: Option<usize>,
        family: Family,
        flag: Flags,
        most: u32,
        app: u64,
        key: u64,
    ) -> Take {
        if let Some(at) = at.filter(|at| self.slots[*at].flags.has(flag)) {
            return Take::Held(at);
        }
        let of_family = self.slots.iter().filter(|slot| slot.family == family);
        let held = of_family.filter(|slot| slot.flags.has(flag)).count();
        if held >= most as usize {
            return Take::Full;
        }
        let at = at.unwrap_or_else(|| self.add(family, app, key));
        self.slots[at].flags.put(flag);
        Take::Taken(at)
    }

    /// Adds a slot that holds nothing yet.
    fn add(&mut self, family: Family, app: u64, key: u64) -> usize {
        // A usual upload takes about so many. Then in small steps, not twice as much: most devices
        // are in memory with what they have.
        if self.slots.len() == self.slots.capacity() {
            let more = if self.slots.is_empty() { 12 } else { 4 };
            self.slots.reserve_exact(more);
        }
        self.slots.push(Slot {
            key,
            app: half(app),
            family,
            flags: Flags::default(),
            uses: 0,
        });
        self.slots.len() - 1
    }
}

/// The lower half of an app's key.
pub(super) fn half(app: u64) -> u32 {
    // Truncation is what is meant.
    #[allow(clippy::cast_possible_truncation)]
    let lower = app as u32;
    lower
}
