//! The stage as a whole on the broker inside the process: what it finds on its topics, what it is
//! told to go on without, and whom it lets in. Exactly-once can't be shown on that broker.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, Isolation, MockBroker, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_raw::{
    Consent, Device as RawDevice, DeviceId, EventType, RawBatch, RawEvent, Reason, StreamId,
};
use kaiku_stage::{Context, RandomSource};
use kaiku_stripped::{DayClosed, Encoder, Record};
use kaiku_wire::{Day, Incident, Month};
use rdkafka::Offset;
use rdkafka::TopicPartitionList;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tempfile::TempDir;

use crate::config::Config;
use crate::keys::KeyRing;
use crate::progress::{Progress, Totals};
use crate::state::META_KEY;

const WITHIN: Duration = Duration::from_secs(60);
const HOUR: i64 = 3_600_000;
const GROUP: &str = "lanes";

/// A Tuesday.
fn day() -> Day {
    Day::from_ymd(2026, 10, 20).unwrap()
}

fn month() -> Month {
    day().month()
}

/// One partition of every topic, and the stage that handles it.
struct World {
    broker: MockBroker,
    folder: TempDir,
    producer: BaseProducer,
}

impl World {
    fn new() -> World {
        let months = [month().prev(), month()];
        let broker = MockBroker::new(1, &months).unwrap();
        let producer = broker.cluster().client("test").create().unwrap();
        World {
            broker,
            folder: tempfile::tempdir().unwrap(),
            producer,
        }
    }

    fn cluster(&self) -> &Cluster {
        self.broker.cluster()
    }

    fn config(&self) -> Config {
        Config {
            group: GROUP.to_owned(),
            keys_dir: self.folder.path().to_owned(),
            mix_time: Duration::ZERO,
            mix_longest: Duration::from_millis(50),
            // The member before is waited for so long.
            session_timeout: Duration::from_secs(5),
            ..Config::default()
        }
    }

    fn put(&self, topic: &str, key: &[u8], payload: &[u8], millis: i64) {
        let record = BaseRecord::to(topic).partition(0).timestamp(millis);
        let record = record.key(key).payload(payload);
        self.producer
            .send(record)
            .map_err(|(error, _)| error)
            .unwrap();
        self.producer.flush(WITHIN).unwrap();
    }

    /// One device sends events of maps with these numbers, so many milliseconds after the day began.
    fn send(&self, device: u8, numbers: std::ops::Range<i64>, at: i64) {
        self.send_under(Consent::new(1, day()), device, numbers, at);
    }

    fn send_under(&self, consent: Consent, device: u8, numbers: std::ops::Range<i64>, at: i64) {
        let id = DeviceId::new([device; 16]);
        let batch = RawBatch {
            device: RawDevice {
                id,
                brand: "Nokia",
                model: "TA-1053",
                mcc: None,
                mnc: None,
                country: Some("FI"),
            },
            app: "maps",
            release: "4.2",
            consent: Some(consent),
            stream: Some(StreamId::new([device; 8])),
            first_sequence: Some(numbers.start),
            events: numbers.map(|_| RawEvent::new(EventType::Started)).collect(),
            losses: Vec::new(),
        };
        let mut record = Vec::new();
        let mut encoder = kaiku_raw::Encoder::single_object();
        encoder.batch(&batch, &mut record).unwrap();
        let millis = day().start_millis() + at;
        self.put(
            &self.cluster().topics().raw(),
            id.as_bytes(),
            &record,
            millis,
        );
    }

    /// Runs the stage until it has committed all that stands on events.raw, and stops it.
    fn run(&self, config: Config) -> Totals {
        let topics = TopicsConfig {
            partitions: 1,
            replay: true,
            ..TopicsConfig::default()
        };
        let catalogue = Arc::new(Catalogue::sample());
        let context = Context::new(self.cluster().clone(), topics, catalogue);
        let (shutdown, progress) = (context.shutdown.clone(), Progress::default());
        let shown = progress.clone();
        let stage = std::thread::spawn(move || crate::run(config, context, progress));
        let admin = Admin::connect(self.cluster()).unwrap();
        let (_, end) = admin.watermarks(&self.cluster().topics().raw(), 0).unwrap();
        let begun = Instant::now();
        while shown
            .lanes()
            .get(&0)
            .is_none_or(|lane| lane.next_offset < end)
        {
            assert!(
                begun.elapsed() < WITHIN && !stage.is_finished(),
                "it stands still"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        shutdown.cancel();
        stage.join().unwrap().unwrap();
        shown.totals()
    }

    /// Every record of a topic.
    fn records(&self, topic: &str) -> Vec<Vec<u8>> {
        let consumer: BaseConsumer = self
            .cluster()
            .reader("test", Isolation::Committed)
            .create()
            .unwrap();
        let mut partition = TopicPartitionList::new();
        partition
            .add_partition_offset(topic, 0, Offset::Beginning)
            .unwrap();
        consumer.assign(&partition).unwrap();
        let mut records = Vec::new();
        // The end of the partition is an error of its own, and the last answer.
        while let Some(Ok(message)) = consumer.poll(WITHIN) {
            records.push(message.payload().unwrap_or_default().to_vec());
        }
        records
    }

    /// Whether a day was closed on events.stripped, with just these incidents.
    fn has_closed(&self, day: Day, incidents: &[Incident]) -> bool {
        let mut record = Vec::new();
        let incidents = incidents.iter().copied().collect();
        let closed = Record::DayClosed(DayClosed { day, incidents });
        Encoder::single_object().encode(closed, &mut record);
        self.records(&self.cluster().topics().stripped())
            .contains(&record)
    }

    fn commit_offset(&self, offset: i64) {
        let client = self.cluster().client("test").set("group.id", GROUP).clone();
        let consumer: BaseConsumer = client.create().unwrap();
        let mut next = TopicPartitionList::new();
        let raw = self.cluster().topics().raw();
        next.add_partition_offset(&raw, 0, Offset::Offset(offset))
            .unwrap();
        consumer.commit(&next, CommitMode::Sync).unwrap();
    }

    /// Something that a lane has stripped whose state is gone.
    fn stripped_before(&self) {
        let mut record = Vec::new();
        Encoder::single_object().encode(Record::Events(day(), &[]), &mut record);
        let topic = self.cluster().topics().stripped();
        self.put(&topic, b"", &record, day().start_millis());
    }
}

#[test]
fn a_lane_that_has_lost_its_state_counts_nothing_on_that_day_and_says_so_when_it_closes() {
    let world = World::new();
    world.stripped_before();
    world.send(1, 0..3, HOUR);
    let mut accepting = world.config();
    accepting.accept.lost_state.insert(0, 0);
    let told = world.run(accepting);
    assert_eq!((told.state_lost, told.counted), (3, 0));
    // Another process goes on, to whom nobody said anything: the state knows.
    world.send(1, 1..5, 2 * HOUR);
    world.send(2, 0..1, 3 * HOUR);
    world.send(1, 4..6, 25 * HOUR);
    world.send(1, 6..7, 49 * HOUR);
    let later = world.run(world.config());
    assert_eq!(
        (later.duplicates, later.state_lost, later.counted),
        (3, 3, 2)
    );
    assert!(world.has_closed(day(), &[Incident::StateLost]));
    assert!(world.has_closed(day().next(), &[]));
}

#[test]
fn a_day_that_begins_behind_the_one_on_which_state_was_lost_has_its_daily_marks() {
    let world = World::new();
    world.stripped_before();
    world.send(1, 0..3, 25 * HOUR);
    let mut accepting = world.config();
    accepting.accept.lost_state.insert(0, 0);
    let told = world.run(accepting);
    assert_eq!((told.state_lost, told.counted), (0, 3));
    assert!(world.has_closed(day(), &[Incident::StateLost]));
}

#[test]
fn where_nobody_knows_which_day_was_open_the_state_was_lost_on_that_of_the_first_record() {
    let world = World::new();
    // All that is left of it: that the group has come this far.
    world.send(1, 0..1, HOUR);
    world.commit_offset(1);
    world.send(1, 1..4, HOUR);
    world.send(1, 4..6, 25 * HOUR);
    let mut accepting = world.config();
    accepting.accept.lost_state.insert(0, 1);
    let told = world.run(accepting);
    assert_eq!((told.state_lost, told.counted), (3, 2));
    assert!(world.has_closed(day(), &[Incident::StateLost]));
}

#[test]
fn new_identifiers_beyond_the_quota_of_an_hour_count_for_nothing_whoever_handles_them() {
    let world = World::new();
    let config = || Config {
        new_devices_per_hour: 2,
        ..world.config()
    };
    for device in 1..=3 {
        world.send(device, 0..2, HOUR);
    }
    let first = world.run(config());
    assert_eq!((first.counted, first.over_quota), (4, 2));
    // The hour is not over, and the one that was refused has left nothing behind.
    world.send(3, 0..2, HOUR + HOUR / 2);
    world.send(1, 0..3, HOUR + HOUR / 2);
    world.send(3, 0..2, 2 * HOUR);
    let later = world.run(config());
    assert_eq!((later.duplicates, later.over_quota), (2, 2));
    assert_eq!(later.counted, 1 + 2, "a known one, and in the next hour");
}

#[test]
fn a_consent_to_a_text_that_does_not_exist_or_did_not_yet_is_rejected_and_leaves_nothing() {
    let world = World::new();
    // The sample has the texts 1 and 2, and the second since this day.
    let since = Day::from_ymd(2026, 10, 1).unwrap();
    for (version, given) in [
        (99, since),
        (i32::MAX, since),
        (3, since),
        (2, Day::MIN),
        (2, since.minus(2)),
        (1, Day::MIN),
    ] {
        world.send_under(Consent::new(version, given), 1, 0..2, HOUR);
    }
    world.send_under(Consent::new(2, since.prev()), 1, 0..2, 2 * HOUR);
    world.send_under(Consent::new(1, since), 2, 0..1, 2 * HOUR);
    let totals = world.run(world.config());
    assert_eq!((totals.counted, totals.duplicates), (3, 0));
    assert_eq!(totals.rejected, [(Reason::BadConsent, 6)].into());
}

/// The state of one device that has sent two events, as the version before has left it.
fn state_of_the_version_before(world: &World, device: u8) {
    let (cluster, id) = (world.cluster(), DeviceId::new([device; 16]));
    let keys = KeyRing::new(cluster.clone(), world.config(), RandomSource::system());
    let key = keys
        .month(&Admin::connect(cluster).unwrap(), month())
        .unwrap();
    let app = Catalogue::sample().app("maps", day()).key().to_le_bytes();
    let streams = [(app, [device; 8], 2_i64)];
    let apps: [[u8; 4]; 0] = [];
    let slots: [(u8, u8, [u8; 8]); 0] = [];
    let spent: [Option<[u8; 8]>; 0] = [];
    let fields = (
        day().days_since_epoch(),
        &apps[..],
        &streams[..],
        &slots[..],
        &spent[..],
    );
    let plain = postcard::to_allocvec(&fields).unwrap();
    let (token, mut sealed) = (key.token(&id), vec![2]);
    let place = [&0_i32.to_be_bytes(), &token.0[..]].concat();
    let mut rng = RandomSource::system().generator();
    let mut sealer = key.sealer(&mut rng);
    sealer.seal(&place, &plain, &mut sealed).unwrap();
    let topic = cluster.topics().state(month());
    let meta = format!(
        r#"{{"format":2,"group":"{GROUP}","next_offset":1,"open_day":"{}","partitions":1,"month":"{}","devices":{{"now":1,"before":0}}}}"#,
        day(),
        month()
    );
    world.put(&topic, &token.0, &sealed, 0);
    world.put(&topic, META_KEY, meta.as_bytes(), 0);
}

#[test]
fn a_partition_of_the_version_before_is_taken_over_and_its_state_is_in_the_new_format_at_once() {
    let world = World::new();
    // What the version before has counted, and what it has not.
    world.send(1, 0..2, HOUR);
    world.send(1, 0..2, 2 * HOUR);
    world.send(1, 1..5, 3 * HOUR);
    state_of_the_version_before(&world, 1);
    let after = world.run(world.config());
    assert_eq!((after.duplicates, after.counted), (3, 3));
    world.send(1, 0..6, 4 * HOUR);
    let later = world.run(world.config());
    assert_eq!((later.duplicates, later.counted), (5, 1));
    let records = world.records(&world.cluster().topics().state(month()));
    // The device's own record goes with the first chunk that it stands in.
    assert!(records[0].starts_with(&[2]) && records[2].is_empty());
    let there = records.iter().filter(|record| !record.is_empty());
    let (meta, chunks): (Vec<_>, Vec<_>) = there.partition(|record| record[0] == b'{');
    assert!(chunks.last().unwrap().starts_with(&[5]));
    assert!(meta.last().unwrap().starts_with(br#"{"format":5,"#));
}
