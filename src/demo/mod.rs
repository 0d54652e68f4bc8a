//! `kaiku demo`: the whole pipeline in one process, on simulated devices. No broker, no network
//! beyond this machine, no settings.

mod bars;
mod compare;
mod door;
mod folder;
mod needles;
mod search;
mod send;
mod stages;
mod summary;
mod tap;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::executor::block_on;
use kaiku_broker::MockBroker;
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Fleet, FleetConfig, Truth};
use kaiku_ingest::Producer;
use kaiku_wire::{Day, Month};

use crate::output;
use bars::Bars;
use door::Door;
use folder::Folder;
use needles::{Control, Found, Needles};
use send::Sender;
use stages::Stages;
use summary::Summary;
use tap::Tap;

const PARTITIONS: i32 = 4;
/// Identifiers that a device may have in a demo: it opts in again with a new one.
const IDENTIFIERS_EACH: u16 = 3;
const LAST: Duration = Duration::from_secs(30);

/// `kaiku demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many devices are simulated; from 5,000 on there is something to be published
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: u32,
    /// How many days of history
    #[arg(long, default_value_t = 28, value_parser = clap::value_parser!(u32).range(1..=366))]
    days: u32,
    /// The same seed makes the same devices; the noise is another each time
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for the result; it must be empty, or that of a demo before
    #[arg(long, value_name = "DIR", default_value = "./kaiku-demo")]
    out: PathBuf,
}

/// Runs the verb.
///
/// # Errors
/// Where something failed that may not fail.
pub(crate) fn run(args: Args) -> Result<ExitCode> {
    let begun = Instant::now();
    let folder = Folder::claim(&args.out)?;
    output::note(&format!(
        "{} simulated devices, {} days, everything in this process; the result goes to {}",
        args.devices,
        args.days,
        args.out.display()
    ));
    let summary = pipeline(&args, &folder, begun);
    folder.clean()?;
    let summary = summary?;
    summary.print(&folder.rollups())?;
    Ok(if summary.faults().is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn pipeline(args: &Args, folder: &Folder, begun: Instant) -> Result<Summary> {
    let catalogue = Arc::new(Catalogue::sample());
    let config = FleetConfig {
        seed: args.seed,
        devices: args.devices,
        partitions: PARTITIONS,
        ..FleetConfig::default()
    };
    let first_day = config.first_day;
    let mut fleet = Fleet::new(config, &catalogue);
    let identifiers = fleet
        .identifiers_ahead(IDENTIFIERS_EACH)
        .map(|id| *id.as_bytes());
    let needles = Arc::new(Needles::new(identifiers));

    let broker = MockBroker::new(PARTITIONS, &months(first_day, args.days))
        .context("starting a broker in this process")?;
    let kafka = broker.config();
    let time = Arc::new(AtomicI64::new(first_day.start_millis()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("starting the gateway's runtime")?;
    let mut stages = Stages::start(&kafka, &catalogue, folder, PARTITIONS, Arc::clone(&time))?;
    let tap = Tap::start(&kafka, PARTITIONS, Arc::clone(&needles))?;
    let settings = kaiku_ingest::Config {
        replay: true,
        ..kaiku_ingest::Config::default()
    };
    let producer = Producer::start(&kafka, None, &settings).context("starting a producer")?;
    let door = Door::open(
        &runtime,
        folder,
        producer.clone(),
        Arc::clone(&time),
        stages.shutdown(),
    )?;
    let control = Control::start(Arc::clone(&needles));
    let mut sender = Sender::new(
        &kafka,
        Truth::new(&catalogue, PARTITIONS),
        (producer.clone(), door),
        (PARTITIONS, args.devices),
        time,
        control,
    )?;

    let bars = Bars::new(args.days);
    let mut day = first_day;
    for _ in 0..args.days {
        sender.day(day, fleet.day(day), &mut stages, &tap, &bars)?;
        bars.day(day);
        day = day.next();
    }
    let last = day.prev();
    stages.sealed(last, |stages| bars.show(stages, sender.truth.totals()))?;
    bars.finish();
    block_on(producer.close(LAST)).context("ending the producer")?;
    let (enriched, aggregated) = (Arc::clone(&stages.enriched), stages.aggregated.clone());
    stages.stop()?;
    runtime.shutdown_timeout(LAST);

    let mut found = tap.finish()?;
    search_folders(folder, &needles, &mut found)?;
    let elapsed = begun.elapsed();
    Ok(Summary {
        devices: args.devices,
        days: args.days,
        truth: sender.truth.totals().clone(),
        enriched: enriched.totals(),
        days_sealed: aggregated.days_sealed(),
        rows_published: aggregated.rows_published(),
        rows_folded: aggregated.rows_folded(),
        comparison: compare::compare(&folder.rollups(), sender.truth.cells())?,
        found,
        identifiers: fleet.identifiers().count(),
        control: sender.control.found(),
        elapsed,
    })
}

fn search_folders(folder: &Folder, needles: &Needles, found: &mut Found) -> Result<()> {
    let places: [&Path; 2] = [&folder.work("landing"), &folder.rollups()];
    places
        .into_iter()
        .try_for_each(|place| search::folder(place, needles, found))
}

/// The months whose state is kept, that of the day after the last included.
fn months(first: Day, days: u32) -> Vec<Month> {
    let mut months: Vec<Month> = (0..=days)
        .map(|number| first.plus(number).month())
        .collect();
    months.dedup();
    months
}
