//! The two books of a device by `docs/counting.md`, with code of its own: from the events of an ISO
//! week to the marks that they get.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::{BOUNDS, Mark};

/// What happened on a day of the week.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    /// 0 is Monday.
    pub(crate) day: u32,
    pub(crate) app: u32,
    pub(crate) release: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Started,
    Stopped {
        length: u32,
    },
    Used {
        feature: u32,
        times: u32,
    },
    Failed {
        cause: u32,
        component: u32,
        fatal: bool,
    },
}

/// A mark, the event that has it, and its features where it is of a pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marked {
    pub(crate) mark: Mark,
    pub(crate) event: Event,
    pub(crate) pair: Option<(u32, u32)>,
}

impl Kind {
    /// Its name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Started => "started",
            Kind::Stopped { .. } => "stopped",
            Kind::Used { .. } => "feature_used",
            Kind::Failed { .. } => "failed",
        }
    }

    pub(crate) fn item(self) -> u32 {
        match self {
            Kind::Used { feature, .. } => feature,
            Kind::Failed { cause, .. } => cause,
            Kind::Started | Kind::Stopped { .. } => unreachable!(),
        }
    }

    pub(crate) fn component(self) -> u32 {
        match self {
            Kind::Failed { component, .. } => component,
            _ => unreachable!(),
        }
    }

    pub(crate) fn length(self) -> u32 {
        match self {
            Kind::Stopped { length } => length,
            _ => unreachable!(),
        }
    }
}

/// Places of one kind in one period.
#[derive(Default)]
struct Places<K> {
    held: BTreeSet<K>,
    /// Those taken on earlier days of the week.
    before: usize,
}

/// What came of a try to take a place.
#[derive(Clone, Copy, PartialEq)]
enum Try {
    Taken,
    Held,
    Refused,
}

impl<K: Ord> Places<K> {
    fn take(&mut self, key: K, a_period: u32, a_week: u32) -> Try {
        if self.held.contains(&key) {
            return Try::Held;
        }
        let room = self.held.len() < a_period as usize;
        if !room || self.before + self.held.len() >= a_week as usize {
            return Try::Refused;
        }
        self.held.insert(key);
        Try::Taken
    }

    /// The next day: places are free again, the week's total stays.
    fn turn(&mut self) {
        self.before += self.held.len();
        self.held.clear();
    }
}

/// The day book.
#[derive(Default)]
struct Day {
    apps: Places<u32>,
    releases: Places<(u32, u32)>,
    features: Places<(u32, u32)>,
    causes: Places<(u32, u32)>,
    release_causes: Places<(u32, u32, u32)>,
    fatals: Places<(u32, u32)>,
    uses: BTreeMap<(u32, u32), u32>,
    stopped: BTreeSet<u32>,
    crashed: BTreeSet<u32>,
    bounded: BTreeSet<u32>,
}

/// The week book.
#[derive(Default)]
struct Week {
    apps: Places<u32>,
    features: Places<(u32, u32)>,
    causes: Places<(u32, u32)>,
    component_causes: Places<(u32, u32, u32)>,
    crashed: BTreeSet<u32>,
    paired: Vec<(u32, u32)>,
}

/// The marks of the events of one device in one ISO week, which stand in the order of their days.
pub(crate) fn week(events: &[Event]) -> Vec<Marked> {
    let (mut day, mut week) = (Day::default(), Week::default());
    let mut today = 0;
    let mut marks = Vec::new();
    for event in events {
        while today < event.day {
            day.turn();
            today += 1;
        }
        let mut give = |mark| {
            marks.push(Marked {
                mark,
                event: *event,
                pair: None,
            });
        };
        day.count(event, &mut give);
        week.count(event, &mut give);
        marks.extend(week.pairs(event));
    }
    marks
}

impl Day {
    fn turn(&mut self) {
        self.apps.turn();
        self.releases.turn();
        self.features.turn();
        self.causes.turn();
        self.release_causes.turn();
        self.fatals.turn();
        self.uses.clear();
        self.stopped.clear();
        self.crashed.clear();
        self.bounded.clear();
    }

    fn count(&mut self, event: &Event, give: &mut impl FnMut(Mark)) {
        let room = BOUNDS.day;
        match self.apps.take(event.app, room.apps.a_day, room.apps.a_week) {
            Try::Taken => give(Mark::FirstAppDay),
            Try::Held => {}
            Try::Refused => return,
        }
        let key = (event.app, event.release);
        let release = self
            .releases
            .take(key, room.releases.a_day, room.releases.a_week);
        if release == Try::Taken {
            give(Mark::FirstReleaseDay);
        }
        let refused = match event.kind {
            Kind::Started => false,
            Kind::Stopped { .. } => {
                if self.stopped.insert(event.app) {
                    give(Mark::FirstSessionDay);
                }
                false
            }
            Kind::Used { feature, times } => self.used(event, feature, times, give),
            Kind::Failed { cause, fatal, .. } => {
                self.failed(event, cause, fatal, release != Try::Refused, give)
            }
        };
        if (refused || release == Try::Refused) && self.bounded.insert(event.app) {
            give(Mark::FirstBoundedDay);
        }
    }

    /// Whether the feature found no place.
    fn used(
        &mut self,
        event: &Event,
        feature: u32,
        times: u32,
        give: &mut impl FnMut(Mark),
    ) -> bool {
        let room = BOUNDS.day.features;
        let key = (event.app, feature);
        match self.features.take(key, room.a_day, room.a_week) {
            Try::Taken => give(Mark::FirstItemDay),
            Try::Held => {}
            Try::Refused => return true,
        }
        let uses = self.uses.entry(key).or_default();
        let before = *uses;
        *uses += times;
        for (reached, mark) in [(2, Mark::SecondUseDay), (5, Mark::FifthUseDay)] {
            if before < reached && *uses >= reached {
                give(mark);
            }
        }
        false
    }

    /// Whether something of the failure found no place.
    fn failed(
        &mut self,
        event: &Event,
        cause: u32,
        fatal: bool,
        release_held: bool,
        give: &mut impl FnMut(Mark),
    ) -> bool {
        let room = BOUNDS.day;
        let (app, release) = (event.app, event.release);
        let cause_place = self
            .causes
            .take((app, cause), room.causes.a_day, room.causes.a_week);
        if cause_place == Try::Taken {
            give(Mark::FirstItemDay);
        }
        let mut refused = cause_place == Try::Refused;
        if !release_held {
            return refused;
        }
        let places = room.release_causes;
        match self
            .release_causes
            .take((app, release, cause), places.a_day, places.a_week)
        {
            Try::Taken => give(Mark::FirstCauseReleaseDay),
            Try::Held => {}
            Try::Refused => refused = true,
        }
        if fatal {
            match self
                .fatals
                .take((app, release), room.fatals.a_day, room.fatals.a_week)
            {
                Try::Taken => {
                    give(Mark::FirstFatalReleaseDay);
                    if self.crashed.insert(app) {
                        give(Mark::FirstFatalDay);
                    }
                }
                Try::Held => {}
                Try::Refused => refused = true,
            }
        }
        refused
    }
}

impl Week {
    fn count(&mut self, event: &Event, give: &mut impl FnMut(Mark)) {
        let room = BOUNDS.week;
        match self.apps.take(event.app, room.apps, room.apps) {
            Try::Taken => give(Mark::FirstAppWeek),
            Try::Held => {}
            Try::Refused => return,
        }
        let Kind::Failed {
            cause,
            component,
            fatal,
        } = event.kind
        else {
            return;
        };
        let key = (event.app, cause);
        if self.causes.take(key, room.causes, room.causes) == Try::Taken {
            give(Mark::FirstItemWeek);
        }
        let key = (event.app, component, cause);
        let places = room.component_causes;
        if self.component_causes.take(key, places, places) == Try::Taken {
            give(Mark::FirstCauseComponentWeek);
        }
        if fatal && self.crashed.insert(event.app) {
            give(Mark::FirstFatalWeek);
        }
    }

    /// The marks of a feature: its own, and those of the pairs that it makes.
    fn pairs(&mut self, event: &Event) -> Vec<Marked> {
        let room = BOUNDS.week;
        let Kind::Used { feature, .. } = event.kind else {
            return Vec::new();
        };
        let key = (event.app, feature);
        if !self.apps.held.contains(&event.app)
            || self.features.take(key, room.features, room.features) != Try::Taken
        {
            return Vec::new();
        }
        let marked = |mark, pair| Marked {
            mark,
            event: *event,
            pair,
        };
        let mut marks = vec![marked(Mark::FirstItemWeek, None)];
        if self.paired.len() < room.pair_features as usize {
            let others = self.paired.iter().filter(|(app, _)| *app == event.app);
            marks.extend(others.map(|(_, other)| {
                let pair = (feature.min(*other), feature.max(*other));
                marked(Mark::FirstPairWeek, Some(pair))
            }));
            self.paired.push(key);
        }
        marks
    }
}
