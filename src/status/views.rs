//! The parts of the JSON object: the numbers as they were read, under names that stay.

use std::collections::BTreeMap;

use kaiku_aggregate::{DayStatus, LandedPartition, LandingStatus};
use kaiku_enrich::{Known, RawPartition, RawStatus, Rejections};
use kaiku_wire::Day;
use serde::Serialize;

use super::Facts;
use super::moment::rfc3339;

/// How far enrich has come.
#[derive(Debug, Serialize)]
pub(super) struct Raw {
    pub(super) topic: String,
    pub(super) group: String,
    pub(super) members: Option<usize>,
    retention_seconds: Option<i64>,
    /// Of the partitions of which it is known; `null` where it is of none.
    pub(super) lag: Option<i64>,
    pub(super) partitions: Vec<RawRow>,
}

/// One partition of it. Rows stand in the order of their partitions.
#[derive(Debug, Serialize)]
pub(super) struct RawRow {
    pub(super) partition: i32,
    low: i64,
    high: i64,
    next: Option<i64>,
    /// What says so: `group`, `state` or `nothing`.
    known_by: Option<&'static str>,
    pub(super) lag: Option<i64>,
    /// How long ago the broker has stamped the first record that waits.
    pub(super) waits_seconds: Option<i64>,
    pub(super) headroom_seconds: Option<i64>,
    pub(super) owned: Option<bool>,
}

impl Raw {
    pub(super) fn of(raw: &RawStatus, now: i64) -> Raw {
        let row = |one: &RawPartition| RawRow {
            partition: one.partition,
            low: one.held.0,
            high: one.held.1,
            next: one.next.map(|(next, _)| next),
            known_by: one.next.map(|(_, known)| match known {
                Known::Group => "group",
                Known::State => "state",
                Known::Nothing => "nothing",
            }),
            lag: one.lag(),
            waits_seconds: one.waits_since.map(|since| (now - since).max(0) / 1000),
            headroom_seconds: one.headroom.map(|left| left.div_euclid(1000)),
            owned: one.is_owned,
        };
        Raw {
            topic: raw.topic.clone(),
            group: raw.group.clone(),
            members: raw.members,
            retention_seconds: raw.retention.map(|millis| millis / 1000),
            lag: sum(raw.partitions.iter().map(RawPartition::lag)),
            partitions: raw.partitions.iter().map(row).collect(),
        }
    }
}

/// How far landing has come.
#[derive(Debug, Serialize)]
pub(super) struct Stripped {
    pub(super) topic: Option<String>,
    pub(super) group: Option<String>,
    pub(super) members: Option<usize>,
    pub(super) lag: Option<i64>,
    pub(super) partitions: Vec<StrippedRow>,
}

/// One partition of it.
#[derive(Debug, Serialize)]
pub(super) struct StrippedRow {
    pub(super) partition: i32,
    low: Option<i64>,
    high: Option<i64>,
    /// Where its landing log ends.
    landed: Option<i64>,
    pub(super) lag: Option<i64>,
    pub(super) closed: Option<Day>,
    pub(super) owned: Option<bool>,
}

impl Stripped {
    pub(super) fn of(landing: &LandingStatus) -> Stripped {
        let row = |one: &LandedPartition| StrippedRow {
            partition: one.partition,
            low: one.held.map(|(low, _)| low),
            high: one.held.map(|(_, high)| high),
            landed: one.end,
            lag: one.lag(),
            closed: one.closed,
            owned: one.is_owned,
        };
        let told = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        Stripped {
            topic: told(&landing.topic),
            group: told(&landing.group),
            members: landing.members,
            lag: sum(landing.partitions.iter().map(LandedPartition::lag)),
            partitions: landing.partitions.iter().map(row).collect(),
        }
    }
}

/// What is known of these together; `None` where nothing is.
fn sum(lags: impl Iterator<Item = Option<i64>>) -> Option<i64> {
    lags.flatten().reduce(|sum, lag| sum + lag)
}

/// What is sealed, and what is next.
#[derive(Debug, Serialize)]
pub(super) struct Days {
    /// The last day that every partition has closed.
    pub(super) closed: Option<Day>,
    pub(super) first_sealed: Option<Day>,
    pub(super) last_sealed: Option<Day>,
    /// The Monday of the last week that is sealed.
    pub(super) last_sealed_week: Option<Day>,
    pub(super) open_days: i32,
    pub(super) next: Option<Next>,
    /// Where nothing is sealed yet.
    pub(super) first_report: Option<First>,
}

/// The period that is sealed next. Where history is replayed no clock says when.
#[derive(Debug, Serialize)]
pub(super) struct Next {
    pub(super) unit: &'static str,
    pub(super) first_day: Day,
    pub(super) last_day: Day,
    /// Whether every partition has closed it.
    pub(super) closed: bool,
    /// When every partition should have closed it.
    pub(super) expected_at: Option<String>,
    overdue_at: Option<String>,
    pub(super) overdue_seconds: Option<i64>,
}

/// When the first report can be made.
#[derive(Debug, Serialize)]
pub(super) struct First {
    /// The first day that is counted; today, where nothing was landed yet.
    pub(super) day: Day,
    pub(super) counted: bool,
    pub(super) at: Option<String>,
    /// The Monday of the first whole week, where the policy publishes weeks.
    pub(super) week: Option<Day>,
    pub(super) week_at: Option<String>,
}

impl Days {
    pub(super) fn of(facts: &Facts, days: &DayStatus) -> Days {
        let is_live = !facts.replay;
        // A partition without a record asks the broker for the time so long after midnight.
        let closes = |last: Day| {
            let at = last.next().start_millis() + facts.grace;
            is_live.then(|| rfc3339(at))
        };
        let next = days.next.map(|next| Next {
            unit: next.unit().as_str(),
            first_day: next.first_day(),
            last_day: next.last_day(),
            closed: days.is_closed,
            expected_at: closes(next.last_day()),
            overdue_at: is_live
                .then(|| rfc3339(next.last_day().next().start_millis() + facts.seal_within)),
            overdue_seconds: is_live.then_some(days.overdue / 1000),
        });
        let first_report = days.last_day.is_none().then(|| {
            let today = Day::from_millis(facts.now);
            let day = days.next.map_or(today, |next| next.first_day());
            // A week that began before the first day is withheld.
            let monday = match day.week().monday() == day {
                true => day,
                false => day.week().sunday().next(),
            };
            let (has_days, has_weeks) = days.publishes;
            let week = has_weeks.then_some(monday);
            First {
                day,
                counted: days.next.is_some(),
                at: closes(day).filter(|_| has_days),
                week,
                week_at: week.and_then(|monday| closes(monday.week().sunday())),
            }
        });
        Days {
            closed: days.closed,
            first_sealed: days.began,
            last_sealed: days.last_day,
            last_sealed_week: days.last_week.map(kaiku_wire::Week::monday),
            open_days: days.open_days,
            next,
            first_report,
        }
    }
}

/// What was rejected.
#[derive(Debug, Serialize)]
pub(super) struct Rejected {
    /// Whether there may be more than were read.
    pub(super) cut: bool,
    pub(super) unreadable: u64,
    /// Yesterday and today.
    pub(super) days: Vec<RejectedDay>,
    /// Before them, as far back as was read.
    pub(super) earlier: RejectedBefore,
}

/// Of all days before.
#[derive(Debug, Serialize)]
pub(super) struct RejectedBefore {
    pub(super) total: u64,
    pub(super) reasons: BTreeMap<&'static str, u64>,
}

/// Of one day.
#[derive(Debug, Serialize)]
pub(super) struct RejectedDay {
    pub(super) day: Day,
    pub(super) total: u64,
    pub(super) reasons: BTreeMap<&'static str, u64>,
}

impl Rejected {
    pub(super) fn of(rejections: &Rejections) -> Rejected {
        let days = rejections.days.iter().map(|(day, reasons)| RejectedDay {
            day: *day,
            total: reasons.values().sum(),
            reasons: reasons.clone(),
        });
        Rejected {
            cut: rejections.is_cut,
            unreadable: rejections.unreadable,
            days: days.collect(),
            earlier: RejectedBefore {
                total: rejections.earlier.values().sum(),
                reasons: rejections.earlier.clone(),
            },
        }
    }
}
