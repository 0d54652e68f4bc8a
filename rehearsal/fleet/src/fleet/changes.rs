//! What becomes different in a fleet that is told to change: something that a report should find.

use kaiku_wire::Day;

use crate::device::Traits;

/// The place of the feature of the first app that more devices use.
pub(super) const RISES: usize = 9;
/// How much more it is liked.
const LIKED: f32 = 3.0;
/// The brand on which the second app crashes.
pub(super) const CRASHES: &str = "Xiaomi";
/// Chance that a session there ends in a fatal failure.
const FATAL: f64 = 0.06;
/// The country that most devices leave.
pub(super) const LEAVES: &str = "GB";
/// The part of its devices that stay, by their taste.
const STAYS: u64 = 3;

/// One thing that becomes different.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrueChange {
    /// The app in which it shows.
    pub app: &'static str,
    /// The table in which it shows.
    pub table: &'static str,
    /// The row.
    pub name: &'static str,
    /// What happens, in a few words.
    pub says: &'static str,
}

/// What is different for one device in one app on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Changed {
    /// The place of a feature, and how much more it is liked.
    pub(crate) liked: Option<(usize, f32)>,
    /// Chance that a session ends in a fatal failure.
    pub(crate) fatal: Option<f64>,
    /// It is not used any more.
    pub(crate) has_left: bool,
}

impl Changed {
    pub(super) fn of(since: Option<Day>, day: Day, app: usize, traits: &Traits) -> Changed {
        if since.is_none_or(|since| day < since) {
            return Changed::default();
        }
        Changed {
            liked: (app == 0).then_some((RISES, LIKED)),
            fatal: (app == 1 && traits.brand == CRASHES).then_some(FATAL),
            has_left: traits.is_of(LEAVES) && !traits.taste.is_multiple_of(STAYS),
        }
    }
}
