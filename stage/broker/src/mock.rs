//! A Kafka broker inside the process, for the demo: librdkafka's mock cluster with our topics.
//!
//! It speaks the protocol, and that is all it does: it returns aborted records to read_committed
//! consumers, throws away offsets sent in a transaction, keeps at most 5 MiB or 100,000 records a
//! partition, and knows no admin requests. So nothing about exactly-once may be shown on it, and
//! its producer has to be paced by its consumer.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use kaiku_wire::Month;
use rdkafka::mocking::MockCluster;

use crate::cluster::Cluster;
use crate::config::KafkaConfig;
use crate::error::Error;
use crate::topics::Kind;

/// A broker that lives as long as this value, on a port of this machine's loopback address.
pub struct MockBroker {
    cluster: Cluster,
    requests: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// The cluster can't leave the thread that made it; what is asked of it goes there.
struct Request {
    topic: String,
    partitions: i32,
    done: Sender<Result<(), Error>>,
}

impl MockBroker {
    /// A broker with `partitions` for every topic (one for `enrich.keys`) and the state topics of
    /// `months`, under no prefix.
    ///
    /// # Errors
    /// [`Error::Mock`] where no port can be had.
    pub fn new(partitions: i32, months: &[Month]) -> Result<MockBroker, Error> {
        let (requests, incoming) = channel();
        let (started, start) = channel();
        let thread = std::thread::Builder::new()
            .name("mock-broker".into())
            .spawn(move || serve(&started, &incoming))
            .map_err(|_| Error::MockThread)?;
        let bootstrap = start.recv().map_err(|_| Error::MockThread)??;
        let broker = MockBroker {
            cluster: Cluster::new(&KafkaConfig {
                in_process: true,
                ..KafkaConfig::at(&bootstrap)
            })?,
            requests: Some(requests),
            thread: Some(thread),
        };
        for (kind, topic) in broker.cluster.topics().named_of(&Kind::ALL, months) {
            let count = if kind == Kind::Keys { 1 } else { partitions };
            broker.create_topic(&topic, count)?;
        }
        Ok(broker)
    }

    /// How to reach it. [`crate::Admin`] leaves out what it can't do: deleting does nothing, and
    /// only the existence and the partitions of topics are checked.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Makes one more topic.
    ///
    /// # Errors
    /// [`Error::Mock`] where it exists already.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), Error> {
        let (done, answer) = channel();
        let request = Request {
            topic: topic.to_owned(),
            partitions,
            done,
        };
        let requests = self.requests.as_ref().ok_or(Error::MockThread)?;
        requests.send(request).map_err(|_| Error::MockThread)?;
        answer.recv().map_err(|_| Error::MockThread)?
    }
}

impl Drop for MockBroker {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic over there was reported over there.
            let _ = thread.join();
        }
    }
}

fn serve(started: &Sender<Result<String, Error>>, incoming: &Receiver<Request>) {
    let cluster = match MockCluster::new(1) {
        Ok(cluster) => cluster,
        Err(source) => {
            let _ = started.send(Err(Error::Mock(source)));
            return;
        }
    };
    let _ = started.send(Ok(cluster.bootstrap_servers()));
    for Request {
        topic,
        partitions,
        done,
    } in incoming
    {
        let _ = done.send(
            cluster
                .create_topic(&topic, partitions, 1)
                .map_err(Error::Mock),
        );
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

    use super::*;
    use crate::{Admin, Scope, TopicsConfig, create_topics, drain, ensure_state_topic};

    #[test]
    fn it_has_our_topics_and_takes_records() {
        let month = Month::parse("2026-11").unwrap();
        let broker = MockBroker::new(3, &[month]).unwrap();
        let cluster = broker.cluster();
        let admin = Admin::connect(cluster).unwrap();
        let shape = TopicsConfig::default();
        let wrong = admin.check(&shape, Scope::All, &[month]).unwrap();
        assert_eq!(wrong, Vec::<String>::new());
        assert!(ensure_state_topic(&admin, month).unwrap().was_there);
        assert_eq!(admin.months().unwrap(), [month]);
        let made = create_topics(&admin, &shape, &[month]).unwrap();
        assert!(made.iter().all(|topic| topic.was_there), "{made:?}");

        let raw = cluster.topics().raw();
        let producer: BaseProducer = cluster.client("test").create().unwrap();
        for payload in ["one", "two"] {
            producer
                .send(
                    BaseRecord::<(), str>::to(&raw)
                        .partition(2)
                        .payload(payload),
                )
                .unwrap();
        }
        assert!(
            drain(&producer, Duration::from_secs(30)),
            "the records were not taken"
        );
        assert_eq!(producer.in_flight_count(), 0);
        assert_eq!(admin.watermarks(&raw, 2).unwrap(), (0, 2));
        assert_eq!(admin.partition_count(&raw).unwrap(), 3);
        admin.delete_records(&raw, 2, 1).unwrap();
    }

    #[test]
    fn draining_is_bounded() {
        // Nobody listens on port 1, so the record stays on the way.
        let nowhere = Cluster::new(&KafkaConfig::at("127.0.0.1:1")).unwrap();
        let producer: BaseProducer = nowhere.client("test").create().unwrap();
        producer
            .send(BaseRecord::<(), str>::to("t").payload("p"))
            .unwrap();
        assert!(!drain(&producer, Duration::from_millis(20)));
    }
}
