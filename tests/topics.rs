//! Topics are made once, checked against what is needed, and deleted with their records, on a real
//! broker.

use kaiku_broker::{
    Admin, Cluster, Error, Mechanism, Scope, TopicsConfig, create_topics, ensure_state_topic,
};
use kaiku_wire::{Clock, Month};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use std::time::Duration;

use crate::support::kafka::{Isolation, alter_topic, apache, broker, produce, read, unique_prefix};
use crate::support::process::{Stage, free_address, settings};

const NONE: [String; 0] = [];

fn partitions(partitions: i32) -> TopicsConfig {
    TopicsConfig {
        partitions,
        ..TopicsConfig::default()
    }
}

/// Makes the topics of a shape.
fn make(cluster: &Cluster, shape: &TopicsConfig) {
    create_topics(&Admin::connect(cluster).unwrap(), shape, &[]).unwrap();
}

/// What is wrong with all of the topics, and with the state of these months.
fn check(cluster: &Cluster, shape: &TopicsConfig, months: &[Month]) -> Vec<String> {
    let admin = Admin::connect(cluster).unwrap();
    admin.check(shape, Scope::All, months).unwrap()
}

fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

/// A topic as somebody else would make it.
fn make_by_hand(cluster: &Cluster, name: &str, partitions: i32, settings: &[(&str, &str)]) {
    let admin: AdminClient<DefaultClientContext> = cluster.client("test").create().unwrap();
    let mut topic = NewTopic::new(name, partitions, TopicReplication::Fixed(1));
    for (key, value) in settings {
        topic = topic.set(key, value);
    }
    let limits = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let made = futures::executor::block_on(admin.create_topics(&[topic], &limits)).unwrap();
    made.into_iter().for_each(|result| drop(result.unwrap()));
}

#[test]
fn a_topic_that_was_made_anew_under_its_name_has_another_id() {
    let cluster = broker().cluster(&unique_prefix("anew"));
    let admin = Admin::connect(&cluster).unwrap();
    let name = cluster.topics().stripped();
    make(&cluster, &partitions(2));
    let first = admin.topic_id(&name).unwrap();
    assert_eq!(first.as_ref().map(String::len), Some(32), "{first:?}");
    assert_eq!(admin.topic_id(&name).unwrap(), first);
    admin.delete_topic(&name).unwrap();
    assert!(admin.topic_id(&name).is_err(), "there is no such topic");
    make(&cluster, &partitions(2));
    let second = admin.topic_id(&name).unwrap();
    assert!(second.is_some() && second != first, "{second:?}");
}

#[test]
fn topics_are_made_once_and_pass_the_check() {
    let cluster = broker().cluster(&unique_prefix("once"));
    let (shape, months) = (partitions(3), [november()]);
    let admin = Admin::connect(&cluster).unwrap();
    let first = create_topics(&admin, &shape, &months).unwrap();
    assert_eq!(first.len(), 5);
    assert!(first.iter().all(|topic| !topic.was_there), "{first:?}");
    let again = create_topics(&admin, &shape, &months).unwrap();
    assert!(again.iter().all(|topic| topic.was_there), "{again:?}");

    assert_eq!(check(&cluster, &shape, &months), NONE);
    assert_eq!(admin.months().unwrap(), months);
    assert_eq!(admin.partition_count(&cluster.topics().raw()).unwrap(), 3);
    assert_eq!(admin.partition_count(&cluster.topics().keys()).unwrap(), 1);
    assert_eq!(admin.names().unwrap().len(), 5);
}

#[test]
fn topics_for_a_replay_pass_as_such_only() {
    let cluster = broker().cluster(&unique_prefix("replay"));
    let replay = TopicsConfig {
        replay: true,
        ..TopicsConfig::default()
    };
    make(&cluster, &replay);
    assert_eq!(check(&cluster, &replay, &[]), NONE);
    let live = check(&cluster, &TopicsConfig::default(), &[]);
    assert!(
        live.iter()
            .any(|sentence| sentence.contains("needs LogAppendTime")),
        "{live:#?}"
    );
}

#[test]
fn the_check_names_every_deviation() {
    let cluster = broker().cluster(&unique_prefix("deviations"));
    let topics = cluster.topics();
    make_by_hand(
        &cluster,
        &topics.raw(),
        2,
        &[
            ("message.timestamp.type", "CreateTime"),
            ("max.message.bytes", "1000"),
            ("retention.ms", "-1"),
        ],
    );
    make_by_hand(
        &cluster,
        &topics.stripped(),
        4,
        &[("retention.ms", "600000")],
    );
    make_by_hand(
        &cluster,
        &topics.keys(),
        2,
        &[("cleanup.policy", "compact")],
    );
    make_by_hand(
        &cluster,
        &topics.state(november()),
        2,
        &[("cleanup.policy", "delete")],
    );
    let three = TopicsConfig {
        replication: 3,
        ..TopicsConfig::default()
    };
    let found = check(&cluster, &three, &[november()]);
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
    let cluster = broker().cluster(&unique_prefix("month"));
    let admin = Admin::connect(&cluster).unwrap();
    let missing = ensure_state_topic(&admin, november());
    assert!(matches!(missing, Err(Error::NoTopic(raw)) if raw == cluster.topics().raw()));
    make(&cluster, &partitions(6));
    assert!(!ensure_state_topic(&admin, november()).unwrap().was_there);
    assert!(ensure_state_topic(&admin, november()).unwrap().was_there);
    let state = cluster.topics().state(november());
    assert_eq!(admin.partition_count(&state).unwrap(), 6);
    assert_eq!(check(&cluster, &partitions(6), &[november()]), NONE);

    admin.delete_topic(&state).unwrap();
    admin.delete_topic(&state).unwrap();
    assert!(!admin.names().unwrap().contains(&state));
}

#[test]
fn records_are_deleted_up_to_an_offset() {
    let cluster = broker().cluster(&unique_prefix("records"));
    let admin = Admin::connect(&cluster).unwrap();
    make(&cluster, &partitions(2));
    // The keys are compacted, and an old one still has to go.
    for (topic, partition) in [(cluster.topics().raw(), 1), (cluster.topics().keys(), 0)] {
        for value in ["one", "two", "three"] {
            produce(
                &cluster,
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
        let left = read(&cluster, &topic, Isolation::Committed);
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
    let cluster = broker().cluster(&unique_prefix("time"));
    make(&cluster, &partitions(1));
    let (raw, stripped) = (cluster.topics().raw(), cluster.topics().stripped());
    // 2026-01-01T00:00:00Z.
    let day = 1_767_225_600_000;
    for topic in [&raw, &stripped] {
        produce(&cluster, topic, 0, None, Some(b"value"), Some(day));
    }
    assert_ne!(
        read(&cluster, &raw, Isolation::Committed)[0].timestamp,
        Some(day)
    );
    assert_eq!(
        read(&cluster, &stripped, Isolation::Committed)[0].timestamp,
        Some(day)
    );
}

#[test]
fn the_end_of_a_partition_counts_an_open_transaction() {
    let cluster = broker().cluster(&unique_prefix("open"));
    make(&cluster, &partitions(1));
    let topic = cluster.topics().stripped();
    let wait = Duration::from_secs(60);
    let producer: BaseProducer = cluster
        .client("test")
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
    let admin = Admin::connect(&cluster).unwrap();
    assert_eq!(admin.watermarks(&topic, 0).unwrap(), (0, 1));
    assert_eq!(read(&cluster, &topic, Isolation::Uncommitted).len(), 1);
    producer.abort_transaction(wait).unwrap();
    assert_eq!(read(&cluster, &topic, Isolation::Committed), []);
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
        let cluster = Cluster::new(&config).unwrap();
        make(&cluster, &partitions(1));
        assert_eq!(check(&cluster, &TopicsConfig::default(), &[]), NONE);
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
        let cluster = Cluster::new(&config).unwrap();
        let error = Admin::connect(&cluster).unwrap().names().unwrap_err();
        let shown = format!("{error} {error:?} {config:?} {cluster:?}");
        assert!(shown.contains(why), "{shown}");
        assert!(
            !shown.contains("guessed") && !shown.contains("never-in-a-log"),
            "{shown}"
        );
    }
}

/// A setting of a topic that its stage can't do with, and what the stage says of it.
#[test]
fn each_stage_refuses_to_run_on_topics_that_are_not_as_it_needs_them() {
    let cluster = broker().cluster(&unique_prefix("refused"));
    let (topics, month) = (cluster.topics(), Clock::system().today().month());
    let admin = Admin::connect(&cluster).unwrap();
    create_topics(&admin, &partitions(1), &[month]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let gateway = free_address();
    let more = format!(
        "[gateway]\nlisten = \"{gateway}\"\nanonymous = true\n\n[telemetry]\nserve = false\n"
    );
    settings(folder.path(), &cluster, &more);
    for (stage, topic, setting, spoiled, right) in [
        ("gateway", topics.raw(), "retention.ms", "-1", "1209600000"),
        (
            "aggregate",
            topics.stripped(),
            "retention.ms",
            "600000",
            "-1",
        ),
        (
            "enrich",
            topics.state(month),
            "cleanup.policy",
            "delete",
            "compact",
        ),
    ] {
        alter_topic(&cluster, &topic, &[(setting, spoiled)]);
        let mut process = Stage::start(folder.path(), stage, "refused");
        let ended = process.await_end(Duration::from_secs(60));
        let log = std::fs::read_to_string(folder.path().join(format!("{stage}-refused.log")));
        let log = log.unwrap();
        let refused = ended.is_some_and(|status| !status.success());
        assert!(refused, "{stage} runs on a topic that is wrong:\n{log}");
        let said = format!("topic `{topic}` has {setting}={spoiled} and needs {right}");
        assert!(log.contains(&said), "{stage} does not say {said:?}:\n{log}");
        alter_topic(&cluster, &topic, &[(setting, right)]);
    }
}

#[test]
fn publish_puts_nothing_onto_a_topic_that_is_not_as_it_must_be() {
    let cluster = broker().cluster(&unique_prefix("publish"));
    make(&cluster, &partitions(1));
    let raw = cluster.topics().raw();
    let folder = tempfile::tempdir().unwrap();
    settings(folder.path(), &cluster, "");
    let line = r#"{"forget":{"device_id":"6f1c0000111122223333444455556666"}}"#;
    std::fs::write(folder.path().join("one.jsonl"), format!("{line}\n")).unwrap();
    let publish = || {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kaiku"));
        let command = command.args(["publish", "one.jsonl"]);
        command.current_dir(folder.path()).output().unwrap()
    };
    let kind = "message.timestamp.type";
    alter_topic(&cluster, &raw, &[(kind, "CreateTime")]);
    let output = publish();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("CreateTime and needs LogAppendTime"),
        "{said}"
    );
    assert_eq!(read(&cluster, &raw, Isolation::Committed), []);
    alter_topic(&cluster, &raw, &[(kind, "LogAppendTime")]);
    let output = publish();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert_eq!(read(&cluster, &raw, Isolation::Committed).len(), 1);
}

#[test]
fn more_copies_than_there_are_brokers_are_refused_with_what_to_do() {
    let cluster = apache().cluster(&unique_prefix("copies"));
    let admin = Admin::connect(&cluster).unwrap();
    let shape = TopicsConfig {
        replication: 3,
        ..partitions(1)
    };
    let refused = create_topics(&admin, &shape, &[]).unwrap_err().to_string();
    assert!(refused.contains("--replication 1"), "{refused}");
    let wrong = admin.check(&shape, Scope::All, &[]).unwrap();
    assert!(
        wrong.iter().any(|one| one.contains("--replication 1")),
        "{wrong:?}"
    );
}
