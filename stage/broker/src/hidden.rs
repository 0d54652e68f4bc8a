//! For how long an open transaction has hidden what stands behind it in a partition.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;

use crate::cluster::{Cluster, Isolation};
use crate::error::Error;
use crate::watermarks::watermarks;

/// Watches the last stable offsets of a topic's partitions. A transaction that is open for longer than
/// any should be is a hanging one: nobody reads past it.
pub struct Hidden {
    client: BaseConsumer,
    topic: String,
    /// Where the last stable offset of a partition lies behind its end, and since when it does.
    stands: HashMap<i32, (i64, Instant)>,
}

impl Hidden {
    /// Of a topic of which nothing was looked at yet.
    ///
    /// # Errors
    /// [`Error::Client`] where librdkafka makes none.
    pub fn of(cluster: &Cluster, topic: &str) -> Result<Hidden, Error> {
        let reader = cluster.reader("hidden", Isolation::Committed);
        let client = reader.create().map_err(|source| Error::Client {
            role: "hidden".into(),
            source,
        })?;
        Ok(Hidden {
            client,
            topic: topic.to_owned(),
            stands: HashMap::new(),
        })
    }

    /// How long ago the same open transaction was seen first in front of a partition's end, which was
    /// asked for before; zero where none is there.
    ///
    /// # Errors
    /// Brokers that don't answer `within` this time.
    pub fn since(
        &mut self,
        partition: i32,
        end: i64,
        within: Duration,
    ) -> Result<Duration, KafkaError> {
        let (_, stable) = watermarks(&self.client, &self.topic, partition, within)?;
        Ok(self.note(partition, stable, end))
    }

    fn note(&mut self, partition: i32, stable: i64, end: i64) -> Duration {
        if stable >= end {
            self.stands.remove(&partition);
            return Duration::ZERO;
        }
        let (stood, since) = self
            .stands
            .entry(partition)
            .or_insert((stable, Instant::now()));
        if *stood != stable {
            (*stood, *since) = (stable, Instant::now());
        }
        since.elapsed()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::thread::sleep;

    use super::*;
    use crate::mock::MockBroker;

    #[test]
    fn one_transaction_is_timed_and_one_after_the_other_is_none() {
        let broker = MockBroker::new(1, &[]).unwrap();
        let mut hidden = Hidden::of(broker.cluster(), "t").unwrap();
        let a_while = Duration::from_millis(20);
        assert_eq!(hidden.note(0, 5, 5), Duration::ZERO);
        assert!(hidden.note(0, 5, 8) < a_while);
        sleep(a_while);
        assert!(hidden.note(0, 5, 9) >= a_while);
        // Of another partition nothing is known yet.
        assert!(hidden.note(1, 5, 9) < a_while);
        // That one has ended, and the next hides something.
        assert!(hidden.note(0, 9, 12) < a_while);
        assert_eq!(hidden.note(0, 12, 12), Duration::ZERO);
    }
}
