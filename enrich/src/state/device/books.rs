//! Which books are open on a day of a partition.

use kaiku_wire::{Day, Room};

/// Which books are open, for all devices of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Books {
    /// The day book and the week book.
    Both,
    /// The day book alone: the state was lost on an earlier day of the week. Every device is taken
    /// to have used its places in full on so many days.
    DayAlone {
        /// Days of the week up to the one on which the state was lost.
        full_days: u32,
    },
    /// None: the state was lost on this day.
    Neither,
}

impl Books {
    /// The books of a day, where the state was lost on another or never.
    pub(crate) fn on(day: Day, state_lost: Option<Day>) -> Books {
        match state_lost {
            Some(lost) if lost == day => Books::Neither,
            Some(lost) if lost.week() == day.week() => Books::DayAlone {
                full_days: days_before(lost) + 1,
            },
            _ => Books::Both,
        }
    }

    /// The room of a kind that is left for this week, where what was lost has taken its share.
    pub(super) fn left_of(self, room: Room) -> u32 {
        match self {
            Books::Both => room.a_week,
            Books::DayAlone { full_days } => room.a_week - room.taken_within(full_days),
            Books::Neither => 0,
        }
    }
}

/// Days of the ISO week before this one.
pub(in crate::state) fn days_before(day: Day) -> u32 {
    let before = day.days_since_epoch() - day.week().monday().days_since_epoch();
    // Unwrap safety: no day lies before its week's Monday.
    u32::try_from(before).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    #[test]
    fn a_week_in_which_no_state_was_lost_has_both_books_open() {
        let tuesday = day("2026-11-24");
        assert_eq!(Books::on(tuesday, None), Books::Both);
        assert_eq!(Books::on(tuesday, Some(day("2026-11-22"))), Books::Both);
    }

    #[test]
    fn on_the_day_on_which_state_was_lost_no_book_is_open() {
        let tuesday = day("2026-11-24");
        assert_eq!(Books::on(tuesday, Some(tuesday)), Books::Neither);
    }

    #[test]
    fn for_the_rest_of_the_week_the_days_up_to_that_one_are_taken_as_used_in_full() {
        let (monday, tuesday, sunday) = (day("2026-11-23"), day("2026-11-24"), day("2026-11-29"));
        let after = Books::on(sunday, Some(tuesday));
        assert_eq!(after, Books::DayAlone { full_days: 2 });
        let room = Room {
            a_day: 3,
            a_week: 11,
        };
        assert_eq!(after.left_of(room), 11 - 2 * 3);
        assert_eq!(Books::on(tuesday, Some(monday)).left_of(room), 11 - 3);
        let late = Books::DayAlone { full_days: 6 };
        assert_eq!(
            late.left_of(room),
            0,
            "six days have taken the week's places"
        );
    }
}
