//! `kaiku selftest`: simulated devices through a real broker, on throw-away topics, compared with
//! the truth.

mod landing;
mod pipeline;
mod report;
mod rollups;
mod traffic;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail};
use kaiku_broker::{Admin, CheckOptions, CreateOptions, KafkaConfig};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{FleetConfig, Totals};
use kaiku_release::Policy;
use kaiku_wire::Day;

use super::{load, today};
use crate::cli::{Global, SelftestArgs};
use crate::config::{Part, Settings};
use crate::output;
use crate::telemetry::{self, TelemetryConfig};
use landing::Landed;
use pipeline::Pipeline;
use report::Report;

/// Runs the verb: success only where every check holds.
pub(crate) fn run(args: &SelftestArgs, global: &Global) -> Result<ExitCode> {
    let mut settings = load(global, &[Part::Telemetry])?;
    if let Some(brokers) = &args.brokers {
        settings.kafka.brokers = brokers.as_str().into();
    }
    if settings.telemetry == TelemetryConfig::default() {
        // The checks say what there is to say.
        settings.telemetry.log = "error".to_owned();
    }
    telemetry::start_logs(&settings.telemetry)?;
    let prefix = format!("{}{:08x}.", args.prefix, rand::random::<u32>());
    settings.kafka.prefix.clone_from(&prefix);
    match settings.kafka.problems() {
        problems if problems.is_empty() => {}
        problems => bail!(
            "the settings of Kafka can't be used:\n  - {}",
            problems.join("\n  - ")
        ),
    }
    output::note(&format!(
        "{} devices, {} days, topics {prefix}* on {}",
        args.devices, args.days, settings.kafka.brokers
    ));
    let mut report = Report::new();
    let tested = test(args, &settings, &mut report);
    report.check("the topics are deleted", || delete_topics(&settings.kafka));
    if let Err(error) = tested {
        report.fail("the test comes to its end", &error);
    }
    if let Some(file) = &args.junit {
        report.write_junit(file)?;
    }
    report.sum_up()
}

/// Every check, in order; an error where there is no point in going on.
fn test(args: &SelftestArgs, settings: &Settings, report: &mut Report) -> Result<()> {
    let kafka = &settings.kafka;
    let replication = settings.topics.replication;
    report.require("the topics are made, and as they must be", || {
        make_topics(kafka, args.partitions, replication)
    })?;
    let folder = tempfile::tempdir().context("making a folder for keys, landing and rollups")?;
    let catalogue = Arc::new(Catalogue::sample());
    let config = FleetConfig {
        seed: args.seed,
        devices: args.devices,
        first_day: first_day(args.days),
        partitions: args.partitions,
        ..FleetConfig::default()
    };
    let last_day = config.first_day.plus(args.days.saturating_sub(1));
    let pipeline = Pipeline::start(folder.path(), kafka, &catalogue, replication)?;
    let sent = report.require("every record is confirmed by the broker", || {
        traffic::replay(kafka, config, last_day, &catalogue)
    })?;
    report.require("enrich commits every record", || {
        pipeline.wait_for_enrich(kafka)
    })?;
    compare_totals(sent.truth.totals(), &pipeline, report);
    report.require("aggregate seals every day", || {
        pipeline.wait_for_seal(last_day)
    })?;
    report.check("aggregate has read every event that counts", || {
        let (read, counted) = (pipeline.events_landed(), sent.truth.totals().accepted);
        equal("events", read, counted)
    });
    report.check("enrich and aggregate stop when asked", || pipeline.stop());
    report.check("what was landed is the truth, every mark included", || {
        Landed::read(&folder.path().join("landing"))?.compare(sent.truth.totals())
    });
    let days = usize::try_from(args.days).unwrap_or(0);
    let files = Policy::small().tables().len() * catalogue.apps().count() * days;
    rollups::compare(
        &folder.path().join("rollups"),
        sent.truth.cells(),
        files,
        report,
    )
}

/// The first of so many days, all of them past: the default of the fleet, where that is so.
fn first_day(days: u32) -> Day {
    let usual = FleetConfig::default().first_day;
    let latest = today().minus(days + 1).week().monday();
    usual.min(latest)
}

fn make_topics(kafka: &KafkaConfig, partitions: i32, replication: i32) -> Result<String> {
    let admin = Admin::connect(kafka)?;
    let options = CreateOptions {
        partitions,
        replication,
        replay: true,
        months: Vec::new(),
    };
    let made = admin.create(&options)?;
    let check = CheckOptions {
        replication,
        replay: true,
        ..CheckOptions::default()
    };
    let deviations = admin.check(&check)?;
    if deviations.is_empty() {
        return Ok(format!("{} topics, {partitions} partitions", made.len()));
    }
    Err(anyhow!(deviations.join("; ")))
}

fn delete_topics(kafka: &KafkaConfig) -> Result<String> {
    let admin = Admin::connect(kafka)?;
    let names = admin.names()?;
    for name in &names {
        admin.delete_topic(name)?;
    }
    Ok(format!("{} topics", names.len()))
}

/// What enrich has committed is what the fleet has sent, to the last event.
fn compare_totals(truth: &Totals, pipeline: &Pipeline, report: &mut Report) {
    let seen = pipeline.enriched();
    report.check("events that count", || {
        equal("events", seen.counted, truth.accepted)
    });
    report.check("their repetitions", || {
        equal("times", seen.times, truth.accepted_times)
    });
    report.check("duplicates dropped", || {
        equal("events", seen.duplicates, truth.duplicates)
    });
    report.check("events over a bound", || {
        equal("events", seen.bounded, truth.bounded)
    });
    report.check("records rejected, by reason", || {
        if seen.rejected == truth.rejected {
            return Ok(format!("{} records", truth.rejected.values().sum::<u64>()));
        }
        Err(anyhow!(
            "{:?} instead of {:?}",
            seen.rejected,
            truth.rejected
        ))
    });
}

fn equal(what: &str, seen: u64, truth: u64) -> Result<String> {
    if seen == truth {
        Ok(format!("{truth} {what}"))
    } else {
        Err(anyhow!("{seen} {what}, and the truth is {truth}"))
    }
}
