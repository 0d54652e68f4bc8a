//! The places of one kind in a book, and who holds them.

use kaiku_wire::bounds::Room;

/// What became of a thing that wanted a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It held one already.
    Held,
    /// It took one that was free.
    Taken,
    /// It holds none, and none was free.
    Full,
}

/// The places of one kind.
pub(super) struct Places<T> {
    held: Vec<T>,
    /// Places taken in this week, each day's added up.
    of_week: u32,
}

impl<T> Default for Places<T> {
    fn default() -> Places<T> {
        Places {
            held: Vec::new(),
            of_week: 0,
        }
    }
}

impl<T: PartialEq> Places<T> {
    /// Gives a thing a place, where it needs one and one is free.
    pub(super) fn take(&mut self, thing: T, room: Room) -> Place {
        if self.holds(&thing) {
            return Place::Held;
        }
        if self.held.len() >= room.a_day as usize || self.of_week >= room.a_week {
            return Place::Full;
        }
        self.held.push(thing);
        self.of_week += 1;
        Place::Taken
    }

    pub(super) fn holds(&self, thing: &T) -> bool {
        self.held.contains(thing)
    }

    /// Those who hold a place, in the order in which they took it.
    pub(super) fn held(&self) -> &[T] {
        &self.held
    }

    /// A day is over: its places are free again, and the week remembers how many they were.
    pub(super) fn next_day(&mut self) {
        self.held.clear();
    }

    /// Takes it that every place was used in the first so many days of the week.
    pub(super) fn used_up(&mut self, room: Room, days: u32) {
        self.held.clear();
        self.of_week = room.taken_within(days);
    }
}
