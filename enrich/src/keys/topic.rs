//! What stands on `enrich.keys`, and how a sealed key goes from it.
//!
//! What destroys a key is that the file which sealed it is gone from every host; without it the
//! record says nothing. It goes all the same. Keys need not stand in the order of their months, so
//! that deleting by position takes only what no needed key stands in front of: the rest is
//! replaced by a tombstone, which compaction follows within `max.compaction.lag.ms`.

use std::collections::BTreeSet;
use std::time::Duration;

use kaiku_broker::{Admin, Cluster, drain};
use kaiku_wire::Month;
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord};

use crate::error::Error;
use crate::read::{NEVER, read_all};

const PATIENCE: Duration = Duration::from_secs(5);

/// One record of the topic.
pub(super) struct Record {
    pub(super) offset: i64,
    /// `None` where its key names no month.
    pub(super) month: Option<Month>,
    /// The month's key, sealed; `None` for a tombstone.
    pub(super) sealed: Option<Vec<u8>>,
}

/// Every record that stands there.
pub(super) fn records(cluster: &Cluster, within: Duration) -> Result<Vec<Record>, Error> {
    let mut records = Vec::new();
    let topic = cluster.topics().keys();
    read_all(cluster, &topic, 0, within, &NEVER, |message| {
        let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
        records.push(Record {
            offset: message.offset(),
            month: key.and_then(|key| Month::parse(key).ok()),
            sealed: message.payload().map(<[u8]>::to_vec),
        });
        Ok(())
    })?;
    Ok(records)
}

/// The months whose sealed key stands there. Behind a tombstone it does no more, though compaction
/// may still be to come.
pub(super) fn standing(records: &[Record]) -> BTreeSet<Month> {
    let months: BTreeSet<Month> = records.iter().filter_map(|record| record.month).collect();
    let standing = months.into_iter();
    standing
        .filter(|month| is_sealed(records, *month))
        .collect()
}

/// Whether the newest record of a month is a sealed key.
fn is_sealed(records: &[Record], month: Month) -> bool {
    let mut newest = records.iter().rev().filter(|one| one.month == Some(month));
    newest.next().is_some_and(|record| record.sealed.is_some())
}

/// Deletes the keys of these months, and no other.
pub(super) fn destroy(
    cluster: &Cluster,
    admin: &Admin,
    records: &[Record],
    months: &BTreeSet<Month>,
) -> Result<(), Error> {
    let topic = cluster.topics().keys();
    let (front, behind) = split(records, months);
    if let Some(last) = front.last() {
        admin
            .delete_records(&topic, 0, last.offset + 1)
            .map_err(Error::broker("deleting the keys of months that are over"))?;
    }
    let buried = buried(behind, months);
    if buried.is_empty() {
        return Ok(());
    }
    let failed = || Error::kafka("writing a tombstone for a key");
    let producer: BaseProducer = cluster
        .client("keys")
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", PATIENCE.as_millis().to_string())
        .create()
        .map_err(failed())?;
    for month in buried {
        let name = month.to_string();
        let tombstone = BaseRecord::<_, ()>::to(&topic).partition(0);
        producer
            .send(tombstone.key(name.as_bytes()))
            .map_err(|(error, _)| failed()(error))?;
    }
    // One that is not sent is sent the next time.
    drain(&producer, PATIENCE);
    Ok(())
}

/// The records in front of the first one that must stay, and the others.
fn split<'a>(records: &'a [Record], months: &BTreeSet<Month>) -> (&'a [Record], &'a [Record]) {
    let goes = |record: &Record| record.month.is_some_and(|month| months.contains(&month));
    let stays = records.iter().position(|record| !goes(record));
    records.split_at(stays.unwrap_or(records.len()))
}

/// Months that are to go and whose newest record is a sealed key.
fn buried(records: &[Record], months: &BTreeSet<Month>) -> Vec<Month> {
    let months = months.iter().copied();
    months.filter(|month| is_sealed(records, *month)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    /// A record for each of these months; `-` in front is a tombstone, `?` names no month. Between
    /// two of them stands the end of a transaction.
    fn log(months: &[&str]) -> Vec<Record> {
        let records = (0..).zip(months).map(|(number, text)| Record {
            offset: number * 2,
            month: Month::parse(text.trim_start_matches('-')).ok(),
            sealed: (!text.starts_with('-')).then(|| vec![1]),
        });
        records.collect()
    }

    /// Up to where it is deleted by position, and what gets a tombstone.
    fn gone(months: &[&str], going: &[&str]) -> (Option<i64>, Vec<Month>) {
        let (records, going) = (log(months), going.iter().copied().map(month).collect());
        let (front, behind) = split(&records, &going);
        (
            front.last().map(|last| last.offset + 1),
            buried(behind, &going),
        )
    }

    #[test]
    fn by_position_goes_only_what_no_needed_key_stands_in_front_of() {
        let in_order = ["2026-10", "2026-11", "2026-12"];
        assert_eq!(gone(&in_order, &["2026-10"]), (Some(1), vec![]));
        assert_eq!(gone(&in_order, &["2026-10", "2026-11"]), (Some(3), vec![]));
        assert_eq!(gone(&in_order, &[]), (None, vec![]));
        assert_eq!(gone(&in_order[1..], &["2026-10"]), (None, vec![]));
        // The first start was late: what it found on the raw topic was of the month before.
        let late = ["2026-12", "2026-11", "2027-01"];
        assert_eq!(gone(&late, &["2026-11"]), (None, vec![month("2026-11")]));
        let both = &["2026-11", "2026-12"];
        assert_eq!(gone(&late, both), (Some(3), vec![]));
    }

    #[test]
    fn a_tombstone_is_written_once_and_a_record_of_no_month_stays() {
        let buried = ["2026-12", "2026-11", "-2026-11"];
        assert_eq!(gone(&buried, &["2026-11"]), (None, vec![]));
        assert_eq!(standing(&log(&buried)), [month("2026-12")].into());
        assert_eq!(
            gone(&["?", "2026-11"], &["2026-11"]),
            (None, vec![month("2026-11")])
        );
    }
}
