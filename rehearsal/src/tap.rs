//! Reads everything that enrich writes for others, and looks for identifiers in every byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use kaiku_broker::{Cluster, Isolation};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use crate::needles::{Found, Needles};

const STEP: Duration = Duration::from_millis(100);

/// A reader of `events.stripped` and `events.rejected` on a thread of its own.
pub struct Tap {
    thread: JoinHandle<Result<Found>>,
    stop: Arc<AtomicBool>,
    positions: Arc<[AtomicI64]>,
}

impl Tap {
    /// Starts to read both topics from their beginning.
    ///
    /// # Errors
    /// Where there is no consumer or no thread to be had.
    pub fn start(cluster: &Cluster, partitions: i32, needles: Arc<Needles>) -> Result<Tap> {
        let stripped = cluster.topics().stripped();
        let consumer: BaseConsumer = cluster
            .reader("tap", Isolation::Uncommitted)
            // It follows what is written, and ends when it is asked to.
            .set("enable.partition.eof", "false")
            .set("fetch.wait.max.ms", "20")
            .create()
            .context("making a consumer")?;
        let mut list = TopicPartitionList::new();
        for topic in [&stripped, &cluster.topics().rejected()] {
            for partition in 0..partitions {
                list.add_partition_offset(topic, partition, Offset::Beginning)
                    .context("naming the partitions to be read")?;
            }
        }
        consumer
            .assign(&list)
            .context("reading what enrich writes")?;
        let positions: Arc<[AtomicI64]> = (0..partitions).map(|_| AtomicI64::new(0)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            consumer,
            stripped,
            needles,
            stop: Arc::clone(&stop),
            positions: Arc::clone(&positions),
        };
        let thread = std::thread::Builder::new()
            .name("kaiku-tap".into())
            .spawn(move || reader.read())
            .context("starting the thread that looks for identifiers")?;
        Ok(Tap {
            thread,
            stop,
            positions,
        })
    }

    /// The next offset of `events.stripped` to be read in a partition.
    pub fn position(&self, partition: i32) -> i64 {
        let index = usize::try_from(partition).unwrap_or(usize::MAX);
        self.positions
            .get(index)
            .map_or(0, |position| position.load(Ordering::Relaxed))
    }

    /// Reads until nothing more comes, and says what was found.
    ///
    /// # Errors
    /// Where reading failed.
    pub fn finish(self) -> Result<Found> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the search for identifiers ended by a fault"))?
    }
}

struct Reader {
    consumer: BaseConsumer,
    stripped: String,
    needles: Arc<Needles>,
    stop: Arc<AtomicBool>,
    positions: Arc<[AtomicI64]>,
}

impl Reader {
    fn read(&self) -> Result<Found> {
        let mut found = Found::default();
        loop {
            match self.consumer.poll(STEP) {
                Some(message) => {
                    let message = message.context("reading what enrich has written")?;
                    for bytes in [message.key(), message.payload()].into_iter().flatten() {
                        self.needles.look(bytes, &mut found);
                    }
                    if message.topic() == self.stripped {
                        let index = usize::try_from(message.partition()).unwrap_or(usize::MAX);
                        if let Some(position) = self.positions.get(index) {
                            position.store(message.offset() + 1, Ordering::Relaxed);
                        }
                    }
                }
                // When it is asked to stop, everything has been written: an empty poll is the end.
                None if self.stop.load(Ordering::Relaxed) => return Ok(found),
                None => {}
            }
        }
    }
}
