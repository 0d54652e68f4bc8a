//! Format 4 by postcard itself: what the writer and the reader by hand are held against.

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};

use super::super::device::{Device, Gaps, Slot, Stream, Totals};
use super::{Unpacked, apps, keys, whole};

/// A device's bytes.
pub(super) fn encode(device: &Device) -> Vec<u8> {
    // Unwrap safety: there is nothing in it that postcard can't write.
    postcard::to_allocvec(&Packed(device)).unwrap_or_default()
}

/// A device of its bytes.
pub(super) fn decode(bytes: &[u8]) -> Option<Device> {
    whole::<Unpacked<PackedStream>>(bytes)?.device()
}

/// App, id, next number; the gaps, from each first number to before each last.
type PackedStream = ([u8; 8], [u8; 8], i64, Vec<(i64, i64)>);

/// Its gaps as they are written.
type PackedGaps<'a> = &'a [(i64, i64)];

/// A device as it is written.
struct Packed<'a>(&'a Device);

/// What is written as a sequence of something else.
struct Each<'a, T, F>(&'a [T], F);

impl<'a, T, U: Serialize, F: Fn(&'a T) -> U> Serialize for Each<'a, T, F> {
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
            taken: Totals(taken),
            home,
            spent,
        } = self.0;
        let apps = apps(slots);
        let place = |app| {
            let place = apps.iter().position(|one| *one == app);
            place
                .and_then(|place| u8::try_from(place).ok())
                .unwrap_or(0)
        };
        let mut fields = serializer.serialize_struct("Packed", 7)?;
        fields.serialize_field("day", day)?;
        fields.serialize_field("home", &home.map(keys))?;
        fields.serialize_field("taken", taken)?;
        fields.serialize_field("apps", &Each(&apps[..], |app: &u32| app.to_le_bytes()))?;
        fields.serialize_field("streams", &Each(streams, packed_stream))?;
        let slot = |slot: &Slot| {
            let kind = slot.family as u8 | slot.uses.min(7) << 3;
            (kind, slot.flags.0, place(slot.app), slot.key.to_le_bytes())
        };
        fields.serialize_field("slots", &Each(slots, slot))?;
        let spent_app = |app: &Option<u64>| app.map(u64::to_le_bytes);
        fields.serialize_field("spent", &Each(spent, spent_app))?;
        fields.end()
    }
}

/// A stream as [`PackedStream`] is written.
fn packed_stream(stream: &Stream) -> ([u8; 8], [u8; 8], i64, PackedGaps<'_>) {
    let gaps = stream.gaps.as_ref().map_or(&[][..], |gaps| &gaps.0);
    (stream.app.to_le_bytes(), stream.id, stream.next, gaps)
}

impl From<PackedStream> for Stream {
    fn from((app, id, next, gaps): PackedStream) -> Stream {
        Stream {
            app: u64::from_le_bytes(app),
            id,
            next,
            gaps: (!gaps.is_empty()).then(|| Box::new(Gaps(gaps))),
        }
    }
}
