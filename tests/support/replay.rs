//! History on a real broker: topics for it, a fleet's uploads with the time of their day, and a stage
//! in this process that takes them in.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, TopicsConfig, create_topics};
use kaiku_catalogue::Catalogue;
use kaiku_enrich::Totals;
use kaiku_fleet::{Fleet, FleetConfig, Truth, Upload};
use kaiku_rehearsal::{Pipeline, Sender};
use kaiku_stage::Context;

use super::kafka::insist;

/// The shape of topics on which history can be replayed.
pub(crate) fn replayed(partitions: i32) -> TopicsConfig {
    TopicsConfig {
        partitions,
        replay: true,
        ..TopicsConfig::default()
    }
}

/// Topics on which history can be replayed.
pub(crate) fn make_topics(kafka: &Cluster, partitions: i32) {
    let admin = Admin::connect(kafka).unwrap();
    create_topics(&admin, &replayed(partitions), &[]).unwrap();
}

/// Replays a fleet, `copies` times each day, and gives the truth of it.
pub(crate) fn replay<'a>(
    kafka: &Cluster,
    config: FleetConfig,
    days: u32,
    copies: usize,
    catalogue: &'a Catalogue,
) -> (Truth<'a>, u64) {
    let (partitions, first) = (config.partitions, config.first_day);
    let mut fleet = Fleet::new(config, catalogue);
    let mut truth = Truth::new(catalogue, partitions);
    let mut sender = Sender::onto(kafka, partitions).unwrap();
    for number in 0..days {
        let day = first.plus(number);
        let uploads: Vec<Upload> = fleet.day(day).collect();
        let mut millis = day.start_millis();
        for upload in std::iter::repeat_n(&uploads, copies).flatten() {
            millis += 1;
            truth.sent(upload, day);
            sender.upload(upload, millis).unwrap();
        }
        sender.tick(day.next()).unwrap();
    }
    (truth, sender.records())
}

/// Waits until a group has committed every raw record that stands there now.
pub(crate) fn await_committed(kafka: &Cluster, group: &str, within: Duration) {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let topic = kafka.topics().raw();
    let admin = Admin::connect(kafka).unwrap();
    let consumer: BaseConsumer = kafka
        .client("test")
        .set("group.id", group)
        .create()
        .unwrap();
    let partitions = insist(Instant::now(), || admin.partition_count(&topic));
    let mut wanted = rdkafka::TopicPartitionList::new();
    wanted.add_partition_range(&topic, 0, partitions - 1);
    let start = Instant::now();
    loop {
        // On a busy machine the coordinator may take its time.
        let Ok(committed) = consumer.committed_offsets(wanted.clone(), Duration::from_secs(10))
        else {
            assert!(start.elapsed() < within, "the coordinator does not answer");
            continue;
        };
        let behind = committed.elements().iter().try_fold(0, |sum, element| {
            let (_, end) = admin.watermarks(&topic, element.partition()).ok()?;
            let offset = element.offset().to_raw().filter(|offset| *offset >= 0);
            Some(sum + end - offset.unwrap_or(0))
        });
        // A partition may have no leader for a moment.
        let Some(behind) = behind else {
            assert!(start.elapsed() < within, "the brokers do not answer");
            std::thread::sleep(Duration::from_millis(200));
            continue;
        };
        if behind == 0 {
            return;
        }
        assert!(
            start.elapsed() < within,
            "enrich is {behind} records behind after {within:?}"
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Runs enrich in this process, with the sample catalogue, until it has committed everything.
pub(crate) fn enriched(kafka: &Cluster, folder: &Path) -> Totals {
    let config = kaiku_enrich::Config {
        group: format!("{}enrich", kafka.prefix()),
        keys_dir: folder.join("keys"),
        delete_raw: false,
        mix_longest: Duration::from_millis(500),
        ..kaiku_enrich::Config::default()
    };
    let catalogue = Arc::new(Catalogue::sample());
    let context = Context::new(kafka.clone(), replayed(1), catalogue);
    let mut pipeline = Pipeline::new(context).enrich(config).unwrap();
    pipeline.await_committed().unwrap();
    let progress = pipeline.enriched.clone();
    pipeline.stop().unwrap();
    progress.totals()
}
