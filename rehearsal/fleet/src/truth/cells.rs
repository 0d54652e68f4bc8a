//! The exact counts behind published tables: of any table over the marks, by the names of the
//! catalogue.

use std::collections::HashMap;

use kaiku_raw::EventType;
use kaiku_wire::{Day, Mark, Week};

use super::device::{Counted, Event, Name};

/// What a column of a table says of an event or of its device.
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
    /// The country of the device.
    Country,
    /// The model of the device.
    Model,
    /// The network operator of the device.
    Operator,
}

/// A table whose exact counts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Whether its periods are ISO weeks; else days.
    pub weekly: bool,
    /// What its cells are about.
    pub columns: Vec<Column>,
    /// What is summed in each cell.
    pub marks: Vec<Mark>,
}

/// The first day of the period, then the value of each column; and how often each mark was set
/// there, both in the order of [`Wanted`].
pub type Cells = HashMap<(Day, Vec<Name>), Vec<u64>>;

/// (week, app, feature, feature with the later name): devices.
pub type Pairs = HashMap<(Week, Name, Name, Name), u64>;

impl Wanted {
    /// Counts an event where it belongs.
    pub(super) fn count(&self, cells: &mut Cells, day: Day, event: &Event<'_>, marks: &Counted) {
        if !self.marks.iter().any(|mark| marks.has(*mark)) {
            return;
        }
        let values = self.columns.iter().map(|column| column.of(event));
        let Some(values) = values.collect::<Option<Vec<Name>>>() else {
            return;
        };
        let first = if self.weekly {
            day.week().monday()
        } else {
            day
        };
        let counts = cells
            .entry((first, values))
            .or_insert_with(|| vec![0; self.marks.len()]);
        for (count, mark) in counts.iter_mut().zip(&self.marks) {
            *count += u64::from(marks.has(*mark));
        }
    }
}

impl Column {
    /// The value of an event; `None` where it is of another kind.
    fn of(self, event: &Event<'_>) -> Option<Name> {
        let of_kind = |kind| (event.raw.kind == kind).then_some(event.item);
        match self {
            Column::App => Some(event.app),
            Column::Release => Some(event.release),
            Column::Feature => of_kind(EventType::FeatureUsed),
            Column::Cause => of_kind(EventType::Failed),
            Column::Country => Some(event.home.country),
            Column::Model => Some(event.home.model),
            Column::Operator => Some(event.home.operator),
        }
    }
}

/// Adds the pairs that an event makes.
pub(super) fn pair(pairs: &mut Pairs, day: Day, event: &Event<'_>, counted: &Counted) {
    for other in &counted.pairs_with {
        let (a, b) = (event.item.min(other), event.item.max(other));
        *pairs.entry((day.week(), event.app, a, b)).or_default() += 1;
    }
}
