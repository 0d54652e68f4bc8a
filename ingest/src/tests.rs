//! The producer against librdkafka's mock broker: keys, partitions, back-pressure, a clean end.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use kaiku_broker::{Cluster, Isolation, KafkaConfig, MockBroker, TopicsConfig};
use kaiku_raw::{Decoder, Limits, Record, partition_of};
use kaiku_wire::frame::{self, Framing};
use rdkafka::Message as _;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use crate::publish::{Counts, OnError, Progress, PublishError, Target, publish};
use crate::{
    Batch, Config, Consent, Day, DeliveryError, Device, DeviceId, Error, Event, Forget, Framer,
    Producer, Reason,
};

const PARTITIONS: i32 = 6;

fn day() -> Day {
    Day::parse("2026-11-01").unwrap()
}

fn batch(number: u8) -> Batch {
    // Of zeros alone it would be nobody's.
    let device = Device::new(DeviceId::new([number + 1; 16]), "Nokia", "TA-1053");
    Batch::new(device, "maps", "4.2", Consent::new(1, day())).event(Event::started())
}

/// A cluster of which nobody answers, and that may be anywhere.
fn nowhere() -> Cluster {
    let mut config = KafkaConfig::at("127.0.0.1:1");
    config.insecure = true;
    Cluster::new(&config).unwrap()
}

struct Received {
    partition: i32,
    key: Option<Vec<u8>>,
    payload: Vec<u8>,
    millis: Option<i64>,
}

/// Reads events.raw until `count` records have come.
fn receive(cluster: &Cluster, count: usize) -> Vec<Received> {
    let mut config = cluster.reader("test", Isolation::Committed);
    let consumer: BaseConsumer = config
        .set("enable.partition.eof", "false")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        list.add_partition_offset(&cluster.topics().raw(), partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&list).unwrap();
    let (mut found, start) = (Vec::new(), Instant::now());
    while found.len() < count {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{} of {count} came",
            found.len()
        );
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message.unwrap();
        found.push(Received {
            partition: message.partition(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().unwrap().to_vec(),
            millis: message.timestamp().to_millis(),
        });
    }
    found
}

#[test]
fn a_record_has_its_device_as_key_and_lies_where_java_clients_would_put_it() {
    let broker = MockBroker::new(PARTITIONS, &[]).unwrap();
    let producer = Producer::start(broker.cluster(), None, &Config::default()).unwrap();
    block_on(async {
        let mut deliveries = Vec::new();
        for number in 0..60 {
            deliveries.push(producer.send(&batch(number)).await.unwrap());
        }
        let device = DeviceId::new([9; 16]);
        let forget = Forget {
            device,
            app: Some("maps".to_owned()),
        };
        deliveries.push(producer.forget(&forget).await.unwrap());
        deliveries.push(producer.tick(3).await.unwrap());
        for delivery in deliveries {
            delivery.await.unwrap();
        }
        producer.close(Duration::from_secs(5)).await.unwrap();
    });
    let decoder = Decoder::new(Limits::CONTRACT);
    let (mut partitions, mut forgets, mut ticks) = (HashMap::new(), 0, 0);
    for record in receive(broker.cluster(), 62) {
        let key = record.key;
        match decoder.decode(&record.payload).unwrap() {
            Record::Batch(batch) => {
                assert_eq!(key.as_deref(), Some(&batch.device.id.as_bytes()[..]));
                *partitions.entry(record.partition).or_insert(0) += 1;
            }
            Record::Forget(forget) => {
                assert_eq!(key.as_deref(), Some(&forget.device_id.as_bytes()[..]));
                forgets += 1;
            }
            Record::Tick => {
                assert_eq!((key.as_deref(), record.partition), (None, 3));
                ticks += 1;
            }
        }
        if let Some(key) = key {
            assert_eq!(record.partition, partition_of(&key, PARTITIONS));
        }
    }
    assert_eq!(
        (partitions.values().sum::<i32>(), forgets, ticks),
        (60, 1, 1)
    );
    assert_eq!(
        partitions.len(),
        6,
        "sixty devices spread over all partitions"
    );
}

#[test]
fn a_batch_that_enrich_would_reject_is_not_sent() {
    let producer = Producer::start(&nowhere(), None, &Config::default()).unwrap();
    let empty = Batch {
        events: Vec::new(),
        ..batch(1)
    };
    assert!(matches!(
        producer.try_send(&empty),
        Err(Error::Refused(Reason::NoEvents))
    ));
    let long = batch(1).event(Event::feature_used("x".repeat(97)));
    assert!(matches!(
        producer.try_send(&long),
        Err(Error::Refused(Reason::BadText))
    ));
    let names = (0..1000).map(|_| {
        Event::failed("c".repeat(96))
            .component("d".repeat(96))
            .fatal()
    });
    let mut large = batch(1);
    large.events = names.collect();
    large
        .events
        .iter_mut()
        .for_each(|event| event.cause = Some("ü".repeat(48)));
    assert!(
        producer.framer().batch(&large.as_raw(), day()).is_ok(),
        "just within the limit"
    );
    let app = Some(String::new());
    let forget = Forget {
        device: DeviceId::new([1; 16]),
        app,
    };
    let refused = block_on(producer.forget(&forget));
    assert!(matches!(refused, Err(Error::Refused(Reason::BadText))));
}

#[test]
fn a_full_queue_makes_send_wait_and_try_send_say_so() {
    // Nothing listens there: what is sent stays in the queue until it is given up.
    let config = Config {
        queue_bytes: 1 << 20,
        delivery_timeout: Duration::from_secs(2),
        ..Config::default()
    };
    let producer = Producer::start(&nowhere(), None, &config).unwrap();
    let mut deliveries = Vec::new();
    let full = loop {
        match producer.try_send(&batch(1)) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(full, Error::Full) && full.retry_helps(),
        "{full:?}"
    );
    assert!(
        deliveries.len() < 4096,
        "a megabyte holds {} records",
        deliveries.len()
    );
    let start = Instant::now();
    let waited = block_on(producer.send(&batch(2))).unwrap();
    assert!(
        start.elapsed() > Duration::from_millis(500),
        "it did not wait"
    );
    for delivery in deliveries {
        let error = block_on(delivery).unwrap_err();
        assert_eq!(error, DeliveryError::TimedOut);
        assert!(error.retry_helps());
    }
    drop(waited);
}

#[test]
fn closing_gives_up_what_can_not_be_delivered_and_says_how_much() {
    let producer = Producer::start(&nowhere(), None, &Config::default()).unwrap();
    let delivery = producer.try_send(&batch(1)).unwrap();
    let start = Instant::now();
    let error = block_on(producer.close(Duration::from_millis(200))).unwrap_err();
    assert!(matches!(error, Error::Undelivered(1)), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(block_on(delivery), Err(DeliveryError::Ended));
    assert!(matches!(producer.try_send(&batch(1)), Err(Error::Closed)));
    block_on(producer.close(Duration::ZERO)).unwrap();
}

#[test]
fn history_keeps_its_time_only_where_that_is_allowed() {
    let broker = MockBroker::new(PARTITIONS, &[]).unwrap();
    let millis = Day::parse("2026-11-05").unwrap().start_millis() + 3_600_000;
    let strict = Producer::start(broker.cluster(), None, &Config::default()).unwrap();
    let record = strict.encode_at(&batch(1).as_raw(), millis).unwrap();
    assert!(matches!(
        strict.try_send_encoded(record.clone()),
        Err(Error::NoReplay)
    ));
    let replay = TopicsConfig {
        replay: true,
        ..TopicsConfig::default()
    };
    let producer = Producer::start_on(broker.cluster(), &replay, None, &Config::default()).unwrap();
    let delivery = producer.try_send_encoded(record).unwrap();
    block_on(delivery).unwrap();
    assert_eq!(receive(broker.cluster(), 1)[0].millis, Some(millis));
    let early = day().prev().prev().start_millis();
    assert_eq!(
        producer.encode_at(&batch(1).as_raw(), early).unwrap_err(),
        Reason::BadConsent
    );
}

#[test]
fn with_a_registry_records_have_its_framing() {
    let framer = Framer::confluent(11, 12, 13);
    let header = |payload: &[u8]| frame::parse(payload).unwrap().0;
    let record = framer.batch(&batch(1).as_raw(), day()).unwrap();
    assert_eq!(header(record.payload()), Framing::Confluent(11));
    assert_eq!(
        header(framer.tick(0).unwrap().payload()),
        Framing::Confluent(13)
    );
    let plain = Framer::single_object()
        .batch(&batch(1).as_raw(), day())
        .unwrap();
    assert!(matches!(header(plain.payload()), Framing::SingleObject(_)));
    assert_eq!(format!("{plain:?}"), "Encoded");
}

/// A line of device `number` with one event.
fn line(number: u32) -> String {
    format!(
        r#"{{"device":{{"id":"{number:032x}","brand":"a","model":"b"}},"app":"maps","release":"1","consent":{{"version":1,"since":"2026-11-01"}},"events":[{{"type":"started"}}]}}"#
    )
}

fn run(text: &[u8], target: Target<'_>, on_error: OnError) -> (Counts, Vec<(u64, Reason)>) {
    let mut wrong = Vec::new();
    let counts = publish(&mut &text[..], target, on_error, day(), &mut |progress| {
        if let Progress::Rejected { line, error } = progress {
            wrong.push((line, error.reason));
        }
    });
    (counts.unwrap(), wrong)
}

fn mixed() -> Vec<u8> {
    let forget = format!(r#"{{"forget":{{"device_id":"{:032x}"}}}}"#, 1);
    let misspelt = line(2).replace("started", "start");
    let mut text = [&line(1), "", &misspelt, "  ", &forget, "{", &line(3)]
        .join("\n")
        .into_bytes();
    text.extend_from_slice(b"\r\n\xff\xfe\n");
    text.extend(std::iter::repeat_n(b' ', 2 << 20));
    text.extend_from_slice(b"\n");
    text.extend_from_slice(line(4).as_bytes());
    text
}

#[test]
fn publishing_tells_which_line_is_wrong_and_goes_on() {
    let (counts, wrong) = run(&mixed(), Target::DryRun, OnError::Skip);
    assert_eq!(
        wrong,
        [
            (3, Reason::BadJson),
            (6, Reason::BadJson),
            (8, Reason::BadJson),
            (9, Reason::TooLarge)
        ]
    );
    assert_eq!(
        (counts.lines, counts.batches, counts.events, counts.forgets),
        (10, 3, 3, 1)
    );
    assert_eq!(counts.bytes, u64::try_from(mixed().len()).unwrap());
    assert_eq!(
        (counts.delivered, counts.rejected_total(), counts.stopped_at),
        (0, 4, None)
    );
}

#[test]
fn publishing_stops_at_the_first_wrong_line_when_asked_to_and_delivers_what_came_before() {
    let broker = MockBroker::new(PARTITIONS, &[]).unwrap();
    let producer = Producer::start(broker.cluster(), None, &Config::default()).unwrap();
    let (counts, wrong) = run(&mixed(), Target::Producer(&producer), OnError::Stop);
    assert_eq!(
        (counts.stopped_at, counts.delivered, wrong.len()),
        (Some(3), 1, 1)
    );
    let text: String = (1..=20_000).map(|number| line(number) + "\n").collect();
    let (counts, wrong) = run(text.as_bytes(), Target::Producer(&producer), OnError::Skip);
    assert_eq!(
        (counts.delivered, counts.batches, wrong.len()),
        (20_000, 20_000, 0)
    );
    assert_eq!(receive(broker.cluster(), 20_001).len(), 20_001);
}

#[test]
fn publishing_ends_with_an_error_where_the_broker_is_away() {
    let config = Config {
        delivery_timeout: Duration::from_secs(1),
        ..Config::default()
    };
    let producer = Producer::start(&nowhere(), None, &config).unwrap();
    let text = line(1);
    let result = publish(
        &mut text.as_bytes(),
        Target::Producer(&producer),
        OnError::Skip,
        day(),
        &mut |_| (),
    );
    assert!(matches!(
        result,
        Err(PublishError::Deliver {
            line: 1,
            source: DeliveryError::TimedOut
        })
    ));
}

#[test]
fn a_producer_that_a_fatal_error_has_killed_is_replaced_and_goes_on() {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    let mock = MockCluster::new(1).unwrap();
    let mut settings = KafkaConfig::at(&mock.bootstrap_servers());
    settings.insecure = true;
    let cluster = Cluster::new(&settings).unwrap();
    mock.create_topic(&cluster.topics().raw(), PARTITIONS, 1)
        .unwrap();
    let config = Config {
        delivery_timeout: Duration::from_secs(10),
        ..Config::default()
    };
    let producer = Producer::start(&cluster, None, &config).unwrap();
    let send = || match producer.try_send(&batch(1)) {
        Ok(delivery) => block_on(delivery).is_ok(),
        Err(_) => false,
    };
    assert!(send());
    mock.request_errors(
        RDKafkaApiKey::Produce,
        &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER],
    );
    assert!(!send(), "the record of the error was confirmed");
    mock.clear_request_errors(RDKafkaApiKey::Produce);
    let start = Instant::now();
    while !send() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the producer stays dead"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!((0..20).all(|_| send()));
    block_on(producer.close(Duration::from_secs(10))).unwrap();
}

#[test]
fn nothing_is_handed_over_before_it_is_known_where_the_brokers_are() {
    let nobody = Cluster::new(&KafkaConfig::at("127.0.0.1:1")).unwrap();
    let producer = Producer::start(&nobody, None, &Config::default()).unwrap();
    let waits = producer.try_send(&batch(1)).unwrap_err();
    assert!(matches!(waits, Error::Full), "{waits:?}");
    assert!(waits.retry_helps());
    // Long enough for librdkafka to have something to say.
    std::thread::sleep(Duration::from_secs(2));
    let start = Instant::now();
    block_on(producer.close(Duration::ZERO)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
}
