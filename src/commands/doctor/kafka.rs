//! What the doctor looks at on Kafka and in the schema registry.

use anyhow::Result;
use kaiku_broker::{Admin, Advertised, Cluster, Examined, KafkaConfig, Scope};
use kaiku_registry::{Registry, subject_of};
use kaiku_stage::Causes;
use kaiku_wire::CONTRACTS;

use super::Findings;
use crate::clock::clock;
use crate::config::Settings;
use crate::stage::Stage;

pub(super) fn look_at_registry(settings: &Settings, findings: &mut Findings) -> Result<()> {
    let Some(config) = &settings.registry else {
        return findings.note(
            "registry",
            "none is set: records carry the fingerprint of their schema",
        );
    };
    let asked = Registry::new(config).and_then(|registry| registry.ping().map(|()| registry));
    let registry = match asked {
        Ok(registry) => registry,
        Err(error) => return findings.wrong("registry", &Causes(&error).to_string()),
    };
    findings.ok("registry", &format!("{} answers", config.url))?;
    let refused: Vec<String> = CONTRACTS
        .iter()
        .filter_map(|contract| {
            let checked = registry.check(subject_of(contract.name), contract.text);
            checked.err().map(|error| Causes(&error).to_string())
        })
        .collect();
    findings.judge(
        "registry",
        &refused,
        "every schema is compatible with what is registered",
    )
}

pub(super) fn look_at_kafka(
    cluster: &Cluster,
    settings: &Settings,
    stages: &[Stage],
    findings: &mut Findings,
) -> Result<()> {
    let admin = match Admin::connect(cluster) {
        Ok(admin) => admin,
        Err(error) => return findings.wrong("kafka", &Causes(&error).to_string()),
    };
    let advertised = match admin.advertised() {
        Ok(advertised) => advertised,
        Err(error) => {
            return findings.wrong("kafka", &Causes(&error).to_string());
        }
    };
    let how = protection(&settings.kafka);
    let places: Vec<&str> = advertised.iter().map(|one| &*one.address).collect();
    let answers = format!(
        "{} answers, {how}; its brokers say that they are at {}",
        cluster.brokers(),
        places.join(", ")
    );
    findings.ok("kafka", &answers)?;
    let unreached: Vec<String> = advertised.iter().filter_map(Advertised::trouble).collect();
    if !unreached.is_empty() {
        return findings.judge("kafka", &unreached, "");
    }
    let scope = match stages {
        [stage] => stage.scope(),
        _ => Scope::All,
    };
    let examined = admin
        .months()
        .and_then(|months| admin.examine(&settings.topics, scope, &months));
    let topics = examined.unwrap_or_else(|error| Examined {
        wrong: vec![Causes(&error).to_string()],
        remarks: Vec::new(),
    });
    findings.judge("topics", &topics.wrong, "are there, and as they must be")?;
    if !topics.wrong.is_empty() {
        return Ok(());
    }
    for remark in topics.remarks {
        findings.note("topics", &remark)?;
    }
    look_at_deletion(cluster, settings, stages, &admin, findings)?;
    // In a replay no month is ever over.
    if stages.contains(&Stage::Enrich) && !settings.topics.replay {
        look_at_months(cluster, &settings.enrich, findings)?;
    }
    Ok(())
}

/// Whether the months' keys can be opened, and what should be gone.
fn look_at_months(
    cluster: &Cluster,
    config: &kaiku_enrich::Config,
    findings: &mut Findings,
) -> Result<()> {
    let found = match kaiku_enrich::inspect(cluster, config, clock().today()) {
        Ok(found) => found,
        Err(error) => return findings.wrong("months", &Causes(&error).to_string()),
    };
    for note in &found.notes {
        findings.note("months", note)?;
    }
    let fine = "every key that is needed can be opened, and what is over is gone";
    findings.judge("months", &found.wrong, fine)
}

/// Asks for the deletion of what is deleted already: only the right to do so is tried.
fn look_at_deletion(
    cluster: &Cluster,
    settings: &Settings,
    stages: &[Stage],
    admin: &Admin,
    findings: &mut Findings,
) -> Result<()> {
    let topics = cluster.topics();
    let deleted = [
        (Stage::Enrich, settings.enrich.delete_raw, topics.raw()),
        (
            Stage::Aggregate,
            settings.aggregate.delete_stripped,
            topics.stripped(),
        ),
    ];
    for (_, _, topic) in deleted
        .into_iter()
        .filter(|(stage, deletes, _)| *deletes && stages.contains(stage))
    {
        let tried = admin
            .watermarks(&topic, 0)
            .and_then(|(low, _)| admin.delete_records(&topic, 0, low));
        let wrong = tried.err().map(|error| {
            format!(
                "{}: give this user the right to delete records of `{topic}`",
                Causes(&error)
            )
        });
        findings.judge(
            "deletion",
            wrong.as_slice(),
            &format!("records of `{topic}` may be deleted"),
        )?;
    }
    Ok(())
}

fn protection(kafka: &KafkaConfig) -> &'static str {
    match (&kafka.tls, &kafka.sasl) {
        (Some(_), Some(_)) => "over TLS, with a password",
        (Some(_), None) => "over TLS",
        (None, Some(_)) => "in clear, with a password",
        (None, None) => "in clear",
    }
}
