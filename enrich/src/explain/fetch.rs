//! One record of `events.raw`, read from where it lies.

use std::time::Duration;

use kaiku_broker::{Admin, Cluster};
use kaiku_wire::Day;
use rdkafka::Message;

use super::Given;
use crate::error::Error;
use crate::read::{NEVER, read_one};

/// How long the broker may take to send it.
const WITHIN: Duration = Duration::from_secs(20);

/// A record as it lies on `events.raw`. It holds an identifier: nothing prints it.
pub struct Source {
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    partition: i32,
    partitions: i32,
    /// The day of its time.
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
        return Ok(Err(format!("partition {partition} of `{topic}` {there}")));
    }
    let found = read_one(
        cluster,
        &topic,
        partition,
        offset,
        WITHIN,
        &NEVER,
        |message| Source {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            partition,
            partitions,
            day: Day::from_millis(message.timestamp().to_millis().unwrap_or_default()),
        },
    )?;
    Ok(found.ok_or_else(|| {
        "there is no record at this offset: it is the mark of a transaction's end".to_owned()
    }))
}
