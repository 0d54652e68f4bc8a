//! What differs is told, each thing in one sentence.

use kaiku_wire::Month;

use super::*;
use crate::topics::Topics;

fn wanted(scope: Scope) -> Vec<(Kind, String)> {
    let november = Month::parse("2026-11").unwrap();
    Topics::default().named_of(scope.kinds(), &[november])
}

fn as_needed(shape: &TopicsConfig) -> BTreeMap<String, Seen> {
    let seen = wanted(Scope::All).into_iter().map(|(kind, name)| {
        let spec = TopicSpec::new(kind, name.clone(), shape);
        let settings = spec
            .settings
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect();
        (
            name,
            Seen {
                partitions: spec.partitions,
                replication: spec.replication,
                settings,
            },
        )
    });
    seen.collect()
}

fn sentences(shape: &TopicsConfig, seen: &BTreeMap<String, Seen>) -> Vec<String> {
    deviations(shape, &wanted(Scope::All), seen)
}

#[track_caller]
fn one_sentence(topic: &str, setting: &str, value: &str) -> String {
    let options = TopicsConfig::default();
    let mut seen = as_needed(&options);
    seen.get_mut(topic)
        .unwrap()
        .settings
        .insert(setting.into(), value.into());
    let mut sentences = sentences(&options, &seen);
    assert_eq!(sentences.len(), 1, "{sentences:#?}");
    sentences.remove(0)
}

#[test]
fn more_replicas_than_brokers_are_told_with_what_to_do() {
    assert_eq!(too_few(3, 3), None);
    let told = too_few(3, 1).unwrap();
    assert!(told.contains("--replication 1"), "{told}");
}

#[test]
fn topics_as_we_make_them_pass() {
    for (replay, replication) in [(false, 1), (false, 3), (true, 1)] {
        let options = TopicsConfig {
            replay,
            replication,
            ..TopicsConfig::default()
        };
        assert_eq!(
            sentences(&options, &as_needed(&options)),
            Vec::<String>::new()
        );
    }
}

#[test]
fn a_missing_topic_is_named_with_the_command_that_makes_it() {
    let options = TopicsConfig::default();
    let mut seen = as_needed(&options);
    seen.remove("enrich.state.2026-11");
    let sentences = sentences(&options, &seen);
    assert_eq!(
        sentences,
        [
            "topic `enrich.state.2026-11` does not exist: make it with `kaiku topics create` (where it is there, this user may not see it: give it the right Describe)"
        ]
    );
}

#[test]
fn partition_counts_have_to_agree() {
    let options = TopicsConfig::default();
    let mut seen = as_needed(&options);
    seen.get_mut("events.stripped").unwrap().partitions = 6;
    seen.get_mut("enrich.keys").unwrap().partitions = 4;
    let sentences = sentences(&options, &seen);
    assert_eq!(sentences.len(), 2, "{sentences:#?}");
    assert!(
        sentences[0].contains("`events.stripped` has 6 partitions and `events.raw` has 4"),
        "{sentences:#?}"
    );
    assert!(
        sentences[1].contains("`enrich.keys` has 4 partitions"),
        "{sentences:#?}"
    );
}

#[test]
fn the_brokers_clock_is_needed_outside_a_replay() {
    let sentence = one_sentence("events.raw", "message.timestamp.type", "CreateTime");
    assert!(sentence.contains("needs LogAppendTime"), "{sentence}");
    assert!(
        sentence.contains("kafka-configs --bootstrap-server BROKER --alter")
            && sentence.contains("--add-config 'message.timestamp.type=[LogAppendTime]'"),
        "{sentence}"
    );
}

#[test]
fn nothing_may_delete_what_was_not_landed() {
    assert!(one_sentence("events.stripped", "retention.ms", "604800000").contains("needs -1"));
    assert!(one_sentence("events.stripped", "retention.bytes", "1000000").contains("needs -1"));
}

#[test]
fn raw_records_may_go_sooner_but_not_stay_longer() {
    assert!(one_sentence("events.raw", "retention.ms", "-1").contains("needs 1209600000"));
    let options = TopicsConfig::default();
    let mut seen = as_needed(&options);
    seen.get_mut("events.raw")
        .unwrap()
        .settings
        .insert("retention.ms".into(), "86400000".into());
    assert_eq!(sentences(&options, &seen), Vec::<String>::new());
}

#[test]
fn state_has_to_be_compacted_and_keys_deletable() {
    assert!(
        one_sentence("enrich.state.2026-11", "cleanup.policy", "delete").contains("needs compact")
    );
    assert!(
        one_sentence("enrich.keys", "cleanup.policy", "compact").contains("needs compact,delete")
    );
}

#[test]
fn an_election_that_loses_acknowledged_records_is_refused_where_it_can_happen() {
    let unclean = |replication| {
        let options = TopicsConfig {
            replication,
            ..TopicsConfig::default()
        };
        let mut seen = as_needed(&options);
        let raw = seen.get_mut("events.raw").unwrap();
        let setting = "unclean.leader.election.enable".to_owned();
        raw.settings.insert(setting, "true".into());
        sentences(&options, &seen)
    };
    assert_eq!(unclean(1), Vec::<String>::new());
    let said = unclean(3);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(said[0].contains("unclean.leader.election.enable=true and needs false"));
}

#[test]
fn a_short_retention_and_a_late_compaction_are_remarked_upon_and_refuse_nothing() {
    let options = TopicsConfig::default();
    let mut seen = as_needed(&options);
    let all = wanted(Scope::All);
    assert_eq!(remarks(&options, &all, &seen), Vec::<String>::new());
    let mut set = |topic: &str, setting: &str, value: &str| {
        let topic = seen.get_mut(topic).unwrap();
        topic.settings.insert(setting.into(), value.into());
    };
    set("events.raw", "retention.ms", "60000");
    let never = i64::MAX.to_string();
    set("enrich.state.2026-11", "max.compaction.lag.ms", &never);
    assert_eq!(sentences(&options, &seen), Vec::<String>::new());
    let said = remarks(&options, &all, &seen);
    assert_eq!(said.len(), 2, "{said:#?}");
    assert!(
        said[0].contains("`events.raw` keeps records for 0 hours"),
        "{said:#?}"
    );
    assert!(
        said[1].contains("'max.compaction.lag.ms=[86400000]'"),
        "{said:#?}"
    );
}

#[test]
fn too_few_copies_and_too_small_messages_are_seen() {
    assert!(one_sentence("events.raw", "max.message.bytes", "1000").contains("needs 1048576"));
    let options = TopicsConfig {
        replication: 3,
        ..TopicsConfig::default()
    };
    let mut seen = as_needed(&options);
    seen.get_mut("events.raw")
        .unwrap()
        .settings
        .insert("min.insync.replicas".into(), "1".into());
    seen.get_mut("events.stripped").unwrap().replication = 1;
    let sentences = sentences(&options, &seen);
    assert_eq!(sentences.len(), 2, "{sentences:#?}");
    assert!(
        sentences[0].contains("min.insync.replicas=1 and needs 2"),
        "{sentences:#?}"
    );
    assert!(sentences[1].contains("`events.stripped` stands on 1 broker(s) and 3 are asked for"));
}

#[test]
fn a_stage_looks_at_its_own_topics_only() {
    assert_eq!(
        wanted(Scope::Ingest),
        [(Kind::Raw, "events.raw".to_owned())]
    );
    assert_eq!(
        wanted(Scope::Aggregate),
        [(Kind::Stripped, "events.stripped".to_owned())]
    );
    assert_eq!(wanted(Scope::Enrich).len(), 5);
}

#[test]
fn partitions_other_than_those_of_the_settings_are_told() {
    let seen = as_needed(&TopicsConfig::default());
    let eight = TopicsConfig {
        partitions: 8,
        ..TopicsConfig::default()
    };
    let told = remarks(&eight, &wanted(Scope::All), &seen);
    assert!(
        told.iter()
            .any(|one| one.contains("set topics.partitions = 4")),
        "{told:?}"
    );
    assert_eq!(
        remarks(&TopicsConfig::default(), &wanted(Scope::All), &seen),
        [""; 0]
    );
}
