//! Records of `StrippedEvents` and `StrippedPairs`, read by hand: their rows name texts by place, and are summed up
//! at once.

use std::collections::BTreeSet;

use kaiku_wire::{Cursor, Day, Mark};

use super::columns::{Column, Counted, PAIR, Read};
use super::marginals::Definitions;
use super::sums::{Marked, Sums, Values};
use crate::error::Error;

/// No record has more texts, subjects or rows: what claims so is none.
const MOST: usize = 1_000_000;
/// What a subject names, in the order of the schema.
const SUBJECT: [Column; 6] = [
    Column::App,
    Column::Release,
    Column::Kind,
    Column::Item,
    Column::Component,
    Column::Length,
];
/// The bytes that a text, a subject, an event and a pair take at least.
const LEAST_TEXT: usize = 1;
const LEAST_SUBJECT: usize = SUBJECT.len();
const LEAST_EVENT: usize = 6;
const LEAST_PAIR: usize = 4;

/// Of which of the two schemas a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Events,
    Pairs,
}

/// What was read of some records: the cells of events that bear a mark and of pairs, and how many events there
/// were.
pub(super) struct Rows {
    sums: Sums,
    all: u64,
    records: usize,
    bounds: BTreeSet<u32>,
    days: BTreeSet<Day>,
    /// Of the record that is read: the numbers of its texts, and its subjects.
    texts: Vec<u32>,
    subjects: Vec<Values>,
}

impl Rows {
    /// Nothing yet, for the cells of these tables.
    pub(super) fn of(definitions: Definitions) -> Rows {
        Rows {
            sums: Sums::of(definitions),
            all: 0,
            records: 0,
            bounds: BTreeSet::new(),
            days: BTreeSet::new(),
            texts: Vec::new(),
            subjects: Vec::new(),
        }
    }

    /// How many records wait.
    pub(super) fn records(&self) -> usize {
        self.records
    }

    /// Nothing again.
    pub(super) fn clear(&mut self) {
        self.sums.clear();
        self.bounds.clear();
        self.days.clear();
        (self.all, self.records) = (0, 0);
    }

    /// Takes in what stands behind a record's header. `None` where it is no such record: then what waits is worth
    /// nothing.
    pub(super) fn push(&mut self, of: Of, datum: &[u8]) -> Option<()> {
        let mut datum = Cursor::new(datum);
        let dates = [datum.int()?, datum.int()?];
        let day = Day::from_days_since_epoch(dates[0]).ok()?;
        let bounds = u32::try_from(datum.int()?).ok()?;
        self.texts.clear();
        items(&mut datum, LEAST_TEXT, |datum| {
            self.texts.push(self.sums.number(datum.text()?));
            Some(())
        })?;
        match of {
            Of::Events => self.events(&mut datum, dates)?,
            Of::Pairs => self.pairs(&mut datum, dates)?,
        }
        if !datum.is_over() {
            return None;
        }
        self.records += 1;
        self.bounds.insert(bounds);
        self.days.insert(day);
        Some(())
    }

    fn events(&mut self, datum: &mut Cursor<'_>, dates: [i32; 2]) -> Option<()> {
        let none = self.sums.none();
        self.subjects.clear();
        items(datum, LEAST_SUBJECT, |datum| {
            let mut subject = none;
            for column in SUBJECT {
                subject[column as usize] = one_of(&self.texts, datum)?;
            }
            self.subjects.push(subject);
            Some(())
        })?;
        self.all += items(datum, LEAST_EVENT, |datum| {
            let mut values = one_of(&self.subjects, datum)?;
            let model = one_of(&self.texts, datum)?;
            for column in [Column::Operator, Column::Country] {
                values[column as usize] = one_of(&self.texts, datum)?;
            }
            let _times = datum.int()?;
            let marks = datum.int()?;
            // What bears no mark adds nothing to any count.
            if marks != 0 {
                let [brand, model] = self.sums.brand_and_model(model);
                values[Column::Brand as usize] = brand;
                values[Column::Model as usize] = model;
                self.sums.add(dates, &values, Marked { marks, devices: 1 });
            }
            Some(())
        })?;
        Some(())
    }

    fn pairs(&mut self, datum: &mut Cursor<'_>, dates: [i32; 2]) -> Option<()> {
        let mut values = self.sums.none();
        values[Column::Kind as usize] = self.sums.number(PAIR);
        let marks = 1 << Mark::FirstPairWeek.index();
        items(datum, LEAST_PAIR, |datum| {
            for column in [Column::App, Column::A, Column::B] {
                values[column as usize] = one_of(&self.texts, datum)?;
            }
            let devices = datum.int().filter(|devices| *devices > 0)?;
            self.sums.add(dates, &values, Marked { marks, devices });
            Some(())
        })?;
        Some(())
    }

    /// Takes out what waits; `None` where nothing does.
    pub(super) fn take(&mut self) -> Result<Option<Read>, Error> {
        if self.records == 0 {
            return Ok(None);
        }
        let read = Read {
            counted: Counted::Cells(self.sums.take()?),
            all: self.all,
            bounds: self.bounds.iter().copied().collect(),
            days: self.days.iter().copied().collect(),
        };
        self.clear();
        Ok(Some(read))
    }
}

/// What stands at the place that is read; none is outside.
fn one_of<T: Copy>(all: &[T], datum: &mut Cursor<'_>) -> Option<T> {
    let place = usize::try_from(datum.long()?).ok()?;
    all.get(place).copied()
}

/// Reads an array item by item, and says how many there were.
fn items<'a>(
    datum: &mut Cursor<'a>,
    least_bytes: usize,
    mut read: impl FnMut(&mut Cursor<'a>) -> Option<()>,
) -> Option<u64> {
    let many = datum.count(MOST, least_bytes)?;
    for _ in 0..many {
        read(datum)?;
    }
    if many > 0 {
        datum.end()?;
    }
    u64::try_from(many).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_release::Policy;
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn day() -> Day {
        testing::day("2026-11-24")
    }

    fn rows() -> Rows {
        Rows::of(Definitions::of(&Policy::small()))
    }

    /// What stands behind a record's header.
    fn datum(of: Of) -> Vec<u8> {
        let record = match of {
            Of::Events => testing::fleet(day(), "maps", 3),
            Of::Pairs => testing::pairs(day(), "maps", "a", "b", 9),
        };
        record[10..].to_vec()
    }

    #[test]
    fn what_was_taken_out_is_not_there_any_more() {
        let mut rows = rows();
        assert!(rows.take().unwrap().is_none());
        rows.push(Of::Pairs, &datum(Of::Pairs)).unwrap();
        rows.push(Of::Events, &datum(Of::Events)).unwrap();
        assert_eq!(rows.records(), 2);
        let read = rows.take().unwrap().unwrap();
        assert_eq!((read.all, read.days), (3, vec![day()]));
        assert!(rows.take().unwrap().is_none());
        rows.push(Of::Pairs, &datum(Of::Pairs)).unwrap();
        let read = rows.take().unwrap().unwrap();
        let Counted::Cells(cells) = read.counted else {
            panic!("cells are counted")
        };
        assert_eq!((read.all, cells.len(), cells[0].num_rows()), (0, 1, 1));
    }

    proptest! {
        #[test]
        fn a_part_of_a_record_is_none_and_what_can_be_read_makes_cells(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            cut in prop::option::of(any::<prop::sample::Index>()),
            of in prop_oneof![Just(Of::Events), Just(Of::Pairs)],
        ) {
            let mut bytes = datum(of);
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let is_whole = cut.is_none();
            if let Some(cut) = cut {
                bytes = datum(of);
                bytes.truncate(cut.index(bytes.len()));
            }
            let mut rows = rows();
            let is_record = rows.push(of, &bytes).is_some();
            prop_assert!(is_whole || !is_record);
            prop_assert_eq!(rows.take().unwrap().is_some(), is_record);
        }
    }
}
