//! The exact counts behind published tables: of any table over the marks, by the names of the
//! catalogue.

use std::collections::{BTreeMap, HashMap};

use kaiku_raw::EventType;
use kaiku_wire::{Day, Mark, Week};

use super::book::Counted;
use super::event::{Event, Name};

/// What a column of a table says of an event, of a pair of features, or of the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The app.
    App,
    /// Its release.
    Release,
    /// The feature: only uses of features count.
    Feature,
    /// The cause: only failures count.
    Cause,
    /// The component that failed: only failures count.
    Component,
    /// The length of the session: only its end counts.
    Length,
    /// The country of the device.
    Country,
    /// The brand of the device.
    Brand,
    /// The model of the device, without its brand.
    Model,
    /// The network operator of the device.
    Operator,
    /// The first feature of a pair, in the order of their names.
    A,
    /// The second.
    B,
}

/// A table whose exact counts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whether its periods are ISO weeks; else days.
    pub weekly: bool,
    /// What its cells are about, [`Wanted::MOST_COLUMNS`] at most.
    pub columns: Vec<Column>,
    /// What is summed in each cell. Pairs have one mark, and no event has that.
    pub marks: Vec<Mark>,
}

/// By the first day of the period: the value of each column; and how often each mark was set
/// there, both in the order of [`Wanted`].
pub type Cells = BTreeMap<Day, HashMap<Vec<Name>, Vec<u64>>>;

/// (week, app, feature, feature with the later name): devices.
pub type Pairs = HashMap<(Week, Name, Name, Name), u64>;

impl Wanted {
    /// The most columns of a table.
    pub const MOST_COLUMNS: usize = 6;

    /// Counts an event where it belongs.
    pub(super) fn count(&self, cells: &mut Cells, day: Day, event: &Event<'_>, counted: &Counted) {
        if !self.marks.iter().any(|mark| counted.has(*mark)) {
            return;
        }
        if !self.marks.contains(&Mark::FirstPairWeek) {
            self.add(cells, day, counted, |column| column.of(event));
            return;
        }
        for pair in pairs_of(event, counted) {
            self.add(cells, day, counted, |column| match column {
                Column::A => Some(pair.0),
                Column::B => Some(pair.1),
                column => column.of(event),
            });
        }
    }

    /// Adds the marks to the cell of these values; to none where the event is of another kind.
    fn add(
        &self,
        cells: &mut Cells,
        day: Day,
        counted: &Counted,
        value: impl Fn(Column) -> Option<Name>,
    ) {
        let mut values = [""; Wanted::MOST_COLUMNS];
        for (place, column) in values.iter_mut().zip(&self.columns) {
            match value(*column) {
                Some(value) => *place = value,
                None => return,
            }
        }
        let values = &values[..self.columns.len().min(Wanted::MOST_COLUMNS)];
        let first = if self.weekly {
            day.week().monday()
        } else {
            day
        };
        let cells = cells.entry(first).or_default();
        let set = self.marks.iter().map(|mark| u64::from(counted.has(*mark)));
        match cells.get_mut(values) {
            Some(counts) => counts.iter_mut().zip(set).for_each(|(sum, on)| *sum += on),
            None => drop(cells.insert(values.to_vec(), set.collect())),
        }
    }
}

impl Column {
    /// The value of an event; `None` where it is of another kind.
    fn of(self, event: &Event<'_>) -> Option<Name> {
        let when = |kind, value| (event.raw.kind == kind).then_some(value);
        match self {
            Column::App => Some(event.app),
            Column::Release => Some(event.release),
            Column::Feature => when(EventType::FeatureUsed, event.item),
            Column::Cause => when(EventType::Failed, event.item),
            Column::Component => when(EventType::Failed, event.component),
            Column::Length => when(EventType::Stopped, event.length()),
            Column::Country => Some(event.home.country),
            Column::Brand => Some(event.home.brand),
            Column::Model => Some(event.home.model),
            Column::Operator => Some(event.home.operator),
            Column::A | Column::B => None,
        }
    }
}

/// Adds the pairs that an event makes.
pub(super) fn pair(pairs: &mut Pairs, day: Day, event: &Event<'_>, counted: &Counted) {
    for (a, b) in pairs_of(event, counted) {
        *pairs.entry((day.week(), event.app, a, b)).or_default() += 1;
    }
}

fn pairs_of<'c>(
    event: &Event<'_>,
    counted: &'c Counted,
) -> impl Iterator<Item = (Name, Name)> + 'c {
    let own = event.item;
    let others = counted.pairs_with.iter();
    others.map(move |other| (own.min(other), own.max(other)))
}

/// Adds the counts of one set of cells to another of the same table.
pub(super) fn merge(into: &mut Cells, from: Cells) {
    for (day, cells) in from {
        let known = into.entry(day).or_default();
        for (values, counts) in cells {
            match known.get_mut(&values) {
                Some(sums) => sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n),
                None => drop(known.insert(values, counts)),
            }
        }
    }
}
