//! Watches the committed offsets of a group while a test runs: none may ever go back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use kaiku_broker::Cluster;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, Consumer};

const EVERY: Duration = Duration::from_millis(100);

/// A thread that looks ten times a second.
pub(crate) struct OffsetWatch {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

/// What it has seen.
#[derive(Debug, Default)]
struct Seen {
    looks: u64,
    newest: BTreeMap<i32, i64>,
    /// Partition, offset, and the lower one that was seen after it.
    back: Vec<(i32, i64, i64)>,
}

impl OffsetWatch {
    pub(crate) fn over(kafka: &Cluster, group: &str, partitions: i32) -> OffsetWatch {
        let consumer = consumer(kafka, group);
        let mut all = TopicPartitionList::new();
        all.add_partition_range(&kafka.topics().raw(), 0, partitions - 1);
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut seen = Seen::default();
            while !stop.load(Ordering::Relaxed) {
                seen.look(&consumer, &all);
                thread::sleep(EVERY);
            }
            seen
        });
        OffsetWatch {
            over,
            thread: Some(thread),
        }
    }

    /// Ends it; no offset may have gone back. Gives how often it looked.
    pub(crate) fn assert_never_back(mut self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        let seen = self.thread.take().unwrap().join().unwrap();
        assert!(seen.looks > 0, "the group's offsets could be seen");
        assert_eq!(seen.back, Vec::new(), "a committed offset went back");
        seen.looks
    }
}

impl Drop for OffsetWatch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

impl Seen {
    fn look(&mut self, consumer: &BaseConsumer, all: &TopicPartitionList) {
        // While a broker is away there is nothing to see.
        let Ok(now) = consumer.committed_offsets(all.clone(), Duration::from_secs(2)) else {
            return;
        };
        self.looks += 1;
        for element in now.elements() {
            let Some(offset) = element.offset().to_raw().filter(|offset| *offset >= 0) else {
                continue;
            };
            let newest = self.newest.entry(element.partition()).or_default();
            if offset < *newest {
                self.back.push((element.partition(), *newest, offset));
            }
            *newest = offset;
        }
    }
}

/// A consumer that asks for a group's offsets and is no member of it.
fn consumer(kafka: &Cluster, group: &str) -> BaseConsumer {
    kafka
        .client("test-watch")
        .set("group.id", group)
        .set("isolation.level", "read_uncommitted")
        .create()
        .unwrap()
}
