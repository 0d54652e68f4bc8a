//! Tests of the whole stage on a broker inside the process: the plain paths only, for that
//! broker knows nothing of exactly-once.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kaiku_broker::MockBroker;
use kaiku_catalogue::Catalogue;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::*;
use crate::testing::{closed, day, files, fleet, rollups};
use crate::verify;

struct Stage {
    progress: Progress,
    shutdown: tokio_util::sync::CancellationToken,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Stage {
    fn start(folder: &Path, cluster: &Cluster) -> Stage {
        let place = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let config = Config {
            landing: place("landing"),
            rollups: place("rollups"),
            seal_every: Duration::from_millis(100),
            // The broker inside the process waits for a member that has gone for so long, and the second
            // thread joins behind the first.
            session_timeout: Duration::from_secs(5),
            ..Config::default()
        };
        let progress = Progress::default();
        let catalogue = Arc::new(Catalogue::sample());
        let context = Context::new(cluster.clone(), TopicsConfig::default(), catalogue);
        let (shown, shutdown) = (progress.clone(), context.shutdown.clone());
        let thread = std::thread::spawn(move || run(config, context, shown));
        Stage {
            progress,
            shutdown,
            thread: Some(thread),
        }
    }

    fn until(&self, what: &str, is_so: impl Fn(&Progress) -> bool) {
        let start = Instant::now();
        while !is_so(&self.progress) {
            let ended = self.thread.as_ref().is_none_or(JoinHandle::is_finished);
            let late = start.elapsed() > Duration::from_secs(30);
            assert!(
                !ended && !late,
                "{what}: {:?}",
                self.progress.readiness().complaints()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn stop(mut self) -> Result<(), Error> {
        self.shutdown.cancel();
        self.thread.take().unwrap().join().unwrap()
    }
}

fn send(cluster: &Cluster, records: &[(i32, Vec<u8>)]) {
    let producer: BaseProducer = cluster.client("test").create().unwrap();
    let topic = cluster.topics().stripped();
    for (partition, record) in records {
        let record = BaseRecord::<(), [u8]>::to(&topic)
            .partition(*partition)
            .payload(record);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

#[test]
fn records_become_sealed_days_and_a_restart_goes_on_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let broker = MockBroker::new(2, &[]).unwrap();
    let cluster = broker.cluster();
    let (first, second) = (day("2026-11-24"), day("2026-11-25"));
    let of = |day, devices| {
        let both = (0..2).flat_map(move |partition| {
            [
                (partition, fleet(day, "maps", devices)),
                (partition, closed(day)),
            ]
        });
        both.collect::<Vec<_>>()
    };
    send(cluster, &of(first, 400));
    let stage = Stage::start(folder.path(), cluster);
    stage.until("the first day is sealed", |progress| {
        progress.days_sealed() == 1
    });
    assert_eq!(stage.progress.last_sealed(), Some(first));
    assert_eq!(
        (stage.progress.consumed(0), stage.progress.landed(1)),
        (2, 2)
    );
    assert_eq!(stage.progress.events(), 800);
    // Records that are read, but of a day that is not closed.
    send(cluster, &[(0, fleet(second, "maps", 100))]);
    stage.until("the record is read", |progress| progress.events() == 900);
    stage.until("the end is reached", |progress| progress.at_end(0));
    assert_eq!(
        (stage.progress.consumed(0), stage.progress.landed(0)),
        (3, 2)
    );
    stage.stop().unwrap();

    let stage = Stage::start(folder.path(), cluster);
    stage.until("it is read again", |progress| progress.events() == 100);
    send(cluster, &of(second, 400));
    stage.until("the second day is sealed", |progress| {
        progress.days_sealed() == 1
    });
    assert_eq!(stage.progress.last_sealed(), Some(second));
    assert!(stage.progress.rows_published() > 0);
    assert_eq!(
        stage.progress.readiness().complaints(),
        Vec::<String>::new()
    );
    stage.stop().unwrap();

    let verified = tokio::runtime::Runtime::new()
        .unwrap()
        .block_on(verify(&rollups(folder.path()), &Default::default()))
        .unwrap();
    assert_eq!((verified.periods, verified.problems.len()), (2, 0));
}

#[test]
fn a_partition_with_a_record_that_cannot_be_read_stops_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let broker = MockBroker::new(2, &[]).unwrap();
    let cluster = broker.cluster();
    let today = day("2026-11-24");
    send(
        cluster,
        &[
            (0, fleet(today, "maps", 400)),
            (0, b"not a record".to_vec()),
            (0, closed(today)),
            (1, fleet(today, "maps", 400)),
            (1, closed(today)),
        ],
    );
    let stage = Stage::start(folder.path(), cluster);
    stage.until("the other goes on", |progress| progress.landed(1) == 2);
    // A thread that joins the group late has both partitions taken up anew.
    let expected = "partition 0 stands still (landing_decode): the record at offset 1 of partition 0 can't be decoded";
    let way = "--reject-stripped 0:1";
    stage.until("the partition stops", |progress| {
        let said = progress.readiness().complaints();
        said.len() == 1 && said[0].starts_with(expected) && said[0].ends_with(way)
    });
    assert_eq!(
        (stage.progress.landed(0), stage.progress.days_sealed()),
        (0, 0)
    );
    stage.stop().unwrap();
    let published = files(&folder.path().join("rollups"));
    // What stands beside the rollups is there before anything is sealed.
    assert!(published.contains_key("views.sql"));
    assert!(!published.keys().any(|name| name.ends_with(".parquet")));
}

#[test]
fn a_log_that_goes_further_than_the_topic_stops_the_partition() {
    let folder = tempfile::tempdir().unwrap();
    let today = day("2026-11-24");
    let broker = MockBroker::new(1, &[]).unwrap();
    send(
        broker.cluster(),
        &[(0, fleet(today, "maps", 400)), (0, closed(today))],
    );
    let stage = Stage::start(folder.path(), broker.cluster());
    stage.until("the day is landed", |progress| progress.landed(0) == 2);
    stage.stop().unwrap();
    drop(broker);
    // The topic was made anew.
    let broker = MockBroker::new(1, &[]).unwrap();
    let stage = Stage::start(folder.path(), broker.cluster());
    stage.until("the partition stops", |progress| {
        !progress.readiness().complaints().is_empty()
    });
    assert!(stage.progress.readiness().complaints()[0].contains("made anew"));
    stage.stop().unwrap();
}
