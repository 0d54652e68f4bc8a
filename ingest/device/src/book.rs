//! What of a device has left lately: its own copy of the two books of `docs/counting.md`, so that
//! what it sends always finds its places and the server's own bounds never come into play.
//!
//! A device does not know for certain on which day the server counted an upload: it may have been
//! sent again on the next day, or around midnight. Such an upload holds its places on each day on
//! which it may have been counted, and is `Maybe` there.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::{BOUNDS, Day, Room};
use serde::{Deserialize, Serialize};

use crate::tally::What;

/// What has left on the days and in the weeks that are still of interest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Book {
    days: BTreeMap<i32, DayPlaces>,
    weeks: BTreeMap<i32, WeekPlaces>,
}

/// One upload, or several of one moment, whose places are being taken.
pub(crate) struct Leaving {
    days: Vec<Day>,
    /// Weeks in which it may have been counted before, and was paid for.
    before: BTreeSet<i32>,
    is_sure: bool,
    /// Places that it has taken so far.
    mine: BTreeSet<Place>,
}

/// A place of the day book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
enum Place {
    Release(String),
    Feature(String),
    Cause(String),
    ReleaseCause(String, String),
    Fatal(String),
}

/// The places of a day: whether each was surely taken on that very day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct DayPlaces(BTreeMap<Place, bool>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct WeekPlaces {
    /// Places of the day book over the days of the week, by kind.
    taken: [u32; KINDS],
    features: BTreeSet<String>,
    causes: BTreeSet<String>,
    component_causes: BTreeSet<(String, String)>,
}

const KINDS: usize = 5;
const ROOMS: [Room; KINDS] = [
    BOUNDS.day.releases,
    BOUNDS.day.features,
    BOUNDS.day.causes,
    BOUNDS.day.release_causes,
    BOUNDS.day.fatals,
];
/// What stands for a failure without a component.
const NONE: &str = "none";

impl Place {
    fn kind(&self) -> usize {
        match self {
            Place::Release(_) => 0,
            Place::Feature(_) => 1,
            Place::Cause(_) => 2,
            Place::ReleaseCause(..) => 3,
            Place::Fatal(_) => 4,
        }
    }

    /// The places of the day book that a thing needs, all of them.
    fn of(release: &str, what: &What) -> Vec<Place> {
        let mut places = vec![Place::Release(release.to_owned())];
        match what {
            What::Started | What::Stopped(_) => {}
            What::Used(feature) => places.push(Place::Feature(feature.clone())),
            What::Failed { cause, fatal, .. } => {
                places.push(Place::Cause(cause.clone()));
                places.push(Place::ReleaseCause(release.to_owned(), cause.clone()));
                if *fatal {
                    places.push(Place::Fatal(release.to_owned()));
                }
            }
        }
        places
    }
}

impl Leaving {
    /// What leaves on one of `days`; more than one where it can't be told on which the server
    /// counts it.
    pub(crate) fn on(days: &[Day]) -> Leaving {
        Leaving::again(days, &[])
    }

    /// The same once more, after it may have been counted on one of the days `before`.
    pub(crate) fn again(days: &[Day], before: &[Day]) -> Leaving {
        Leaving {
            days: days.to_vec(),
            before: before.iter().copied().map(monday).collect(),
            is_sure: days.len() == 1 && before.is_empty(),
            mine: BTreeSet::new(),
        }
    }
}

impl Book {
    /// Whether a thing of a release would find its places, whenever it is counted.
    pub(crate) fn fits(&self, leaving: &Leaving, release: &str, what: &What) -> bool {
        let places = Place::of(release, what);
        let mut days = leaving.days.iter();
        days.all(|day| self.fits_day(*day, leaving, &places, what))
    }

    fn fits_day(&self, day: Day, leaving: &Leaving, places: &[Place], what: &What) -> bool {
        let held = self.days.get(&day.days_since_epoch());
        let week = self.weeks.get(&monday(day));
        let mut is_new = false;
        for place in places {
            let is_sure = held.and_then(|held| held.0.get(place)).copied();
            is_new |= is_sure.is_none();
            if is_sure == Some(true) || leaving.mine.contains(place) {
                continue;
            }
            // One that is held perhaps costs the week a place once more.
            let room = ROOMS[place.kind()];
            let today = held.map_or(0, |held| held.beside(place));
            let taken = week.map_or(0, |week| week.taken[place.kind()]);
            if today >= room.a_day || taken >= room.a_week {
                return false;
            }
        }
        // In the week's book it may find no room as long as it counts for something on the day:
        // the server hands it on for that.
        is_new || week.is_none_or(|week| week.fits(what))
    }

    /// Takes the places of a thing. Things must come in the order in which the upload has them.
    pub(crate) fn take(&mut self, leaving: &mut Leaving, release: &str, what: &What) {
        let places = Place::of(release, what);
        let new: Vec<&Place> = places
            .iter()
            .filter(|place| !leaving.mine.contains(*place))
            .collect();
        let mut charged = leaving.before.clone();
        for day in &leaving.days {
            let held = self.days.entry(day.days_since_epoch()).or_default();
            let week = self.weeks.entry(monday(*day)).or_default();
            let is_charged = !charged.insert(monday(*day));
            for place in &new {
                if !is_charged && held.0.get(place) != Some(&true) {
                    week.taken[place.kind()] += 1;
                }
                *held.0.entry((*place).clone()).or_default() |= leaving.is_sure;
            }
            week.take(what);
        }
        leaving.mine.extend(places);
    }

    /// What was taken for sure on a day may not have been, after all: an upload was refused.
    pub(crate) fn doubt(&mut self, days: &[Day]) {
        for day in days {
            if let Some(held) = self.days.get_mut(&day.days_since_epoch()) {
                held.0.values_mut().for_each(|is_sure| *is_sure = false);
            }
        }
    }

    /// Forgets what no day that is still to come can need.
    pub(crate) fn forget_before(&mut self, today: Day) {
        self.days
            .retain(|day, _| *day >= today.days_since_epoch() - 1);
        let yesterday = today.prev();
        self.weeks.retain(|week, _| *week >= monday(yesterday));
    }
}

impl DayPlaces {
    /// How many places of the kind of this one are held beside it.
    fn beside(&self, place: &Place) -> u32 {
        let is_other = |other: &&Place| other.kind() == place.kind() && *other != place;
        let others = self.0.keys().filter(is_other).count();
        u32::try_from(others).unwrap_or(u32::MAX)
    }
}

impl WeekPlaces {
    /// Whether everything that the thing needs of the week is held or free.
    fn fits(&self, what: &What) -> bool {
        match what {
            What::Started | What::Stopped(_) => true,
            What::Used(feature) => has_room(&self.features, feature, BOUNDS.week.features),
            What::Failed {
                cause, component, ..
            } => {
                let (pairs, most) = (&self.component_causes, BOUNDS.week.component_causes);
                has_room(&self.causes, cause, BOUNDS.week.causes)
                    && has_room(pairs, &pair(component, cause), most)
            }
        }
    }

    /// Takes what is free of it.
    fn take(&mut self, what: &What) {
        match what {
            What::Started | What::Stopped(_) => {}
            What::Used(feature) => {
                if has_room(&self.features, feature, BOUNDS.week.features) {
                    self.features.insert(feature.clone());
                }
            }
            What::Failed {
                cause, component, ..
            } => {
                if has_room(&self.causes, cause, BOUNDS.week.causes) {
                    self.causes.insert(cause.clone());
                }
                let (pair, most) = (pair(component, cause), BOUNDS.week.component_causes);
                if has_room(&self.component_causes, &pair, most) {
                    self.component_causes.insert(pair);
                }
            }
        }
    }
}

fn pair(component: &Option<String>, cause: &str) -> (String, String) {
    let component = component.as_deref().unwrap_or(NONE);
    (component.to_owned(), cause.to_owned())
}

fn has_room<T: Ord>(held: &BTreeSet<T>, one: &T, most: u32) -> bool {
    let count = u32::try_from(held.len()).unwrap_or(u32::MAX);
    held.contains(one) || count < most
}

fn monday(day: Day) -> i32 {
    day.week().monday().days_since_epoch()
}
