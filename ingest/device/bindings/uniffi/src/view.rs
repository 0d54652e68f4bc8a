//! What its owner can see. Days are texts such as `2026-05-01`.

use kaiku_device::{Happened, Hindrance, Loss};

use crate::outcome::guard;
use crate::program::Program;

/// On or off, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum State {
    /// Nobody has looked into the folder yet: the first work does.
    NotLookedYet,
    /// On.
    On,
    /// Off.
    Off,
    /// The text asks for more than its owner agreed to: nothing is collected until it is accepted.
    AsksAgain,
    /// A policy file turns the program off for the whole machine.
    HinderedByPolicy,
    /// `DO_NOT_TRACK` is set.
    HinderedByDoNotTrack,
    /// `CI` is set, and this is no test.
    HinderedByCi,
}

/// How the program stands.
#[derive(uniffi::Record)]
pub struct Status {
    /// On or off, and why.
    pub state: State,
    /// Events that wait.
    pub waiting: u64,
    /// The oldest day of which something waits.
    pub oldest: Option<String>,
    /// The day on which something left last.
    pub last_sent: Option<String>,
    /// Nothing leaves before this moment, in milliseconds since 1970.
    pub quiet_until: Option<i64>,
    /// Events that were left out since the program was turned on.
    pub lost: Vec<Lost>,
    /// The key of the spool is here.
    pub has_key: bool,
    /// Names that the catalogue does not have, or not any more.
    pub unknown_names: u64,
    /// Panics inside the library. None of them reached the host.
    pub panics: u64,
    /// Times that the folder could not be read or written.
    pub storage: u64,
}

/// Events that were left out.
#[derive(uniffi::Record)]
pub struct Lost {
    /// Why: `bounded`, `too_old`, `spool_full`, `key_gone`, `no_key`, `refused` or `unreadable`.
    pub reason: String,
    /// How many.
    pub events: u64,
}

/// What a consent screen shows.
#[derive(uniffi::Record)]
pub struct Consent {
    /// What the app is called.
    pub app: String,
    /// Version of the text, for `turn_on`.
    pub version: i32,
    /// The text.
    pub text: String,
    /// Who answers for what is collected.
    pub controller: String,
    /// Where to write to.
    pub contact: String,
}

/// A line of what waits.
#[derive(uniffi::Record)]
pub struct Waiting {
    /// The day of use.
    pub day: String,
    /// What happened, in the owner's language.
    pub text: String,
    /// How often.
    pub times: u64,
    /// It is in an upload that was made already.
    pub is_leaving: bool,
}

/// What is left of an upload that arrived.
#[derive(uniffi::Record)]
pub struct Receipt {
    /// The day of use.
    pub day: String,
    /// The day on which it left.
    pub sent: String,
    /// How many bytes it had.
    pub bytes: u32,
    /// How many events it told of.
    pub events: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub hash: String,
}

/// One thing that was recorded by a program of tests, and how often.
#[derive(Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Recorded {
    /// Sessions began.
    Started {
        /// How often.
        times: u32,
    },
    /// Sessions ended.
    Stopped {
        /// How often.
        times: u32,
    },
    /// A feature was used.
    Used {
        /// Which.
        feature: String,
        /// How often.
        times: u32,
    },
    /// Something failed.
    Failed {
        /// By which cause.
        cause: String,
        /// In which component.
        component: Option<String>,
        /// Whether the app ended by it.
        fatal: bool,
        /// How often.
        times: u32,
    },
}

#[uniffi::export]
impl Program {
    /// What a consent screen shows, in its owner's language.
    pub fn consent(&self, language: &str) -> Consent {
        let catalogue = &self.catalogue;
        let controller = catalogue.controller();
        Consent {
            app: catalogue.title(language).to_owned(),
            version: catalogue.consent().version,
            text: catalogue
                .consent()
                .text(language)
                .unwrap_or_default()
                .to_owned(),
            controller: controller.name.clone(),
            contact: controller.contact.clone(),
        }
    }

    /// How the program stands. It never waits.
    pub fn status(&self) -> Status {
        let status = || shown(self.program.status());
        guard(Status::unknown, status)
    }

    /// What waits, oldest first, in its owner's language.
    pub fn waiting(&self, language: &str) -> Vec<Waiting> {
        let waiting = || {
            let lines = self.program.waiting(language).into_iter();
            let shown = lines.map(|line| Waiting {
                day: line.day.to_string(),
                text: line.text,
                times: line.times,
                is_leaving: line.is_leaving,
            });
            shown.collect()
        };
        guard(Vec::new, waiting)
    }

    /// The last 90 uploads that arrived.
    pub fn receipts(&self) -> Vec<Receipt> {
        let receipts = || {
            let receipts = self.program.receipts().into_iter();
            let shown = receipts.map(|receipt| Receipt {
                day: receipt.day.to_string(),
                sent: receipt.sent.to_string(),
                bytes: receipt.bytes,
                events: receipt.events,
                hash: receipt.hash,
            });
            shown.collect()
        };
        guard(Vec::new, receipts)
    }

    /// Everything that is stored, for its owner to take along, as JSON. It holds the device's
    /// identifier.
    pub fn export(&self, language: &str) -> String {
        guard(String::new, || self.program.export(language))
    }

    /// What was recorded since this was asked last, for programs of `for_tests`.
    pub fn recorded(&self) -> Vec<Recorded> {
        let recorded = || {
            let recorded = self.program.recorded().into_iter();
            recorded
                .map(|one| recorded_as(one.happened, one.times))
                .collect()
        };
        guard(Vec::new, recorded)
    }
}

impl Status {
    fn unknown() -> Status {
        Status {
            state: State::NotLookedYet,
            waiting: 0,
            oldest: None,
            last_sent: None,
            quiet_until: None,
            lost: Vec::new(),
            has_key: false,
            unknown_names: 0,
            panics: 0,
            storage: 0,
        }
    }
}

fn shown(status: kaiku_device::Status) -> Status {
    let lost = status.lost.into_iter();
    Status {
        state: match status.state {
            kaiku_device::State::NotLookedYet => State::NotLookedYet,
            kaiku_device::State::On { .. } => State::On,
            kaiku_device::State::Off => State::Off,
            kaiku_device::State::AsksAgain => State::AsksAgain,
            kaiku_device::State::Hindered(Hindrance::DoNotTrack) => State::HinderedByDoNotTrack,
            kaiku_device::State::Hindered(Hindrance::Ci) => State::HinderedByCi,
            kaiku_device::State::Hindered(_) => State::HinderedByPolicy,
        },
        waiting: status.waiting,
        oldest: status.oldest.map(|day| day.to_string()),
        last_sent: status.last_sent.map(|day| day.to_string()),
        quiet_until: status.quiet_until,
        lost: lost
            .map(|(reason, events)| Lost {
                reason: reason_name(reason).to_owned(),
                events,
            })
            .collect(),
        has_key: status.key == kaiku_device::KeyState::Held,
        unknown_names: status.problems.unknown_names,
        panics: status.problems.internal,
        storage: status.problems.storage,
    }
}

fn reason_name(loss: Loss) -> &'static str {
    match loss {
        Loss::Bounded => "bounded",
        Loss::TooOld => "too_old",
        Loss::SpoolFull => "spool_full",
        Loss::KeyGone => "key_gone",
        Loss::NoKey => "no_key",
        Loss::Refused => "refused",
        // The last of them, and what a later version adds.
        _ => "unreadable",
    }
}

fn recorded_as(happened: Happened, times: u32) -> Recorded {
    match happened {
        Happened::Started => Recorded::Started { times },
        Happened::Stopped => Recorded::Stopped { times },
        Happened::Used(feature) => Recorded::Used { feature, times },
        Happened::Failed {
            cause,
            component,
            fatal,
        } => Recorded::Failed {
            cause,
            component,
            fatal,
            times,
        },
    }
}
