//! How far each partition has come with its months: by its newest committed meta record, which is
//! looked for from the end of the state topics backwards. A watermark would not do, for records that
//! were aborted raise it too.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kaiku_broker::{Cluster, Isolation};
use kaiku_wire::Month;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::error::Error;
use crate::state::{META_KEY, Meta, MetaError};

/// Offsets from the end that are looked at first. Each transaction writes a meta record, so that
/// only a long row of aborted ones has more looked at.
const TAIL: i64 = 1_000;
const FURTHER: i64 = 16;
/// The longest that one question may take, and the longest silence.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(100);

/// The newest of these months in which each partition has committed; one that never has is not
/// there.
pub(crate) fn newest_months(
    cluster: &Cluster,
    months: &[Month],
    partitions: i32,
) -> Result<BTreeMap<i32, Month>, Error> {
    let mut newest = BTreeMap::new();
    for month in months.iter().rev() {
        let rest: BTreeSet<i32> = (0..partitions)
            .filter(|partition| !newest.contains_key(partition))
            .collect();
        if rest.is_empty() {
            break;
        }
        let topic = cluster.topics().state(*month);
        let committed = with_meta(cluster, &topic, &rest, Wanted::Any)?;
        newest.extend(committed.into_keys().map(|partition| (partition, *month)));
    }
    Ok(newest)
}

/// The newest meta record that each of these partitions has committed in these months; one that never
/// has is not there.
pub(crate) fn newest_metas(
    cluster: &Cluster,
    months: &[Month],
    partitions: &BTreeSet<i32>,
) -> Result<BTreeMap<i32, Result<Meta, MetaError>>, Error> {
    let mut newest = BTreeMap::new();
    let mut rest = partitions.clone();
    for month in months.iter().rev() {
        if rest.is_empty() {
            break;
        }
        let topic = cluster.topics().state(*month);
        for (partition, value) in with_meta(cluster, &topic, &rest, Wanted::Newest)? {
            rest.remove(&partition);
            newest.insert(partition, Meta::from_bytes(&value));
        }
    }
    Ok(newest)
}

/// Which meta record of a partition is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// One that is committed.
    Any,
    /// The last one.
    Newest,
}

/// A meta record of each of the partitions in which one is committed.
fn with_meta(
    cluster: &Cluster,
    topic: &str,
    partitions: &BTreeSet<i32>,
    wanted: Wanted,
) -> Result<BTreeMap<i32, Vec<u8>>, Error> {
    let failed = || Error::kafka("looking how far the partitions have come with their months");
    let consumer: BaseConsumer = cluster
        .reader("months", Isolation::Committed)
        .set("fetch.wait.max.ms", "50")
        .create()
        .map_err(failed())?;
    let mut ends = BTreeMap::new();
    for partition in partitions {
        let (low, stable) = consumer
            .fetch_watermarks(topic, *partition, PATIENCE)
            .map_err(failed())?;
        if low < stable {
            ends.insert(*partition, (low, stable));
        }
    }
    let (mut found, mut tail) = (BTreeMap::new(), TAIL);
    while !ends.is_empty() {
        let starts = ends.iter().map(|(partition, (low, stable))| {
            let start = Offset::Offset((*low).max(stable - tail));
            ((topic.to_owned(), *partition), start)
        });
        let starts = TopicPartitionList::from_topic_map(&starts.collect()).map_err(failed())?;
        consumer.assign(&starts).map_err(failed())?;
        read_tails(&consumer, &ends, wanted, &mut found).map_err(failed())?;
        ends.retain(|partition, (low, stable)| {
            !found.contains_key(partition) && *low < *stable - tail
        });
        tail = tail.saturating_mul(FURTHER);
    }
    Ok(found)
}

/// Reads to the ends that were seen, and notes where a meta record stands.
fn read_tails(
    consumer: &BaseConsumer,
    ends: &BTreeMap<i32, (i64, i64)>,
    wanted: Wanted,
    found: &mut BTreeMap<i32, Vec<u8>>,
) -> Result<(), KafkaError> {
    let mut open: BTreeSet<i32> = ends.keys().copied().collect();
    let mut heard = Instant::now();
    while !open.is_empty() {
        match consumer.poll(STEP) {
            Some(Ok(message)) => {
                heard = Instant::now();
                let partition = message.partition();
                let value = message.payload();
                if let Some(value) = value.filter(|_| message.key() == Some(META_KEY)) {
                    found.insert(partition, value.to_vec());
                    if wanted == Wanted::Any {
                        open.remove(&partition);
                    }
                }
                if ends
                    .get(&partition)
                    .is_some_and(|(_, end)| message.offset() + 1 >= *end)
                {
                    open.remove(&partition);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                open.remove(&partition);
            }
            Some(Err(error)) if heard.elapsed() >= PATIENCE => return Err(error),
            Some(Err(_)) => {}
            None if heard.elapsed() >= PATIENCE => {
                return Err(KafkaError::MessageConsumption(
                    rdkafka::error::RDKafkaErrorCode::OperationTimedOut,
                ));
            }
            None => {}
        }
    }
    Ok(())
}
