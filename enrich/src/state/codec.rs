//! A device's state as bytes, in the two formats that stand on state topics.
//!
//! Both are postcard's. Format 1 is the type as it is. Format 2 says the same in half the bytes,
//! which is what sealing, sending and restoring cost: apps are named once, keys have a fixed
//! length, and what is a flag or a small number in a slot is one byte.

use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::device::{Device, Family, Slot, Stream};

const FAMILIES: [Family; 4] = [Family::App, Family::Release, Family::Feature, Family::Cause];

/// Format 2 as it is read; [`Packed`] writes it.
#[derive(Deserialize)]
struct Unpacked {
    /// Days since 1970-01-01.
    day: i32,
    /// The lower halves of the keys of the apps that slots name, little-endian.
    apps: Vec<[u8; 4]>,
    /// App, id, next number.
    streams: Vec<([u8; 8], [u8; 8], i64)>,
    /// [`bits`], the app's place among the apps, key.
    slots: Vec<(u8, u8, [u8; 8])>,
    spent: Vec<Option<[u8; 8]>>,
}

/// Format 2 as it is written, from the device itself.
struct Packed<'a>(&'a Device);

/// What is written as a sequence of something else.
struct Each<'a, T, F>(&'a [T], F);

impl<T, U: Serialize, F: Fn(&T) -> U> Serialize for Each<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(&self.1))
    }
}

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Device {
            day,
            streams,
            slots,
            spent,
        } = self.0;
        let apps = apps(slots);
        let place = |app| {
            let place = apps.iter().position(|one| *one == app);
            place
                .and_then(|place| u8::try_from(place).ok())
                .unwrap_or(0)
        };
        let mut fields = serializer.serialize_struct("Packed", 5)?;
        fields.serialize_field("day", day)?;
        fields.serialize_field("apps", &Each(&apps, |app: &u32| app.to_le_bytes()))?;
        let stream = |stream: &Stream| (stream.app.to_le_bytes(), stream.id, stream.next);
        fields.serialize_field("streams", &Each(streams, stream))?;
        let slot = |slot: &Slot| (bits(slot), place(slot.app), slot.key.to_le_bytes());
        fields.serialize_field("slots", &Each(slots, slot))?;
        let spent_app = |app: &Option<u64>| app.map(u64::to_le_bytes);
        fields.serialize_field("spent", &Each(spent, spent_app))?;
        fields.end()
    }
}

/// Appends a device's state in a format.
pub(crate) fn encode(device: &Device, format: u8, out: &mut Vec<u8>) {
    let taken = std::mem::take(out);
    let written = match format {
        1 => postcard::to_extend(device, taken),
        _ => postcard::to_extend(&Packed(device), taken),
    };
    // Unwrap safety: there is nothing in it that postcard can't write.
    *out = written.unwrap_or_default();
}

/// Reads what [`encode`] wrote; `None` where it is something else, or more.
pub(crate) fn decode(format: u8, bytes: &[u8]) -> Option<Device> {
    let (device, rest) = if format == 1 {
        postcard::take_from_bytes(bytes).ok()?
    } else {
        let (unpacked, rest) = postcard::take_from_bytes::<Unpacked>(bytes).ok()?;
        (unpacked.device()?, rest)
    };
    rest.is_empty().then_some(device)
}

impl Unpacked {
    fn device(self) -> Option<Device> {
        let streams = self.streams.into_iter().map(|(app, id, next)| Stream {
            app: u64::from_le_bytes(app),
            id,
            next,
        });
        let slots = self.slots.into_iter().map(|(bits, place, key)| {
            Some(Slot {
                family: FAMILIES[usize::from(bits & 3)],
                app: u32::from_le_bytes(*self.apps.get(usize::from(place))?),
                key: u64::from_le_bytes(key),
                today: bits & 4 != 0,
                count: bits >> 5,
                flag: bits & 8 != 0,
                fatal_today: bits & 16 != 0,
            })
        });
        let spent = self
            .spent
            .into_iter()
            .map(|app| app.map(u64::from_le_bytes));
        Some(Device {
            day: self.day,
            streams: streams.collect(),
            slots: slots.collect::<Option<_>>()?,
            spent: spent.collect(),
        })
    }
}

/// The apps that slots name, each once.
fn apps(slots: &[Slot]) -> Vec<u32> {
    let mut apps = Vec::with_capacity(4);
    for slot in slots {
        if !apps.contains(&slot.app) {
            apps.push(slot.app);
        }
    }
    apps
}

/// Family (2 bits), today, flag, `fatal_today` (1 each), count (3).
fn bits(slot: &Slot) -> u8 {
    let family = match slot.family {
        Family::App => 0,
        Family::Release => 1,
        Family::Feature => 2,
        Family::Cause => 3,
    };
    family
        | u8::from(slot.today) << 2
        | u8::from(slot.flag) << 3
        | u8::from(slot.fatal_today) << 4
        | slot.count.min(7) << 5
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn slot() -> impl Strategy<Value = Slot> {
        let flags = (any::<bool>(), any::<bool>(), any::<bool>());
        (0..4_usize, 0..5_u32, any::<u64>(), 0..=5_u8, flags).prop_map(
            |(family, app, key, count, (today, flag, fatal_today))| Slot {
                family: FAMILIES[family],
                app,
                key,
                today,
                count,
                flag,
                fatal_today,
            },
        )
    }

    fn device() -> impl Strategy<Value = Device> {
        let stream = (any::<u64>(), any::<[u8; 8]>(), any::<i64>());
        let stream = stream.prop_map(|(app, id, next)| Stream { app, id, next });
        (
            any::<i32>(),
            prop::collection::vec(stream, 0..4),
            prop::collection::vec(slot(), 0..40),
            prop::collection::vec(any::<Option<u64>>(), 0..4),
        )
            .prop_map(|(day, streams, slots, spent)| Device {
                day,
                streams,
                slots,
                spent,
            })
    }

    proptest! {
        #[test]
        fn a_device_survives_a_round_trip_in_either_format(device in device()) {
            for format in [1, 2] {
                let mut bytes = Vec::new();
                encode(&device, format, &mut bytes);
                prop_assert_eq!(decode(format, &bytes), Some(device.clone()));
            }
        }

        #[test]
        fn a_device_that_is_cut_short_or_has_more_behind_it_is_refused(
            device in device(),
            cut in any::<prop::sample::Index>(),
        ) {
            for format in [1, 2] {
                let mut bytes = Vec::new();
                encode(&device, format, &mut bytes);
                prop_assert_eq!(decode(format, &bytes[..cut.index(bytes.len())]), None);
                bytes.push(0);
                prop_assert_eq!(decode(format, &bytes), None);
            }
        }

        #[test]
        fn no_bytes_make_the_reader_panic_or_ask_for_more_memory_than_they_are(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            for format in [1, 2] {
                let _ = decode(format, &bytes);
            }
        }
    }

    #[test]
    fn what_the_first_versions_wrote_is_read_for_ever() {
        let device = Device {
            day: 20_781,
            streams: vec![Stream {
                app: 0x0102_0304_0506_0708,
                id: [9; 8],
                next: 300,
            }],
            slots: vec![Slot {
                family: Family::Feature,
                app: 0x0506_0708,
                key: 0x1112_1314_1516_1718,
                today: true,
                count: 5,
                flag: true,
                fatal_today: false,
            }],
            spent: vec![None, Some(7)],
        };
        let fixtures = [(1, FORMAT_1), (2, FORMAT_2)];
        for (format, text) in fixtures {
            let mut bytes = Vec::new();
            encode(&device, format, &mut bytes);
            assert_eq!(hex::encode(&bytes), text, "format {format}");
            assert_eq!(
                decode(format, &hex::decode(text).unwrap()),
                Some(device.clone())
            );
        }
    }

    const FORMAT_1: &str = "dac40201888e98a8c0e08081010909090909090909d8040102888e982898aed8a8c1e28489110105010002000107";
    const FORMAT_2: &str = "dac40201080706050108070605040302010909090909090909d80401ae0018171615141312110200010700000000000000";
}
