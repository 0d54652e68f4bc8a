//! How much one device can count for: the two books of bounds on which the noise of the release
//! gate rests.
//!
//! Enrich enforces them, the gate derives its sensitivities from them, and they travel with what
//! was counted under them: as [`Bounds::version`] in every stripped record and landing entry, in
//! full in every intent and manifest. `docs/counting.md` says how an event takes its places.

use serde::{Deserialize, Serialize};

/// The bounds of this version of the program.
pub const BOUNDS: Bounds = Bounds {
    version: 2,
    day: DayBook {
        apps: Room::new(4, 16),
        releases: Room::new(6, 20),
        features: Room::new(10, 56),
        causes: Room::new(3, 11),
        release_causes: Room::new(4, 14),
        fatals: Room::new(2, 8),
    },
    week: WeekBook {
        apps: 4,
        features: 15,
        causes: 5,
        component_causes: 4,
        pair_features: 7,
    },
};

/// The version of records that name none: they were counted under one book for day and week.
pub const FIRST_VERSION: u32 = 1;

/// All numbers that bound what one device counts for. A change of any of them is a new version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Which numbers these are; a later version has a higher one.
    pub version: u32,
    /// What a device counts for by its daily marks.
    pub day: DayBook,
    /// What a device counts for by its weekly marks.
    pub week: WeekBook,
}

/// The day book: places for daily marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DayBook {
    /// Apps.
    pub apps: Room,
    /// Pairs of (app, release).
    pub releases: Room,
    /// Pairs of (app, feature).
    pub features: Room,
    /// Pairs of (app, cause).
    pub causes: Room,
    /// Triples of (app, release, cause).
    pub release_causes: Room,
    /// Pairs of (app, release) that failed fatally.
    pub fatals: Room,
}

/// The places of one kind in the day book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Room {
    /// On one UTC day.
    pub a_day: u32,
    /// Over the days of one ISO week, each day's places added up.
    pub a_week: u32,
}

/// The week book: places for weekly marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeekBook {
    /// Apps.
    pub apps: u32,
    /// Pairs of (app, feature).
    pub features: u32,
    /// Pairs of (app, cause).
    pub causes: u32,
    /// Triples of (app, component, cause).
    pub component_causes: u32,
    /// Features that enter into pairs.
    pub pair_features: u32,
}

impl Room {
    const fn new(a_day: u32, a_week: u32) -> Room {
        Room { a_day, a_week }
    }

    /// The most that can have been taken of `a_week` in the first `days` days of a week.
    pub const fn taken_within(self, days: u32) -> u32 {
        let most = self.a_day.saturating_mul(days);
        if most < self.a_week {
            most
        } else {
            self.a_week
        }
    }
}

impl WeekBook {
    /// Pairs of features: every pair of [`WeekBook::pair_features`].
    pub const fn pairs(self) -> u32 {
        self.pair_features * self.pair_features.saturating_sub(1) / 2
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn seven_features_make_twenty_one_pairs() {
        assert_eq!(BOUNDS.week.pairs(), 21);
    }

    #[test]
    fn other_numbers_are_another_version() {
        let versions = [(
            2,
            r#"{"version":2,"day":{"apps":{"a_day":4,"a_week":16},"releases":{"a_day":6,"a_week":20},"features":{"a_day":10,"a_week":56},"causes":{"a_day":3,"a_week":11},"release_causes":{"a_day":4,"a_week":14},"fatals":{"a_day":2,"a_week":8}},"week":{"apps":4,"features":15,"causes":5,"component_causes":4,"pair_features":7}}"#,
        )];
        let (version, text) = versions.into_iter().next_back().unwrap();
        assert_eq!(BOUNDS.version, version);
        assert_eq!(serde_json::to_string(&BOUNDS).unwrap(), text);
    }

    #[test]
    fn a_week_holds_no_more_than_seven_days() {
        let day = BOUNDS.day;
        for room in [
            day.apps,
            day.releases,
            day.features,
            day.causes,
            day.release_causes,
            day.fatals,
        ] {
            assert!(room.a_day <= room.a_week && room.a_week <= 7 * room.a_day);
            assert_eq!(room.taken_within(7), room.a_week);
            assert_eq!(room.taken_within(1), room.a_day);
        }
    }
}
