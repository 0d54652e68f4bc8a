//! What all sections of one app are made from.

use std::collections::BTreeSet;
use std::sync::Arc;

use kaiku_wire::Day;

use crate::changes::{Changes, Found};
use crate::model::{Cell, Line, NotPublished};
use crate::numbers::{Measured, Sum};
use crate::rollups::{Rollups, Row, Table, Unit};
use crate::settings::Settings;
use crate::words;

/// The days of a week, over which daily numbers are added up.
pub(crate) const WEEK: u32 = 7;

/// One app, with everything that is known of it.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) rollups: &'a Rollups,
    pub(crate) app: &'a str,
    pub(crate) changes: &'a Changes,
    pub(crate) settings: &'a Settings,
}

/// The rows of a table in one period.
pub(crate) struct Latest<'a> {
    pub(crate) table: &'a Table,
    pub(crate) period: Day,
    pub(crate) rows: &'a [Row],
}

impl<'a> Context<'a> {
    /// A table.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub(crate) fn table(&self, name: &str) -> Result<&'a Table, String> {
        self.rollups
            .tables
            .get(name)
            .ok_or_else(|| match self.rollups.manifests.last() {
                Some(last) => {
                    format!(
                        "The policy {} publishes no table {name}, so this can't be shown.",
                        last.policy
                    )
                }
                None => "Nothing is sealed yet.".to_owned(),
            })
    }

    /// The last published period of a table.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    pub(crate) fn latest(&self, name: &str) -> Result<Latest<'a>, String> {
        let table = self.table(name)?;
        let Some(period) = last_published(table) else {
            let last = table.withheld.last_key_value();
            return Err(last.map_or_else(
                || "Nothing is published of it yet.".to_owned(),
                |(_, reason)| words::withheld(reason),
            ));
        };
        Ok(Latest {
            table,
            period,
            rows: table.rows(self.app, period).unwrap_or_default(),
        })
    }

    /// What names of a dimension mean, as a cell.
    pub(crate) fn title(&self, dimension: &str, name: &str) -> Cell {
        let title = self.rollups.catalogue.title(self.app, dimension, name);
        title.map_or(Cell::None, Cell::text)
    }

    /// What a name is called: its title, and else the name itself.
    pub(crate) fn called(&self, dimension: &str, name: &str) -> String {
        let title = self.rollups.catalogue.title(self.app, dimension, name);
        title.unwrap_or(name).to_owned()
    }

    /// The periods from one to another in which a table was not published, each with the reason.
    pub(crate) fn withheld(&self, table: &Table, first: Day, last: Day) -> Vec<NotPublished> {
        let shown = |day: &Day| (first..=last).contains(day);
        let withheld = table
            .withheld
            .iter()
            .map(|(day, why)| (*day, words::withheld(why)));
        let other = table.other_columns.iter().map(|day| {
            let why = "Published with other columns than those of today.";
            (*day, why.to_owned())
        });
        let mut all: Vec<NotPublished> = withheld
            .chain(other)
            .filter(|(day, _)| shown(day))
            .map(|(period, reason)| NotPublished { period, reason })
            .collect();
        all.sort_by_key(|one| one.period);
        all
    }

    /// Why a period without a row has none.
    pub(crate) fn nothing_reached(&self, latest: &Latest<'_>) -> String {
        let when = words::within(latest.table.unit, latest.period);
        let decides = latest.table.published.get(&latest.period);
        let tau = decides.and_then(|all| all.values().find_map(|figures| figures.tau));
        match tau {
            Some(tau) => format!(
                "Too few devices to be shown {when}: a row is shown from {} devices on, counted with the noise. That is not \
                 the same as none.",
                words::count(tau)
            ),
            None => format!("Nothing was published {when}."),
        }
    }

    /// The number of devices of the app in a period, by a table that has the app alone.
    pub(crate) fn of_app(&self, table: &str, measure: &str, period: Day) -> Option<Measured> {
        let table = self.rollups.tables.get(table)?;
        measured(table, table.rows(self.app, period)?.first()?, measure)
    }

    /// The sum of a measure over the days of a week up to one day, of a row with these names; none
    /// where a day is missing, and the days on which the row was there where `some` is set.
    pub(crate) fn sum(
        &self,
        table: &Table,
        dims: &[Arc<str>],
        measure: &str,
        days: &BTreeSet<Day>,
    ) -> Option<Sum> {
        let position = table.measure(measure)?;
        let mut sum = Sum::default();
        for day in days {
            let row = find(table.rows(self.app, *day)?, dims)?;
            let number = row.numbers.get(position)?;
            sum.add(number.value, table.figures(*day, measure)?.sigma);
        }
        (sum.periods > 0).then_some(sum)
    }

    /// The days of the week that ends on a day on which a row with these names is shown.
    pub(crate) fn shown_days(&self, table: &Table, dims: &[Arc<str>], last: Day) -> BTreeSet<Day> {
        let days = week_up_to(last).filter(|day| {
            table
                .rows(self.app, *day)
                .is_some_and(|rows| find(rows, dims).is_some())
        });
        days.collect()
    }

    /// The line of bad behaviour.
    pub(crate) fn bad_line(&self) -> Line {
        self.settings.crash_line.clone()
    }
}

/// The days of the week that ends on a day, in order.
pub(crate) fn week_up_to(last: Day) -> impl DoubleEndedIterator<Item = Day> {
    (0..WEEK).rev().map(move |back| last.minus(back))
}

/// The last period of which a table was published, with the columns of today.
pub(crate) fn last_published(table: &Table) -> Option<Day> {
    let mut published = table.published.keys().rev();
    published
        .find(|day| !table.other_columns.contains(day))
        .copied()
}

/// The row with these names.
pub(crate) fn find<'a>(rows: &'a [Row], dims: &[Arc<str>]) -> Option<&'a Row> {
    rows.iter().find(|row| row.dims == dims)
}

/// A measure of a row.
pub(crate) fn measured(table: &Table, row: &Row, measure: &str) -> Option<Measured> {
    row.numbers
        .get(table.measure(measure)?)
        .copied()
        .map(Measured::of)
}

/// The period before: the day before, or the week before.
pub(crate) fn before(unit: Unit, period: Day) -> Day {
    period.minus(unit.days())
}

/// The cell of a flag: nothing where nothing was compared, and no word where nothing reliable has
/// changed.
pub(crate) fn flag(found: Option<&Found>) -> Cell {
    found.map_or(Cell::None, |found| Cell::text(found.flag()))
}
