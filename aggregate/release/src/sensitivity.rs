//! How much one device-week can change a table: Δ² of one period and of the week's periods
//! together, from dimensions, marks and the books of bounds.
//!
//! A mark has a key: what it is the first of. Where every part of the key is a dimension of the
//! cell, each mark of a device falls into a cell of its own and counts 1 there, so that Δ² is the
//! number of marks that the books leave to a device. Where a part of the key is missing, a device
//! would count several times in one cell; where the cell is finer than the key, it would count
//! the devices whose first event happened to be there. Both are refused.
//!
//! `docs/counting.md` says which places a mark needs: each mark takes one place of each of them for
//! itself, so that the scarcest of them bounds the mark.

use kaiku_wire::{Bounds, Mark};

use crate::{Dimension, Unit};

/// How many marks of one kind a device can have, all in different cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sensitivity {
    /// In one period of the table: Δ² of its counts under adding or removing a device.
    pub period: u32,
    /// In all periods of one ISO week.
    pub week: u32,
    /// Where the numbers come from, in words.
    pub derivation: String,
}

/// Places of one kind, in the period of the mark and in an ISO week.
struct Places {
    period: u32,
    week: u32,
    word: &'static str,
}

/// The sensitivity of the counts of one mark, in cells with these dimensions.
///
/// # Errors
/// With the reason, where the mark does not fit a table with this unit and these dimensions.
pub fn sensitivity(
    mark: Mark,
    unit: Unit,
    dimensions: &[Dimension],
    bounds: &Bounds,
) -> Result<Sensitivity, String> {
    if Unit::of(mark) != unit {
        return Err(format!(
            "the mark {mark} is of the {}, the table of the {unit}",
            Unit::of(mark)
        ));
    }
    let of_pairs = dimensions.iter().any(|dimension| dimension.is_of_pair());
    if of_pairs != (mark == Mark::FirstPairWeek) {
        return Err(
            "pairs have the mark first_pair_week, and no event has it: a table is of pairs or of events"
                .to_owned(),
        );
    }
    let key = key(mark, dimensions)?;
    if key.iter().any(|part| !dimensions.contains(part)) {
        return Err(format!(
            "the mark {mark} is finer than the cells: a device would count more than once in one"
        ));
    }
    for dimension in dimensions {
        if !key.contains(dimension) && !splits(*dimension, mark) {
            return Err(format!(
                "the mark {mark} is coarser than the dimension {dimension}: a device counts once for all of them"
            ));
        }
    }
    Ok(scarcest(&places(mark, dimensions, bounds), unit))
}

/// Whether each mark of a device has one value of a dimension that is no part of its key, and no
/// other, whichever event bears it.
fn splits(dimension: Dimension, mark: Mark) -> bool {
    match dimension {
        Dimension::Length => mark == Mark::FirstSessionDay,
        // A pair says nothing of its device.
        _ => dimension.is_of_device() && mark != Mark::FirstPairWeek,
    }
}

/// What a mark is the first of, as the dimensions that have to tell its cells apart.
fn key(mark: Mark, dimensions: &[Dimension]) -> Result<Vec<Dimension>, String> {
    use Dimension::{A, App, B, Cause, Component, Feature, Release};
    Ok(match mark {
        Mark::FirstAppDay
        | Mark::FirstAppWeek
        | Mark::FirstFatalDay
        | Mark::FirstFatalWeek
        | Mark::FirstSessionDay
        | Mark::FirstBoundedDay => vec![App],
        Mark::FirstReleaseDay | Mark::FirstFatalReleaseDay => vec![App, Release],
        Mark::FirstItemDay | Mark::FirstItemWeek => {
            match (dimensions.contains(&Feature), dimensions.contains(&Cause)) {
                (true, true) => {
                    return Err("a table has features or causes, not both".to_owned());
                }
                (false, true) => vec![App, Cause],
                // A table of neither is refused as coarser than the mark.
                (_, false) => vec![App, Feature],
            }
        }
        Mark::SecondUseDay | Mark::FifthUseDay => vec![App, Feature],
        Mark::FirstCauseReleaseDay => vec![App, Release, Cause],
        Mark::FirstCauseComponentWeek => vec![App, Component, Cause],
        Mark::FirstPairWeek => vec![App, A, B],
    })
}

/// The places of which each mark takes one for itself.
fn places(mark: Mark, dimensions: &[Dimension], bounds: &Bounds) -> Vec<Places> {
    let (day, week) = (&bounds.day, &bounds.week);
    let daily = |room: kaiku_wire::bounds::Room, word| Places {
        period: room.a_day,
        week: room.a_week,
        word,
    };
    let weekly = |places, word| Places {
        period: places,
        week: places,
        word,
    };
    let of_causes = dimensions.contains(&Dimension::Cause);
    match mark {
        Mark::FirstAppDay | Mark::FirstSessionDay | Mark::FirstBoundedDay => {
            vec![daily(day.apps, "apps")]
        }
        Mark::FirstReleaseDay => vec![daily(day.releases, "releases")],
        Mark::FirstItemDay if of_causes => vec![daily(day.causes, "causes")],
        Mark::FirstItemDay | Mark::SecondUseDay | Mark::FifthUseDay => {
            vec![daily(day.features, "features")]
        }
        Mark::FirstCauseReleaseDay => vec![daily(day.release_causes, "causes by release")],
        Mark::FirstFatalDay => vec![
            daily(day.apps, "apps"),
            daily(day.fatals, "fatal failures by release"),
        ],
        Mark::FirstFatalReleaseDay => vec![
            daily(day.releases, "releases"),
            daily(day.fatals, "fatal failures by release"),
        ],
        Mark::FirstAppWeek | Mark::FirstFatalWeek => vec![weekly(week.apps, "apps")],
        Mark::FirstItemWeek if of_causes => vec![weekly(week.causes, "causes")],
        Mark::FirstItemWeek => vec![weekly(week.features, "features")],
        Mark::FirstCauseComponentWeek => {
            vec![weekly(week.component_causes, "causes by component")]
        }
        Mark::FirstPairWeek => vec![weekly(week.pairs(), "pairs of features")],
    }
}

/// The least of the places, for a period and for a week.
fn scarcest(places: &[Places], unit: Unit) -> Sensitivity {
    let least = |of: fn(&Places) -> u32| {
        let place = places.iter().min_by_key(|places| of(places));
        place.map_or((0, ""), |place| (of(place), place.word))
    };
    let (period, word) = least(|places| places.period);
    let (week, week_word) = least(|places| places.week);
    let derivation = match unit {
        Unit::Week => format!("{week} {week_word} a week"),
        Unit::Day if word == week_word => format!("{period} {word} a day, {week} a week"),
        Unit::Day => format!("{period} {word} a day, {week} {week_word} a week"),
    };
    Sensitivity {
        period,
        week,
        derivation,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_wire::BOUNDS;

    use super::*;
    use Dimension::{
        A, App, B, Brand, Cause, Component, Country, Feature, Length, Model, Operator, Release,
    };
    use Unit::{Day, Week};

    #[test]
    fn sensitivities_are_the_places_of_the_books() {
        let cases: [(Mark, Unit, &[Dimension], u32, u32); 19] = [
            (Mark::FirstAppDay, Day, &[App], 4, 16),
            (Mark::FirstAppDay, Day, &[App, Country], 4, 16),
            (Mark::FirstSessionDay, Day, &[App, Length], 4, 16),
            (Mark::FirstBoundedDay, Day, &[App], 4, 16),
            (Mark::FirstReleaseDay, Day, &[App, Release], 6, 20),
            (Mark::FirstFatalReleaseDay, Day, &[App, Release], 2, 8),
            (Mark::FirstFatalDay, Day, &[App], 2, 8),
            (Mark::FirstItemDay, Day, &[App, Feature], 10, 56),
            (Mark::SecondUseDay, Day, &[App, Feature], 10, 56),
            (Mark::FifthUseDay, Day, &[App, Feature], 10, 56),
            (Mark::FirstItemDay, Day, &[App, Cause], 3, 11),
            (
                Mark::FirstCauseReleaseDay,
                Day,
                &[App, Release, Cause],
                4,
                14,
            ),
            (Mark::FirstAppWeek, Week, &[App, Brand, Model], 4, 4),
            (Mark::FirstFatalWeek, Week, &[App, Country, Operator], 4, 4),
            (Mark::FirstItemWeek, Week, &[App, Feature, Model], 15, 15),
            (Mark::FirstItemWeek, Week, &[App, Cause], 5, 5),
            (
                Mark::FirstCauseComponentWeek,
                Week,
                &[App, Component, Cause],
                4,
                4,
            ),
            (Mark::FirstPairWeek, Week, &[App, A, B], 21, 21),
            (Mark::FirstSessionDay, Day, &[App], 4, 16),
        ];
        for (mark, unit, dimensions, period, week) in cases {
            let found = sensitivity(mark, unit, dimensions, &BOUNDS).unwrap();
            assert_eq!(
                (found.period, found.week),
                (period, week),
                "{mark} by {dimensions:?}"
            );
        }
    }

    #[test]
    fn a_mark_is_bounded_by_the_scarcest_of_its_places() {
        let words = |bounds: &Bounds| {
            let found = sensitivity(Mark::FirstFatalDay, Day, &[App], bounds).unwrap();
            (found.period, found.week, found.derivation)
        };
        let mut bounds = BOUNDS;
        let fatals = "2 fatal failures by release a day, 8 a week".to_owned();
        assert_eq!(words(&bounds), (2, 8, fatals));
        bounds.day.apps.a_week = 7;
        let both = "2 fatal failures by release a day, 7 apps a week".to_owned();
        assert_eq!(words(&bounds), (2, 7, both));
        bounds.day.fatals.a_day = 5;
        assert_eq!(words(&bounds), (4, 7, "4 apps a day, 7 a week".to_owned()));
        let pairs = sensitivity(Mark::FirstPairWeek, Week, &[App, A, B], &bounds).unwrap();
        assert_eq!(pairs.derivation, "21 pairs of features a week");
    }

    #[test]
    fn a_mark_that_does_not_fit_its_cells_is_refused() {
        let cases: [(Mark, Unit, &[Dimension], &str); 17] = [
            // The device's first event of the day has one release: not a count of its devices.
            (Mark::FirstAppDay, Day, &[App, Release], "coarser"),
            (Mark::FirstAppDay, Day, &[App, Feature], "coarser"),
            (Mark::FirstAppDay, Day, &[App, Length], "coarser"),
            (Mark::FirstSessionDay, Day, &[App, Release], "coarser"),
            (
                Mark::FirstItemWeek,
                Week,
                &[App, Component, Cause],
                "coarser",
            ),
            (Mark::FirstItemDay, Day, &[App, Release, Cause], "coarser"),
            // A device with two releases, or two features, would count twice in its app.
            (Mark::FirstReleaseDay, Day, &[App], "finer"),
            (Mark::FirstItemDay, Day, &[App, Country], "finer"),
            (Mark::SecondUseDay, Day, &[App, Cause], "finer"),
            (Mark::FirstCauseReleaseDay, Day, &[App, Cause], "finer"),
            (Mark::FirstCauseComponentWeek, Week, &[App, Cause], "finer"),
            (Mark::FirstPairWeek, Week, &[App, A], "finer"),
            (Mark::FirstItemDay, Day, &[App, Feature, Cause], "not both"),
            (Mark::FirstAppWeek, Day, &[App], "of the week"),
            (Mark::FirstAppDay, Day, &[Country], "finer"),
            // Pairs and events are records of two kinds.
            (
                Mark::FirstPairWeek,
                Week,
                &[App, Feature],
                "of pairs or of events",
            ),
            (
                Mark::FirstAppWeek,
                Week,
                &[App, A, B],
                "of pairs or of events",
            ),
        ];
        for (mark, unit, dimensions, words) in cases {
            let reason = sensitivity(mark, unit, dimensions, &BOUNDS).unwrap_err();
            assert!(reason.contains(words), "{mark} by {dimensions:?}: {reason}");
        }
        let split = sensitivity(Mark::FirstPairWeek, Week, &[App, A, B, Country], &BOUNDS);
        assert!(split.unwrap_err().contains("coarser"));
    }
}
