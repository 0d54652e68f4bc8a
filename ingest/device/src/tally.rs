//! Day totals: how often what happened, by UTC day and release. There is no log.

use std::collections::BTreeMap;

use kaiku_wire::Day;
use serde::{Deserialize, Serialize};

use crate::DeviceCatalogue;

/// What can happen. Its order is that of an upload, names aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum What {
    /// A session began.
    Started,
    /// A session of this length ended.
    Stopped(Length),
    /// A feature was used.
    Used(String),
    /// Something failed.
    Failed {
        cause: String,
        component: Option<String>,
        fatal: bool,
    },
}

/// How long a session was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Length {
    Under10Seconds,
    Under1Minute,
    Under10Minutes,
    Under1Hour,
    Under6Hours,
    Over6Hours,
}

/// The totals of one day and release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) day: i32,
    pub(crate) release: String,
    pub(crate) counts: BTreeMap<What, u32>,
}

impl Length {
    pub(crate) fn of_millis(millis: i64) -> Length {
        match millis / 1_000 {
            ..10 => Length::Under10Seconds,
            10..60 => Length::Under1Minute,
            60..600 => Length::Under10Minutes,
            600..3_600 => Length::Under1Hour,
            3_600..21_600 => Length::Under6Hours,
            21_600.. => Length::Over6Hours,
        }
    }
}

impl What {
    /// Whether the app ended by it.
    pub(crate) fn is_fatal(&self) -> bool {
        matches!(self, What::Failed { fatal: true, .. })
    }

    pub(crate) fn is_failure(&self) -> bool {
        matches!(self, What::Failed { .. })
    }

    /// Where it stands in an upload: in the catalogue's order, so that two days on which the same
    /// happened look the same. What the catalogue does not have comes last, by name.
    pub(crate) fn place(&self, catalogue: &DeviceCatalogue) -> (u8, u16, u16, bool, What) {
        let last = u16::MAX;
        let (kind, first, second, fatal) = match self {
            What::Started => (0, 0, 0, false),
            What::Stopped(_) => (1, 0, 0, false),
            What::Used(name) => (2, catalogue.feature(name).unwrap_or(last), 0, false),
            What::Failed {
                cause,
                component,
                fatal,
            } => {
                let component = component.as_deref();
                let component = component.map_or(Some(0), |name| {
                    catalogue.component(name).map(|number| number + 1)
                });
                let cause = catalogue.cause(cause).unwrap_or(last);
                (3, cause, component.unwrap_or(last), *fatal)
            }
        };
        (kind, first, second, fatal, self.clone())
    }
}

impl Tally {
    pub(crate) fn new(day: Day, release: &str) -> Tally {
        Tally {
            day: day.days_since_epoch(),
            release: release.to_owned(),
            counts: BTreeMap::new(),
        }
    }

    pub(crate) fn day(&self) -> Day {
        Day::from_days_since_epoch(self.day).unwrap_or(Day::MIN)
    }

    pub(crate) fn add(&mut self, what: What, times: u32) {
        let count = self.counts.entry(what).or_default();
        *count = count.saturating_add(times);
    }

    /// How many events it stands for.
    pub(crate) fn events(&self) -> u64 {
        self.counts.values().map(|times| u64::from(*times)).sum()
    }
}
