//! The day of a partition: it follows the broker's timestamps, never goes back, and closes by
//! records alone.

use kaiku_wire::Day;

/// The open day of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DayClock {
    open: Option<Day>,
}

/// What a record does to the day of its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Advance {
    /// The day on which the record counts.
    pub(crate) day: Day,
    /// The first of the days that it closes; all up to the eve of `day` close with it.
    pub(crate) closes_from: Option<Day>,
}

impl DayClock {
    /// A clock that stands at this day; `None` where no record has come yet.
    pub(crate) fn at(open: Option<Day>) -> DayClock {
        DayClock { open }
    }

    /// The open day.
    pub(crate) fn open(&self) -> Option<Day> {
        self.open
    }

    /// What a record of `day` would do; the clock stands as it was.
    pub(crate) fn look(&self, day: Day) -> Advance {
        match self.open {
            Some(open) if day > open => Advance {
                day,
                closes_from: Some(open),
            },
            Some(open) => Advance {
                day: open,
                closes_from: None,
            },
            None => Advance {
                day,
                closes_from: None,
            },
        }
    }

    /// Takes a record's day in.
    pub(crate) fn advance(&mut self, to: Advance) {
        self.open = Some(to.day);
    }
}

impl Advance {
    /// Every day that closes, in order.
    pub(crate) fn closes(&self) -> impl Iterator<Item = Day> + use<> {
        let until = self.day;
        let mut next = self.closes_from;
        std::iter::from_fn(move || {
            let day = next.filter(|day| *day < until)?;
            next = Some(day.next());
            Some(day)
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn day(number: i32) -> Day {
        Day::from_days_since_epoch(number).unwrap()
    }

    #[test]
    fn a_later_day_closes_every_day_before_it_once() {
        let mut clock = DayClock::default();
        clock.advance(clock.look(day(100)));
        let advance = clock.look(day(103));
        assert_eq!(
            advance.closes().collect::<Vec<_>>(),
            [day(100), day(101), day(102)]
        );
    }

    #[test]
    fn a_timestamp_that_goes_back_counts_on_the_open_day() {
        let clock = DayClock::at(Some(day(100)));
        assert_eq!(
            clock.look(day(98)),
            Advance {
                day: day(100),
                closes_from: None
            }
        );
    }

    proptest! {
        #[test]
        fn no_day_closes_twice_and_none_is_used_after_it_closed(
            days in prop::collection::vec(0..40_i32, 1..60),
        ) {
            let mut clock = DayClock::default();
            let mut closed = std::collections::BTreeSet::new();
            for number in days {
                let advance = clock.look(day(number));
                for day in advance.closes() {
                    prop_assert!(closed.insert(day));
                }
                prop_assert!(!closed.contains(&advance.day));
                clock.advance(advance);
            }
        }
    }
}
