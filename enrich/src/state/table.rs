//! The devices of one partition: what is committed, packed, and over it what the open transaction changed.

use std::sync::Arc;

use hashbrown::HashSet;
use hashbrown::hash_map::Entry;
use kaiku_raw::DeviceId;
use kaiku_wire::{Day, Month};

use super::buckets::ByToken;
use super::generation::{Generation, Writing};
use super::log::{Occasion, Pace};
use super::meta::Logs;
use super::{Device, Devices, Packed};
use crate::token::{MonthKey, Token};

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
    /// What the open transaction writes, once it is packed.
    writings: Writings,
    pace: Pace,
}

/// What the open transaction writes to the topics of two months.
#[derive(Default)]
struct Writings {
    now: Writing,
    before: Writing,
}

impl Table {
    /// Takes in a month's devices when the state is restored, the older month first.
    pub(crate) fn restore(&mut self, generation: Generation) {
        self.before = self.now.replace(generation);
    }

    /// The month whose tokens are written now.
    pub(crate) fn month(&self) -> Option<Month> {
        self.now.as_ref().map(|now| now.month)
    }

    /// Turns to a month, at the first record of one of its days. Nothing may be open.
    pub(crate) fn turn(&mut self, month: Month, key: Arc<MonthKey>) {
        debug_assert!(self.changed.is_empty() && self.dropped.is_empty());
        let now = self.now.replace(Generation::new(month, key));
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
        let entry = match self.changed.entry(token) {
            Entry::Occupied(changed) => return Some(changed.into_mut()),
            Entry::Vacant(entry) => entry,
        };
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
        Some(entry.insert(device))
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

    /// Whether devices are being written anew, for which there is work though nothing changes.
    pub(crate) fn is_rewriting(&self) -> bool {
        let mut both = self.now.iter().chain(&self.before);
        both.any(|generation| generation.log.is_rewriting())
    }

    /// Packs what the open transaction changed, before it is written; `is_new_day` where it is the first of a day.
    pub(crate) fn pack(&mut self, is_new_day: bool) {
        let mut scratch = Vec::new();
        let changed = self.changed.iter();
        let packed = changed.map(|(token, device)| (*token, Packed::with(device, &mut scratch)));
        self.packed.clear();
        self.packed.extend(packed);
        let occasion = Occasion {
            is_new_day,
            pace: self.pace,
        };
        if let Some(now) = &self.now {
            let puts = self.packed.iter();
            let puts = puts.map(|(token, device)| (*token, Some(device.bytes())));
            let gone = self.dropped.iter();
            // Who was dropped and came back is there.
            let gone = gone.filter(|token| !self.changed.contains_key(*token));
            let gone = gone.map(|token| (*token, None));
            let changes: Vec<_> = puts.chain(gone).collect();
            self.writings.now = now.write(changes.iter().copied(), occasion);
        }
        if let Some(before) = &self.before {
            let gone = self.moved.iter().map(|token| (*token, None));
            let writing = &mut self.writings.before;
            *writing = before.write(gone, occasion);
            // Kafka compacts what has something behind it, and to this topic may come nothing more.
            let again = before.log.last_deleted().filter(|_| is_new_day);
            writing.deleted.extend(again);
        }
    }

    /// What the open transaction writes for each month, the older first, once it is packed.
    pub(crate) fn writings(&self) -> impl Iterator<Item = (Month, &MonthKey, &Writing)> {
        let before = self.before.iter().zip([&self.writings.before]);
        let now = self.now.iter().zip([&self.writings.now]);
        let both = before.chain(now);
        both.map(|(generation, writing)| (generation.month, &*generation.key, writing))
    }

    /// How far the logs have come once the open transaction has committed.
    pub(crate) fn logs(&self) -> Logs {
        Logs {
            now: self.writings.now.log.clone(),
            before: self.writings.before.log.clone(),
        }
    }

    /// How far the logs have come that are committed.
    pub(crate) fn committed_logs(&self) -> Logs {
        let log = |of: &Option<Generation>| of.as_ref().map(|one| one.log.clone());
        Logs {
            now: log(&self.now).unwrap_or_default(),
            before: log(&self.before).unwrap_or_default(),
        }
    }

    /// Makes the open transaction's changes, which are packed, the committed ones.
    pub(crate) fn apply(&mut self) {
        debug_assert_eq!(self.packed.len(), self.changed.len(), "pack comes first");
        let Writings { now, before } = std::mem::take(&mut self.writings);
        if let Some(of) = &mut self.now {
            self.dropped
                .drain()
                .for_each(|token| of.devices.remove(&token));
            for (token, device) in self.packed.drain(..) {
                of.devices.insert(token, device);
            }
            of.wrote(now);
        }
        if let Some(of) = &mut self.before {
            self.moved
                .drain()
                .for_each(|token| of.devices.remove(&token));
            of.wrote(before);
        }
        self.changed.clear();
        self.added = 0;
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
        self.writings = Writings::default();
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
