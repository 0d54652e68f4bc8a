//! What a partition has to remember beside its devices: what it was told to go on without, and who
//! came new in this hour.

use kaiku_stripped::DayClosed;
use kaiku_wire::{Day, Incident, Incidents};

use super::arrivals::Arrivals;
use super::device::Books;
use crate::day::Advance;

/// What a partition remembers from one transaction to the next, beside its devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// The day on which the lane was told to go on without the state of its devices; until the week
    /// of that day is over.
    pub(crate) state_lost: Option<Day>,
    /// The lane was told to go on though raw records were gone, and has not said so yet.
    pub(crate) raw_lost: bool,
    /// The next record is the first one behind raw records that were lost.
    pub(crate) behind_gap: bool,
    /// Who came new in this hour.
    pub(crate) arrivals: Arrivals,
}

impl Notes {
    /// Which books are open on a day.
    pub(crate) fn books(&self, day: Day) -> Books {
        Books::on(day, self.state_lost)
    }

    /// The days that close, each with what happened on it.
    ///
    /// Where it is the first record behind raw records that were lost, some of its own day may be lost
    /// too, and that day says so when it closes.
    pub(crate) fn close(&mut self, advance: &Advance) -> Vec<DayClosed> {
        let close = |day| {
            let mut incidents = Incidents::default();
            if self.raw_lost {
                incidents.add(Incident::RawLost);
            }
            if self.state_lost == Some(day) {
                incidents.add(Incident::StateLost);
            }
            DayClosed { day, incidents }
        };
        let closed: Vec<_> = advance.closes().map(close).collect();
        self.raw_lost &= closed.is_empty() || self.behind_gap;
        self.state_lost = self
            .state_lost
            .filter(|lost| lost.week() == advance.day.week());
        closed
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::day::DayClock;

    fn day(number: u32) -> Day {
        Day::from_ymd(2026, 11, number).unwrap()
    }

    /// Closes from one day to another.
    fn close(notes: &mut Notes, from: u32, to: u32, behind_gap: bool) -> Vec<(Day, Vec<Incident>)> {
        let advance = DayClock::at(Some(day(from))).look(day(to));
        notes.behind_gap = behind_gap;
        let closed = notes.close(&advance).into_iter();
        notes.behind_gap = false;
        closed
            .map(|one| (one.day, one.incidents.iter().collect()))
            .collect()
    }

    #[test]
    fn the_day_on_which_state_was_lost_says_so_and_no_other() {
        let mut notes = Notes {
            state_lost: Some(day(24)),
            ..Notes::default()
        };
        let closed = close(&mut notes, 24, 26, false);
        let expected = [(day(24), vec![Incident::StateLost]), (day(25), vec![])];
        assert_eq!(closed, expected);
        assert_eq!(notes.state_lost, Some(day(24)), "the week is not over");
        close(&mut notes, 26, 30, false);
        assert_eq!(notes, Notes::default());
    }

    #[test]
    fn the_next_day_that_closes_says_that_raw_records_were_lost() {
        let mut notes = Notes {
            raw_lost: true,
            ..Notes::default()
        };
        let closed = close(&mut notes, 24, 25, false);
        assert_eq!(closed, [(day(24), vec![Incident::RawLost])]);
        assert_eq!(close(&mut notes, 25, 26, false), [(day(25), vec![])]);
    }

    #[test]
    fn where_the_lost_records_reach_over_several_days_each_of_them_says_so() {
        let mut notes = Notes {
            raw_lost: true,
            ..Notes::default()
        };
        let lost = |number| (day(number), vec![Incident::RawLost]);
        assert_eq!(close(&mut notes, 24, 26, true), [lost(24), lost(25)]);
        assert_eq!(close(&mut notes, 26, 27, false), [lost(26)]);
        assert!(!notes.raw_lost);
    }

    #[test]
    fn a_partition_whose_first_day_begins_closes_none_and_still_has_to_say_what_was_lost() {
        let mut notes = Notes {
            raw_lost: true,
            ..Notes::default()
        };
        let advance = DayClock::default().look(day(24));
        assert!(notes.close(&advance).is_empty());
        assert!(notes.raw_lost);
    }
}
