//! A device's state as bytes: format 4, which is written; formats 1 to 3 of earlier versions are read
//! for ever.
//!
//! It is postcard's; `quick.rs` writes and reads it by hand. Apps are named once, keys have a fixed length, and
//! what is a flag or a small number is one byte: the size is what sealing, sending and restoring cost.

mod old;
mod quick;
#[cfg(test)]
mod reference;

use kaiku_catalogue::{Country, Model, Operator};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use super::device::{Device, Family, Flags, Home, Slot, Stream, Totals};

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

/// Format 4, and format 3, whose streams are others.
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

/// Appends a device's state, in [`FORMAT`].
pub(crate) fn encode(device: &Device, out: &mut Vec<u8>) {
    quick::encode(device, out);
}

/// Reads what [`encode`] wrote, or a version before it in an older format; `None` where it is
/// something else, or more.
pub(crate) fn decode(format: u8, bytes: &[u8]) -> Option<Device> {
    match format {
        FORMAT => quick::decode(bytes),
        _ => old::decode(format, bytes),
    }
}

/// Reads what takes up all of these bytes.
fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (read, rest) = postcard::take_from_bytes(bytes).ok()?;
    rest.is_empty().then_some(read)
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
fn apps(slots: &[Slot]) -> SmallVec<[u32; 8]> {
    let mut apps = SmallVec::new();
    for slot in slots {
        // Mostly it is the one of the slot before.
        if apps.last() != Some(&slot.app) && !apps.contains(&slot.app) {
            apps.push(slot.app);
        }
    }
    apps
}

#[cfg(test)]
mod tests;
