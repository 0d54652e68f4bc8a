//! One table held beside what is true: how much of it was published, how far off it is, and what
//! the bounds cost.

use std::collections::HashMap;

use anyhow::{Context, Result};
use kaiku_fleet::{Column, Wanted};
use kaiku_release::{Dimension, Estimate, Policy, Table, Unit};

/// The cells of one period of a table: the values of each, and the counts of the table's marks.
pub type Period<'a> = HashMap<Vec<&'a str>, Vec<u64>>;

/// What became of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TableOutcome {
    /// Periods that were published.
    pub periods: u64,
    /// Cells that hold a device in truth, in the periods that were published.
    pub cells: u64,
    /// Published rows.
    pub rows: u64,
    /// Published numbers, several a row.
    pub numbers: u64,
    /// Those whose interval holds what was counted under the bounds.
    pub within: u64,
    /// Devices of all cells, each as often as it counts, under the bounds.
    devices: u64,
    /// Those of them that stand in published rows.
    shown: u64,
    /// Devices of all cells without any bound.
    unbounded: u64,
    /// By how much the estimates of devices are off, as a share of what is true without bounds.
    errors: Vec<f64>,
}

/// The exact counts that a policy's tables have to be held beside, in their order.
pub fn wanted(policy: &Policy) -> Vec<Wanted> {
    let tables = policy.tables().iter();
    tables
        .map(|table| Wanted {
            weekly: table.unit() == Unit::Week,
            columns: table.dimensions().iter().copied().map(column).collect(),
            marks: table.marks().to_vec(),
        })
        .collect()
}

impl TableOutcome {
    /// A period of the table was published: these are its cells, with and without bounds.
    pub fn period(&mut self, table: &Table, bounded: &Period<'_>, unbounded: &Period<'_>) {
        let devices = |counts: &Vec<u64>| count(table, 0, counts);
        self.periods += 1;
        self.cells += bounded
            .values()
            .filter(|counts| devices(counts) > 0)
            .count() as u64;
        self.devices += bounded.values().map(devices).sum::<u64>();
        self.unbounded += unbounded.values().map(devices).sum::<u64>();
    }

    /// One row of it: its values, and the numbers of the table's measures in their order. Gives
    /// how many devices it holds under the bounds.
    ///
    /// # Errors
    /// Where the row has not as many numbers as the table has measures.
    pub fn row(
        &mut self,
        table: &Table,
        (bounded, unbounded): (&Period<'_>, &Period<'_>),
        values: &[&str],
        numbers: &[Estimate],
    ) -> Result<u64> {
        self.rows += 1;
        let (bounded, unbounded) = (find(bounded, values), find(unbounded, values));
        for place in 0..table.measures().len() {
            let number = numbers.get(place).context("a number is missing in a row")?;
            let truth = i64::try_from(count(table, place, bounded)).unwrap_or(i64::MAX);
            self.numbers += 1;
            self.within += u64::from((number.lower..=number.upper).contains(&truth));
        }
        let devices = count(table, 0, bounded);
        self.shown += devices;
        let all = count(table, 0, unbounded);
        if let (Some(number), 1..) = (numbers.first(), all) {
            // Counts of devices are far below 2^52.
            #[allow(clippy::cast_precision_loss)]
            let off = (number.estimate as f64 - all as f64).abs() / all as f64;
            self.errors.push(off);
        }
        Ok(devices)
    }

    /// Which share of what the devices count for under the bounds stands in published rows;
    /// `None` where they count for nothing.
    pub fn published(&self) -> Option<f64> {
        share(self.shown, self.devices)
    }

    /// Which share of what the devices did the bounds have taken.
    pub fn lost(&self) -> Option<f64> {
        share(self.devices, self.unbounded).map(|kept| 1.0 - kept)
    }

    /// By how much the estimate of the devices of a published row is off what is true without
    /// bounds: the median over the rows, as a share.
    pub fn median_error(&self) -> Option<f64> {
        let mut errors = self.errors.clone();
        errors.sort_by(f64::total_cmp);
        let middle = errors.len() / 2;
        match errors.len() {
            0 => None,
            odd if odd % 2 == 1 => Some(errors[middle]),
            _ => Some(f64::midpoint(errors[middle - 1], errors[middle])),
        }
    }
}

/// The counts of a cell; none where it holds nobody.
fn find<'c>(cells: &'c Period<'c>, values: &[&'c str]) -> &'c [u64] {
    cells.get(values).map_or(&[], Vec::as_slice)
}

/// The count of a measure of the table, by its place.
fn count(table: &Table, measure: usize, counts: &[u64]) -> u64 {
    let mark = table.measures()[measure].figures().mark;
    let place = table.marks().iter().position(|one| *one == mark);
    place
        .and_then(|place| counts.get(place))
        .map_or(0, |count| *count)
}

/// Counts are far below 2^52.
#[allow(clippy::cast_precision_loss)]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What the fleet has to say of a dimension.
fn column(dimension: Dimension) -> Column {
    match dimension {
        Dimension::App => Column::App,
        Dimension::Release => Column::Release,
        Dimension::Feature => Column::Feature,
        Dimension::Cause => Column::Cause,
        Dimension::Component => Column::Component,
        Dimension::Length => Column::Length,
        Dimension::Country => Column::Country,
        Dimension::Brand => Column::Brand,
        Dimension::Model => Column::Model,
        Dimension::Operator => Column::Operator,
        Dimension::A => Column::A,
        Dimension::B => Column::B,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn cells(of: &[(&'static str, u64)]) -> Period<'static> {
        let cell =
            |(release, devices): &(&'static str, u64)| (vec!["maps", *release], vec![*devices, 0]);
        of.iter().map(cell).collect()
    }

    #[test]
    fn a_table_says_what_was_published_how_far_it_is_off_and_what_the_bounds_cost() {
        let policy = Policy::small();
        let table = policy.table("releases_daily").unwrap();
        let bounded = cells(&[("4.1", 200), ("4.2", 100), ("4.3", 20)]);
        let unbounded = cells(&[("4.1", 250), ("4.2", 100), ("4.3", 50)]);
        let number = |lower, estimate| Estimate {
            value: estimate,
            lower,
            upper: lower + 60,
            estimate,
        };
        let none = number(0, 0);
        let mut outcome = TableOutcome::default();
        outcome.period(table, &bounded, &unbounded);
        let both = (&bounded, &unbounded);
        let first = outcome.row(table, both, &["maps", "4.1"], &[number(180, 225), none]);
        let second = outcome.row(table, both, &["maps", "4.2"], &[number(101, 120), none]);
        assert_eq!((first.unwrap(), second.unwrap()), (200, 100));
        assert_eq!((outcome.periods, outcome.cells, outcome.rows), (1, 3, 2));
        assert_eq!((outcome.numbers, outcome.within), (4, 3));
        assert_eq!(outcome.published(), Some(300.0 / 320.0));
        assert!((outcome.lost().unwrap() - 0.2).abs() < 1e-9);
        assert!((outcome.median_error().unwrap() - 0.15).abs() < 1e-9);
    }

    #[test]
    fn of_a_table_without_devices_there_is_no_share_to_be_told() {
        let nothing = TableOutcome::default();
        assert_eq!(
            (nothing.published(), nothing.lost(), nothing.median_error()),
            (None, None, None)
        );
    }
}
