//! What its owner can see: how it stands, what waits, what has gone, and all of it for taking
//! along.

use std::collections::BTreeMap;

use kaiku_wire::Day;
use serde::Serialize;

use crate::catalogue::in_language;
use crate::consent::ConsentReceipt;
use crate::contents::{Losses, Receipt};
use crate::disk::Disk;
use crate::memory::{Mode, Recorded};
use crate::recommend::Remembered;
use crate::shared::Shared;
use crate::tally::What;
use crate::{Hindrance, Level, words};

/// How the program stands. Asking for it never waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// On or off, and why.
    pub state: State,
    /// Events that wait, those that were not written down yet included.
    pub waiting: u64,
    /// The oldest day of which something waits.
    pub oldest: Option<Day>,
    /// The day on which something left last.
    pub last_sent: Option<Day>,
    /// Nothing leaves before this moment, in milliseconds since 1970.
    pub quiet_until: Option<i64>,
    /// Events that were ever left out since the program was turned on, by reason.
    pub lost: Vec<(crate::Loss, u64)>,
    /// The key of the spool.
    pub key: KeyState,
    /// What went wrong in this run.
    pub problems: Problems,
}

/// On or off, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has looked into the folder yet: the first work does.
    NotLookedYet,
    /// On.
    On {
        /// To how much its owner agreed.
        level: Level,
        /// Since when.
        since: Day,
    },
    /// Off.
    Off,
    /// The text asks for more than its owner agreed to: nothing is collected until it is
    /// accepted.
    AsksAgain,
    /// The machine or its environment forbids it.
    Hindered(Hindrance),
}

/// The key of the spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyState {
    /// Nobody has asked for it yet.
    #[default]
    NotAsked,
    /// It is not to be had yet.
    NotYet,
    /// It is here.
    Held,
}

/// What went wrong in this run. Nothing of it reached the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    /// Names that the catalogue does not have, or not any more.
    pub unknown_names: u64,
    /// Panics inside the library.
    pub internal: u64,
    /// Times that the folder could not be read or written.
    pub storage: u64,
}

/// A line of what waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// The day of use.
    pub day: Day,
    /// What happened, in the owner's language.
    pub text: String,
    /// How often.
    pub times: u64,
    /// It is in an upload that was made already.
    pub is_leaving: bool,
}

/// What is on disk, for who asks without waiting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub(crate) key: KeyState,
    consent: Option<(bool, Level, Day)>,
    waiting: u64,
    oldest: Option<Day>,
    last_sent: Option<Day>,
    quiet_until: Option<i64>,
    lost: Losses,
}

#[derive(Serialize)]
struct Export<'a> {
    app: &'a str,
    release: &'a str,
    device: String,
    consent: &'a [ConsentReceipt],
    waiting: Vec<Waiting>,
    sent: Vec<Receipt>,
    left_out: BTreeMap<crate::Loss, u64>,
    remembered: Remembered,
}

impl Status {
    /// What is said where not even that could be found out.
    pub(crate) fn unknown() -> Status {
        Status {
            state: State::NotLookedYet,
            waiting: 0,
            oldest: None,
            last_sent: None,
            quiet_until: None,
            lost: Vec::new(),
            key: KeyState::NotAsked,
            problems: Problems::default(),
        }
    }
}

impl Snapshot {
    pub(crate) fn of(disk: &Disk, key: KeyState) -> Snapshot {
        let consent = &disk.consent;
        let consent = Some((consent.given, consent.level, consent.since));
        let Some(spool) = &disk.spool else {
            return Snapshot {
                key: if disk.key.is_some() {
                    KeyState::Held
                } else {
                    key
                },
                consent,
                ..Snapshot::default()
            };
        };
        let contents = spool.contents();
        let tallies = contents.tallies.values().map(|tally| tally.day());
        let outgoing = contents.outgoing.values().map(|outgoing| outgoing.day());
        Snapshot {
            key: KeyState::Held,
            consent,
            waiting: contents.waiting(),
            oldest: tallies.chain(outgoing).min(),
            last_sent: contents.receipts.last().map(|receipt| receipt.sent),
            quiet_until: contents.state.quiet_until,
            lost: contents.state.lost.clone(),
        }
    }
}

impl Snapshot {
    /// With what was recorded since.
    pub(crate) fn add(&mut self, recorded: &Recorded) {
        let counts = recorded.counts.values();
        let counted: u64 = counts.map(|times| u64::from(*times)).sum();
        self.waiting += counted + recorded.past.len() as u64;
        let first = recorded.counts.keys().map(|(day, _)| *day).min();
        let first = first.and_then(|day| Day::from_days_since_epoch(day).ok());
        self.oldest = self.oldest.into_iter().chain(first).min();
        for (reason, events) in &recorded.lost {
            *self.lost.entry(*reason).or_default() += events;
        }
    }
}

impl Shared {
    pub(crate) fn status(&self) -> Status {
        let memory = self.memory();
        let mut snapshot = memory.snapshot.clone();
        snapshot.add(&memory.recorded);
        let state = match (memory.mode, snapshot.consent) {
            (Mode::Unknown, _) => State::NotLookedYet,
            (Mode::Hindered(hindrance), _) => State::Hindered(hindrance),
            (Mode::On(level), consent) => State::On {
                level,
                since: consent.map_or(Day::MIN, |(_, _, since)| since),
            },
            (Mode::Off, Some((true, ..))) => State::AsksAgain,
            (Mode::Off, _) => State::Off,
        };
        Status {
            state,
            waiting: snapshot.waiting,
            oldest: snapshot.oldest,
            last_sent: snapshot.last_sent,
            quiet_until: snapshot.quiet_until,
            lost: snapshot.lost.into_iter().collect(),
            key: snapshot.key,
            problems: memory.problems,
        }
    }

    /// Everything that waits, oldest first.
    fn lines(&self, disk: &Disk) -> Vec<(Day, bool, What, u64)> {
        let mut lines: BTreeMap<(Day, bool, _), (What, u64)> = BTreeMap::new();
        let mut add = |day: Day, is_leaving: bool, what: What, times: u32| {
            let place = what.place(&self.catalogue);
            let line = lines.entry((day, is_leaving, place)).or_insert((what, 0));
            line.1 += u64::from(times);
        };
        if let Some(spool) = &disk.spool {
            for outgoing in spool.contents().outgoing.values() {
                for (what, times) in &outgoing.events {
                    add(outgoing.day(), true, what.clone(), *times);
                }
            }
            for tally in spool.contents().tallies.values() {
                for (what, times) in &tally.counts {
                    add(tally.day(), false, what.clone(), *times);
                }
            }
        }
        let named = self.memory().recorded.named(&self.catalogue, &self.release);
        for (day, _, what, times) in named {
            add(day, false, what, times);
        }
        let lines = lines.into_iter();
        lines
            .map(|((day, leaving, _), (what, times))| (day, leaving, what, times))
            .collect()
    }

    pub(crate) fn waiting(&self, language: &str) -> Vec<Waiting> {
        self.said(&self.disk(), language)
    }

    fn said(&self, disk: &Disk, language: &str) -> Vec<Waiting> {
        let lines = self.lines(disk).into_iter();
        let said = lines.map(|(day, is_leaving, what, times)| Waiting {
            day,
            text: words::say(&what, &self.catalogue, language),
            times,
            is_leaving,
        });
        said.chain(self.remembered(disk, language)).collect()
    }

    /// A line for each feature that is remembered in a quarter.
    fn remembered(&self, disk: &Disk, language: &str) -> Vec<Waiting> {
        let Some(spool) = &disk.spool else {
            return Vec::new();
        };
        let title = |name: &str| {
            let number = self.catalogue.feature(name);
            let feature = number.map(|number| &self.catalogue.features()[usize::from(number)]);
            let title = feature.and_then(|feature| in_language(&feature.titles, language));
            words::remembered(title.unwrap_or(name), language)
        };
        let by_quarter = spool.contents().taste.remembered().used.into_iter();
        by_quarter
            .flat_map(|(day, names)| names.into_iter().map(move |name| (day, name)))
            .map(|(day, name)| Waiting {
                day,
                text: title(&name),
                times: 1,
                is_leaving: false,
            })
            .collect()
    }

    pub(crate) fn receipts(&self) -> Vec<Receipt> {
        let disk = self.disk();
        let spool = disk.spool.as_ref();
        spool.map_or_else(Vec::new, |spool| spool.contents().receipts.clone())
    }

    pub(crate) fn export(&self, language: &str) -> String {
        let disk = self.disk();
        let contents = disk.spool.as_ref().map(|spool| spool.contents());
        let export = Export {
            app: self.catalogue.app(),
            release: &self.release,
            device: contents.map_or_else(String::new, |held| hex::encode(held.identity.device)),
            consent: &disk.consent.receipts,
            waiting: self.said(&disk, language),
            sent: contents.map_or_else(Vec::new, |held| held.receipts.clone()),
            left_out: contents.map_or_else(Losses::new, |held| held.state.lost.clone()),
            remembered: contents.map_or_else(Remembered::default, |held| held.taste.remembered()),
        };
        serde_json::to_string_pretty(&export).unwrap_or_default()
    }
}
