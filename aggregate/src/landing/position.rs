//! Whether a partition may be read on from where its log ends. Pure: it is handed what the topic has.

use crate::error::Error;

/// Where the log of a partition ends, and what the topic has of it.
#[derive(Clone, Debug)]
pub(super) struct Place<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    /// The first offset that is not in the log.
    pub(super) end: i64,
    /// The first offset that the topic still has, and the one behind its last.
    pub(super) held: (i64, i64),
}

impl Place<'_> {
    /// Reads on at the end of the log, or says why that would lose records.
    ///
    /// # Errors
    /// [`Error::Gap`] where the records behind the log are gone, [`Error::Ahead`] where the topic
    /// never had what the log says.
    pub(super) fn check(&self) -> Result<(), Error> {
        let (low, high) = self.held;
        let (topic, partition, end) = (self.topic.to_owned(), self.partition, self.end);
        if end < low {
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
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(end: i64) -> Result<(), Error> {
        let place = Place {
            topic: "events.stripped",
            partition: 3,
            end,
            held: (10, 20),
        };
        place.check()
    }

    #[test]
    fn a_log_that_ends_within_the_topic_is_read_on() {
        for end in [10, 15, 20] {
            assert!(check(end).is_ok(), "{end}");
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
}
