//! The devices of one month by their tokens, in buckets that are written anew one after the other.

use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashMap;

use super::Packed;
use crate::token::Token;

/// How many there are. The log tells of them by their numbers: this one is a part of its format.
pub(crate) const BUCKETS: u16 = 1 << BITS;
const BITS: u32 = 10;

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

/// Something by token.
pub(crate) type ByToken<T> = HashMap<Token, T, BuildHasherDefault<TokenHasher>>;

/// The devices of one month.
pub(crate) struct Buckets {
    buckets: Vec<ByToken<Packed>>,
    devices: usize,
}

impl Default for Buckets {
    fn default() -> Buckets {
        Buckets {
            buckets: (0..BUCKETS).map(|_| ByToken::default()).collect(),
            devices: 0,
        }
    }
}

/// The bucket of a token: the first bits of its second half, so that those of the hash are free.
fn bucket_of(token: &Token) -> usize {
    let [.., high, low, _, _, _, _, _, _] = token.0;
    usize::from(u16::from_be_bytes([high, low]) >> (u16::BITS - BITS))
}

impl Buckets {
    /// How many devices there are.
    pub(crate) fn len(&self) -> usize {
        self.devices
    }

    pub(crate) fn get(&self, token: &Token) -> Option<&Packed> {
        self.buckets[bucket_of(token)].get(token)
    }

    pub(crate) fn insert(&mut self, token: Token, device: Packed) {
        let before = self.buckets[bucket_of(&token)].insert(token, device);
        self.devices += usize::from(before.is_none());
    }

    pub(crate) fn remove(&mut self, token: &Token) {
        let before = self.buckets[bucket_of(token)].remove(token);
        self.devices -= usize::from(before.is_some());
    }

    /// Removes all devices of a bucket.
    pub(crate) fn clear(&mut self, bucket: u16) {
        if let Some(bucket) = self.buckets.get_mut(usize::from(bucket)) {
            self.devices -= bucket.len();
            bucket.clear();
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Token, &Packed)> {
        self.buckets.iter().flatten()
    }

    /// The devices of a bucket.
    pub(crate) fn of(&self, bucket: u16) -> impl ExactSizeIterator<Item = (&Token, &Packed)> {
        self.buckets[usize::from(bucket)].iter()
    }
}
