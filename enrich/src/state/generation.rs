//! One month's devices, under its key, with the log that they stand in.

use std::sync::Arc;

use hashbrown::HashSet;
use kaiku_wire::Month;

use super::Packed;
use super::buckets::{BUCKETS, Buckets};
use super::chunk::{Chunk, Filling};
use super::log::{Log, MOST_ANEW, Occasion};
use crate::token::{MonthKey, Token};

/// One month's devices.
pub(crate) struct Generation {
    pub(crate) month: Month,
    pub(crate) key: Arc<MonthKey>,
    pub(super) devices: Buckets,
    /// As it is committed.
    pub(super) log: Log,
    /// Devices that stand in records of their own, as versions before have written them.
    pub(super) old: HashSet<Token>,
}

/// What a transaction writes to the topic of a month.
#[derive(Default)]
pub(crate) struct Writing {
    pub(crate) chunks: Vec<Chunk>,
    /// Chunks that nobody needs any more.
    pub(crate) deleted: Vec<u64>,
    /// How far the log has come with it.
    pub(super) log: Log,
    /// Devices whose own records, of versions before, say nothing any more.
    pub(crate) old: Vec<Token>,
}

impl Generation {
    /// A month in which nobody was seen yet.
    pub(crate) fn new(month: Month, key: Arc<MonthKey>) -> Generation {
        Generation {
            month,
            key,
            devices: Buckets::default(),
            log: Log::default(),
            old: HashSet::new(),
        }
    }

    /// Takes in a device that has a record of its own, as versions before have written it.
    pub(crate) fn put_old(&mut self, token: Token, device: Packed) {
        self.old.insert(token);
        self.devices.insert(token, device);
    }

    /// Takes out a device whose own record was deleted.
    pub(crate) fn remove_old(&mut self, token: Token) {
        if self.old.remove(&token) {
            self.devices.remove(&token);
        }
    }

    /// Says that it is all of the log.
    pub(crate) fn stands_at(&mut self, log: Log) {
        self.log = log;
    }

    /// What a transaction writes that changes these devices, each once.
    pub(super) fn write<'a>(
        &self,
        changes: impl ExactSizeIterator<Item = (Token, Option<&'a [u8]>)> + Clone,
        occasion: Occasion,
    ) -> Writing {
        let (mut log, mut chunks) = (self.log.clone(), Vec::new());
        log.begin(self.devices.len(), occasion);
        let to_rewrite = log.to_rewrite(changes.len(), occasion.pace);
        let mut filling = Filling::new(&mut log, &mut chunks);
        // As they are committed; what this transaction changes comes behind.
        let mut written = None;
        if let Some((first, most)) = to_rewrite {
            let (mut bucket, mut devices, mut bytes) = (first, 0, 0);
            while bucket < BUCKETS && devices < most && bytes < MOST_ANEW {
                filling.begin_bucket(bucket);
                for (token, device) in self.devices.of(bucket) {
                    filling.entry(*token, Some(device.bytes()));
                    devices += 1;
                    bytes += device.bytes().len();
                }
                bucket += 1;
            }
            written = Some(bucket);
        }
        for (token, device) in changes.clone() {
            filling.entry(token, device);
        }
        filling.close();
        if let Some(next) = written {
            log.rewritten(next);
        }
        let deleted = log.end().collect();
        let tokens = changes.map(|(token, _)| token);
        Writing {
            chunks,
            deleted,
            log,
            old: tokens.filter(|token| self.old.contains(token)).collect(),
        }
    }

    /// Makes what was written the committed state; the devices have changed already.
    pub(super) fn wrote(&mut self, writing: Writing) {
        self.log = writing.log;
        for token in writing.old {
            self.old.remove(&token);
        }
        if self.old.is_empty() {
            self.old = HashSet::new();
        }
    }
}
