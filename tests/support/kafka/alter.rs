//! What an operator may do to topics and groups: settings, more partitions, offsets deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::executor::block_on;
use kaiku_broker::Cluster;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, ConfigSource, NewPartitions, ResourceSpecifier,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

fn admin(kafka: &Cluster) -> AdminClient<DefaultClientContext> {
    kafka.client("test-admin").create().unwrap()
}

fn limits() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)))
}

/// Sets these settings of a topic; the others stay.
pub(crate) fn alter_topic(kafka: &Cluster, topic: &str, settings: &[(&str, &str)]) {
    let (admin, of) = (admin(kafka), ResourceSpecifier::Topic(topic));
    let found = block_on(admin.describe_configs([&of], &limits())).unwrap();
    let found = found.into_iter().next().unwrap().unwrap();
    // Kafka takes all of a topic's own settings at once.
    let own = found
        .entries
        .iter()
        .filter(|entry| entry.source == ConfigSource::DynamicTopic);
    let own = own.filter_map(|entry| Some((entry.name.as_str(), entry.value.as_deref()?)));
    let all: BTreeMap<&str, &str> = own.chain(settings.iter().copied()).collect();
    let mut config = AlterConfig::new(of);
    for (name, value) in all {
        config = config.set(name, value);
    }
    let altered = block_on(admin.alter_configs([&config], &limits())).unwrap();
    assert!(altered.iter().all(Result::is_ok), "{altered:?}");
}

/// Gives a topic more partitions.
pub(crate) fn add_partitions(kafka: &Cluster, topic: &str, partitions: usize) {
    let more = NewPartitions::new(topic, partitions);
    let made = block_on(admin(kafka).create_partitions([&more], &limits())).unwrap();
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

/// Deletes a group with its offsets, as if they had expired. It must have no member.
pub(crate) fn delete_group(kafka: &Cluster, group: &str) {
    let start = std::time::Instant::now();
    loop {
        let deleted = block_on(admin(kafka).delete_groups(&[group], &limits())).unwrap();
        if deleted.iter().all(Result::is_ok) {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{deleted:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Commits an offset of `events.raw` for a group that has no member.
pub(crate) fn set_offset(kafka: &Cluster, group: &str, partition: i32, offset: i64) {
    let consumer: BaseConsumer = kafka
        .client("test-admin")
        .set("group.id", group)
        .create()
        .unwrap();
    let mut offsets = TopicPartitionList::new();
    offsets
        .add_partition_offset(&kafka.topics().raw(), partition, Offset::Offset(offset))
        .unwrap();
    let start = std::time::Instant::now();
    // Until the group has seen its last member go.
    while let Err(error) = consumer.commit(&offsets, CommitMode::Sync) {
        assert!(start.elapsed() < Duration::from_secs(30), "{error}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
