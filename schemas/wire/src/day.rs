//! Coarse time as a type: behind the strip nothing finer than a [`Day`] can be written down.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds of one day.
const DAY_MS: i64 = 86_400_000;

/// 1970-01-01 as chrono counts days.
const EPOCH_FROM_CE: i32 = 719_163;

/// A UTC day, in days since 1970-01-01. Its text is `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// An ISO week, named by its Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Week(Day);

/// A calendar month, in months since January of year 0. Its text is `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// A text or number that is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the form YYYY-MM-DD")]
pub struct DayError;

impl Day {
    /// The first day that is accepted, 1970-01-01.
    pub const MIN: Day = Day(0);
    /// The last day that is accepted, 9999-12-31.
    pub const MAX: Day = Day(2_932_896);

    /// The day of a Unix timestamp in milliseconds, clamped to [`Day::MIN`] ..= [`Day::MAX`].
    pub fn from_millis(millis: i64) -> Day {
        let days = millis.div_euclid(DAY_MS).clamp(0, i64::from(Day::MAX.0));
        // Unwrap safety: clamped to the range of i32 above.
        Day(i32::try_from(days).unwrap_or(0))
    }

    /// The day that lies `days` after 1970-01-01, as Avro's logical type `date` has it.
    ///
    /// # Errors
    /// Where the number lies outside of [`Day::MIN`] ..= [`Day::MAX`].
    pub fn from_days_since_epoch(days: i32) -> Result<Day, DayError> {
        if (0..=Day::MAX.0).contains(&days) {
            Ok(Day(days))
        } else {
            Err(DayError)
        }
    }

    /// The day of a calendar date.
    ///
    /// # Errors
    /// Where there is no such date, or it lies outside of the accepted range.
    pub fn from_ymd(year: i32, month: u32, day: u32) -> Result<Day, DayError> {
        let date = NaiveDate::from_ymd_opt(year, month, day).ok_or(DayError)?;
        Day::from_days_since_epoch(date.num_days_from_ce() - EPOCH_FROM_CE)
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Where the text has another form or names no date.
    pub fn parse(text: &str) -> Result<Day, DayError> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
            return Err(DayError);
        }
        let number = |range: std::ops::Range<usize>| -> Result<u32, DayError> {
            let digits = text.get(range).ok_or(DayError)?;
            if !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(DayError);
            }
            digits.parse().map_err(|_| DayError)
        };
        let year = i32::try_from(number(0..4)?).map_err(|_| DayError)?;
        Day::from_ymd(year, number(5..7)?, number(8..10)?)
    }

    /// Days since 1970-01-01, as Avro's logical type `date` and Arrow's `Date32` have it.
    pub fn days_since_epoch(self) -> i32 {
        self.0
    }

    /// Milliseconds since 1970-01-01 of the first moment of this day.
    pub fn start_millis(self) -> i64 {
        i64::from(self.0) * DAY_MS
    }

    /// The day after this one.
    pub fn next(self) -> Day {
        self.plus(1)
    }

    /// The day before this one.
    pub fn prev(self) -> Day {
        self.minus(1)
    }

    /// The day that lies `days` later, at most [`Day::MAX`].
    pub fn plus(self, days: u32) -> Day {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        Day(self.0.saturating_add(days).min(Day::MAX.0))
    }

    /// The day that lies `days` earlier, at least [`Day::MIN`].
    pub fn minus(self, days: u32) -> Day {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        Day(self.0.saturating_sub(days).max(Day::MIN.0))
    }

    /// The ISO week of this day.
    pub fn week(self) -> Week {
        // 1970-01-01 was a Thursday, three days after its Monday.
        Week(Day(self.0 - (self.0 + 3).rem_euclid(7)))
    }

    /// The calendar month of this day.
    pub fn month(self) -> Month {
        let date = self.date();
        // Unwrap safety: month0 is 0 to 11.
        Month(date.year() * 12 + i32::try_from(date.month0()).unwrap_or(0))
    }

    fn date(self) -> NaiveDate {
        // Unwrap safety: the range of `Day` is within that of `NaiveDate`.
        NaiveDate::from_num_days_from_ce_opt(self.0 + EPOCH_FROM_CE).unwrap_or_default()
    }
}

impl Week {
    /// The week that begins on this Monday.
    ///
    /// # Errors
    /// Where the day is no Monday.
    pub fn from_monday(day: Day) -> Result<Week, DayError> {
        if day.week().0 == day {
            Ok(Week(day))
        } else {
            Err(DayError)
        }
    }

    /// The Monday of this week. For the week of 1970-01-01 that is 1969-12-29.
    pub fn monday(self) -> Day {
        self.0
    }

    /// The Sunday of this week.
    pub fn sunday(self) -> Day {
        self.0.plus(6)
    }
}

impl Month {
    /// Reads `YYYY-MM`.
    ///
    /// # Errors
    /// Where the text has another form or names no month.
    pub fn parse(text: &str) -> Result<Month, DayError> {
        Day::parse(&format!("{text}-01")).map(Day::month)
    }

    /// The month before this one.
    pub fn prev(self) -> Month {
        Month(self.0 - 1)
    }

    /// The month after this one.
    pub fn next(self) -> Month {
        Month(self.0 + 1)
    }

    /// The first day of this month.
    pub fn first_day(self) -> Day {
        let month = u32::try_from(self.0.rem_euclid(12)).unwrap_or(0) + 1;
        Day::from_ymd(self.0.div_euclid(12), month, 1).unwrap_or(Day::MIN)
    }

    /// Months since January of year 0: a number for encodings.
    pub fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date().fmt(f)
    }
}

impl fmt::Display for Week {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Day, DayError> {
        Day::parse(text)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Day::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_read_and_written_in_the_iso_form() {
        let day = Day::parse("2026-11-24").unwrap();
        assert_eq!(day.to_string(), "2026-11-24");
        assert_eq!(Day::from_millis(1_795_478_400_000), day);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "2026-2-30",
            "2026-02-30",
            "2026/02/03",
            "+026-01-01",
            "2026-01-011",
        ] {
            assert_eq!(Day::parse(text), Err(DayError), "{text}");
        }
    }

    #[test]
    fn the_week_of_a_day_begins_on_its_monday() {
        let tuesday = Day::parse("2026-11-24").unwrap();
        assert_eq!(tuesday.week().to_string(), "2026-11-23");
        assert_eq!(
            Day::parse("2026-11-23")
                .unwrap()
                .week()
                .monday()
                .to_string(),
            "2026-11-23"
        );
        assert_eq!(tuesday.week().sunday().to_string(), "2026-11-29");
    }

    #[test]
    fn months_turn_with_the_year() {
        let december = Day::parse("2026-12-31").unwrap().month();
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.next().to_string(), "2027-01");
        assert_eq!(december.next().prev(), december);
        assert_eq!(december.first_day().to_string(), "2026-12-01");
    }

    proptest! {
        #[test]
        fn text_and_day_are_one_to_one(days in 0..=Day::MAX.0) {
            let day = Day::from_days_since_epoch(days).unwrap();
            prop_assert_eq!(Day::parse(&day.to_string()).unwrap(), day);
            prop_assert_eq!(Day::from_millis(day.start_millis()), day);
            prop_assert!(day.week().0 <= day);
            prop_assert!(day.0 - day.week().0.0 < 7);
        }
    }
}
