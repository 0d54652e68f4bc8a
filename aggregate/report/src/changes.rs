//! Which numbers of the page have changed: all comparisons of the page are judged at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kaiku_change::{Candidate, Comparison, Flag, RateCandidate, Side, Verdict, judge};
use kaiku_wire::Day;

use crate::context::{WEEK, before, find, last_published, week_up_to};
use crate::model::{Change, Direction};
use crate::numbers::Sum;
use crate::rollups::{Rollups, Table};
use crate::words;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compared {
    /// The number of devices.
    Devices,
    /// The part of a row's devices that crashed.
    Crashed,
    /// The part of the app's devices that a row has.
    Part,
}

/// What is compared of which row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    app: String,
    table: String,
    what: Compared,
    dims: Vec<Arc<str>>,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    pub(crate) what: Compared,
    pub(crate) verdict: Verdict,
    /// It was not shown in the period before.
    pub(crate) is_new: bool,
    /// It is not shown any more.
    pub(crate) is_gone: bool,
}

/// Everything that was compared.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    found: BTreeMap<Key, Found>,
    pub(crate) flagged: Vec<Flagged>,
}

/// One thing that got worse, for whoever asks with `--fail-on worse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worse {
    /// The app.
    pub app: String,
    /// What got worse, and by how much.
    pub sentence: String,
}

/// A row of the page that has a flag: what was compared, and over which periods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flagged {
    /// The app.
    pub app: String,
    /// The table.
    pub table: String,
    /// What was compared.
    pub compared: Compared,
    /// The row: its dimensions, without the app.
    pub dims: Vec<String>,
    /// Whether it went up.
    pub is_up: bool,
    /// The first days of the periods before.
    pub before: Vec<Day>,
    /// Those of the periods that were compared with them.
    pub after: Vec<Day>,
}

/// A comparison that is to be judged.
struct Asked {
    key: Key,
    comparison: Comparison,
    /// The first days of the later periods, and how many days back the earlier ones lie.
    periods: (Vec<Day>, u32),
    is_new: bool,
    is_gone: bool,
}

/// Weekly tables, and what of their rows is compared with the week before.
const WEEKLY: &[(&str, &[Compared])] = &[
    ("features_weekly", &[Compared::Devices]),
    ("causes_weekly", &[Compared::Part]),
    ("components_weekly", &[Compared::Part]),
    ("countries_weekly", &[Compared::Devices, Compared::Crashed]),
    ("brands_weekly", &[Compared::Devices, Compared::Crashed]),
    ("models_weekly", &[Compared::Crashed]),
    ("operators_weekly", &[Compared::Crashed]),
];

/// Daily tables, of which seven days are compared with the same weekdays before.
const DAILY: &[(&str, &[Compared])] = &[
    ("activity_daily", &[Compared::Devices, Compared::Crashed]),
    ("releases_daily", &[Compared::Crashed]),
];

impl Changes {
    /// Compares everything that the page flags.
    pub(crate) fn of(rollups: &Rollups, apps: &[String]) -> Changes {
        let mut asked = Vec::new();
        for app in apps {
            for (name, whats) in DAILY {
                if let Some(table) = rollups.tables.get(*name) {
                    ask_daily(table, name, app, whats, &mut asked);
                }
            }
            for (name, whats) in WEEKLY {
                if let Some(table) = rollups.tables.get(*name) {
                    ask_weekly(rollups, table, name, app, whats, &mut asked);
                }
            }
        }
        let page: Vec<Comparison> = asked.iter().map(|one| one.comparison).collect();
        let verdicts = judge(&page, &kaiku_change::Settings::default());
        let flagged = asked.iter().zip(&verdicts);
        let flagged = flagged.filter_map(|(asked, verdict)| asked.flagged(verdict));
        let flagged = flagged.collect();
        let found = asked.into_iter().zip(verdicts).map(|(asked, verdict)| {
            let found = Found {
                what: asked.key.what,
                verdict,
                is_new: asked.is_new,
                is_gone: asked.is_gone,
            };
            (asked.key, found)
        });
        Changes {
            found: found.collect(),
            flagged,
        }
    }

    /// Whether something of a table is compared at all.
    pub(crate) fn are_of(&self, table: &str, what: Compared) -> bool {
        let mut compared = DAILY.iter().chain(WEEKLY);
        compared.any(|(name, whats)| *name == table && whats.contains(&what))
    }

    /// What was found of a row.
    pub(crate) fn get(
        &self,
        app: &str,
        table: &str,
        what: Compared,
        dims: &[Arc<str>],
    ) -> Option<&Found> {
        self.found.get(&Key {
            app: app.to_owned(),
            table: table.to_owned(),
            what,
            dims: dims.to_vec(),
        })
    }

    /// What was found of the rows of a table of an app, in the order of their names.
    pub(crate) fn of_table(
        &self,
        app: &str,
        table: &str,
        what: Compared,
    ) -> impl Iterator<Item = (&[Arc<str>], &Found)> {
        let found = self.found.iter();
        found
            .filter(move |(key, _)| key.app == app && key.table == table && key.what == what)
            .map(|(key, found)| (key.dims.as_slice(), found))
    }

    /// What got worse: crash rates, and causes of failures.
    pub(crate) fn worse(&self) -> Vec<Worse> {
        let worse = self
            .found
            .iter()
            .filter(|(_, found)| found.what != Compared::Devices && found.verdict.flag == Flag::Up);
        worse
            .map(|(key, found)| {
                let name = key
                    .dims
                    .iter()
                    .map(AsRef::as_ref)
                    .collect::<Vec<_>>()
                    .join(", ");
                let of = match name.is_empty() {
                    true => String::new(),
                    false => format!(" of {name}"),
                };
                let what = match found.what {
                    Compared::Part => "the part of devices",
                    _ => "the crash rate",
                };
                Worse {
                    app: key.app.clone(),
                    sentence: format!(
                        "{what}{of} ({}): {}",
                        key.table,
                        found.change("the time before").sentence
                    ),
                }
            })
            .collect()
    }
}

impl Asked {
    fn flagged(&self, verdict: &Verdict) -> Option<Flagged> {
        let is_up = match verdict.flag {
            Flag::Up => true,
            Flag::Down => false,
            Flag::None => return None,
        };
        let (after, back) = &self.periods;
        Some(Flagged {
            app: self.key.app.clone(),
            table: self.key.table.clone(),
            compared: self.key.what,
            dims: self.key.dims.iter().map(|dim| dim.to_string()).collect(),
            is_up,
            before: after.iter().map(|day| day.minus(*back)).collect(),
            after: after.clone(),
        })
    }
}

impl Found {
    /// The word for it in tables; nothing where there is no reliable change.
    pub(crate) fn flag(&self) -> &'static str {
        match (self.what, self.verdict.flag) {
            (_, Flag::None) => "",
            (Compared::Devices | Compared::Part, Flag::Up) if self.is_new => "new",
            (Compared::Devices, Flag::Up) => "rising",
            (Compared::Devices, Flag::Down) => "falling",
            (Compared::Crashed | Compared::Part, Flag::Up) => "worse",
            (Compared::Crashed | Compared::Part, Flag::Down) => "better",
        }
    }

    /// How large a change is, up or down alike; where it has no ratio it is larger than all that have one.
    pub(crate) fn size(&self) -> f64 {
        let ratio = self.verdict.ratio.filter(|ratio| *ratio > 0.0);
        ratio.map_or(f64::INFINITY, |ratio| ratio.ln().abs())
    }

    /// How surely it changed: the less, the surer.
    pub(crate) fn chance(&self) -> f64 {
        self.verdict.p
    }

    /// The change in words, against something such as "the same weekdays before".
    pub(crate) fn change(&self, against: &str) -> Change {
        // Noise may take a number to 0 and below, and then no ratio says anything.
        let ratio = self.verdict.ratio.filter(|ratio| *ratio > 0.0);
        let by = ratio.map(|ratio| match ratio >= 1.0 {
            true => format!(" by {}", words::change(ratio - 1.0)),
            false => format!(" by {}", words::change(1.0 - ratio)),
        });
        let by = by.unwrap_or_default();
        let (flag, sentence) = match self.verdict.flag {
            Flag::Up if self.is_new => (
                Direction::New,
                "New: not shown the time before, and now well above the threshold.".to_owned(),
            ),
            Flag::Up => (Direction::Up, format!("Up{by} against {against}.")),
            Flag::Down if self.is_gone => (
                Direction::Down,
                "Not shown any more, and well above the threshold the time before.".to_owned(),
            ),
            Flag::Down => (Direction::Down, format!("Down{by} against {against}.")),
            Flag::None => (Direction::None, self.no_change(against)),
        };
        Change { flag, sentence }
    }

    fn no_change(&self, against: &str) -> String {
        let least = self.verdict.could_have_missed;
        match least.is_finite() {
            true => format!(
                "No reliable change against {}; a change of {} would have been seen four times in five.",
                against,
                words::change(least)
            ),
            false => "Too little is known for a comparison.".to_owned(),
        }
    }
}

/// Asks of each row of a daily table that stands on the last day: its seven days against the seven
/// before, on the weekdays on which it is shown in both.
fn ask_daily(table: &Table, name: &str, app: &str, whats: &[Compared], asked: &mut Vec<Asked>) {
    let Some(last) = last_published(table) else {
        return;
    };
    let rows = table.rows(app, last).unwrap_or_default();
    for row in rows {
        let shown = |day: Day| {
            table
                .rows(app, day)
                .is_some_and(|rows| find(rows, &row.dims).is_some())
        };
        let days: Vec<Day> = week_up_to(last)
            .filter(|day| shown(*day) && shown(day.minus(WEEK)))
            .collect();
        let sides = |measure: &str| -> Option<(Side, Side)> {
            let side = |back: u32| {
                let mut sum = Sum::default();
                for day in &days {
                    let day = day.minus(back);
                    let row = find(table.rows(app, day)?, &row.dims)?;
                    let number = row.numbers.get(table.measure(measure)?)?;
                    sum.add(number.value, table.figures(day, measure)?.sigma);
                }
                Some(side_of(sum))
            };
            Some((side(WEEK)?, side(0)?))
        };
        for what in whats {
            let Some(comparison) = comparison(*what, &sides, None).filter(|_| !days.is_empty())
            else {
                continue;
            };
            asked.push(Asked {
                key: key(app, name, *what, &row.dims),
                comparison,
                periods: (days.clone(), WEEK),
                is_new: false,
                is_gone: false,
            });
        }
    }
}

/// Asks of each row of the last week, or of the week before it.
fn ask_weekly(
    rollups: &Rollups,
    table: &Table,
    name: &str,
    app: &str,
    whats: &[Compared],
    asked: &mut Vec<Asked>,
) {
    let Some(last) = last_published(table) else {
        return;
    };
    let earlier = before(table.unit, last);
    let (Some(now), Some(then)) = (table.rows(app, last), table.rows(app, earlier)) else {
        return;
    };
    let names: BTreeSet<&Vec<Arc<str>>> = now.iter().chain(then).map(|row| &row.dims).collect();
    for dims in names {
        let (row, was) = (find(now, dims), find(then, dims));
        // Where a row is not shown, its value is below the threshold: taken to be at it, a change
        // is found later and not earlier.
        let side = |day: Day, row: Option<&crate::rollups::Row>, measure: &str| {
            let figures = table.figures(day, measure)?;
            let mut sum = Sum::default();
            match row {
                Some(row) => sum.add(
                    row.numbers.get(table.measure(measure)?)?.value,
                    figures.sigma,
                ),
                None => sum.add(figures.tau?, figures.sigma),
            }
            Some(side_of(sum))
        };
        let sides = |measure: &str| Some((side(earlier, was, measure)?, side(last, row, measure)?));
        let whole = whole(rollups, app, earlier, last);
        for what in whats {
            let Some(comparison) = comparison(*what, &sides, whole) else {
                continue;
            };
            asked.push(Asked {
                key: key(app, name, *what, dims),
                comparison,
                periods: (vec![last], WEEK),
                is_new: was.is_none(),
                is_gone: row.is_none(),
            });
        }
    }
}

/// The devices of the app in two weeks.
fn whole(rollups: &Rollups, app: &str, earlier: Day, last: Day) -> Option<(Side, Side)> {
    let table = rollups.tables.get("activity_weekly")?;
    let side = |week: Day| {
        let number = table.rows(app, week)?.first()?.numbers.first()?;
        let mut sum = Sum::default();
        sum.add(number.value, table.figures(week, "devices")?.sigma);
        Some(side_of(sum))
    };
    Some((side(earlier)?, side(last)?))
}

fn comparison(
    what: Compared,
    sides: &dyn Fn(&str) -> Option<(Side, Side)>,
    whole: Option<(Side, Side)>,
) -> Option<Comparison> {
    let (before, after) = sides("devices")?;
    let rate = |part: (Side, Side), whole: (Side, Side)| {
        Comparison::Rate(RateCandidate {
            before: (part.0, whole.0),
            after: (part.1, whole.1),
        })
    };
    Some(match what {
        Compared::Devices => Comparison::Count(Candidate { before, after }),
        Compared::Crashed => rate(sides("crashed")?, (before, after)),
        Compared::Part => rate((before, after), whole?),
    })
}

fn side_of(sum: Sum) -> Side {
    Side {
        value: sum.value,
        noise_variance: sum.variance,
        periods: sum.periods,
    }
}

fn key(app: &str, table: &str, what: Compared, dims: &[Arc<str>]) -> Key {
    Key {
        app: app.to_owned(),
        table: table.to_owned(),
        what,
        dims: dims.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_below_nothing_by_its_noise_has_no_ratio_and_is_only_said_to_be_less() {
        let found = |ratio| Found {
            what: Compared::Crashed,
            verdict: Verdict {
                p: 1e-9,
                flag: Flag::Down,
                ratio: Some(ratio),
                could_have_missed: 0.2,
            },
            is_new: false,
            is_gone: false,
        };
        let said = |ratio| found(ratio).change("the week before").sentence;
        assert_eq!(said(0.4), "Down by 60 % against the week before.");
        assert_eq!(said(-0.11), "Down against the week before.");
    }
}
