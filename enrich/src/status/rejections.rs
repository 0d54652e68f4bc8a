//! What was rejected today, yesterday and before, by the ends of `events.rejected`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, Isolation, missing_right};
use kaiku_raw::Rejected;
use kaiku_wire::Day;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Error;

/// The most offsets that are read, of all partitions together.
const MOST: i64 = 50_000;
/// The longest that they are read for.
const WITHIN: Duration = Duration::from_secs(8);
/// The longest that one question may take.
const ASK: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(100);

/// What was rejected on two days, and before them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejections {
    /// Yesterday and today, with how many records were rejected for each reason.
    pub days: BTreeMap<Day, BTreeMap<&'static str, u64>>,
    /// The same of earlier days, as far back as was read.
    pub earlier: BTreeMap<&'static str, u64>,
    /// Records of the topic that this version can't read.
    pub unreadable: u64,
    /// Whether there are more of the two days than were read: the counts are the least that there were.
    pub is_cut: bool,
}

/// Counts what was rejected on this day, on the one before, and earlier. Reads no more than the ends of the
/// partitions, and for some seconds at most.
///
/// # Errors
/// Where Kafka does not answer, or does not let this be read.
pub fn rejections(cluster: &Cluster, today: Day) -> Result<Rejections, Error> {
    let admin =
        Admin::impatient(cluster).map_err(Error::broker("making a client for questions"))?;
    let topic = cluster.topics().rejected();
    let partitions = admin
        .partition_count(&topic)
        .map_err(Error::broker("counting the partitions"))?;
    let failed = || Error::kafka("reading what was rejected");
    let consumer: BaseConsumer = cluster
        .reader("status", Isolation::Committed)
        .set("fetch.wait.max.ms", "50")
        .create()
        .map_err(failed())?;
    let mut found = Rejections::of(today);
    let most = (MOST / i64::from(partitions.max(1))).max(1);
    let until = Instant::now() + WITHIN;
    let ends = ends(&consumer, &topic, partitions, today.prev(), most).map_err(failed())?;
    let is_whole = read(&consumer, &topic, ends.newest, until, &mut found).map_err(failed())?;
    found.is_cut = ends.is_cut || !is_whole;
    read(&consumer, &topic, ends.earlier, until, &mut found).map_err(failed())?;
    Ok(found)
}

/// What is read of each partition: from an offset to before another.
type Places = BTreeMap<i32, (i64, i64)>;

/// The ends of the partitions.
#[derive(Default)]
struct Ends {
    /// From the first record of the two days on.
    newest: Places,
    /// Before it.
    earlier: Places,
    /// Whether some of the two days are left out.
    is_cut: bool,
}

/// Of each partition what begins with the first record of a day, and what lies before, `most` offsets of
/// either. Their times are their days, which never go back.
fn ends(
    consumer: &BaseConsumer,
    topic: &str,
    partitions: i32,
    from: Day,
    most: i64,
) -> Result<Ends, KafkaError> {
    let mut times = TopicPartitionList::new();
    for partition in 0..partitions {
        times.add_partition_offset(topic, partition, Offset::Offset(from.start_millis()))?;
    }
    let mut ends = Ends::default();
    for element in consumer.offsets_for_times(times, ASK)?.elements() {
        element.error()?;
        let partition = element.partition();
        let (low, end) = consumer.fetch_watermarks(topic, partition, ASK)?;
        let first = match element.offset() {
            Offset::Offset(first) => first,
            _ => end,
        };
        let newest = first.max(end - most);
        ends.is_cut |= newest > first;
        for (places, begin, end) in [
            (&mut ends.newest, newest, end),
            (&mut ends.earlier, low.max(first - most), first),
        ] {
            if begin < end {
                places.insert(partition, (begin, end));
            }
        }
    }
    Ok(ends)
}

/// Reads these places; whether there was time for all of them.
fn read(
    consumer: &BaseConsumer,
    topic: &str,
    mut places: Places,
    until: Instant,
    found: &mut Rejections,
) -> Result<bool, KafkaError> {
    let mut assignment = TopicPartitionList::new();
    for (partition, (begin, _)) in &places {
        assignment.add_partition_offset(topic, *partition, Offset::Offset(*begin))?;
    }
    consumer.assign(&assignment)?;
    while !places.is_empty() {
        let is_late = Instant::now() >= until;
        match consumer.poll(STEP) {
            Some(Ok(message)) => {
                let (partition, offset) = (message.partition(), message.offset());
                let end = places.get(&partition).map_or(0, |(_, end)| *end);
                if offset < end {
                    found.take(message.payload().unwrap_or_default());
                }
                if offset + 1 >= end {
                    places.remove(&partition);
                }
            }
            // What ends a partition may be the mark of a transaction, which is no record.
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                places.remove(&partition);
            }
            Some(Err(error)) if is_late || missing_right(&error).is_some() => return Err(error),
            Some(Err(_)) | None => {}
        }
        if is_late {
            break;
        }
    }
    Ok(places.is_empty())
}

impl Rejections {
    /// Nothing that was rejected on a day, and on the one before.
    fn of(today: Day) -> Rejections {
        Rejections {
            days: [today.prev(), today]
                .map(|day| (day, BTreeMap::new()))
                .into(),
            earlier: BTreeMap::new(),
            unreadable: 0,
            is_cut: false,
        }
    }

    fn take(&mut self, record: &[u8]) {
        let Ok(rejected) = Rejected::decode(record) else {
            self.unreadable += 1;
            return;
        };
        let is_earlier = self.days.keys().all(|day| rejected.day < *day);
        let reasons = match self.days.get_mut(&rejected.day) {
            Some(reasons) => Some(reasons),
            None => is_earlier.then_some(&mut self.earlier),
        };
        if let Some(reasons) = reasons {
            let count = reasons.entry(rejected.reason.as_str()).or_default();
            *count = count.saturating_add(rejected.count);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_raw::{Reason, RejectedEncoder};

    use super::*;

    #[test]
    fn two_days_are_summed_by_reason_and_what_came_before_them_together() {
        let today = Day::parse("2026-11-30").unwrap();
        let mut found = Rejections::of(today);
        let mut encoder = RejectedEncoder::new(None);
        for (day, reason, count) in [
            (today, Reason::NoConsent, 2),
            (today, Reason::NoConsent, 3),
            (today.prev(), Reason::NotAvro, 1),
            (today.minus(2), Reason::NotAvro, 9),
            (today.minus(40), Reason::NotAvro, 1),
            (today.next(), Reason::NotAvro, 7),
        ] {
            let mut record = Vec::new();
            let rejected = Rejected { day, reason, count };
            encoder.encode(&rejected, &mut record).unwrap();
            found.take(&record);
        }
        found.take(b"no such record");
        assert_eq!(found.days[&today], BTreeMap::from([("no_consent", 5)]));
        assert_eq!(found.days[&today.prev()], BTreeMap::from([("not_avro", 1)]));
        assert_eq!(found.earlier, BTreeMap::from([("not_avro", 10)]));
        assert_eq!((found.days.len(), found.unreadable), (2, 1));
    }
}
