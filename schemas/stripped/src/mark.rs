//! The marks of first use: their sums are exact counts of distinct devices, with no identifier
//! behind them.

/// One mark. Its number is that of its bit in [`Marks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
}

impl Mark {
    /// Every mark, in the order of the schema's fields.
    pub const ALL: [Mark; 10] = [
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
    ];

    /// The name of the schema's field.
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
        }
    }
}

/// Which firsts an event is for the device that it came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Marks(u16);

impl Marks {
    /// Whether the mark is set.
    pub fn has(self, mark: Mark) -> bool {
        self.0 & (1 << mark as u16) != 0
    }

    /// Sets the mark where `on`; else leaves it as it is.
    pub fn set(&mut self, mark: Mark, on: bool) {
        self.0 |= u16::from(on) << mark as u16;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_is_set_alone() {
        for mark in Mark::ALL {
            let mut marks = Marks::default();
            marks.set(mark, true);
            marks.set(Mark::FirstAppDay, false);
            for other in Mark::ALL {
                assert_eq!(marks.has(other), other == mark);
            }
        }
    }
}
