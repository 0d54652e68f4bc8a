//! A device's state as bytes: format 4, which is written; formats 1 to 3 of earlier versions are read
//! for ever.
//!
//! It is postcard's. Apps are named once, keys have a fixed length, and what is a flag or a small
//! number is one byte: the size is what sealing, sending and restoring cost.

mod old;

use kaiku_catalogue::{Country, Model, Operator};
use serde::de::DeserializeOwned;
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::device::{Device, Family, Flags, Gaps, Home, Slot, Stream, Totals};

/// The format that is written.
pub(crate) const FORMAT: u8 = 4;

const FAMILIES: [Family; 6] = [
    Family::App,
    Family::Release,
    Family::Feature,
    Family::Cause,
    Family::ReleaseCause,
    Family::ComponentCause,
];

/// The keys of model, operator and country.
type HomeKeys = [[u8; 8]; 3];

/// App, id, next number; the gaps, from each first number to before each last.
type PackedStream = ([u8; 8], [u8; 8], i64, Vec<(i64, i64)>);

/// Its gaps as they are written.
type PackedGaps<'a> = &'a [(i64, i64)];

/// Format 4 as it is read, and format 3, whose streams are others; [`Packed`] writes it.
#[derive(Deserialize)]
struct Unpacked<S> {
    /// Days since 1970-01-01.
    day: i32,
    home: Option<HomeKeys>,
    taken: [u8; 6],
    /// The lower halves of the keys of the apps that slots name, little-endian.
    apps: Vec<[u8; 4]>,
    streams: Vec<S>,
    /// Family (3 bits) and uses (3); flags; the app's place among the apps; key.
    slots: Vec<(u8, u8, u8, [u8; 8])>,
    spent: Vec<Option<[u8; 8]>>,
}

/// Format 4 as it is written, from the device itself.
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
        fields.serialize_field("apps", &Each(&apps, |app: &u32| app.to_le_bytes()))?;
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

/// Appends a device's state, in [`FORMAT`].
pub(crate) fn encode(device: &Device, out: &mut Vec<u8>) {
    let written = postcard::to_extend(&Packed(device), std::mem::take(out));
    // Unwrap safety: there is nothing in it that postcard can't write.
    *out = written.unwrap_or_default();
}

/// Reads what [`encode`] wrote, or a version before it in an older format; `None` where it is
/// something else, or more.
pub(crate) fn decode(format: u8, bytes: &[u8]) -> Option<Device> {
    if format < FORMAT {
        return old::decode(format, bytes);
    }
    whole::<Unpacked<PackedStream>>(bytes)?.device()
}

/// Reads what takes up all of these bytes.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (read, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(read)
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

impl<S: Into<Stream>> Unpacked<S> {
    fn device(self) -> Option<Device> {
        let slots = self.slots.into_iter().map(|(kind, flags, place, key)| {
            Some(Slot {
                key: u64::from_le_bytes(key),
                app: u32::from_le_bytes(*self.apps.get(usize::from(place))?),
                family: *FAMILIES.get(usize::from(kind & 7))?,
                flags: Flags(flags),
                uses: kind >> 3,
            })
        });
        Some(Device {
            day: self.day,
            streams: self.streams.into_iter().map(S::into).collect(),
            slots: slots.collect::<Option<_>>()?,
            taken: Totals(self.taken),
            home: self.home.map(home),
            spent: spent(self.spent),
        })
    }
}

/// A value that the tables no longer have is unlisted; a country, unknown.
fn home(keys: HomeKeys) -> Home {
    let [model, operator, country] = keys.map(u64::from_le_bytes);
    Home {
        model: Model::of_key(model),
        operator: Operator::of_key(operator),
        country: Country::of_key(country),
    }
}

fn keys(home: Home) -> HomeKeys {
    let Home {
        model,
        operator,
        country,
    } = home;
    [model.key(), operator.key(), country.key()].map(u64::to_le_bytes)
}

fn spent(spent: Vec<Option<[u8; 8]>>) -> Vec<Option<u64>> {
    let apps = spent.into_iter();
    apps.map(|app| app.map(u64::from_le_bytes)).collect()
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

#[cfg(test)]
mod tests;
