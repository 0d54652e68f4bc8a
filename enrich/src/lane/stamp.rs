//! The day that a record's time says. Pure: it is handed the clock.

use std::time::Duration;

use kaiku_stage::Standstill;
use kaiku_wire::Day;
use rdkafka::message::Timestamp;

use crate::config::ClockAhead;

/// By what a record's time is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// History is replayed: the producers say when a record was made.
    pub(super) replay: bool,
    /// How far a time may lie ahead of this machine's clock.
    pub(super) grace: Duration,
    /// What becomes of a broker's time that lies further ahead.
    pub(super) clock_ahead: ClockAhead,
    /// This machine's clock, in milliseconds since 1970-01-01 UTC.
    pub(super) now: i64,
    /// The day that is open on the partition.
    pub(super) open: Option<Day>,
}

/// When a record was received, as far as that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) day: Day,
    /// Milliseconds since 1970-01-01 UTC.
    pub(super) millis: i64,
}

impl Rules {
    /// The day and time of a record; `None` where the record must be rejected for it.
    ///
    /// # Errors
    /// Where it must wait: for a broker's clock that runs ahead may be set right, and a day that
    /// was closed by it never opens again.
    pub(super) fn day_of(&self, time: Timestamp) -> Result<Option<Stamp>, Standstill> {
        let millis = match time {
            Timestamp::LogAppendTime(millis) => millis,
            Timestamp::CreateTime(millis) if self.replay => millis,
            Timestamp::CreateTime(_) | Timestamp::NotAvailable => {
                return Err(Standstill::NotLogAppendTime);
            }
        };
        let grace = i64::try_from(self.grace.as_millis()).unwrap_or(i64::MAX);
        if millis <= self.now.saturating_add(grace) {
            let day = Day::from_millis(millis);
            return Ok(Some(Stamp { day, millis }));
        }
        match self.clock_ahead {
            // In a replay it is a producer's time, and one producer's mistake.
            _ if self.replay => Ok(None),
            // Of its day nothing is known but the day: it moves no hour on either.
            ClockAhead::OpenDay => {
                let day = self.open.unwrap_or(Day::from_millis(self.now));
                let millis = day.start_millis();
                Ok(Some(Stamp { day, millis }))
            }
            ClockAhead::Stop => Err(Standstill::BrokerClockAhead),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DAY: i64 = 86_400_000;
    const NOW: i64 = 100 * DAY + 1_000;

    fn rules() -> Rules {
        Rules {
            replay: false,
            grace: Duration::from_secs(300),
            clock_ahead: ClockAhead::Stop,
            now: NOW,
            open: Some(day(99)),
        }
    }

    fn start_of(number: i32) -> Stamp {
        let millis = day(number).start_millis();
        Stamp {
            day: day(number),
            millis,
        }
    }

    fn day(number: i32) -> Day {
        Day::from_days_since_epoch(number).unwrap()
    }

    #[test]
    fn the_brokers_time_is_taken_up_to_the_grace() {
        for ahead in [-DAY, 0, 300_000] {
            let millis = NOW + ahead;
            let found = rules().day_of(Timestamp::LogAppendTime(millis));
            let day = Day::from_millis(millis);
            assert_eq!(found, Ok(Some(Stamp { day, millis })));
        }
    }

    #[test]
    fn a_broker_whose_clock_runs_ahead_is_waited_for_or_counts_on_the_open_day() {
        let ahead = Timestamp::LogAppendTime(NOW + DAY);
        assert_eq!(rules().day_of(ahead), Err(Standstill::BrokerClockAhead));
        let open_day = Rules {
            clock_ahead: ClockAhead::OpenDay,
            ..rules()
        };
        assert_eq!(open_day.day_of(ahead), Ok(Some(start_of(99))));
        let first = Rules {
            open: None,
            ..open_day
        };
        assert_eq!(first.day_of(ahead), Ok(Some(start_of(100))));
    }

    #[test]
    fn a_producers_time_counts_in_a_replay_alone_and_there_a_future_one_is_rejected() {
        let own = Timestamp::CreateTime(NOW);
        assert_eq!(rules().day_of(own), Err(Standstill::NotLogAppendTime));
        let replay = Rules {
            replay: true,
            ..rules()
        };
        let stamp = Stamp {
            day: day(100),
            millis: NOW,
        };
        assert_eq!(replay.day_of(own), Ok(Some(stamp)));
        assert_eq!(replay.day_of(Timestamp::CreateTime(NOW + DAY)), Ok(None));
    }
}
