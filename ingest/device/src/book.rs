//! What of a device has left lately: its own copy of the two books of `docs/counting.md`, so that
//! what it sends always finds its places and the server's own bounds never come into play.
//!
//! A device does not know for certain on which day the server counted an upload: it may have been
//! sent again on the next day, or around midnight. Such an upload holds its places on each day on
//! which it may have been counted.

use std::collections::btree_map::Entry;
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

/// What leaves at one moment, in one upload or several, whose places are being taken.
pub(crate) struct Leaving {
    days: Vec<Day>,
    is_sure: bool,
    /// Places that it has taken so far.
    mine: BTreeSet<Place>,
    /// What each upload has paid.
    paid: BTreeMap<i64, Paid>,
}

/// The places of the weeks that an upload has paid for: each upload for all of its own, as if it
/// were counted on a day by itself. True are those that the day had for sure without it: they are
/// given back if it is counted on that very day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paid(BTreeMap<(i32, Place), bool>);

/// A place of the day book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Place {
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
        Leaving {
            days: days.to_vec(),
            is_sure: days.len() == 1,
            mine: BTreeSet::new(),
            paid: BTreeMap::new(),
        }
    }

    /// One upload once more, after it may have been counted on another day.
    pub(crate) fn again(days: &[Day], upload: i64, paid: Paid) -> Leaving {
        Leaving {
            is_sure: false,
            paid: BTreeMap::from([(upload, paid)]),
            ..Leaving::on(days)
        }
    }

    /// What an upload has paid.
    pub(crate) fn paid(&mut self, upload: i64) -> Paid {
        self.paid.remove(&upload).unwrap_or_default()
    }
}

impl Book {
    /// Whether a thing of an upload would find its places, whenever it is counted.
    pub(crate) fn fits(&self, leaving: &Leaving, upload: i64, release: &str, what: &What) -> bool {
        let places = Place::of(release, what);
        let paid = leaving.paid.get(&upload);
        leaving.days.iter().all(|day| {
            let held = self.days.get(&day.days_since_epoch());
            let week = self.weeks.get(&monday(*day));
            let fits = |place: &Place| {
                let room = ROOMS[place.kind()];
                let at = (monday(*day), place.clone());
                let is_paid = paid.is_some_and(|paid| paid.0.contains_key(&at));
                let today = held.map_or(0, |held| held.beside(place));
                let taken = week.map_or(0, |week| week.taken[place.kind()]);
                today < room.a_day && (is_paid || taken < room.a_week)
            };
            places.iter().all(fits) && week.is_none_or(|week| week.fits(what))
        })
    }

    /// Takes the places of a thing. Things must come in the order in which they leave.
    pub(crate) fn take(&mut self, leaving: &mut Leaving, upload: i64, release: &str, what: &What) {
        let places = Place::of(release, what);
        let paid = leaving.paid.entry(upload).or_default();
        for day in &leaving.days {
            let held = self.days.entry(day.days_since_epoch()).or_default();
            let week = self.weeks.entry(monday(*day)).or_default();
            for place in &places {
                let at = (monday(*day), place.clone());
                let is_had = held.0.get(place) == Some(&true) || leaving.mine.contains(place);
                if let Entry::Vacant(vacant) = paid.0.entry(at) {
                    vacant.insert(is_had && leaving.is_sure);
                    week.taken[place.kind()] += 1;
                }
            }
            for place in &places {
                *held.0.entry(place.clone()).or_default() |= leaving.is_sure;
            }
            week.take(what);
        }
        leaving.mine.extend(places);
    }

    /// An upload was counted on the one day on which it was handed out: what the day had without
    /// it costs the week nothing.
    pub(crate) fn settle(&mut self, paid: &Paid) {
        for ((week, place), _) in paid.0.iter().filter(|(_, is_had)| **is_had) {
            if let Some(week) = self.weeks.get_mut(week) {
                let taken = &mut week.taken[place.kind()];
                *taken = taken.saturating_sub(1);
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
