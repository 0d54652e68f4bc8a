//! Formats 1 to 3 of a device's state, which are read, and never written again: none knew gaps in a
//! stream, and the first two had one book for day and week.

use kaiku_wire::{BOUNDS, Day};
use serde::Deserialize;

use super::super::device::{Device, Family, Flags, Slot, Stream, Totals, days_before};
use super::whole;

/// A device as format 1 has it.
#[derive(Deserialize)]
struct OldDevice {
    day: i32,
    streams: Vec<OldStream>,
    slots: Vec<OldSlot>,
    spent: Vec<Option<u64>>,
}

/// What was counted of a stream, as format 1 has it.
#[derive(Deserialize)]
struct OldStream {
    app: u64,
    id: [u8; 8],
    next: i64,
}

/// The same as formats 2 and 3 have it: app, id, next number.
type FixedStream = ([u8; 8], [u8; 8], i64);

/// One contribution of a device in the open week.
#[derive(Deserialize)]
struct OldSlot {
    family: OldFamily,
    app: u32,
    key: u64,
    /// Whether it counts today too.
    today: bool,
    /// App: sessions today. Feature: uses today, up to five.
    count: u8,
    /// Release: failed fatally today. App: failed fatally in this week. Feature: enters into pairs.
    flag: bool,
    /// App: failed fatally today.
    fatal_today: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum OldFamily {
    App,
    Release,
    Feature,
    Cause,
}

/// A device as format 2 has it.
#[derive(Deserialize)]
struct Unpacked {
    day: i32,
    apps: Vec<[u8; 4]>,
    streams: Vec<FixedStream>,
    /// Family (2 bits), today, flag, `fatal_today` (1 each), count (3); the app's place among the
    /// apps; key.
    slots: Vec<(u8, u8, [u8; 8])>,
    spent: Vec<Option<[u8; 8]>>,
}

/// Reads a device's state in an old format; `None` where it is something else, or more.
pub(super) fn decode(format: u8, bytes: &[u8]) -> Option<Device> {
    match format {
        1 => Some(whole::<OldDevice>(bytes)?.with_two_books()),
        2 => Some(whole::<Unpacked>(bytes)?.device()?.with_two_books()),
        3 => whole::<super::Unpacked<FixedStream>>(bytes)?.device(),
        _ => None,
    }
}

impl From<FixedStream> for OldStream {
    fn from((app, id, next): FixedStream) -> OldStream {
        let app = u64::from_le_bytes(app);
        OldStream { app, id, next }
    }
}

/// All below the next number counts as sent before.
impl From<OldStream> for Stream {
    fn from(OldStream { app, id, next }: OldStream) -> Stream {
        Stream {
            app,
            id,
            next,
            gaps: None,
        }
    }
}

impl From<FixedStream> for Stream {
    fn from(stream: FixedStream) -> Stream {
        Stream::from(OldStream::from(stream))
    }
}

impl Unpacked {
    fn device(self) -> Option<OldDevice> {
        const FAMILIES: [OldFamily; 4] = [
            OldFamily::App,
            OldFamily::Release,
            OldFamily::Feature,
            OldFamily::Cause,
        ];
        let slots = self.slots.into_iter().map(|(bits, place, key)| {
            Some(OldSlot {
                family: FAMILIES[usize::from(bits & 3)],
                app: u32::from_le_bytes(*self.apps.get(usize::from(place))?),
                key: u64::from_le_bytes(key),
                today: bits & 4 != 0,
                count: bits >> 5,
                flag: bits & 8 != 0,
                fatal_today: bits & 16 != 0,
            })
        });
        Some(OldDevice {
            day: self.day,
            streams: self.streams.into_iter().map(OldStream::from).collect(),
            slots: slots.collect::<Option<_>>()?,
            spent: super::spent(self.spent),
        })
    }
}

impl OldDevice {
    /// What counts today holds a place of the day book, and all but releases one of the week book.
    /// What the days before today have taken is not known: it is as much as can be.
    fn with_two_books(self) -> Device {
        let day = Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN);
        let before = days_before(day);
        let today = |family| {
            let of_today = self.slots.iter().filter(|slot| slot.today);
            of_today.filter(|slot| slot.family == family).count()
        };
        let fatals = self.slots.iter().filter(|slot| slot.is_fatal_release());
        let book = BOUNDS.day;
        let taken = [
            (book.apps, today(OldFamily::App)),
            (book.releases, today(OldFamily::Release)),
            (book.features, today(OldFamily::Feature)),
            (book.causes, today(OldFamily::Cause)),
            (book.release_causes, 0),
            (book.fatals, fatals.count()),
        ]
        .map(|(room, today)| {
            let before = usize::try_from(room.taken_within(before)).unwrap_or(usize::MAX);
            u8::try_from(before.saturating_add(today)).unwrap_or(u8::MAX)
        });
        Device {
            day: self.day,
            slots: self.slots.iter().map(OldSlot::in_two_books).collect(),
            streams: self.streams.into_iter().map(Stream::from).collect(),
            taken: Totals(taken),
            home: None,
            spent: self.spent,
        }
    }
}

impl OldSlot {
    fn is_fatal_release(&self) -> bool {
        self.family == OldFamily::Release && self.today && self.flag
    }

    fn in_two_books(&self) -> Slot {
        let mut flags = Flags::default();
        let mut put = |flag, on| {
            if on {
                flags.put(flag);
            }
        };
        put(Flags::DAY, self.today);
        put(Flags::WEEK, self.family != OldFamily::Release);
        put(
            Flags::FATAL_DAY,
            self.fatal_today || self.is_fatal_release(),
        );
        let (family, uses) = match self.family {
            OldFamily::App => {
                put(Flags::SESSION, self.count > 0);
                put(Flags::FATAL_WEEK, self.flag);
                (Family::App, 0)
            }
            OldFamily::Release => (Family::Release, 0),
            OldFamily::Feature => {
                put(Flags::PAIRED, self.flag);
                (Family::Feature, self.count)
            }
            OldFamily::Cause => (Family::Cause, 0),
        };
        Slot {
            key: self.key,
            app: self.app,
            family,
            flags,
            uses,
        }
    }
}
