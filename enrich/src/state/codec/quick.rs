//! Format 4 by hand, as postcard writes and reads it: each upload of a device that is known reads its state and writes
//! it again.

use super::super::device::{Device, Flags, Gaps, Slot, Stream, Totals};
use super::{FAMILIES, apps, home, keys};

/// Appends a device.
pub(super) fn encode(device: &Device, out: &mut Vec<u8>) {
    let Device {
        day,
        streams,
        slots,
        taken: Totals(taken),
        home,
        spent,
    } = device;
    signed(i64::from(*day), out);
    match home {
        None => out.push(0),
        Some(home) => {
            out.push(1);
            keys(*home)
                .iter()
                .for_each(|key| out.extend_from_slice(key));
        }
    }
    out.extend_from_slice(taken);
    let apps = apps(slots);
    length(apps.len(), out);
    apps.iter()
        .for_each(|app| out.extend_from_slice(&app.to_le_bytes()));
    length(streams.len(), out);
    for stream in streams {
        out.extend_from_slice(&stream.app.to_le_bytes());
        out.extend_from_slice(&stream.id);
        signed(stream.next, out);
        let gaps = stream.gaps.as_ref().map_or(&[][..], |gaps| &gaps.0);
        length(gaps.len(), out);
        for (from, to) in gaps {
            signed(*from, out);
            signed(*to, out);
        }
    }
    length(slots.len(), out);
    for slot in slots {
        let place = apps.iter().position(|one| *one == slot.app);
        let place = place.and_then(|place| u8::try_from(place).ok());
        let kind = slot.family as u8 | slot.uses.min(7) << 3;
        out.extend_from_slice(&[kind, slot.flags.0, place.unwrap_or(0)]);
        out.extend_from_slice(&slot.key.to_le_bytes());
    }
    length(spent.len(), out);
    for app in spent {
        match app {
            None => out.push(0),
            Some(app) => {
                out.push(1);
                out.extend_from_slice(&app.to_le_bytes());
            }
        }
    }
}

/// Seven bits a byte, the lowest first.
fn unsigned(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        // Truncation is what is meant.
        #[allow(clippy::cast_possible_truncation)]
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    #[allow(clippy::cast_possible_truncation)]
    out.push(number as u8);
}

/// By zigzag: small numbers of either sign are short.
fn signed(number: i64, out: &mut Vec<u8>) {
    unsigned((number << 1 ^ number >> 63).cast_unsigned(), out);
}

fn length(length: usize, out: &mut Vec<u8>) {
    unsigned(length as u64, out);
}

/// Reads what takes up all of these bytes; `None` where it is something else.
pub(super) fn decode(bytes: &[u8]) -> Option<Device> {
    let mut rest = Rest(bytes);
    let day = i32::try_from(rest.signed(32)?).ok()?;
    let home = match rest.flag()? {
        true => Some(home([rest.fixed()?, rest.fixed()?, rest.fixed()?])),
        false => None,
    };
    let taken = Totals(rest.fixed()?);
    let many = rest.length(4)?;
    let (of_apps, behind) = rest.0.split_at_checked(4 * many)?;
    rest.0 = behind;
    let (of_apps, _) = of_apps.as_chunks::<4>();
    let streams = rest.each(18, |rest| {
        Some(Stream {
            app: u64::from_le_bytes(rest.fixed()?),
            id: rest.fixed()?,
            next: rest.signed(64)?,
            gaps: {
                let gaps = rest.each(2, |rest| Some((rest.signed(64)?, rest.signed(64)?)))?;
                (!gaps.is_empty()).then(|| Box::new(Gaps(gaps)))
            },
        })
    })?;
    let slots = rest.each(11, |rest| {
        let [kind, flags, place] = rest.fixed()?;
        Some(Slot {
            key: u64::from_le_bytes(rest.fixed()?),
            app: u32::from_le_bytes(*of_apps.get(usize::from(place))?),
            family: *FAMILIES.get(usize::from(kind & 7))?,
            flags: Flags(flags),
            uses: kind >> 3,
        })
    })?;
    let spent = rest.each(1, |rest| {
        Some(match rest.flag()? {
            true => Some(u64::from_le_bytes(rest.fixed()?)),
            false => None,
        })
    })?;
    rest.0.is_empty().then_some(Device {
        day,
        streams,
        slots,
        taken,
        home,
        spent,
    })
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.fixed()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    /// A number of so many bits.
    fn unsigned(&mut self, bits: usize) -> Option<u64> {
        let mut number = 0;
        for shift in (0..bits).step_by(7) {
            let [byte] = self.fixed()?;
            if shift + 7 > bits && byte >> (bits - shift) != 0 {
                return None;
            }
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn signed(&mut self, bits: usize) -> Option<i64> {
        let number = self.unsigned(bits)?;
        Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// The length of a sequence, whose items have so many bytes at least: no more than can be there.
    fn length(&mut self, least: usize) -> Option<usize> {
        let length = usize::try_from(self.unsigned(64)?).ok()?;
        (length <= self.0.len() / least).then_some(length)
    }

    fn each<T>(
        &mut self,
        least: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let many = self.length(least)?;
        let mut all = Vec::with_capacity(many);
        for _ in 0..many {
            all.push(read(self)?);
        }
        Some(all)
    }
}
