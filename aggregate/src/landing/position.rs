//! Whether a partition may be read on from where its log ends. Pure: it is handed what the topic has.

use crate::error::Error;

/// Where the log of a partition ends, and what the topic has of it.
#[derive(Clone, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    /// The first offset that is not in the log.
    pub(crate) end: i64,
    /// The first offset that the topic still has, and the one behind its last.
    pub(crate) held: (i64, i64),
    /// The record that was landed last is not the one that stands in its place.
    pub(crate) is_other: bool,
}

impl Place<'_> {
    /// Reads on at the end of the log, or says why that would lose records. Where records are lost, and
    /// `accepted` is the offset that an operator was told, gives the offset behind them.
    ///
    /// # Errors
    /// [`Error::Gap`] where the records behind the log are gone, [`Error::Ahead`] where the topic
    /// never had what the log says, and [`Error::Cut`] where it has something else in its place.
    pub(crate) fn check(&self, accepted: Option<i64>) -> Result<Option<i64>, Error> {
        let (low, high) = self.held;
        let (topic, partition, end) = (self.topic.to_owned(), self.partition, self.end);
        if end < low {
            if accepted.is_some_and(|before| low <= before) {
                return Ok(Some(low));
            }
            return Err(Error::Gap {
                topic,
                partition,
                end,
                low,
            });
        }
        if end > high {
            return Err(Error::Ahead {
                topic,
                partition,
                end,
                high,
            });
        }
        if self.is_other {
            if accepted == Some(end) {
                return Ok(Some(end));
            }
            let offset = end - 1;
            return Err(Error::Cut {
                topic,
                partition,
                offset,
                end,
            });
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(end: i64) -> Result<Option<i64>, Error> {
        accepting(end, false, None)
    }

    fn accepting(end: i64, is_other: bool, accepted: Option<i64>) -> Result<Option<i64>, Error> {
        let place = Place {
            topic: "events.stripped",
            partition: 3,
            end,
            held: (10, 20),
            is_other,
        };
        place.check(accepted)
    }

    #[test]
    fn a_log_that_ends_within_the_topic_is_read_on() {
        for end in [10, 15, 20] {
            assert_eq!(check(end).unwrap(), None, "{end}");
        }
    }

    #[test]
    fn records_that_are_gone_or_never_were_stop_the_partition() {
        assert!(matches!(
            check(9),
            Err(Error::Gap {
                end: 9,
                low: 10,
                ..
            })
        ));
        assert!(matches!(
            check(21),
            Err(Error::Ahead {
                end: 21,
                high: 20,
                ..
            })
        ));
    }

    #[test]
    fn lost_records_are_passed_over_where_that_was_said_of_them_and_no_further() {
        assert_eq!(accepting(9, false, Some(10)).unwrap(), Some(10));
        assert!(matches!(
            accepting(9, false, Some(9)),
            Err(Error::Gap { .. })
        ));
        assert!(matches!(accepting(15, true, None), Err(Error::Cut { .. })));
        assert!(matches!(
            accepting(15, true, Some(14)),
            Err(Error::Cut { .. })
        ));
        assert_eq!(accepting(15, true, Some(15)).unwrap(), Some(15));
        // What is accepted is spent where there is nothing to accept.
        assert_eq!(accepting(15, false, Some(15)).unwrap(), None);
        assert!(matches!(
            accepting(21, false, Some(21)),
            Err(Error::Ahead { .. })
        ));
    }
}
