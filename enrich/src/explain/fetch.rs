//! One record of `events.raw`, read from where it lies.

use std::time::Duration;

use kaiku_broker::{Admin, Cluster};
use kaiku_wire::{Clock, Day};
use rdkafka::Message;
use rdkafka::message::BorrowedMessage;

use super::Given;
use crate::error::Error;
use crate::read::{NEVER, offset_at, read_one};

/// How long the broker may take to send it.
const WITHIN: Duration = Duration::from_secs(20);

/// A record as it lies on `events.raw`. It holds an identifier: nothing prints it.
pub struct Source {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    partition: i32,
    partitions: i32,
    /// The day that its partition had come to with it, as far as what stands before it still tells.
    day: Day,
}

impl Source {
    /// What is to be explained.
    pub fn given(&self) -> Given<'_> {
        Given {
            key: Some(self.key.as_deref()),
            value: self.value.as_deref(),
            partition: Some(self.partition),
            partitions: self.partitions,
            day: self.day,
        }
    }
}

/// Reads the record at an offset of `events.raw`; the inner error says why there is none.
///
/// # Errors
/// Where Kafka does not answer, or does not let this be read.
pub fn fetch(
    cluster: &Cluster,
    partition: i32,
    offset: i64,
) -> Result<Result<Source, String>, Error> {
    let topic = cluster.topics().raw();
    let admin = Admin::connect(cluster).map_err(Error::broker("making a client for questions"))?;
    let partitions = admin
        .partition_count(&topic)
        .map_err(Error::broker("counting the partitions"))?;
    if !(0..partitions).contains(&partition) {
        return Ok(Err(format!(
            "`{topic}` has the partitions 0 to {}",
            partitions - 1
        )));
    }
    let (low, high) = admin
        .watermarks(&topic, partition)
        .map_err(Error::broker("asking where a partition begins and ends"))?;
    if !(low..high).contains(&offset) {
        let there = match low == high {
            true => format!("has no records now; the next one will have the offset {high}"),
            false => format!("has the offsets {low} to {}", high - 1),
        };
        let there = match offset < low {
            true => format!(
                "{there}: what was counted is deleted but for the last `enrich.delete_margin` records, and by \
                 the topic's own retention"
            ),
            false => there,
        };
        return Ok(Err(format!("partition {partition} of `{topic}` {there}")));
    }
    let copy = |message: &BorrowedMessage<'_>| Source {
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        partition,
        partitions,
        day: Day::from_millis(message.timestamp().to_millis().unwrap_or_default()),
    };
    let found = read_one(cluster, &topic, partition, offset, WITHIN, &NEVER, copy)?;
    let Some(mut source) = found else {
        let why = "there is no record at this offset: it is the mark of a transaction's end";
        return Ok(Err(why.to_owned()));
    };
    let today = Clock::system().today();
    source.day = last_day(source.day, today, |day| {
        let first = offset_at(cluster, &topic, partition, day.start_millis())?;
        Ok::<_, Error>(first.is_some_and(|first| first < offset))
    })?;
    Ok(Ok(source))
}

/// The last day from `own` to `today` of which, or of a later one, something stands before a record: a
/// lane never goes back to an earlier day. What `has_come` says of a day it says of each before it.
fn last_day<E>(own: Day, today: Day, has_come: impl Fn(Day) -> Result<bool, E>) -> Result<Day, E> {
    let (mut least, mut most) = (own.days_since_epoch(), today.days_since_epoch());
    while least < most {
        let middle = least + (most - least + 1) / 2;
        let day = Day::from_days_since_epoch(middle).unwrap_or(own);
        if has_come(day)? {
            least = middle;
        } else {
            most = middle - 1;
        }
    }
    Ok(Day::from_days_since_epoch(least).unwrap_or(own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::convert::Infallible;

    use super::*;

    #[test]
    fn a_record_counts_on_the_last_day_that_stands_before_it_or_on_its_own() {
        let day = |text: &str| Day::parse(text).unwrap();
        let (own, today) = (day("2026-11-20"), day("2026-11-30"));
        let come_to = |last: &str| {
            let last = day(last);
            last_day::<Infallible>(own, today, |day| Ok(day <= last)).unwrap()
        };
        assert_eq!(come_to("2026-11-24"), day("2026-11-24"));
        assert_eq!(come_to("2026-11-30"), today);
        assert_eq!(come_to("2026-11-21"), day("2026-11-21"));
        assert_eq!(come_to("2026-11-03"), own, "nothing later stands before it");
        let ahead = today.plus(3);
        let of_ahead = last_day::<Infallible>(ahead, today, |_| Ok(true)).unwrap();
        assert_eq!(of_ahead, ahead);
    }
}
