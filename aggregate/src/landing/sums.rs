//! The cells of rows, summed up while they are read: texts are numbers until a cell is taken out.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray};
use kaiku_stripped::NONE;
use rustc_hash::FxHashMap;

use super::columns::{Column, malformed};
use super::marginals::{COUNTS, DIMENSIONS, Definition, Definitions, SCHEMA};
use crate::error::Error;

/// The number of a text for every column.
pub(super) type Values = [u32; Column::ALL.len()];
/// The first day of a period, and the numbers of what a cell is of.
type Key = (i32, [u32; DIMENSIONS.len()]);
type Counts = [i64; COUNTS.len()];

/// Cells of all tables.
pub(super) struct Sums {
    definitions: Definitions,
    /// By table.
    cells: Vec<FxHashMap<Key, Counts>>,
    /// The kind that alone counts for a table.
    kinds: Vec<Option<u32>>,
    names: Names,
    none: u32,
}

/// Marks of a row by their bits, and how many devices bear them.
#[derive(Clone, Copy)]
pub(super) struct Marked {
    pub(super) marks: i32,
    pub(super) devices: i32,
}

impl Sums {
    /// No cells of the tables yet.
    pub(super) fn of(definitions: Definitions) -> Sums {
        let mut names = Names::default();
        let tables = definitions.each();
        let kinds = tables
            .iter()
            .map(|one| one.kind.map(|kind| names.number(kind)));
        Sums {
            kinds: kinds.collect(),
            cells: tables.iter().map(|_| FxHashMap::default()).collect(),
            none: names.number(NONE),
            names,
            definitions,
        }
    }

    /// Nothing again.
    pub(super) fn clear(&mut self) {
        *self = Sums::of(self.definitions.clone());
    }

    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        self.names.number(text)
    }

    /// What a row has that names nothing.
    pub(super) fn none(&self) -> Values {
        [self.none; Column::ALL.len()]
    }

    /// The numbers of what stands before the first slash of a text and behind it: of the brand and the model. What is
    /// unlisted has neither, and is both.
    pub(super) fn brand_and_model(&mut self, number: u32) -> [u32; 2] {
        self.names.parts(number)
    }

    /// Counts a row of a day and its week for each table that one of its marks is of.
    pub(super) fn add(&mut self, [day, week]: [i32; 2], values: &Values, marked: Marked) {
        let tables = self.definitions.each().iter().zip(&self.kinds);
        for ((table, kind), cells) in tables.zip(&mut self.cells) {
            let of_kind = kind.is_none_or(|kind| kind == values[Column::Kind as usize]);
            if !of_kind || marked.marks & table.bits == 0 {
                continue;
            }
            let mut of = [0; DIMENSIONS.len()];
            for (number, column) in of.iter_mut().zip(&table.columns) {
                *number = values[*column as usize];
            }
            let period = if table.is_daily() { day } else { week };
            let counts = cells.entry((period, of)).or_default();
            for (count, mark) in counts.iter_mut().zip(&table.marks) {
                *count += i64::from((marked.marks >> mark.index() & 1) * marked.devices);
            }
        }
    }

    /// Takes out the cells of each table that has some.
    pub(super) fn take(&mut self) -> Result<Vec<RecordBatch>, Error> {
        let tables = self.definitions.each().iter().zip(&self.cells);
        let some = tables.filter(|(_, cells)| !cells.is_empty());
        let batches = some.map(|(table, cells)| self.names.batch(table, cells));
        let batches = batches.collect();
        self.clear();
        batches
    }
}

/// Texts by their numbers. They are of closed vocabularies: there are not many.
#[derive(Default)]
struct Names {
    numbers: FxHashMap<Arc<str>, u32>,
    all: Vec<Arc<str>>,
    /// What stands before the first slash and behind it, of those of which that was asked.
    parts: Vec<Option<[u32; 2]>>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.into();
        self.all.push(Arc::clone(&name));
        self.parts.push(None);
        self.numbers.insert(name, number);
        number
    }

    /// The numbers of what stands before the first slash and behind it; twice its own where there is none.
    fn parts(&mut self, number: u32) -> [u32; 2] {
        let at = number as usize;
        if let Some(Some(parts)) = self.parts.get(at) {
            return *parts;
        }
        let name = self.all.get(at).cloned();
        let parts = name.as_deref().and_then(|name| name.split_once('/'));
        let parts = parts.map_or([number; 2], |(before, behind)| {
            [self.number(before), self.number(behind)]
        });
        if let Some(known) = self.parts.get_mut(at) {
            *known = Some(parts);
        }
        parts
    }

    fn name(&self, number: u32) -> &str {
        self.all.get(number as usize).map_or("", |name| name)
    }

    fn batch(
        &self,
        table: &Definition,
        cells: &FxHashMap<Key, Counts>,
    ) -> Result<RecordBatch, Error> {
        let named = vec![table.table.as_str(); cells.len()];
        let periods = cells.keys().map(|(period, _)| *period);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(named)),
            Arc::new(Date32Array::from_iter_values(periods)),
        ];
        for place in 0..DIMENSIONS.len() {
            let has = place < table.columns.len();
            let names = cells
                .keys()
                .map(|(_, of)| if has { self.name(of[place]) } else { "" });
            columns.push(Arc::new(StringArray::from_iter_values(names)));
        }
        for place in 0..COUNTS.len() {
            let counts = cells.values().map(|counts| counts[place]);
            columns.push(Arc::new(Int64Array::from_iter_values(counts)));
        }
        RecordBatch::try_new(SCHEMA.clone(), columns).map_err(|_| malformed())
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_text_has_a_part_before_its_first_slash_and_one_behind_it_whatever_came_before() {
        let mut names = Names::default();
        for (text, parts) in [
            ("a/b/c", ["a", "b/c"]),
            ("b/c", ["b", "c"]),
            ("c", ["c", "c"]),
            ("a/", ["a", ""]),
        ] {
            let number = names.number(text);
            let found = names.parts(number);
            assert_eq!(found.map(|part| names.name(part).to_owned()), parts);
            assert_eq!(names.parts(number), found);
        }
    }

    #[test]
    fn a_text_of_nothing_but_slashes_is_one_like_others() {
        let mut names = Names::default();
        let number = names.number(&"/".repeat(1_000_000));
        let [before, behind] = names.parts(number);
        assert_eq!(names.name(before), "");
        assert_eq!(names.name(behind).len(), 999_999);
        assert_eq!(names.all.len(), 3);
    }
}
