//! How many new identifiers each app has brought in the present hour: a guard against faked ones.

use kaiku_wire::Day;
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 3_600_000;

/// How many identifiers without a state have entered the counts in one hour. It stands in the meta
/// record, so that a restart or a replay lets the same ones in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Arrivals {
    /// The hour, in hours since 1970-01-01 UTC, by the records' Kafka time. It never goes back.
    hour: i64,
    /// The keys of the apps, and how many identifiers came with an upload of each.
    apps: Vec<(u64, u32)>,
}

impl Arrivals {
    /// Lets a new identifier in, with an upload of an app that counts on `day` and was received at
    /// `millis`; false where `most` have come already.
    pub(crate) fn enter(&mut self, app: u64, day: Day, millis: i64, most: u32) -> bool {
        let hour = hour_of(day, millis);
        if hour > self.hour {
            self.hour = hour;
            self.apps.clear();
        }
        let of_app = self.apps.iter().position(|(one, _)| *one == app);
        let of_app = of_app.unwrap_or_else(|| {
            self.apps.push((app, 0));
            self.apps.len() - 1
        });
        let (_, come) = &mut self.apps[of_app];
        let enters = *come < most;
        *come += u32::from(enters);
        enters
    }

    /// Whether nobody has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.apps.is_empty()
    }
}

/// The hour of a record's time, within the day on which the record counts.
fn hour_of(day: Day, millis: i64) -> i64 {
    let first = day.start_millis() / HOUR_MS;
    (millis.div_euclid(HOUR_MS)).clamp(first, first + 23)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const MOST: u32 = 2;

    fn day() -> Day {
        Day::from_ymd(2026, 11, 24).unwrap()
    }

    fn enter(arrivals: &mut Arrivals, app: u64, hour: i64) -> bool {
        let millis = day().start_millis() + hour * HOUR_MS + 1;
        arrivals.enter(app, day(), millis, MOST)
    }

    #[test]
    fn each_app_lets_so_many_in_each_hour() {
        let mut arrivals = Arrivals::default();
        let in_turn = [(1, 9), (1, 9), (1, 9), (2, 9), (1, 10), (1, 10), (1, 10)];
        let entered = in_turn.map(|(app, hour)| enter(&mut arrivals, app, hour));
        assert_eq!(entered, [true, true, false, true, true, true, false]);
    }

    #[test]
    fn an_hour_that_has_passed_does_not_come_again() {
        let mut arrivals = Arrivals::default();
        let entered = [10, 9, 8, 10].map(|hour| enter(&mut arrivals, 1, hour));
        assert_eq!(entered, [true, true, false, false]);
    }

    #[test]
    fn a_time_beyond_the_day_on_which_it_counts_is_that_of_the_days_own_hours() {
        let mut arrivals = Arrivals::default();
        assert!(enter(&mut arrivals, 1, 40));
        assert!(enter(&mut arrivals, 1, 23));
        assert!(!enter(&mut arrivals, 1, 23));
        let tomorrow = day().next();
        let late = day().start_millis();
        assert!(arrivals.enter(1, tomorrow, late, MOST));
    }

    #[test]
    fn what_was_written_lets_no_more_in_than_before() {
        let mut arrivals = Arrivals::default();
        enter(&mut arrivals, u64::MAX, 9);
        enter(&mut arrivals, u64::MAX, 9);
        let text = serde_json::to_string(&arrivals).unwrap();
        let mut read: Arrivals = serde_json::from_str(&text).unwrap();
        assert_eq!(read, arrivals);
        assert!(!enter(&mut read, u64::MAX, 9));
    }
}
