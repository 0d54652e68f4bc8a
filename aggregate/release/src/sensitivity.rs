//! How much one device-day or device-week can change a table: Δ², from its dimensions, its marks
//! and the contribution bounds.
//!
//! A mark has a key: what it is the first of. Where every part of the key is a dimension of the
//! cell, each mark of a unit falls into a cell of its own and counts 1 there, so that Δ² is the
//! number of marks that the bounds leave to a unit. Where a part of the key is missing, a device
//! would count several times in one cell; where the cell is finer than the key, it would count
//! the devices whose first event happened to be there. Both are refused.

use kaiku_wire::{Mark, bounds};

use crate::{Dimension, Unit};

/// A part of what a mark is the first of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    App,
    Release,
    Item,
}

/// The number of marks that one unit of privacy can have, all in different cells with these
/// dimensions: Δ² of their counts under adding or removing that unit.
///
/// # Errors
/// With the reason, where the mark does not fit a table with this unit and these dimensions.
pub(crate) fn delta2(mark: Mark, unit: Unit, dimensions: &[Dimension]) -> Result<u32, String> {
    if Unit::of(mark) != unit {
        return Err(format!(
            "the mark {mark} is of the {}, the table of the {unit}",
            Unit::of(mark)
        ));
    }
    let feature = dimensions.contains(&Dimension::Feature);
    let cause = dimensions.contains(&Dimension::Cause);
    if feature && cause {
        return Err("a table has features or causes, not both".to_owned());
    }
    for part in key(mark) {
        let present = match part {
            Key::App => dimensions.contains(&Dimension::App),
            Key::Release => dimensions.contains(&Dimension::Release),
            Key::Item => feature || cause,
        };
        if !present {
            return Err(format!(
                "the mark {mark} is finer than the cells: a device would count more than once in one"
            ));
        }
    }
    for dimension in dimensions {
        if !dimension.is_of_device() && !key(mark).contains(&part_of(*dimension)) {
            return Err(format!(
                "the mark {mark} is coarser than the dimension {dimension}: a device counts once for all of them"
            ));
        }
    }
    bound(mark, cause).ok_or_else(|| format!("the mark {mark} is of features, not of causes"))
}

/// What a mark is the first of.
fn key(mark: Mark) -> &'static [Key] {
    match mark {
        Mark::FirstAppDay | Mark::FirstAppWeek | Mark::FirstFatalDay | Mark::FirstFatalWeek => {
            &[Key::App]
        }
        Mark::FirstReleaseDay | Mark::FirstFatalReleaseDay => &[Key::App, Key::Release],
        Mark::FirstItemDay | Mark::FirstItemWeek | Mark::SecondUseDay | Mark::FifthUseDay => {
            &[Key::App, Key::Item]
        }
    }
}

/// The part of a key that a dimension stands for; those of the device stand for none.
fn part_of(dimension: Dimension) -> Key {
    match dimension {
        Dimension::Release => Key::Release,
        Dimension::Feature | Dimension::Cause => Key::Item,
        Dimension::App | Dimension::Country | Dimension::Model | Dimension::Operator => Key::App,
    }
}

/// How many marks of its kind a device-day or device-week has at most.
fn bound(mark: Mark, of_causes: bool) -> Option<u32> {
    Some(match mark {
        Mark::FirstAppDay => bounds::DAY_APPS,
        Mark::FirstAppWeek | Mark::FirstFatalWeek => bounds::WEEK_APPS,
        Mark::FirstReleaseDay => bounds::DAY_RELEASES,
        Mark::FirstItemDay if of_causes => bounds::DAY_CAUSES,
        Mark::FirstItemDay => bounds::DAY_FEATURES,
        Mark::FirstItemWeek if of_causes => bounds::WEEK_CAUSES,
        Mark::FirstItemWeek => bounds::WEEK_FEATURES,
        Mark::SecondUseDay | Mark::FifthUseDay if of_causes => return None,
        Mark::SecondUseDay | Mark::FifthUseDay => bounds::DAY_FEATURES,
        Mark::FirstFatalDay | Mark::FirstFatalReleaseDay => bounds::DAY_FATALS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Dimension::{App, Cause, Country, Feature, Model, Release};

    #[test]
    fn sensitivities_are_the_contribution_bounds() {
        let cases: [(Mark, Unit, &[Dimension], u32); 9] = [
            (Mark::FirstAppDay, Unit::Day, &[App, Country], 4),
            (Mark::FirstReleaseDay, Unit::Day, &[App, Release], 6),
            (Mark::FirstFatalReleaseDay, Unit::Day, &[App, Release], 2),
            (Mark::FirstItemDay, Unit::Day, &[App, Feature], 10),
            (Mark::FifthUseDay, Unit::Day, &[App, Feature], 10),
            (Mark::FirstItemDay, Unit::Day, &[App, Cause], 3),
            (Mark::FirstAppWeek, Unit::Week, &[App, Model], 4),
            (Mark::FirstItemWeek, Unit::Week, &[App, Feature, Model], 15),
            (Mark::FirstFatalWeek, Unit::Week, &[App, Country], 4),
        ];
        for (mark, unit, dimensions, expected) in cases {
            assert_eq!(
                delta2(mark, unit, dimensions),
                Ok(expected),
                "{mark} by {dimensions:?}"
            );
        }
    }

    #[test]
    fn a_mark_that_does_not_fit_its_cells_is_refused() {
        let cases: [(Mark, Unit, &[Dimension]); 8] = [
            // The device's first event of the day has one release: not a count of its devices.
            (Mark::FirstAppDay, Unit::Day, &[App, Release]),
            (Mark::FirstAppDay, Unit::Day, &[App, Feature]),
            // A device with two releases, or two features, would count twice in its app.
            (Mark::FirstReleaseDay, Unit::Day, &[App]),
            (Mark::FirstItemDay, Unit::Day, &[App, Country]),
            (Mark::FirstItemDay, Unit::Day, &[App, Feature, Cause]),
            (Mark::SecondUseDay, Unit::Day, &[App, Cause]),
            (Mark::FirstAppWeek, Unit::Day, &[App]),
            (Mark::FirstAppDay, Unit::Day, &[Country]),
        ];
        for (mark, unit, dimensions) in cases {
            assert!(
                delta2(mark, unit, dimensions).is_err(),
                "{mark} by {dimensions:?}"
            );
        }
    }
}
