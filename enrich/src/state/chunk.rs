//! A chunk of the log of a month's state, as bytes before they are sealed.
//!
//! Two numbers, 16 bits each, little-endian: the first bucket that holds nothing but what follows, and the one behind
//! the last. Then entries: a token, the length of what follows (32 bits, little-endian), and the device's state in the
//! format of [`DEVICE_FORMAT`]; a length of zero says that the device is gone.

use super::buckets::BUCKETS;
use super::codec::FORMAT as DEVICE_FORMAT;
use super::generation::Generation;
use super::log::Log;
use super::{CHUNK_FORMAT, Packed};
use crate::token::Token;

/// Bytes after which a chunk is full: far under Kafka's limit for a record, with the largest device behind them.
const FULL: usize = 256 << 10;
const HEAD: usize = 4;
const OF_ENTRY: usize = 16 + 4;

/// A chunk that is to be sealed and sent.
pub(crate) struct Chunk {
    pub(crate) number: u64,
    pub(crate) plain: Vec<u8>,
}

/// Fills chunks.
pub(super) struct Filling<'a> {
    log: &'a mut Log,
    chunks: &'a mut Vec<Chunk>,
    plain: Vec<u8>,
    entries: u64,
    cleared: [u16; 2],
}

impl<'a> Filling<'a> {
    pub(super) fn new(log: &'a mut Log, chunks: &'a mut Vec<Chunk>) -> Filling<'a> {
        Filling {
            log,
            chunks,
            plain: Vec::new(),
            entries: 0,
            cleared: [0; 2],
        }
    }

    /// All that there is of this bucket follows.
    pub(super) fn begin_bucket(&mut self, bucket: u16) {
        let [from, to] = self.cleared;
        if from == to {
            self.cleared = [bucket; 2];
        }
        self.cleared[1] = bucket + 1;
    }

    /// A device, or that it is gone.
    pub(super) fn entry(&mut self, token: Token, device: Option<&[u8]>) {
        let device = device.unwrap_or_default();
        if self.plain.len() + OF_ENTRY + device.len() > FULL && self.entries > 0 {
            self.close();
        }
        if self.plain.is_empty() {
            self.plain.extend_from_slice(&[0; HEAD]);
        }
        let length = u32::try_from(device.len()).unwrap_or(u32::MAX);
        self.plain.extend_from_slice(&token.0);
        self.plain.extend_from_slice(&length.to_le_bytes());
        self.plain.extend_from_slice(device);
        self.entries += 1;
    }

    /// Ends the chunk that is being filled, where anything is in it.
    pub(super) fn close(&mut self) {
        let [from, to] = std::mem::take(&mut self.cleared);
        if self.entries == 0 && from == to {
            return;
        }
        let mut plain = std::mem::take(&mut self.plain);
        plain.resize(plain.len().max(HEAD), 0);
        plain[..2].copy_from_slice(&from.to_le_bytes());
        plain[2..HEAD].copy_from_slice(&to.to_le_bytes());
        let number = self.log.chunk(std::mem::take(&mut self.entries));
        self.chunks.push(Chunk { number, plain });
    }
}

/// Puts what a chunk says into a month's devices; `None` where it is no chunk that this program reads.
pub(crate) fn read(format: u8, plain: &[u8], into: &mut Generation) -> Option<()> {
    if format != CHUNK_FORMAT {
        return None;
    }
    let (from, rest) = plain.split_first_chunk::<2>()?;
    let (to, mut rest) = rest.split_first_chunk::<2>()?;
    let [from, to] = [from, to].map(|bucket| u16::from_le_bytes(*bucket));
    if to > BUCKETS {
        return None;
    }
    (from..to).for_each(|bucket| into.devices.clear(bucket));
    while !rest.is_empty() {
        let (token, behind) = rest.split_first_chunk::<16>()?;
        let (length, behind) = behind.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (device, behind) = behind.split_at_checked(length)?;
        match length {
            0 => into.devices.remove(&Token(*token)),
            _ => into
                .devices
                .insert(Token(*token), Packed::read(DEVICE_FORMAT, device)?),
        }
        rest = behind;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kaiku_wire::Day;
    use proptest::prelude::*;

    use super::*;
    use crate::token::MonthKey;

    fn nobody() -> Generation {
        Generation::new(Day::MIN.month(), Arc::new(MonthKey::new(&[1; 32])))
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            head in (0..2_000_u16, 0..2_000_u16),
            lengths in prop::collection::vec(0..80_u32, 0..8),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut plain = Vec::new();
            plain.extend(head.0.to_le_bytes());
            plain.extend(head.1.to_le_bytes());
            for length in lengths {
                plain.extend([7; 16]);
                plain.extend(length.to_le_bytes());
                plain.extend_from_slice(&rest[..rest.len().min(length as usize)]);
            }
            let _ = read(CHUNK_FORMAT, &plain, &mut nobody());
            let _ = read(CHUNK_FORMAT, &rest, &mut nobody());
        }
    }

    #[test]
    fn what_is_no_chunk_of_this_format_is_refused() {
        let empty = [0; HEAD];
        assert_eq!(read(CHUNK_FORMAT, &empty, &mut nobody()), Some(()));
        assert_eq!(read(CHUNK_FORMAT + 1, &empty, &mut nobody()), None);
        assert_eq!(read(CHUNK_FORMAT, &empty[..3], &mut nobody()), None);
        let [low, high] = (BUCKETS + 1).to_le_bytes();
        assert_eq!(read(CHUNK_FORMAT, &[0, 0, low, high], &mut nobody()), None);
    }

    #[test]
    fn what_is_written_today_is_read_for_ever() {
        let (mut log, mut chunks) = (Log::default(), Vec::new());
        let mut filling = Filling::new(&mut log, &mut chunks);
        filling.begin_bucket(3);
        filling.begin_bucket(4);
        filling.entry(Token([1; 16]), Some(&[9, 8]));
        filling.entry(Token([2; 16]), None);
        filling.close();
        let expected = "03000500\
                        01010101010101010101010101010101020000000908\
                        0202020202020202020202020202020200000000";
        assert_eq!(hex::encode(&chunks[0].plain), expected);
        assert_eq!((log.first, log.next), (0, 1));
    }
}
