//! What is remembered for suggestions: of each feature one bit a quarter, and what was shown or sent away.

use std::collections::{BTreeMap, BTreeSet};

use kaiku_wire::{Day, Week};
use serde::{Deserialize, Serialize};

use super::{Act, SHOWN, USED};
use crate::DeviceCatalogue;
use crate::contents::Contents;
use crate::tally::What;

/// Months of a quarter.
const MONTHS: i32 = 3;

/// What is remembered. It never leaves the device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Taste {
    /// Which features were used in a quarter, this one and the one before: whether, and neither when nor how often. A
    /// quarter has 90 days or more, so that what was used within 90 days always stands here.
    used: BTreeMap<i32, BTreeSet<String>>,
    shown: BTreeMap<String, Shown>,
    /// The last day on which something was shown, and how much.
    shown_on: (i32, u32),
    dismissed: BTreeSet<String>,
    never: bool,
    /// Monday of the week of the last file that was accepted.
    week: Option<i32>,
    /// The day on which a gateway was asked last.
    asked: Option<i32>,
}

/// How often a feature was shown, and whether it was used then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shown {
    times: u32,
    is_used: bool,
}

/// What is remembered, for its owner to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Remembered {
    /// By the first day of the quarter.
    pub(crate) used: BTreeMap<Day, Vec<String>>,
    pub(crate) shown: BTreeMap<String, u32>,
    pub(crate) dismissed: Vec<String>,
    pub(crate) never: bool,
    pub(crate) file_of_week: Option<Day>,
}

fn quarter(day: Day) -> i32 {
    day.month().number() / MONTHS
}

/// The first day of a quarter.
fn first_day(quarter: i32) -> Day {
    let (year, month) = (
        (quarter * MONTHS).div_euclid(12),
        (quarter * MONTHS).rem_euclid(12),
    );
    let month = u32::try_from(month).unwrap_or(0) + 1;
    Day::from_ymd(year, month, 1).unwrap_or(Day::MIN)
}

impl Taste {
    /// Whether a feature was used within the last 90 days, and perhaps a little longer ago.
    pub(crate) fn uses(&self, feature: &str) -> bool {
        self.used.values().any(|used| used.contains(feature))
    }

    pub(crate) fn is_unwanted(&self, feature: &str, most: u32) -> bool {
        let shown = self.shown.get(feature).map_or(0, |shown| shown.times);
        self.dismissed.contains(feature) || shown >= most
    }

    pub(crate) fn is_never(&self) -> bool {
        self.never
    }

    /// How much was shown on a day.
    pub(crate) fn shown_on(&self, day: Day) -> u32 {
        match self.shown_on {
            (last, times) if last == day.days_since_epoch() => times,
            _ => 0,
        }
    }

    /// The week of the last file that was accepted.
    pub(crate) fn week(&self) -> Option<Week> {
        let monday = Day::from_days_since_epoch(self.week?).ok()?;
        Week::from_monday(monday).ok()
    }

    pub(crate) fn accepted(&mut self, week: Week) {
        self.week = Some(week.monday().days_since_epoch());
    }

    /// Whether a gateway was asked within so many days. A day that is still to come was one of a wrong clock.
    pub(crate) fn was_asked_within(&self, days: u32, today: Day) -> bool {
        let since = today.minus(days).days_since_epoch();
        (self.asked).is_some_and(|asked| since < asked && asked <= today.days_since_epoch())
    }

    pub(crate) fn asked(&mut self, today: Day) {
        self.asked = Some(today.days_since_epoch());
    }

    /// Takes note of what the owner did.
    pub(crate) fn apply(&mut self, act: &Act) {
        match act {
            Act::Shown(day, feature) => {
                let shown = self.shown.entry(feature.clone()).or_default();
                shown.times = shown.times.saturating_add(1);
                self.shown_on = match self.shown_on {
                    (last, times) if last == *day => (last, times.saturating_add(1)),
                    _ => (*day, 1),
                };
            }
            Act::Dismissed(feature) => drop(self.dismissed.insert(feature.clone())),
            Act::Never => {
                *self = Taste {
                    never: true,
                    week: self.week,
                    ..Taste::default()
                }
            }
            Act::Again => {
                self.never = false;
                self.dismissed.clear();
            }
        }
    }

    /// Takes note that a feature was used. Whether it is the first time, and it had been suggested.
    fn note(&mut self, quarter: i32, feature: &str) -> bool {
        let is_new = !self.uses(feature);
        let used = self.used.entry(quarter).or_default();
        if !used.contains(feature) {
            used.insert(feature.to_owned());
        }
        match self.shown.get_mut(feature) {
            Some(shown) if is_new && !shown.is_used => {
                shown.is_used = true;
                true
            }
            _ => false,
        }
    }

    /// Lets go of what is no longer needed.
    fn expire(&mut self, today: Day, catalogue: &DeviceCatalogue) {
        let now = quarter(today);
        self.used
            .retain(|quarter, _| (now - 1..=now).contains(quarter));
        let is_there = |name: &String| catalogue.feature(name).is_some();
        self.shown.retain(|name, _| is_there(name));
        self.dismissed.retain(is_there);
    }

    pub(crate) fn remembered(&self) -> Remembered {
        let used = self.used.iter();
        let shown = self.shown.iter();
        Remembered {
            used: used
                .map(|(quarter, names)| (first_day(*quarter), names.iter().cloned().collect()))
                .collect(),
            shown: shown
                .map(|(name, shown)| (name.clone(), shown.times))
                .collect(),
            dismissed: self.dismissed.iter().cloned().collect(),
            never: self.never,
            file_of_week: self.week().map(Week::monday),
        }
    }
}

impl Contents {
    /// Takes note of what waits to leave: it holds all that was used since this was done last. A suggested feature that was
    /// used for the first time is counted.
    pub(crate) fn learn(&mut self, today: Day, catalogue: &DeviceCatalogue) {
        let Contents { taste, tallies, .. } = self;
        taste.expire(today, catalogue);
        if taste.never {
            return;
        }
        let now = quarter(today);
        let mut followed = Vec::new();
        for tally in tallies.values() {
            let then = quarter(tally.day());
            for what in tally.counts.keys() {
                let What::Used(feature) = what else {
                    continue;
                };
                let is_own = [SHOWN, USED].contains(&&**feature);
                let is_recent = (now - 1..=now).contains(&then);
                if is_recent && !is_own && taste.note(then, feature) {
                    followed.push((tally.day(), tally.release.clone()));
                }
            }
        }
        if catalogue.feature(USED).is_some() {
            for (day, release) in followed {
                self.tally(day, &release)
                    .add(What::Used(USED.to_owned()), 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn what_was_used_within_90_days_is_known_and_after_two_quarters_it_is_not() {
        let catalogue = DeviceCatalogue::parse(
            r#"{"format":1,"app":"maps","consent":{"version":1},"features":[{"name":"a"}]}"#,
        )
        .unwrap();
        let mut used = Day::from_ymd(2027, 1, 1).unwrap();
        for _ in 0..800 {
            let mut taste = Taste::default();
            taste.note(quarter(used), "a");
            let uses = |after: u32| {
                let mut later = taste.clone();
                later.expire(used.plus(after), &catalogue);
                later.uses("a")
            };
            assert!((0..=90).all(uses), "{used}");
            assert!(!uses(184), "{used}");
            used = used.next();
        }
    }

    #[test]
    fn quarters_begin_where_they_do() {
        for (text, first) in [
            ("2026-01-01", "2026-01-01"),
            ("2026-03-31", "2026-01-01"),
            ("2026-04-01", "2026-04-01"),
            ("2026-12-31", "2026-10-01"),
        ] {
            assert_eq!(first_day(quarter(day(text))), day(first));
        }
    }

    #[test]
    fn a_suggested_feature_that_is_used_counts_once() {
        let mut taste = Taste::default();
        taste.apply(&Act::Shown(20_000, "a".to_owned()));
        assert!(!taste.note(8_100, "b"));
        assert!(taste.note(8_100, "a"));
        assert!(!taste.note(8_100, "a"));
        assert!(!taste.note(8_103, "a"));
    }

    #[test]
    fn who_wants_none_is_not_remembered_and_may_change_their_mind() {
        let mut taste = Taste::default();
        taste.note(8_100, "a");
        taste.apply(&Act::Shown(20_000, "b".to_owned()));
        taste.apply(&Act::Dismissed("c".to_owned()));
        taste.accepted(day("2026-11-16").week());
        taste.apply(&Act::Never);
        let left = taste.remembered();
        assert!(left.never && left.used.is_empty() && left.shown.is_empty());
        assert!(left.dismissed.is_empty());
        // An older file stays refused.
        assert_eq!(left.file_of_week, Some(day("2026-11-16")));
        taste.apply(&Act::Again);
        assert!(!taste.is_never());
    }
}
