//! What `kaiku status` says: pure, of numbers that were read. `commands/status.rs` reads them.

mod judge;
mod lines;
mod moment;
mod report;
mod views;

use kaiku_aggregate::{DayStatus, LandingStatus};
use kaiku_enrich::{Findings, RawStatus, Rejections};
use serde::Serialize;

pub(crate) use report::Report;

/// Everything that was read, and when.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// Milliseconds since 1970.
    pub(crate) now: i64,
    /// History is replayed: times of records are those of then, and whoever replays closes the days.
    pub(crate) replay: bool,
    /// `enrich.grace` and `aggregate.seal_within`, in milliseconds.
    pub(crate) grace: i64,
    pub(crate) seal_within: i64,
    pub(crate) raw: Option<RawStatus>,
    pub(crate) landing: Option<LandingStatus>,
    pub(crate) days: Option<DayStatus>,
    /// What keeps aggregate from its work.
    pub(crate) wrong: Vec<String>,
    pub(crate) rejections: Option<Rejections>,
    pub(crate) months: Option<Findings>,
    /// What could not be read.
    pub(crate) unread: Vec<Said>,
    /// What somebody should know of the look itself.
    pub(crate) notes: Vec<Said>,
}

/// What something is said of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Kafka,
    Raw,
    Stripped,
    Days,
    Rejections,
    Months,
}

impl Part {
    fn as_str(self) -> &'static str {
        match self {
            Part::Kafka => "kafka",
            Part::Raw => "raw",
            Part::Stripped => "stripped",
            Part::Days => "days",
            Part::Rejections => "rejections",
            Part::Months => "months",
        }
    }
}

/// A sentence about a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Said {
    pub(crate) part: Part,
    pub(crate) text: String,
}

impl Facts {
    /// Says that something could not be read.
    pub(crate) fn unread(&mut self, part: Part, texts: impl IntoIterator<Item = String>) {
        let texts = texts.into_iter();
        self.unread.extend(texts.map(|text| Said { part, text }));
    }
}
