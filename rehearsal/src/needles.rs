//! Looks for identifiers in bytes where none may be.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Bits of the filter that is asked at every byte: 256 KiB, to stay in the processor's cache.
const FILTER_BITS: u32 = 21;
/// The first bytes of a form, by which it is looked up.
const PREFIX: usize = 8;

/// The identifiers, in each form in which one might have leaked: its 16 bytes, and 32 hexadecimal
/// digits in lower and upper case, with or without the hyphens of a UUID.
pub struct Needles {
    filter: Vec<u64>,
    /// By the first bytes of a form: the identifiers that have it.
    by_prefix: HashMap<u64, Vec<u32>>,
    ids: Vec<[u8; 16]>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub struct Found {
    /// Bytes that were looked at.
    pub bytes: u64,
    /// Identifiers that were found.
    pub ids: HashSet<u32>,
}

impl Needles {
    /// Prepares to look for these identifiers.
    pub fn new(ids: impl Iterator<Item = [u8; 16]>) -> Needles {
        let mut needles = Needles {
            filter: vec![0; 1 << (FILTER_BITS - 6)],
            by_prefix: HashMap::new(),
            ids: ids.collect(),
        };
        for (number, id) in (0_u32..).zip(&needles.ids) {
            let (lower, upper) = hex_forms(id);
            let mut prefixes = vec![word(id), word(&lower), word(&upper)];
            prefixes.dedup();
            for prefix in prefixes {
                for bit in slots(prefix) {
                    needles.filter[bit >> 6] |= 1 << (bit & 63);
                }
                needles.by_prefix.entry(prefix).or_default().push(number);
            }
        }
        needles
    }

    /// Looks through bytes.
    pub fn look(&self, bytes: &[u8], found: &mut Found) {
        found.bytes += bytes.len() as u64;
        let Some(first) = bytes.get(..PREFIX) else {
            return;
        };
        let mut window = word(first);
        let mut at = 0;
        loop {
            if slots(window)
                .iter()
                .all(|bit| self.filter[bit >> 6] >> (bit & 63) & 1 == 1)
            {
                self.compare(window, &bytes[at..], found);
            }
            let Some(next) = bytes.get(at + PREFIX) else {
                return;
            };
            window = (window >> 8) | (u64::from(*next) << 56);
            at += 1;
        }
    }

    fn compare(&self, prefix: u64, bytes: &[u8], found: &mut Found) {
        for number in self.by_prefix.get(&prefix).into_iter().flatten() {
            let id = &self.ids[*number as usize];
            let (lower, upper) = hex_forms(id);
            let digits: Vec<u8> = bytes
                .iter()
                .copied()
                .filter(|b| *b != b'-')
                .take(lower.len())
                .collect();
            if bytes.starts_with(id) || digits == lower || digits == upper {
                found.ids.insert(*number);
            }
        }
    }
}

fn word(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk::<PREFIX>()
        .map_or(0, |first| u64::from_le_bytes(*first))
}

/// Two bits of the filter, by the upper and the middle bits of a product.
fn slots(window: u64) -> [usize; 2] {
    let product = window.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mask = (1 << FILTER_BITS) - 1;
    [64 - FILTER_BITS, 22].map(|shift| usize::try_from((product >> shift) & mask).unwrap_or(0))
}

fn hex_forms(id: &[u8; 16]) -> ([u8; 32], [u8; 32]) {
    let mut forms = [[0; 32]; 2];
    for (form, digits) in forms
        .iter_mut()
        .zip([b"0123456789abcdef", b"0123456789ABCDEF"])
    {
        for (pair, byte) in form.chunks_exact_mut(2).zip(id) {
            pair[0] = digits[usize::from(byte >> 4)];
            pair[1] = digits[usize::from(byte & 15)];
        }
    }
    (forms[0], forms[1])
}

/// The search, tried for a while where identifiers must be found.
pub struct Control {
    needles: Option<Arc<Needles>>,
    found: Found,
}

impl Control {
    /// A trial of this search.
    pub fn start(needles: Arc<Needles>) -> Control {
        Control {
            needles: Some(needles),
            found: Found::default(),
        }
    }

    /// Whether the trial goes on.
    pub fn is_running(&self) -> bool {
        self.needles.is_some()
    }

    /// Looks through bytes that hold an identifier.
    pub fn look(&mut self, bytes: &[u8]) {
        if let Some(needles) = &self.needles {
            needles.look(bytes, &mut self.found);
        }
    }

    /// Ends the trial.
    pub fn stop(&mut self) {
        self.needles = None;
    }

    /// How many identifiers it has found.
    pub fn found(&self) -> usize {
        self.found.ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(bytes: &[u8]) -> usize {
        let ids = (0..100_u8).map(|n| [n.wrapping_mul(37) ^ 0xa5; 16]);
        let mut found = Found::default();
        Needles::new(ids).look(bytes, &mut found);
        found.ids.len()
    }

    #[test]
    fn an_identifier_is_found_in_each_of_its_forms_wherever_it_stands() {
        let id = [3_u8.wrapping_mul(37) ^ 0xa5; 16];
        let (lower, upper) = hex_forms(&id);
        let text = String::from_utf8_lossy(&lower).into_owned();
        let uuid = [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ]
        .join("-");
        for form in [&id[..], &lower, &upper, uuid.as_bytes()] {
            for before in 0..9 {
                let hidden = [&vec![b'x'; before], form, b"tail"].concat();
                assert_eq!(found_in(&hidden), 1, "{before}");
            }
        }
        assert_eq!(found_in(&id), 1);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let id = [3_u8.wrapping_mul(37) ^ 0xa5; 16];
        assert_eq!(found_in(&id[..15]), 0);
        assert_eq!(found_in(b""), 0);
        assert_eq!(found_in(&[7; 4096]), 0);
    }
}
