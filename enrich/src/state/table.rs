//! The devices of one partition: what is committed, and over it what the open transaction changed.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use kaiku_raw::DeviceId;
use kaiku_wire::{Day, Month};

use super::{Device, Devices};
use crate::token::{MonthKey, Token};

/// Tokens are uniform already: their first bytes serve as the hash.
#[derive(Default)]
pub(crate) struct TokenHasher(u64);

impl Hasher for TokenHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {}
}

type ByToken = HashMap<Token, Device, BuildHasherDefault<TokenHasher>>;

/// One month's devices, under its key.
struct Generation {
    month: Month,
    key: Arc<MonthKey>,
    devices: ByToken,
}

/// The devices of one partition.
#[derive(Default)]
pub(crate) struct Table {
    now: Option<Generation>,
    /// The month before: a device moves over when it is next seen.
    before: Option<Generation>,
    /// What the open transaction changed, under this month's tokens.
    changed: ByToken,
    /// How many of them were not known before.
    added: usize,
    /// Tokens of this month that the open transaction removed.
    dropped: HashSet<Token>,
    /// Tokens of the month before that the open transaction moved over.
    moved: HashSet<Token>,
}

/// One record of the open transaction for a state topic.
pub(crate) enum Change<'a> {
    /// The device's new state, under this month's key.
    Put(Month, Token, &'a MonthKey, &'a Device),
    /// The device is gone from this month's topic.
    Drop(Month, Token),
}

impl Table {
    /// Takes in a month's devices when the state is restored, the older month first.
    pub(crate) fn restore(
        &mut self,
        month: Month,
        key: Arc<MonthKey>,
        devices: Vec<(Token, Device)>,
    ) {
        self.before = self.now.take();
        let devices = devices.into_iter().collect();
        self.now = Some(Generation {
            month,
            key,
            devices,
        });
    }

    /// The month whose tokens are written now.
    pub(crate) fn month(&self) -> Option<Month> {
        self.now.as_ref().map(|now| now.month)
    }

    /// Turns to a month, at the first record of one of its days. Nothing may be open.
    pub(crate) fn turn(&mut self, month: Month, key: Arc<MonthKey>) {
        debug_assert!(self.changed.is_empty() && self.dropped.is_empty());
        let now = self.now.replace(Generation {
            month,
            key,
            devices: ByToken::default(),
        });
        self.before = now.filter(|now| now.month.next() == month);
    }

    /// The device, for reading and changing within the open transaction; made anew where it is
    /// not known and `enters` lets it in. `None` where it does not, or no month is open.
    pub(crate) fn device(
        &mut self,
        id: &DeviceId,
        enters: impl FnOnce() -> bool,
    ) -> Option<&mut Device> {
        let now = self.now.as_ref()?;
        let token = now.key.token(id);
        if !self.changed.contains_key(&token) {
            let known = now
                .devices
                .get(&token)
                .filter(|_| !self.dropped.contains(&token))
                .cloned();
            let is_known = known.is_some();
            let device = known.or_else(|| {
                let before = self.before.as_ref()?;
                let old = before.key.token(id);
                let device = before
                    .devices
                    .get(&old)
                    .filter(|_| !self.moved.contains(&old))?;
                self.moved.insert(old);
                Some(device.clone())
            });
            let device = device.or_else(|| enters().then(Device::default))?;
            self.added += usize::from(!is_known);
            self.changed.insert(token, device);
        }
        self.changed.get_mut(&token)
    }

    /// Drops every device that nothing would be lost by dropping, at the turn of a week.
    pub(crate) fn sweep(&mut self, day: Day) {
        if let Some(now) = &self.now {
            let empty = now
                .devices
                .iter()
                // What the open transaction has changed is not what it was.
                .filter(|(token, device)| {
                    device.is_empty_on(day) && !self.changed.contains_key(*token)
                });
            self.dropped.extend(empty.map(|(token, _)| *token));
        }
    }

    /// What the open transaction must write, for each month's topic.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        let puts = self.now.iter().flat_map(|now| {
            self.changed
                .iter()
                .map(|(token, device)| Change::Put(now.month, *token, &now.key, device))
        });
        let drops = self.now.iter().flat_map(|now| {
            let gone = self
                .dropped
                .iter()
                .filter(|token| !self.changed.contains_key(*token));
            gone.map(|token| Change::Drop(now.month, *token))
        });
        let moves = self.before.iter().flat_map(|before| {
            self.moved
                .iter()
                .map(|token| Change::Drop(before.month, *token))
        });
        puts.chain(drops).chain(moves)
    }

    /// Makes the open transaction's changes the committed ones.
    pub(crate) fn apply(&mut self) {
        if let Some(now) = &mut self.now {
            for token in self.dropped.drain() {
                now.devices.remove(&token);
            }
            now.devices.extend(self.changed.drain());
        }
        self.added = 0;
        if let Some(before) = &mut self.before {
            for token in self.moved.drain() {
                before.devices.remove(&token);
            }
        }
    }

    /// How many devices the state holds once the open transaction has committed.
    pub(crate) fn devices(&self) -> Devices {
        Devices {
            now: known(self.now.as_ref()) + self.added - self.dropped.len(),
            before: known(self.before.as_ref()) - self.moved.len(),
        }
    }

    /// Throws the open transaction's changes away.
    pub(crate) fn discard(&mut self) {
        self.changed.clear();
        self.added = 0;
        self.dropped.clear();
        self.moved.clear();
    }

    /// How many devices are known.
    pub(crate) fn len(&self) -> usize {
        known(self.now.as_ref()) + known(self.before.as_ref())
    }
}

fn known(generation: Option<&Generation>) -> usize {
    generation.map_or(0, |generation| generation.devices.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DAY: i32 = 20_780;

    fn table() -> Table {
        let mut table = Table::default();
        table.turn(day().month(), Arc::new(MonthKey::new(&[1; 32])));
        table
    }

    fn day() -> Day {
        Day::from_days_since_epoch(DAY).unwrap()
    }

    fn touch(table: &mut Table, id: u8) -> usize {
        let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
        device.turn(day());
        device.seen_before(1, [1; 8], 0, 3)
    }

    #[test]
    fn a_device_that_is_not_let_in_leaves_nothing_and_one_that_is_known_is_not_asked() {
        let mut table = table();
        let (known, new) = (DeviceId::new([1; 16]), DeviceId::new([2; 16]));
        touch(&mut table, 1);
        table.apply();
        assert!(table.device(&new, || false).is_none());
        assert_eq!(table.changes().count(), 0);
        assert_eq!(table.devices(), Devices { now: 1, before: 0 });
        assert!(table.device(&known, || false).is_some());
        table.apply();
        table.turn(day().month().next(), Arc::new(MonthKey::new(&[2; 32])));
        assert!(
            table.device(&known, || false).is_some(),
            "the month before is asked too"
        );
    }

    #[test]
    fn a_device_that_is_swept_and_came_back_in_the_same_transaction_is_one() {
        let mut table = table();
        // Without streams nothing of it is worth keeping beyond its week.
        let bare = |table: &mut Table, on: Day| {
            let device = table.device(&DeviceId::new([1; 16]), || true).unwrap();
            device.turn(on);
        };
        bare(&mut table, day());
        table.apply();
        let next_week = day().plus(7);
        bare(&mut table, next_week);
        table.sweep(next_week);
        assert_eq!(table.devices(), Devices { now: 1, before: 0 });
        table.apply();
        assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    }

    #[test]
    fn a_turn_of_the_week_drops_who_has_nothing_to_lose_and_the_topic_is_told() {
        let mut table = table();
        for id in 1..=3 {
            let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
            device.turn(day());
        }
        assert_eq!(table.devices(), Devices { now: 3, before: 0 });
        touch(&mut table, 4);
        table.apply();
        let next_week = day().plus(7);
        let back = table.device(&DeviceId::new([1; 16]), || true).unwrap();
        back.turn(next_week);
        table.sweep(next_week);
        let (mut puts, mut drops) = (0, 0);
        for change in table.changes() {
            match change {
                Change::Put(month, ..) if month == day().month() => puts += 1,
                Change::Drop(month, _) if month == day().month() => drops += 1,
                _ => panic!("of another month"),
            }
        }
        assert_eq!((puts, drops), (1, 2), "one has a stream, and one came back");
        assert_eq!(table.devices(), Devices { now: 2, before: 0 });
        table.apply();
        assert_eq!((table.len(), table.changes().count()), (2, 0));
    }

    #[test]
    fn what_was_restored_is_known_and_counted_in_its_month() {
        let (older, newer) = (day().month(), day().month().next());
        let keys = [1, 2].map(|byte| Arc::new(MonthKey::new(&[byte; 32])));
        let device = || {
            let mut device = Device::default();
            device.turn(day());
            device.seen_before(1, [1; 8], 0, 3);
            device
        };
        let of = |key: &MonthKey, ids: &[u8]| {
            let token = |id: &u8| (key.token(&DeviceId::new([*id; 16])), device());
            ids.iter().map(token).collect()
        };
        let mut table = Table::default();
        table.restore(older, Arc::clone(&keys[0]), of(&keys[0], &[1, 2]));
        table.restore(newer, Arc::clone(&keys[1]), of(&keys[1], &[3]));
        assert_eq!(table.month(), Some(newer));
        assert_eq!(table.devices(), Devices { now: 1, before: 2 });
        assert_eq!([1, 3].map(|id| touch(&mut table, id)), [3, 3]);
        assert_eq!(touch(&mut table, 4), 0);
        // One has moved over, and one is new.
        assert_eq!(table.devices(), Devices { now: 3, before: 1 });
    }

    #[test]
    fn what_was_discarded_was_never_seen() {
        let mut table = table();
        assert_eq!(touch(&mut table, 1), 0);
        assert_eq!(
            touch(&mut table, 1),
            3,
            "the open transaction sees its own changes"
        );
        table.discard();
        assert_eq!(touch(&mut table, 1), 0);
        table.apply();
        assert_eq!(touch(&mut table, 1), 3);
    }

    #[test]
    fn a_device_moves_to_the_new_month_when_it_is_next_seen() {
        let mut table = table();
        touch(&mut table, 1);
        touch(&mut table, 2);
        table.apply();
        table.turn(day().month().next(), Arc::new(MonthKey::new(&[2; 32])));
        assert_eq!(touch(&mut table, 1), 3, "its stream is known");
        let drops = table
            .changes()
            .filter(|change| matches!(change, Change::Drop(..)))
            .count();
        assert_eq!((drops, table.changes().count()), (1, 2));
        table.apply();
        assert_eq!(table.len(), 2);
        table.turn(
            day().month().next().next(),
            Arc::new(MonthKey::new(&[3; 32])),
        );
        assert_eq!(
            touch(&mut table, 2),
            0,
            "who was away for a whole month is not known any more"
        );
        assert_eq!(touch(&mut table, 1), 3);
    }
}
