//! The cells of the tables of the policy `small`: as the fold counts them, as the events behind the
//! strip add up to them, and as they have landed, all in one shape.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kaiku_fleet::{Truth, Wanted};
use kaiku_rehearsal::wanted;
use kaiku_release::{Dimension, Policy, Table, Unit};
use kaiku_wire::{Day, Mark};

/// A table, the first day of a period of it, and the values of its dimensions.
pub(crate) type Cell = (String, Day, Vec<String>);

/// The sums of a table's marks in each of its cells that has some.
pub(crate) type Cells = BTreeMap<Cell, Vec<u64>>;

/// Whose tables they are.
pub(super) static POLICY: LazyLock<Policy> = LazyLock::new(Policy::small);

/// What the fold has to count.
pub(super) fn tables() -> Vec<Wanted> {
    wanted(&POLICY)
}

/// The cells that the fold has come to.
pub(crate) fn of_truth(truth: &Truth<'_>) -> Cells {
    let mut all = Cells::new();
    for (table, cells) in POLICY.tables().iter().zip(truth.tables()) {
        for (first, cells) in cells {
            for (values, counts) in cells {
                let values = values.iter().map(|value| (*value).to_owned()).collect();
                all.insert((table.name().to_owned(), *first, values), counts.clone());
            }
        }
    }
    all
}

/// Adds an event, or a pair, to the cell of each table that it belongs to; `value` says what it has
/// in a dimension, and `has` which marks it bears.
pub(super) fn add(
    cells: &mut Cells,
    day: Day,
    value: &dyn Fn(Dimension) -> Option<String>,
    has: &dyn Fn(Mark) -> bool,
) {
    for table in POLICY.tables() {
        let counts: Vec<u64> = table
            .marks()
            .iter()
            .map(|mark| u64::from(has(*mark)))
            .collect();
        let values = table.dimensions().iter().map(|dimension| value(*dimension));
        let values: Option<Vec<String>> = values.collect();
        if let (true, Some(values)) = (counts.contains(&1), values) {
            sum(
                cells,
                (table.name().to_owned(), first(table, day), values),
                &counts,
            );
        }
    }
}

/// Adds counts to a cell.
pub(super) fn sum(cells: &mut Cells, cell: Cell, counts: &[u64]) {
    let sums = cells.entry(cell).or_insert_with(|| vec![0; counts.len()]);
    assert_eq!(
        sums.len(),
        counts.len(),
        "a table has the same marks always"
    );
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

/// The first cell that differs, on either side.
pub(super) fn compare(
    partition: i32,
    what: &str,
    found: &Cells,
    expected: &Cells,
) -> Result<(), String> {
    let wrong = |(cell, counts): (&Cell, &Vec<u64>), other: &Cells| other.get(cell) != Some(counts);
    let over = found.iter().find(|one| wrong(*one, expected));
    let under = expected.iter().find(|one| wrong(*one, found));
    super::same(partition, what, &over, &under)
}

fn first(table: &Table, day: Day) -> Day {
    match table.unit() {
        Unit::Day => day,
        Unit::Week => day.week().monday(),
    }
}
