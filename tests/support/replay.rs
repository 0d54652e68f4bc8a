//! History on a real broker: topics for it, a fleet's uploads with the time of their day, and what
//! came out of it on the stripped side.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, CreateOptions, KafkaConfig};
use kaiku_catalogue::Catalogue;
use kaiku_enrich::{Progress, Totals};
use kaiku_fleet::{Fleet, FleetConfig, Truth, Upload, What};
use kaiku_ingest::Framer;
use kaiku_wire::Day;
use rdkafka::client::ClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use tokio_util::sync::CancellationToken;

/// Topics on which history can be replayed.
pub(crate) fn make_topics(kafka: &KafkaConfig, partitions: i32) {
    let options = CreateOptions {
        partitions,
        replay: true,
        ..CreateOptions::default()
    };
    Admin::connect(kafka).unwrap().create(&options).unwrap();
}

/// Why records were not delivered.
#[derive(Default)]
pub(crate) struct Undelivered(Mutex<Vec<KafkaError>>);

impl ClientContext for Undelivered {}

impl ProducerContext for Undelivered {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.0.lock().unwrap().push(error.clone());
        }
    }
}

/// Writes onto events.raw, each record with the time that it is given.
pub(crate) struct Replay {
    producer: BaseProducer<Undelivered>,
    pub(crate) framer: Framer,
    topic: String,
    partitions: i32,
    pub(crate) records: u64,
}

impl Replay {
    pub(crate) fn onto(kafka: &KafkaConfig, partitions: i32) -> Replay {
        let producer = kafka
            .client_config("test")
            .unwrap()
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("partitioner", "murmur2_random")
            .set("linger.ms", "5")
            .create_with_context(Undelivered::default())
            .unwrap();
        let topic = kafka.topics().raw();
        Replay {
            producer,
            framer: Framer::single_object(),
            topic,
            partitions,
            records: 0,
        }
    }

    /// Sends one upload of a fleet.
    pub(crate) fn upload(&mut self, upload: &Upload, millis: i64) {
        self.upload_on(upload, Day::from_millis(millis), millis);
    }

    /// The same, of a device whose day is not that of the record's time.
    pub(crate) fn upload_on(&mut self, upload: &Upload, day: Day, millis: i64) {
        match &upload.what {
            What::Batch(batch) | What::Duplicate(batch) => {
                let record = self.framer.batch(batch, day).unwrap();
                self.send(batch.device.id.as_bytes(), record.payload(), None, millis);
            }
            What::Forget(forget) => {
                let record = self.framer.forget(forget).unwrap();
                self.send(forget.device_id.as_bytes(), record.payload(), None, millis);
            }
            What::Garbage(garbage) => {
                self.send(
                    &garbage.key,
                    &garbage.bytes,
                    Some(garbage.partition),
                    millis,
                );
            }
        }
    }

    /// Sends bytes under a key, to its own partition or to one that is named.
    pub(crate) fn send(&mut self, key: &[u8], value: &[u8], partition: Option<i32>, millis: i64) {
        self.records += 1;
        let mut record = BaseRecord::to(&self.topic)
            .key(key)
            .payload(value)
            .timestamp(millis);
        if let Some(partition) = partition {
            record = record.partition(partition);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(10));
                }
                Err((error, _)) => panic!("a record was not sent: {error}"),
            }
        }
    }

    /// Closes every day before `day`, on every partition.
    pub(crate) fn tick(&mut self, day: Day) {
        self.flush();
        for partition in 0..self.partitions {
            let record = self.framer.tick(partition).unwrap();
            let record = BaseRecord::<(), _>::to(&self.topic)
                .partition(partition)
                .payload(record.payload())
                .timestamp(day.start_millis());
            self.producer
                .send(record)
                .map_err(|(error, _)| error)
                .unwrap();
        }
        self.flush();
    }

    pub(crate) fn flush(&self) {
        self.producer.flush(Duration::from_secs(60)).unwrap();
        let errors = self.producer.context().0.lock().unwrap();
        assert!(errors.is_empty(), "records were not taken: {:?}", errors[0]);
    }
}

/// Replays a fleet, `copies` times each day, and gives the truth of it.
pub(crate) fn replay<'a>(
    kafka: &KafkaConfig,
    config: FleetConfig,
    days: u32,
    copies: usize,
    catalogue: &'a Catalogue,
) -> (Truth<'a>, u64) {
    let (partitions, first) = (config.partitions, config.first_day);
    let mut fleet = Fleet::new(config, catalogue);
    let mut truth = Truth::new(catalogue, partitions);
    let mut replay = Replay::onto(kafka, partitions);
    for number in 0..days {
        let day = first.plus(number);
        let uploads: Vec<Upload> = fleet.day(day).collect();
        let mut millis = day.start_millis();
        for upload in std::iter::repeat_n(&uploads, copies).flatten() {
            millis += 1;
            truth.sent(upload, day);
            replay.upload(upload, millis);
        }
        replay.tick(day.next());
    }
    (truth, replay.records)
}

/// Waits until a group has committed every raw record that stands there now.
pub(crate) fn await_committed(kafka: &KafkaConfig, group: &str, within: Duration) {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    let topic = kafka.topics().raw();
    let admin = Admin::connect(kafka).unwrap();
    let consumer: BaseConsumer = kafka
        .client_config("test")
        .unwrap()
        .set("group.id", group)
        .create()
        .unwrap();
    let partitions = admin.partition_count(&topic).unwrap();
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
        let behind: i64 = committed
            .elements()
            .iter()
            .map(|element| {
                let (_, end) = admin.watermarks(&topic, element.partition()).unwrap();
                end - element
                    .offset()
                    .to_raw()
                    .filter(|offset| *offset >= 0)
                    .unwrap_or(0)
            })
            .sum();
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
pub(crate) fn enriched(kafka: &KafkaConfig, folder: &Path) -> Totals {
    let progress = Arc::new(Progress::default());
    let shutdown = CancellationToken::new();
    let group = format!("{}enrich", kafka.prefix);
    let config = kaiku_enrich::Config {
        group: group.clone(),
        keys_dir: folder.join("keys"),
        replay: true,
        delete_raw: false,
        mix_longest: Duration::from_millis(500),
        ..kaiku_enrich::Config::default()
    };
    let enrich = {
        let (kafka, progress, shutdown) = (kafka.clone(), progress.clone(), shutdown.clone());
        let catalogue = Arc::new(Catalogue::sample());
        std::thread::spawn(move || {
            kaiku_enrich::run(config, kafka, None, catalogue, progress, shutdown)
        })
    };
    await_committed(kafka, &group, Duration::from_secs(120));
    shutdown.cancel();
    enrich.join().unwrap().unwrap();
    progress.totals()
}
