//! What one device counts for: the bounds and the marks, spelled out.

use std::collections::{HashMap, HashSet};

use kaiku_raw::{EventType, RawEvent};
use kaiku_wire::{Day, Mark, Week, bounds};

/// Text of the catalogue.
pub(super) type Name = &'static str;

/// Everything that is known of a device.
#[derive(Default)]
pub(super) struct Device {
    /// The next number of each stream of each app.
    pub(super) next: HashMap<(String, [u8; 8]), i64>,
    today: Option<(Day, Today)>,
    week: Option<(Week, ThisWeek)>,
}

/// What it counted for today.
#[derive(Default)]
struct Today {
    apps: HashSet<Name>,
    releases: HashSet<(Name, Name)>,
    causes: HashSet<(Name, Name)>,
    fatals: HashSet<(Name, Name)>,
    /// Uses of each feature.
    uses: HashMap<(Name, Name), i64>,
    sessions: HashMap<Name, u32>,
}

/// What it counted for in this week.
#[derive(Default)]
struct ThisWeek {
    apps: HashSet<Name>,
    features: HashSet<(Name, Name)>,
    causes: HashSet<(Name, Name)>,
    fatals: HashSet<Name>,
    /// The first features of the week: only these make pairs.
    paired: Vec<(Name, Name)>,
    spent: HashSet<Name>,
    all_spent: bool,
}

/// What is kept of a device, by the names that the catalogue gives to it.
#[derive(Clone, Copy)]
pub(super) struct Home {
    pub(super) country: Name,
    pub(super) model: Name,
    pub(super) operator: Name,
}

/// An event with the names that the catalogue gives to it.
pub(super) struct Event<'a> {
    pub(super) raw: &'a RawEvent<'a>,
    pub(super) app: Name,
    pub(super) release: Name,
    pub(super) home: Home,
    /// Feature or cause.
    pub(super) item: Name,
    /// Whether a feature enters into pairs: unlisted ones do not.
    pub(super) pairs: bool,
}

/// The marks of an event that counts, and the features that its own makes new pairs with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    marks: [bool; Mark::COUNT],
    pub(super) pairs_with: Vec<Name>,
}

impl Counted {
    /// Whether the event bears a mark.
    pub(super) fn has(&self, mark: Mark) -> bool {
        self.marks[mark.index()]
    }

    fn set(&mut self, mark: Mark, on: bool) {
        self.marks[mark.index()] = on;
    }
}

/// Whether a thing is in a set, or there is room for it.
fn room<T: Eq + std::hash::Hash>(set: &HashSet<T>, thing: &T, most: u32) -> bool {
    set.contains(thing) || set.len() < most as usize
}

impl Device {
    /// Counts an event on a day, or drops it (`None`) as over a bound.
    pub(super) fn count(&mut self, day: Day, event: &Event<'_>) -> Option<Counted> {
        let (today, week) = self.periods(day);
        if week.all_spent || week.spent.contains(event.app) || !fits(today, week, event) {
            return None;
        }
        let app = event.app;
        let mut counted = Counted::default();
        counted.set(Mark::FirstAppDay, today.apps.insert(app));
        counted.set(Mark::FirstAppWeek, week.apps.insert(app));
        let release = (app, event.release);
        counted.set(Mark::FirstReleaseDay, today.releases.insert(release));
        match event.raw.kind {
            EventType::Started => {}
            EventType::Stopped => *today.sessions.entry(app).or_default() += 1,
            EventType::FeatureUsed => used(today, week, event, &mut counted),
            EventType::Failed => failed(today, week, event, &mut counted),
        }
        Some(counted)
    }

    /// Forgets one app, or all (`None`): it can't count again in this week. What it counted for
    /// stays taken.
    pub(super) fn forget(&mut self, day: Day, raw_app: Option<&str>, app: Option<Name>) {
        let (_, week) = self.periods(day);
        match app {
            Some(app) => _ = week.spent.insert(app),
            None => week.all_spent = true,
        }
        self.next
            .retain(|(name, _), _| raw_app.is_some_and(|app| app != name));
    }

    fn periods(&mut self, day: Day) -> (&mut Today, &mut ThisWeek) {
        if self.today.as_ref().is_none_or(|(open, _)| *open != day) {
            self.today = None;
        }
        if self
            .week
            .as_ref()
            .is_none_or(|(open, _)| *open != day.week())
        {
            self.week = None;
        }
        let (_, today) = self.today.get_or_insert_with(|| (day, Today::default()));
        let (_, week) = self
            .week
            .get_or_insert_with(|| (day.week(), ThisWeek::default()));
        (today, week)
    }
}

/// Every check of an event, before any slot is taken.
fn fits(today: &Today, week: &ThisWeek, event: &Event<'_>) -> bool {
    let (app, item) = (event.app, (event.app, event.item));
    let of_app = room(&today.apps, &app, bounds::DAY_APPS)
        && room(&week.apps, &app, bounds::WEEK_APPS)
        && room(&today.releases, &(app, event.release), bounds::DAY_RELEASES);
    of_app
        && match event.raw.kind {
            EventType::Started => true,
            EventType::Stopped => today
                .sessions
                .get(app)
                .is_none_or(|n| *n < bounds::DAY_SESSIONS_PER_APP),
            EventType::FeatureUsed => {
                (today.uses.contains_key(&item) || today.uses.len() < bounds::DAY_FEATURES as usize)
                    && room(&week.features, &item, bounds::WEEK_FEATURES)
            }
            EventType::Failed => {
                room(&today.causes, &item, bounds::DAY_CAUSES)
                    && room(&week.causes, &item, bounds::WEEK_CAUSES)
            }
        }
}

fn used(today: &mut Today, week: &mut ThisWeek, event: &Event<'_>, counted: &mut Counted) {
    let feature = (event.app, event.item);
    counted.set(Mark::FirstItemDay, !today.uses.contains_key(&feature));
    let uses = today.uses.entry(feature).or_default();
    let before = *uses;
    *uses += i64::from(event.raw.times);
    counted.set(Mark::SecondUseDay, before < 2 && *uses >= 2);
    counted.set(Mark::FifthUseDay, before < 5 && *uses >= 5);
    let is_new = week.features.insert(feature);
    counted.set(Mark::FirstItemWeek, is_new);
    let paired = week.paired.len();
    if is_new && event.pairs && paired < bounds::WEEK_PAIR_FEATURES as usize {
        let same_app = week.paired.iter().filter(|(app, _)| *app == event.app);
        counted.pairs_with = same_app.map(|(_, other)| *other).collect();
        week.paired.push(feature);
    }
}

fn failed(today: &mut Today, week: &mut ThisWeek, event: &Event<'_>, counted: &mut Counted) {
    let cause = (event.app, event.item);
    counted.set(Mark::FirstItemDay, today.causes.insert(cause));
    counted.set(Mark::FirstItemWeek, week.causes.insert(cause));
    let release = (event.app, event.release);
    if event.raw.fatal == Some(true) && room(&today.fatals, &release, bounds::DAY_FATALS) {
        let of_app = today.fatals.iter().any(|(app, _)| *app == event.app);
        counted.set(Mark::FirstFatalDay, !of_app);
        counted.set(Mark::FirstFatalReleaseDay, today.fatals.insert(release));
        counted.set(Mark::FirstFatalWeek, week.fatals.insert(event.app));
    }
}
