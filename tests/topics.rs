//! Topics are made once, checked against what is needed, and deleted with their records, on a real
//! broker.

use kaiku_broker::{Admin, CheckOptions, CreateOptions, Error, Mechanism, check, create};
use kaiku_wire::Month;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

use crate::support::kafka::{Isolation, apache, broker, produce, read, unique_prefix};

const NONE: [String; 0] = [];

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

/// A topic as somebody else would make it.
fn make_by_hand(
    config: &kaiku_broker::KafkaConfig,
    name: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) {
    let admin: AdminClient<DefaultClientContext> =
        config.client_config("test").unwrap().create().unwrap();
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        topic = topic.set(key, value);
    }
    let limits = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let made = futures::executor::block_on(admin.create_topics(&[topic], &limits)).unwrap();
    made.into_iter().for_each(|result| drop(result.unwrap()));
}

#[test]
fn topics_are_made_once_and_pass_the_check() {
    let config = broker().config(&unique_prefix("once"));
    let options = CreateOptions {
        partitions: 3,
        months: vec![november()],
        ..CreateOptions::default()
    };
    let first = create(&config, &options).unwrap();
    assert_eq!(first.len(), 5);
    assert!(first.iter().all(|topic| !topic.was_there), "{first:?}");
    let again = create(&config, &options).unwrap();
    assert!(again.iter().all(|topic| topic.was_there), "{again:?}");

    let checked = CheckOptions {
        months: vec![november()],
        ..CheckOptions::default()
    };
    assert_eq!(check(&config, &checked).unwrap(), NONE);
    let admin = Admin::connect(&config).unwrap();
    assert_eq!(admin.partition_count(&config.topics().raw()).unwrap(), 3);
    assert_eq!(admin.partition_count(&config.topics().keys()).unwrap(), 1);
    assert_eq!(admin.names().unwrap().len(), 5);
}

#[test]
fn topics_for_a_replay_pass_as_such_only() {
    let config = broker().config(&unique_prefix("replay"));
    create(
        &config,
        &CreateOptions {
            replay: true,
            ..CreateOptions::default()
        },
    )
    .unwrap();
    let replay = CheckOptions {
        replay: true,
        ..CheckOptions::default()
    };
    assert_eq!(check(&config, &replay).unwrap(), NONE);
    let live = check(&config, &CheckOptions::default()).unwrap();
    assert!(
        live.iter()
            .any(|sentence| sentence.contains("needs LogAppendTime")),
        "{live:#?}"
    );
}

#[test]
fn the_check_names_every_deviation() {
    let config = broker().config(&unique_prefix("deviations"));
    let topics = config.topics();
    make_by_hand(
        &config,
        &topics.raw(),
        2,
        &[
            ("message.timestamp.type", "CreateTime"),
            ("max.message.bytes", "1000"),
            ("retention.ms", "-1"),
        ],
    );
    make_by_hand(
        &config,
        &topics.stripped(),
        4,
        &[("retention.ms", "600000")],
    );
    make_by_hand(&config, &topics.keys(), 2, &[("cleanup.policy", "compact")]);
    make_by_hand(
        &config,
        &topics.state(november()),
        2,
        &[("cleanup.policy", "delete")],
    );
    let options = CheckOptions {
        replication: 3,
        months: vec![november()],
        ..CheckOptions::default()
    };
    let found = check(&config, &options).unwrap();
    for (topic, expected) in [
        (
            topics.raw(),
            "message.timestamp.type=CreateTime and needs LogAppendTime",
        ),
        (topics.raw(), "max.message.bytes=1000 and needs 1048576"),
        (topics.raw(), "retention.ms=-1 and needs 1209600000"),
        (topics.raw(), "stands on 1 broker(s) and 3 are asked for"),
        (topics.stripped(), "has 4 partitions"),
        (topics.stripped(), "retention.ms=600000 and needs -1"),
        (topics.keys(), "may have one only"),
        (
            topics.keys(),
            "cleanup.policy=compact and needs compact,delete",
        ),
        (
            topics.state(november()),
            "cleanup.policy=delete and needs compact",
        ),
        (
            topics.rejected(),
            "does not exist: make it with `kaiku topics create`",
        ),
    ] {
        let named = |sentence: &String| {
            sentence.contains(&format!("`{topic}`")) && sentence.contains(expected)
        };
        assert!(found.iter().any(named), "{topic}: {expected}: {found:#?}");
    }
}

#[test]
fn a_months_state_topic_is_made_like_the_raw_topic() {
    let config = broker().config(&unique_prefix("month"));
    let admin = Admin::connect(&config).unwrap();
    let missing = admin.ensure_state_topic(november());
    assert!(matches!(missing, Err(Error::NoTopic(raw)) if raw == config.topics().raw()));
    admin
        .create(&CreateOptions {
            partitions: 6,
            ..CreateOptions::default()
        })
        .unwrap();
    assert!(!admin.ensure_state_topic(november()).unwrap().was_there);
    assert!(admin.ensure_state_topic(november()).unwrap().was_there);
    let state = config.topics().state(november());
    assert_eq!(admin.partition_count(&state).unwrap(), 6);
    let checked = CheckOptions {
        months: vec![november()],
        ..CheckOptions::default()
    };
    assert_eq!(admin.check(&checked).unwrap(), NONE);

    admin.delete_topic(&state).unwrap();
    admin.delete_topic(&state).unwrap();
    assert!(!admin.names().unwrap().contains(&state));
}

#[test]
fn records_are_deleted_up_to_an_offset() {
    let config = broker().config(&unique_prefix("records"));
    let admin = Admin::connect(&config).unwrap();
    admin
        .create(&CreateOptions {
            partitions: 2,
            ..CreateOptions::default()
        })
        .unwrap();
    // The keys are compacted, and an old one still has to go.
    for (topic, partition) in [(config.topics().raw(), 1), (config.topics().keys(), 0)] {
        for value in ["one", "two", "three"] {
            produce(
                &config,
                &topic,
                partition,
                Some(b"key"),
                Some(value.as_bytes()),
                None,
            );
        }
        admin.delete_records(&topic, partition, 2).unwrap();
        admin.delete_records(&topic, partition, 1).unwrap();
        assert_eq!(
            admin.watermarks(&topic, partition).unwrap(),
            (2, 3),
            "{topic}"
        );
        let left = read(&config, &topic, Isolation::Committed);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].value.as_deref(), Some(b"three".as_slice()));
        assert!(
            admin.delete_records(&topic, partition, 9).is_err(),
            "an offset behind the end was accepted"
        );
    }
}

#[test]
fn the_broker_sets_the_time_of_raw_records_and_leaves_that_of_stripped_ones() {
    let config = broker().config(&unique_prefix("time"));
    create(
        &config,
        &CreateOptions {
            partitions: 1,
            ..CreateOptions::default()
        },
    )
    .unwrap();
    let (raw, stripped) = (config.topics().raw(), config.topics().stripped());
    // 2026-01-01T00:00:00Z.
    let day = 1_767_225_600_000;
    for topic in [&raw, &stripped] {
        produce(&config, topic, 0, None, Some(b"value"), Some(day));
    }
    assert_ne!(
        read(&config, &raw, Isolation::Committed)[0].timestamp,
        Some(day)
    );
    assert_eq!(
        read(&config, &stripped, Isolation::Committed)[0].timestamp,
        Some(day)
    );
}

#[test]
fn the_end_of_a_partition_counts_an_open_transaction() {
    let config = broker().config(&unique_prefix("open"));
    create(
        &config,
        &CreateOptions {
            partitions: 1,
            ..CreateOptions::default()
        },
    )
    .unwrap();
    let topic = config.topics().stripped();
    let wait = Duration::from_secs(60);
    let producer: BaseProducer = config
        .client_config("test")
        .unwrap()
        .set("transactional.id", unique_prefix("open"))
        .create()
        .unwrap();
    producer.init_transactions(wait).unwrap();
    producer.begin_transaction().unwrap();
    producer
        .send(
            BaseRecord::<(), str>::to(&topic)
                .partition(0)
                .payload("open"),
        )
        .unwrap();
    assert!(kaiku_broker::drain(&producer, wait));
    let admin = Admin::connect(&config).unwrap();
    assert_eq!(admin.watermarks(&topic, 0).unwrap(), (0, 1));
    assert_eq!(read(&config, &topic, Isolation::Uncommitted).len(), 1);
    producer.abort_transaction(wait).unwrap();
    assert_eq!(read(&config, &topic, Isolation::Committed), []);
}

#[test]
fn tls_and_a_password_reach_the_broker_by_every_mechanism() {
    let secure = &apache().secure;
    for mechanism in [
        Mechanism::Plain,
        Mechanism::ScramSha256,
        Mechanism::ScramSha512,
    ] {
        let config = secure.config(mechanism).with_prefix(&unique_prefix("tls"));
        create(
            &config,
            &CreateOptions {
                partitions: 1,
                ..CreateOptions::default()
            },
        )
        .unwrap();
        assert_eq!(check(&config, &CheckOptions::default()).unwrap(), NONE);
    }
}

#[test]
fn a_wrong_password_or_an_unknown_authority_is_an_error_without_the_password() {
    let secure = &apache().secure;
    let impostors = [
        (
            secure.with_wrong_password(Mechanism::ScramSha256),
            "Authentication failed",
        ),
        (
            secure.with_other_authority(Mechanism::ScramSha256),
            "certificate verify failed",
        ),
    ];
    for (config, why) in impostors {
        let error = Admin::connect(&config).unwrap().names().unwrap_err();
        let shown = format!("{error} {error:?} {config:?}");
        assert!(shown.contains(why), "{shown}");
        assert!(
            !shown.contains("guessed") && !shown.contains("never-in-a-log"),
            "{shown}"
        );
    }
}
