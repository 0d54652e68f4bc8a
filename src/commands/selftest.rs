//! `kaiku selftest`: simulated devices through a real broker, on throw-away topics, compared with
//! the truth.

mod report;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use kaiku_broker::{Admin, Cluster, Scope, TopicsConfig, create_topics};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, Totals, Truth};
use kaiku_rehearsal::{Comparison, Landed, Pipeline, Sender, compare, wanted};
use kaiku_release::{Policy, Unit};
use kaiku_stage::Context;
use kaiku_wire::{Clock, Day};

use crate::cli::{Global, SelftestArgs};
use crate::config::{Part, Settings};
use crate::output;
use crate::telemetry;
use crate::throw_away;
use report::{Found, Report};

/// Milliseconds between two uploads of a day; 20 million uploads fit into one.
const STEP: i64 = 4;

/// Runs the verb: success only where every check holds.
pub(crate) fn run(args: &SelftestArgs, global: &Global) -> Result<ExitCode> {
    let mut settings = throw_away::settings(global, &[Part::Telemetry], args.brokers.as_deref())?;
    telemetry::start_logs(&settings.telemetry)?;
    let prefix = throw_away::prefix(&args.prefix);
    settings.kafka.prefix.clone_from(&prefix);
    let cluster = Cluster::new(&settings.kafka)?;
    output::note(&format!(
        "{} devices, {} days, topics {prefix}* on {}",
        args.devices,
        args.days,
        cluster.brokers()
    ));
    let mut report = Report::new();
    let tested = test(args, &settings, &cluster, &mut report);
    report.check("the topics are deleted", || {
        let deleted = throw_away::delete_topics(&cluster)?;
        Ok(format!("{deleted} topics"))
    });
    report.check("the groups are deleted", || {
        let deleted = throw_away::delete_groups(&cluster).context(
            "this user needs the right Delete on groups that begin with the prefix; what is left of them, the broker \
             forgets by itself",
        )?;
        Ok(format!("{deleted} groups"))
    });
    if let Err(error) = tested {
        report.fail("the test comes to its end", &error);
    }
    if let Some(file) = &args.junit {
        report.write_junit(file)?;
    }
    report.sum_up()
}

/// Every check, in order; an error where there is no point in going on.
fn test(
    args: &SelftestArgs,
    settings: &Settings,
    cluster: &Cluster,
    report: &mut Report,
) -> Result<()> {
    let shape = TopicsConfig {
        partitions: args.partitions,
        replication: settings.topics.replication,
        replay: true,
    };
    report.require("the topics are made, and as they must be", || {
        make_topics(cluster, &shape)
    })?;
    let folder = tempfile::tempdir().context("making a folder for keys, landing and rollups")?;
    let (catalogue, policy) = (Arc::new(Catalogue::sample()), Policy::small());
    let config = FleetConfig {
        seed: args.seed,
        devices: args.devices,
        first_day: first_day(args.days),
        partitions: args.partitions,
        ..FleetConfig::default()
    };
    let last_day = config.first_day.plus(args.days.saturating_sub(1));
    let context = Context::new(cluster.clone(), shape, Arc::clone(&catalogue));
    let mut pipeline = start(context, folder.path())?;
    let truth = Truth::of(&catalogue, args.partitions, wanted(&policy)).and_unbounded();
    let sent = report.require("every record is confirmed by the broker", || {
        replay(cluster, Fleet::new(config, &catalogue), truth, last_day)
    })?;
    report.require("enrich commits every record", || {
        let records = pipeline.await_committed()?;
        Ok(format!("{records} records"))
    })?;
    compare_totals(sent.truth.totals(), &pipeline, report);
    report.require("aggregate seals every day", || {
        pipeline.await_sealed(last_day, |_| {})?;
        let (days, rows) = {
            let aggregated = &pipeline.aggregated;
            (aggregated.days_sealed(), aggregated.rows_published())
        };
        Ok(format!("{days} days, {rows} rows published"))
    })?;
    report.check("aggregate has read every event behind the strip", || {
        // Where partitions move among its threads some are read once more; what lands is compared below.
        let (read, all) = (
            pipeline.aggregated.events(),
            sent.truth.totals().handed_on(),
        );
        match read >= all {
            true => Ok(format!("{all} events, {} of them once more", read - all)),
            false => equal("events", read, all),
        }
    });
    report.check("enrich and aggregate stop when asked", || {
        pipeline.stop().map(|()| "both".to_owned())
    });
    report.check("what was landed is the truth, cell by cell", || {
        let landing = folder.path().join("landing");
        Landed::read(&landing, &policy)?.compare(&policy, &sent.truth)
    });
    let compared = compare(&folder.path().join("rollups"), &policy, &sent.truth)?;
    let periods = periods(&policy, args.days);
    judge(&compared, periods, &catalogue, policy.k(), report);
    Ok(())
}

/// Periods of all tables: days, and whole weeks; the first day is a Monday.
fn periods(policy: &Policy, days: u32) -> usize {
    let periods = policy.tables().iter().map(|table| match table.unit() {
        Unit::Day => days,
        Unit::Week => days / 7,
    });
    periods.sum::<u32>() as usize
}

/// Both stages; keys, landing and rollups go into the folder.
fn start(context: Context, folder: &Path) -> Result<Pipeline> {
    let enrich = kaiku_enrich::Config {
        group: format!("{}enrich", context.cluster.prefix()),
        keys_dir: folder.join("keys"),
        ..kaiku_enrich::Config::default()
    };
    let aggregate = kaiku_aggregate::Config {
        landing: folder.join("landing").display().to_string(),
        rollups: folder.join("rollups").display().to_string(),
        // What was landed is compared with the truth.
        delete_landing: false,
        synthetic: true,
        seal_every: Duration::from_millis(500),
        ..kaiku_aggregate::Config::default()
    };
    Pipeline::new(context).enrich(enrich)?.aggregate(aggregate)
}

/// What was sent.
struct Sent<'a> {
    truth: Truth<'a>,
    records: u64,
}

impl Found for Sent<'_> {
    fn text(&self) -> String {
        let totals = self.truth.totals();
        format!(
            "{} records, {} events of {} devices",
            self.records,
            totals.events,
            self.truth.devices()
        )
    }
}

/// Sends every day of a fleet, each record with the time of its day, and closes each day.
fn replay<'a>(
    cluster: &Cluster,
    mut fleet: Fleet,
    mut truth: Truth<'a>,
    last_day: Day,
) -> Result<Sent<'a>> {
    let mut sender = Sender::onto(cluster, fleet.partitions())?;
    let mut day = fleet.first_day();
    while day <= last_day {
        let mut millis = day.start_millis();
        for upload in fleet.day(day) {
            millis += STEP;
            truth.sent(&upload, day);
            sender
                .upload(&upload, millis)
                .context("sending what a device uploads")?;
        }
        day = day.next();
        sender.tick(day)?;
    }
    let records = sender.records();
    sender.close()?;
    Ok(Sent { truth, records })
}

/// Whether what was published is as it must be.
fn judge(
    compared: &Comparison,
    periods: usize,
    catalogue: &Catalogue,
    k: u64,
    report: &mut Report,
) {
    report.check("every table has a file for every app and period", || {
        let files = |app: &str| compared.files.get(app).copied().unwrap_or(0);
        let mut apps = catalogue.apps().map(|app| app.as_str());
        match apps.find(|app| files(app) != periods) {
            None => Ok(format!("{periods} files an app, {} rows", compared.rows())),
            Some(app) => Err(anyhow!(
                "{} files of {app} instead of {periods}",
                files(app)
            )),
        }
    });
    report.check(
        "every published cell holds at least k devices",
        || match compared.small.as_slice() {
            [] => Ok(format!("k = {k}")),
            small => Err(anyhow!("not so: {}", small.join("; "))),
        },
    );
    report.check("published values lie within their intervals", || {
        within(compared)
    });
}

/// One in twenty may lie outside; five standard deviations more would be no chance.
#[allow(clippy::cast_precision_loss)]
fn within(compared: &Comparison) -> Result<String> {
    let (numbers, outside) = (
        compared.numbers() as f64,
        (compared.numbers() - compared.within()) as f64,
    );
    if compared.numbers() == 0 {
        return Err(anyhow!("no cell was published: simulate more devices"));
    }
    let inside = format!("{} of {}", compared.within(), compared.numbers());
    if outside <= 0.05 * numbers + 5.0 * (0.0475 * numbers).sqrt() + 1.0 {
        Ok(inside)
    } else {
        Err(anyhow!("only {inside}"))
    }
}

/// The first of so many days, all of them past: the default of the fleet, where that is so.
fn first_day(days: u32) -> Day {
    let usual = FleetConfig::default().first_day;
    let latest = Clock::system().today().minus(days + 1).week().monday();
    usual.min(latest)
}

fn make_topics(cluster: &Cluster, shape: &TopicsConfig) -> Result<String> {
    let admin = Admin::connect(cluster)?;
    let made = create_topics(&admin, shape, &[])?;
    let deviations = admin.check(shape, Scope::All, &[])?;
    if deviations.is_empty() {
        let partitions = shape.partitions;
        return Ok(format!("{} topics, {partitions} partitions", made.len()));
    }
    Err(anyhow!(deviations.join("; ")))
}

/// What enrich has committed is what the fleet has sent, to the last event.
fn compare_totals(truth: &Totals, pipeline: &Pipeline, report: &mut Report) {
    let seen = pipeline.enriched.totals();
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
