//! What is recorded, before it is written down: a small map of counters behind one lock. Nothing
//! here touches a file, and nothing that touches a file holds this lock.

use std::collections::HashMap;

use kaiku_wire::Day;

use crate::consent::Level;
use crate::contents::Losses;
use crate::recommend::Act;
use crate::session::{Sessions, Turn};
use crate::tally::{Length, What};
use crate::view::{Problems, Snapshot};
use crate::{DeviceCatalogue, Hindrance};

/// Counters that are kept while there is no key.
pub(crate) const MOST_WITHOUT_KEY: usize = 200;
/// Counters that are kept in any case.
const MOST: usize = 2_000;
/// What an owner does with suggestions is kept so often.
const MOST_ACTS: usize = 200;
/// What stands for no component.
const NONE: u16 = u16::MAX;

/// Whether anything is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nobody has looked into the folder yet. What comes is kept until then.
    Unknown,
    /// The owner agreed.
    On(Level),
    /// The owner did not, or not to this text.
    Off,
    /// The machine or the environment forbids it.
    Hindered(Hindrance),
}

/// A thing by the catalogue's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Thing {
    Started,
    Stopped(Length),
    Used(u16),
    Failed(u16, u16, bool),
}

/// A failure of a run that ended: its day, its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// The run, by which it is known if it is told of twice.
    pub(crate) run: u64,
    pub(crate) day: Day,
    pub(crate) release: String,
    pub(crate) what: What,
}

/// What was taken out to be written down.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) counts: HashMap<(i32, Thing), u32>,
    pub(crate) past: Vec<Past>,
    pub(crate) lost: Losses,
    /// What the owner did with suggestions.
    pub(crate) acts: Vec<Act>,
}

/// Everything behind the lock.
pub(crate) struct Memory {
    pub(crate) mode: Mode,
    pub(crate) recorded: Recorded,
    pub(crate) sessions: Sessions,
    pub(crate) has_key: bool,
    /// Something is to be written down, or the session has changed.
    pub(crate) is_dirty: bool,
    /// It is to be written down at once.
    pub(crate) is_urgent: bool,
    pub(crate) problems: Problems,
    pub(crate) snapshot: Snapshot,
    /// The worker is to end.
    pub(crate) is_ending: bool,
    pub(crate) workers: u32,
}

impl Thing {
    pub(crate) fn failed(cause: u16, component: Option<u16>, fatal: bool) -> Thing {
        Thing::Failed(cause, component.unwrap_or(NONE), fatal)
    }

    /// The same with names.
    pub(crate) fn named(self, catalogue: &DeviceCatalogue) -> Option<What> {
        Some(match self {
            Thing::Started => What::Started,
            Thing::Stopped(length) => What::Stopped(length),
            Thing::Used(feature) => {
                What::Used(catalogue.features().get(usize::from(feature))?.name.clone())
            }
            Thing::Failed(cause, component, fatal) => {
                let component = match component {
                    NONE => None,
                    number => Some(
                        catalogue
                            .components()
                            .get(usize::from(number))?
                            .name
                            .clone(),
                    ),
                };
                let cause = catalogue.causes().get(usize::from(cause))?.name.clone();
                What::Failed {
                    cause,
                    component,
                    fatal,
                }
            }
        })
    }

    fn is_failure(self) -> bool {
        matches!(self, Thing::Failed(..))
    }
}

impl Mode {
    /// Whether a thing may be kept.
    fn takes(self, thing: Thing) -> bool {
        match self {
            Mode::Unknown => true,
            Mode::On(level) if thing.is_failure() => level.has_failures(),
            Mode::On(level) => level.has_usage(),
            Mode::Off | Mode::Hindered(_) => false,
        }
    }
}

impl Memory {
    pub(crate) fn new(mode: Mode) -> Memory {
        Memory {
            mode,
            recorded: Recorded::default(),
            sessions: Sessions::default(),
            has_key: false,
            is_dirty: false,
            is_urgent: false,
            problems: Problems::default(),
            snapshot: Snapshot::default(),
            is_ending: false,
            workers: 0,
        }
    }

    /// Counts a thing. Whether the worker is to be told.
    pub(crate) fn record(&mut self, day: Day, thing: Thing) -> bool {
        if !self.mode.takes(thing) {
            return false;
        }
        let most = if self.has_key { MOST } else { MOST_WITHOUT_KEY };
        let is_full = self.recorded.counts.len() >= most;
        let at = (day.days_since_epoch(), thing);
        match self.recorded.counts.get_mut(&at) {
            Some(count) => *count = count.saturating_add(1),
            None if is_full => {
                let lost = self.recorded.lost.entry(crate::Loss::NoKey);
                *lost.or_default() += 1;
            }
            None => drop(self.recorded.counts.insert(at, 1)),
        }
        self.dirty(thing.is_failure())
    }

    /// Counts what a turn of the session has brought. Whether the worker is to be told.
    pub(crate) fn turned(&mut self, turn: Turn, now: i64) -> bool {
        let mut tell = false;
        if let Some((at, length)) = turn.ended {
            let length = Length::of_millis(length);
            tell |= self.record(Day::from_millis(at), Thing::Stopped(length));
        }
        if turn.began {
            tell |= self.record(Day::from_millis(now), Thing::Started);
        }
        tell
    }

    /// Something is to be written down. Whether the worker does not know it yet.
    pub(crate) fn dirty(&mut self, is_urgent: bool) -> bool {
        let is_news = !self.is_dirty || (is_urgent && !self.is_urgent);
        self.is_dirty = true;
        self.is_urgent |= is_urgent;
        is_news
    }

    /// Takes out what is to be written down.
    pub(crate) fn take(&mut self) -> Recorded {
        self.is_dirty = false;
        self.is_urgent = false;
        std::mem::take(&mut self.recorded)
    }

    /// Puts back what could not be written down.
    pub(crate) fn put_back(&mut self, recorded: Recorded) {
        let Recorded {
            counts,
            past,
            lost,
            acts,
        } = recorded;
        self.recorded.acts.splice(0..0, acts);
        for (at, times) in counts {
            let count = self.recorded.counts.entry(at).or_default();
            *count = count.saturating_add(times);
        }
        self.recorded.past.splice(0..0, past);
        for (reason, events) in lost {
            *self.recorded.lost.entry(reason).or_default() += events;
        }
        self.is_dirty = true;
    }

    /// Nothing of what was recorded may be kept.
    pub(crate) fn clear(&mut self) {
        self.take();
        self.has_key = false;
    }
}

impl Recorded {
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty() && self.past.is_empty() && self.lost.is_empty()
    }

    /// Keeps what the owner did, as long as it is not too much: nobody does so much between two works.
    pub(crate) fn take_act(&mut self, act: Act) {
        if self.acts.len() < MOST_ACTS {
            self.acts.push(act);
        }
    }

    /// Every count of this run with its day, its release, and its names.
    pub(crate) fn named(
        &self,
        catalogue: &DeviceCatalogue,
        release: &str,
    ) -> Vec<(Day, String, What, u32)> {
        let mut named = Vec::new();
        for ((day, thing), times) in &self.counts {
            let day = Day::from_days_since_epoch(*day).unwrap_or(Day::MIN);
            if let Some(what) = thing.named(catalogue) {
                named.push((day, release.to_owned(), what, *times));
            }
        }
        named.sort();
        named
    }
}
