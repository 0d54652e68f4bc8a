//! How far a group has come on events.raw, by the offsets that it has committed.

use std::time::Duration;

use anyhow::{Context, Result};
use kaiku_broker::{Admin, Cluster};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

/// The longest that one question may take.
const ASK: Duration = Duration::from_secs(10);

/// What a group has to commit: every record that stood on events.raw when this was made, those of
/// open transactions included.
pub struct Lag {
    consumer: BaseConsumer,
    partitions: TopicPartitionList,
    /// For each partition, the offset behind its last record.
    ends: Vec<i64>,
}

impl Lag {
    /// Asks where the partitions end now.
    ///
    /// # Errors
    /// Brokers that don't answer.
    pub fn of(cluster: &Cluster, group: &str, partitions: i32) -> Result<Lag> {
        let raw = cluster.topics().raw();
        let admin = Admin::connect(cluster)?;
        let mut list = TopicPartitionList::new();
        let mut ends = Vec::new();
        for partition in 0..partitions {
            list.add_partition(&raw, partition);
            ends.push(admin.watermarks(&raw, partition)?.1);
        }
        let consumer = cluster
            .client("bench")
            .set("group.id", group)
            .create()
            .context("making a consumer that asks for offsets")?;
        Ok(Lag {
            consumer,
            partitions: list,
            ends,
        })
    }

    /// How many records are not committed yet; `None` where the brokers do not say at this moment: right
    /// behind a commit they may have no stable offset to show.
    pub fn behind(&self) -> Option<u64> {
        let committed = self
            .consumer
            .committed_offsets(self.partitions.clone(), ASK)
            .ok()?;
        let elements = committed.elements();
        let behind = elements.iter().map(|one| {
            let end = usize::try_from(one.partition())
                .ok()
                .and_then(|partition| self.ends.get(partition).copied());
            let at = match one.offset() {
                Offset::Offset(offset) => offset,
                _ => 0,
            };
            end.map_or(0, |end| u64::try_from(end - at).unwrap_or(0))
        });
        Some(behind.sum())
    }
}
