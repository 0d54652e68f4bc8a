//! The marks of first use: the one list of them. Enrich sets them, aggregate sums them, a policy
//! names them; a sum of marks is an exact count of distinct devices, with no identifier behind it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One mark. Its number is that of its bit in a set of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u16)]
pub enum Mark {
    /// The device's first event of the app on this day.
    FirstAppDay = 0,
    /// The device's first event of the app in this ISO week.
    FirstAppWeek = 1,
    /// The device's first event of the app's release on this day.
    FirstReleaseDay = 2,
    /// The device's first event of the item on this day.
    FirstItemDay = 3,
    /// The device's first event of the item in this ISO week.
    FirstItemWeek = 4,
    /// The device's second use of the feature on this day lies in this event.
    SecondUseDay = 5,
    /// The device's fifth use of the feature on this day lies in this event.
    FifthUseDay = 6,
    /// The device's first fatal failure of the app on this day.
    FirstFatalDay = 7,
    /// The device's first fatal failure of the app's release on this day.
    FirstFatalReleaseDay = 8,
    /// The device's first fatal failure of the app in this ISO week.
    FirstFatalWeek = 9,
    /// The device's first session of the app on this day; its event has the session's length.
    FirstSessionDay = 10,
    /// The device's first failure by this cause in the app's release on this day.
    FirstCauseReleaseDay = 11,
    /// The device's first failure by this cause in the app's component in this ISO week.
    FirstCauseComponentWeek = 12,
    /// The first event of the app on this day that found no place for a daily mark.
    FirstBoundedDay = 13,
    /// The first time in this ISO week that the device has used both features: the mark of every
    /// pair of `StrippedPairs`, and of no event.
    FirstPairWeek = 14,
}

impl Mark {
    /// How many marks there are.
    pub const COUNT: usize = 15;

    /// Every mark: those of events in the order of the bits of `StrippedEvents`, then that of
    /// pairs.
    pub const ALL: [Mark; Mark::COUNT] = [
        Mark::FirstAppDay,
        Mark::FirstAppWeek,
        Mark::FirstReleaseDay,
        Mark::FirstItemDay,
        Mark::FirstItemWeek,
        Mark::SecondUseDay,
        Mark::FifthUseDay,
        Mark::FirstFatalDay,
        Mark::FirstFatalReleaseDay,
        Mark::FirstFatalWeek,
        Mark::FirstSessionDay,
        Mark::FirstCauseReleaseDay,
        Mark::FirstCauseComponentWeek,
        Mark::FirstBoundedDay,
        Mark::FirstPairWeek,
    ];

    /// The marks that events bear, in the order of the bits of `StrippedEvents`.
    pub fn of_events() -> impl Iterator<Item = Mark> {
        Mark::ALL
            .into_iter()
            .filter(|mark| *mark != Mark::FirstPairWeek)
    }

    /// Its name: the field of a stripped event, the column of a landing object, the word in a
    /// policy file.
    pub fn as_str(self) -> &'static str {
        match self {
            Mark::FirstAppDay => "first_app_day",
            Mark::FirstAppWeek => "first_app_week",
            Mark::FirstReleaseDay => "first_release_day",
            Mark::FirstItemDay => "first_item_day",
            Mark::FirstItemWeek => "first_item_week",
            Mark::SecondUseDay => "second_use_day",
            Mark::FifthUseDay => "fifth_use_day",
            Mark::FirstFatalDay => "first_fatal_day",
            Mark::FirstFatalReleaseDay => "first_fatal_release_day",
            Mark::FirstFatalWeek => "first_fatal_week",
            Mark::FirstSessionDay => "first_session_day",
            Mark::FirstCauseReleaseDay => "first_cause_release_day",
            Mark::FirstCauseComponentWeek => "first_cause_component_week",
            Mark::FirstBoundedDay => "first_bounded_day",
            Mark::FirstPairWeek => "first_pair_week",
        }
    }

    /// Its place in [`Mark::ALL`].
    pub fn index(self) -> usize {
        usize::from(self as u16)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Mark;

    #[test]
    fn each_mark_stands_at_its_own_place_in_the_list() {
        for (place, mark) in Mark::ALL.into_iter().enumerate() {
            assert_eq!(mark.index(), place, "{mark}");
        }
    }

    #[test]
    fn the_bits_of_the_stripped_schema_are_the_marks_in_their_order() {
        let marks: Vec<_> = Mark::of_events().map(Mark::as_str).collect();
        let said = format!("from the lowest: {}.", marks.join(", "));
        let text = crate::contract::STRIPPED_EVENTS.text;
        assert!(text.contains(&said), "{said}");
    }
}
