//! The devices of one partition: what is committed, packed, and over it what the open transaction changed.

use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use kaiku_raw::DeviceId;
use kaiku_wire::{Day, Month};

use super::{Device, Devices, Packed};
use crate::error::Error;
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

type ByToken<T> = HashMap<Token, T, BuildHasherDefault<TokenHasher>>;

/// One month's devices, under its key.
struct Generation {
    month: Month,
    key: Arc<MonthKey>,
    devices: ByToken<Packed>,
}

/// The devices of one partition.
#[derive(Default)]
pub(crate) struct Table {
    now: Option<Generation>,
    /// The month before: a device moves over when it is next seen.
    before: Option<Generation>,
    /// What the open transaction changed, under this month's tokens.
    changed: ByToken<Device>,
    /// The same, packed once it is to be written.
    packed: Vec<(Token, Packed)>,
    /// How many of them were not known before.
    added: usize,
    /// Tokens of this month that the open transaction removed.
    dropped: HashSet<Token>,
    /// Tokens of this month of which nothing was worth keeping when the week turned, and that were not
    /// dropped yet.
    swept: Vec<Token>,
    /// Tokens of the month before that the open transaction moved over.
    moved: HashSet<Token>,
}

/// One record of the open transaction for a state topic.
pub(crate) enum Change<'a> {
    /// The device's new state as bytes, to be sealed under this month's key.
    Put(Month, Token, &'a MonthKey, &'a [u8]),
    /// The device is gone from this month's topic.
    Drop(Month, Token),
}

impl Table {
    /// Takes in a month's devices when the state is restored, the older month first.
    pub(crate) fn restore(
        &mut self,
        month: Month,
        key: Arc<MonthKey>,
        devices: impl Iterator<Item = Result<(Token, Packed), Error>>,
    ) -> Result<(), Error> {
        self.before = self.now.take();
        let devices = devices.collect::<Result<_, _>>()?;
        self.now = Some(Generation {
            month,
            key,
            devices,
        });
        Ok(())
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
        // What is left of them goes with their month.
        self.swept.clear();
    }

    /// The month whose tokens are written now, with its key.
    pub(crate) fn key(&self) -> Option<(Month, &MonthKey)> {
        self.now.as_ref().map(|now| (now.month, &*now.key))
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
        self.packed.clear();
        if !self.changed.contains_key(&token) {
            let known = now
                .devices
                .get(&token)
                .filter(|_| !self.dropped.contains(&token))
                .map(Packed::device);
            let is_known = known.is_some();
            let device = known.or_else(|| {
                let before = self.before.as_ref()?;
                let old = before.key.token(id);
                let device = before
                    .devices
                    .get(&old)
                    .filter(|_| !self.moved.contains(&old))?;
                self.moved.insert(old);
                Some(device.device())
            });
            let device = device.or_else(|| enters().then(Device::default))?;
            self.added += usize::from(!is_known);
            self.changed.insert(token, device);
        }
        self.changed.get_mut(&token)
    }

    /// Looks for every device that nothing would be lost by dropping, at the turn of a week.
    pub(crate) fn sweep(&mut self, day: Day) {
        if let Some(now) = &self.now {
            let devices = now.devices.iter();
            let empty = devices.filter(|(_, device)| device.device().is_empty_on(day));
            self.swept = empty.map(|(token, _)| *token).collect();
        }
    }

    /// Has the open transaction drop some of them, `most` at the most: a transaction has only so much
    /// time.
    pub(crate) fn drop_swept(&mut self, day: Day, most: usize) {
        let Some(now) = &self.now else { return };
        let left = self.swept.len().saturating_sub(most);
        for token in self.swept.drain(left..) {
            // Who came back meanwhile is not what it was.
            let is_empty = now
                .devices
                .get(&token)
                .is_some_and(|one| one.device().is_empty_on(day));
            if is_empty && !self.changed.contains_key(&token) {
                self.dropped.insert(token);
            }
        }
        if self.swept.is_empty() {
            self.swept = Vec::new();
        }
    }

    /// Packs what the open transaction changed, before it is written.
    pub(crate) fn pack(&mut self) {
        if self.packed.len() < self.changed.len() {
            let mut scratch = Vec::new();
            let changed = self.changed.iter();
            let packed =
                changed.map(|(token, device)| (*token, Packed::with(device, &mut scratch)));
            self.packed.clear();
            self.packed.extend(packed);
        }
    }

    /// What the open transaction must write, for each month's topic, once it is packed.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        debug_assert_eq!(self.packed.len(), self.changed.len(), "pack comes first");
        let puts = self.now.iter().flat_map(|now| {
            self.packed
                .iter()
                .map(|(token, device)| Change::Put(now.month, *token, &now.key, device.bytes()))
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
        self.pack();
        if let Some(now) = &mut self.now {
            for token in self.dropped.drain() {
                now.devices.remove(&token);
            }
            now.devices.extend(self.packed.drain(..));
        }
        self.changed.clear();
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
        self.packed.clear();
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
mod tests;
