//! The two books of one device: `docs/counting.md`, spelled out in lists.

use kaiku_raw::EventType;
use kaiku_wire::bounds::{self, Bounds, Room};
use kaiku_wire::{BOUNDS, Day, Mark, Week};

use super::event::{Event, Name, times};
use super::places::{Place, Places};

/// Room for everything: under these a mark is given to whoever did a thing, and no other is
/// refused.
pub(super) const NO_BOUNDS: Bounds = {
    let endless = Room {
        a_day: u32::MAX,
        a_week: u32::MAX,
    };
    Bounds {
        version: BOUNDS.version,
        day: bounds::DayBook {
            apps: endless,
            releases: endless,
            features: endless,
            causes: endless,
            release_causes: endless,
            fatals: endless,
        },
        week: bounds::WeekBook {
            apps: u32::MAX,
            features: u32::MAX,
            causes: u32::MAX,
            component_causes: u32::MAX,
            pair_features: u32::MAX,
        },
    }
};

/// What one device has counted for in the open day and week.
#[derive(Default)]
pub(super) struct Books {
    day: Option<Day>,
    week: Option<Week>,
    daily: DayBook,
    weekly: WeekBook,
}

#[derive(Default)]
struct DayBook {
    apps: Places<Name>,
    releases: Places<(Name, Name)>,
    features: Places<(Name, Name)>,
    causes: Places<(Name, Name)>,
    release_causes: Places<(Name, Name, Name)>,
    fatals: Places<(Name, Name)>,
    /// How often each feature with a place was used.
    uses: Vec<((Name, Name), i64)>,
    /// Apps that have had a session.
    sessions: Vec<Name>,
    /// Apps of which something found no place.
    bounded: Vec<Name>,
}

#[derive(Default)]
struct WeekBook {
    apps: Places<Name>,
    features: Places<(Name, Name)>,
    causes: Places<(Name, Name)>,
    component_causes: Places<(Name, Name, Name)>,
    paired: Places<(Name, Name)>,
    /// Apps that have failed fatally.
    fatals: Vec<Name>,
    /// The state of the device was lost in this week: no weekly mark is given any more.
    closed: bool,
}

/// What an event counts for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    marks: [bool; Mark::COUNT],
    /// The features that its own makes new pairs with.
    pub(super) pairs_with: Vec<Name>,
    /// A mark was due and found no place.
    refused: bool,
}

impl Counted {
    /// Whether the event bears a mark.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.marks[mark.index()]
    }

    /// Whether the event is over a bound: something was due, and it got nothing but perhaps the
    /// mark that says so.
    pub(super) fn is_bounded(&self) -> bool {
        let other = |mark: &Mark| *mark != Mark::FirstBoundedDay && self.has(*mark);
        self.refused && !Mark::ALL.iter().any(other)
    }

    pub(super) fn set(&mut self, mark: Mark, on: bool) {
        self.marks[mark.index()] = on;
    }

    /// Gives the mark of a place to the event that took it. Whether the place is held now.
    fn place(&mut self, place: Place, mark: Mark) -> bool {
        match place {
            Place::Held => {}
            Place::Taken => self.set(mark, true),
            Place::Full => self.refused = true,
        }
        place != Place::Full
    }
}

impl Books {
    /// Counts an event on a day.
    pub(super) fn count(&mut self, bounds: &Bounds, day: Day, event: &Event<'_>) -> Counted {
        self.turn(day);
        let mut counted = Counted::default();
        self.daily.count(&bounds.day, event, &mut counted);
        if !self.weekly.closed {
            self.weekly.count(bounds.week, event, &mut counted);
        }
        counted
    }

    /// What was counted for up to and including this day is not known any more: every place that
    /// the week has had is taken for used, and no weekly mark is given.
    pub(super) fn lose(&mut self, bounds: &Bounds, day: Day) {
        self.turn(day);
        let monday = day.week().monday().days_since_epoch();
        let days = u32::try_from(day.days_since_epoch() - monday).unwrap_or(0) + 1;
        self.daily.used_up(&bounds.day, days);
        self.weekly.closed = true;
    }

    fn turn(&mut self, day: Day) {
        if self.week != Some(day.week()) {
            *self = Books {
                day: Some(day),
                week: Some(day.week()),
                ..Books::default()
            };
        } else if self.day != Some(day) {
            self.day = Some(day);
            self.daily.next_day();
        }
    }
}

impl DayBook {
    fn count(&mut self, room: &bounds::DayBook, event: &Event<'_>, counted: &mut Counted) {
        let Event { app, release, .. } = *event;
        if !counted.place(self.apps.take(app, room.apps), Mark::FirstAppDay) {
            return;
        }
        let taken = self.releases.take((app, release), room.releases);
        counted.place(taken, Mark::FirstReleaseDay);
        match event.raw.kind {
            EventType::Started => {}
            EventType::Stopped => {
                counted.set(Mark::FirstSessionDay, is_new(&mut self.sessions, app));
            }
            EventType::FeatureUsed => self.used(room, event, counted),
            EventType::Failed => self.failed(room, event, counted),
        }
        if counted.refused {
            counted.set(Mark::FirstBoundedDay, is_new(&mut self.bounded, app));
        }
    }

    fn used(&mut self, room: &bounds::DayBook, event: &Event<'_>, counted: &mut Counted) {
        let feature = (event.app, event.item);
        let taken = self.features.take(feature, room.features);
        if !counted.place(taken, Mark::FirstItemDay) {
            return;
        }
        let known = self.uses.iter().position(|(one, _)| *one == feature);
        let place = known.unwrap_or(self.uses.len());
        if known.is_none() {
            self.uses.push((feature, 0));
        }
        let uses = &mut self.uses[place].1;
        let before = *uses;
        *uses += i64::from(times(event.raw));
        counted.set(Mark::SecondUseDay, before < 2 && *uses >= 2);
        counted.set(Mark::FifthUseDay, before < 5 && *uses >= 5);
    }

    fn failed(&mut self, room: &bounds::DayBook, event: &Event<'_>, counted: &mut Counted) {
        let Event {
            app, release, item, ..
        } = *event;
        let taken = self.causes.take((app, item), room.causes);
        counted.place(taken, Mark::FirstItemDay);
        if !self.releases.holds(&(app, release)) {
            return;
        }
        let cause = (app, release, item);
        let taken = self.release_causes.take(cause, room.release_causes);
        counted.place(taken, Mark::FirstCauseReleaseDay);
        if event.raw.fatal == Some(true) {
            let of_app = self.fatals.held().iter().any(|(one, _)| *one == app);
            let taken = self.fatals.take((app, release), room.fatals);
            counted.place(taken, Mark::FirstFatalReleaseDay);
            counted.set(Mark::FirstFatalDay, taken == Place::Taken && !of_app);
        }
    }

    fn next_day(&mut self) {
        self.apps.next_day();
        self.releases.next_day();
        self.features.next_day();
        self.causes.next_day();
        self.release_causes.next_day();
        self.fatals.next_day();
        self.uses.clear();
        self.sessions.clear();
        self.bounded.clear();
    }

    fn used_up(&mut self, room: &bounds::DayBook, days: u32) {
        self.next_day();
        self.apps.used_up(room.apps, days);
        self.releases.used_up(room.releases, days);
        self.features.used_up(room.features, days);
        self.causes.used_up(room.causes, days);
        self.release_causes.used_up(room.release_causes, days);
        self.fatals.used_up(room.fatals, days);
    }
}

impl WeekBook {
    fn count(&mut self, room: bounds::WeekBook, event: &Event<'_>, counted: &mut Counted) {
        let Event { app, item, .. } = *event;
        let taken = self.apps.take(app, whole(room.apps));
        if !counted.place(taken, Mark::FirstAppWeek) {
            return;
        }
        match event.raw.kind {
            EventType::Started | EventType::Stopped => {}
            EventType::FeatureUsed => {
                let taken = self.features.take((app, item), whole(room.features));
                counted.place(taken, Mark::FirstItemWeek);
                if taken == Place::Taken && event.pairs {
                    self.pair(room.pair_features, event, counted);
                }
            }
            EventType::Failed => {
                let taken = self.causes.take((app, item), whole(room.causes));
                counted.place(taken, Mark::FirstItemWeek);
                let cause = (app, event.component, item);
                let places = whole(room.component_causes);
                let taken = self.component_causes.take(cause, places);
                counted.place(taken, Mark::FirstCauseComponentWeek);
                let fatal = event.raw.fatal == Some(true);
                let first = fatal && is_new(&mut self.fatals, app);
                counted.set(Mark::FirstFatalWeek, first);
            }
        }
    }

    fn pair(&mut self, places: u32, event: &Event<'_>, counted: &mut Counted) {
        let feature = (event.app, event.item);
        if self.paired.take(feature, whole(places)) == Place::Taken {
            let others = self.paired.held().iter().filter(|one| **one != feature);
            let of_app = others.filter(|(app, _)| *app == event.app);
            counted.pairs_with = of_app.map(|(_, other)| *other).collect();
            counted.set(Mark::FirstPairWeek, !counted.pairs_with.is_empty());
        }
    }
}

/// So many places for the week as a whole.
fn whole(places: u32) -> Room {
    Room {
        a_day: places,
        a_week: places,
    }
}

/// Whether a name stands in a list for the first time now.
fn is_new(list: &mut Vec<Name>, name: Name) -> bool {
    let new = !list.contains(&name);
    if new {
        list.push(name);
    }
    new
}
