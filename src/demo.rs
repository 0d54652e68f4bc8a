//! `kaiku demo`: the whole pipeline in one process, on simulated devices. No broker, no network
//! beyond this machine, no settings.

mod bars;
mod changes;
mod folder;
mod handsets;
mod summary;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use kaiku_broker::{Cluster, MockBroker, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_fleet::{DayUploads, Fleet, FleetConfig, Truth};
use kaiku_handsets::{Handsets, HandsetsConfig};
use kaiku_rehearsal::{
    Control, Door, Found, Needles, Pipeline, Sender, Tap, Time, compare, search, wanted,
};
use kaiku_release::Policy;
use kaiku_stage::{Context, RandomSource};
use kaiku_suggestions::{Expected, MOST_DAYS, SigningKey, Suggestions};
use kaiku_wire::{Clock, Day, Month};

use crate::commands::recommend;
use crate::output;
use bars::Bars;
use changes::Flags;
use folder::Folder;
use summary::{Suggested, Summary};

const PARTITIONS: i32 = 4;
/// Identifiers that a device may have in a demo: it opts in again with a new one.
const IDENTIFIERS_EACH: u16 = 3;
/// The same of a handset.
const HANDSET_IDENTIFIERS_EACH: u32 = 16;
const LAST: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 86_400_000;
/// After how many uploads it is looked whether the stages follow.
const LOOK: usize = 200;
/// Records that wait for enrich in a partition at most: a batch has some 300 bytes, and the mock
/// keeps 5 MiB.
const RAW_AHEAD: i64 = 6_000;
/// Events that wait for the landing at most, over all partitions.
const EVENTS_AHEAD: u64 = 60_000;
/// Records that the search for identifiers may be behind the landing in a partition.
const TAP_BEHIND: i64 = 24;

/// `kaiku demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many devices are simulated; of fewer than 5,000 little can be published
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    devices: u32,
    /// How many days of history, from a Monday on; weekly tables need at least one whole week
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
        "{} simulated devices, {} days, everything in this process; the result goes to {}{}",
        args.devices,
        args.days,
        args.out.display(),
        match folder.is_older() {
            true => ", in place of an older one",
            false => "",
        }
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
    let policy = Policy::small();
    let config = FleetConfig {
        seed: args.seed,
        devices: args.devices,
        partitions: PARTITIONS,
        changes: last_week(FleetConfig::default().first_day, args.days),
        ..FleetConfig::default()
    };
    let first_day = config.first_day;
    let mut fleet = Fleet::new(config, &catalogue);
    let identifiers = fleet
        .identifiers_ahead(IDENTIFIERS_EACH)
        .map(|id| *id.as_bytes());
    let handsets = HandsetsConfig {
        seed: args.seed,
        ..HandsetsConfig::default()
    };
    let mut handsets = Handsets::new(handsets, &catalogue, folder.work("handsets"))?;
    let of_handsets = handsets.identifiers_ahead(HANDSET_IDENTIFIERS_EACH);
    let needles = Arc::new(Needles::new(identifiers.chain(of_handsets)));

    let broker = MockBroker::new(PARTITIONS, &months(first_day, args.days))
        .context("starting a broker in this process")?;
    let time: Time = Arc::new(AtomicI64::new(first_day.start_millis()));
    let pipeline = start(broker.cluster(), &catalogue, folder, &time)?;
    let tap = Tap::start(broker.cluster(), PARTITIONS, Arc::clone(&needles))?;
    let mut sender = Sender::onto(broker.cluster(), PARTITIONS)?;
    let runtime = through_gateway(&mut sender, folder, time, &pipeline)?;
    let mut demo = Demo {
        sender,
        pipeline,
        truth: Truth::of(&catalogue, PARTITIONS, wanted(&policy)).and_unbounded(),
        tap,
        control: Control::start(Arc::clone(&needles)),
        bars: Bars::new(args.days),
        catalogue: &catalogue,
        seen: HashSet::new(),
        uploads_a_day: i64::from(args.devices).max(1) * 2,
    };

    let mut day = first_day;
    for _ in 0..args.days {
        demo.uploads(day, fleet.day(day))?;
        demo.handsets(day, &mut handsets)?;
        demo.close(day)?;
        day = day.next();
    }
    let identifiers = fleet.identifiers().count() + demo.seen.len();
    let (truth, mut found, pipeline, control) = demo.end(day.prev())?;
    runtime.shutdown_timeout(LAST);

    search_folders(folder, &needles, &mut found)?;
    let made = report(folder)?;
    let changes = match last_week(first_day, args.days) {
        Some(_) => fleet.changes(),
        None => Vec::new(),
    };
    let flags = Flags::of(&made, &changes, &policy, &truth);
    let suggested = suggestions(folder, &catalogue, day)?;
    let elapsed = begun.elapsed();
    Ok(Summary {
        devices: args.devices,
        days: args.days,
        truth: truth.totals().clone(),
        enriched: pipeline.0.totals(),
        days_sealed: pipeline.1.days_sealed(),
        weeks_sealed: pipeline.1.weeks_sealed(),
        rows_published: pipeline.1.rows_published(),
        comparison: compare(&folder.rollups(), &policy, &truth)?,
        flags,
        suggested,
        report: folder.report(),
        found,
        identifiers,
        handsets: (handsets.count(), handsets.book()),
        control,
        elapsed,
    })
}

/// Has a sender go through the real gateway, which runs as long as what is returned.
fn through_gateway(
    sender: &mut Sender,
    folder: &Folder,
    time: Time,
    pipeline: &Pipeline,
) -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .context("starting the gateway's runtime")?;
    let door = Door::open(
        &runtime,
        &folder.work(""),
        sender.library().clone(),
        Arc::clone(&time),
        pipeline.shutdown(),
    )?;
    sender.through(door, time);
    Ok(runtime)
}

/// The first day of the last whole week, on which something changes in the fleet; the week before
/// it must be whole, too.
fn last_week(first_day: Day, days: u32) -> Option<Day> {
    let weeks = days / 7;
    (weeks >= 2).then(|| first_day.plus((weeks - 1) * 7))
}

/// Makes the signed files of recommendations, under a key of this demo alone, and opens them as a
/// device does.
fn suggestions(folder: &Folder, catalogue: &Catalogue, today: Day) -> Result<Vec<Suggested>> {
    let key = SigningKey::from_seed(RandomSource::system().bytes())?;
    let settings = kaiku_recommend::Settings {
        day: today,
        ..kaiku_recommend::Settings::default()
    };
    let (out, rollups) = (folder.suggestions(), folder.rollups());
    let rollups = rollups.to_string_lossy();
    let files = recommend::files(&rollups, catalogue, &settings, MOST_DAYS, &out, &key)?;
    let opened = files.into_iter().map(|made| {
        let bytes = std::fs::read(&made.path)?;
        let app = made.said.app();
        let expected = Expected {
            app,
            keys: &[key.public()],
            today,
            last: None,
        };
        let opened = Suggestions::verify(&bytes, &expected)
            .with_context(|| format!("opening {}", made.path.display()))?;
        Ok(Suggested {
            app: app.to_owned(),
            pairs: opened.pairs().count(),
            bytes: bytes.len(),
        })
    });
    opened.collect()
}

/// Makes the page of what was published.
fn report(folder: &Folder) -> Result<kaiku_report::Made> {
    let made = kaiku_report::make(&folder.rollups(), &kaiku_report::Settings::default())?;
    let file = folder.report();
    std::fs::write(&file, kaiku_report::html(&made.report)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(made)
}

/// Both stages, by the time of the simulation.
fn start(
    cluster: &Cluster,
    catalogue: &Arc<Catalogue>,
    folder: &Folder,
    time: &Time,
) -> Result<Pipeline> {
    let replay = TopicsConfig {
        partitions: PARTITIONS,
        replay: true,
        ..TopicsConfig::default()
    };
    let time = Arc::clone(time);
    let context = Context {
        clock: Clock::from_fn(move || time.load(Ordering::Relaxed)),
        ..Context::new(cluster.clone(), replay, Arc::clone(catalogue))
    };
    Pipeline::new(context)
        .enrich(enrich_config(folder))?
        .aggregate(aggregate_config(folder))
}

/// What of the stages is still to be told once they have stopped.
type Shown = (kaiku_enrich::Progress, kaiku_aggregate::Progress);

/// A demo at work.
struct Demo<'a> {
    sender: Sender,
    pipeline: Pipeline,
    truth: Truth<'a>,
    tap: Tap,
    /// The search for identifiers, tried where they must be: in what is sent on the first day.
    control: Control,
    bars: Bars,
    uploads_a_day: i64,
    catalogue: &'a Catalogue,
    /// Identifiers of the handsets.
    seen: HashSet<[u8; 16]>,
}

impl<'a> Demo<'a> {
    /// Sends all uploads of a day, no faster than the stages take them.
    fn uploads(&mut self, day: Day, uploads: DayUploads<'_>) -> Result<()> {
        for (number, upload) in uploads.enumerate() {
            let of_day = i64::try_from(number).unwrap_or(0) * DAY_MS / self.uploads_a_day;
            let millis = day.start_millis() + of_day.min(DAY_MS - 1);
            self.truth.sent(&upload, day);
            let control = &mut self.control;
            let mut look = |bytes: &[u8]| control.look(bytes);
            self.sender.upload_shown(&upload, day, millis, &mut look)?;
            if number % LOOK == 0 {
                self.pace()?;
                self.bars.show(&self.pipeline, self.truth.totals());
            }
        }
        Ok(())
    }

    /// A day is closed by the first record of a later one.
    fn close(&mut self, day: Day) -> Result<()> {
        self.sender.tick(day.next())?;
        self.control.stop();
        self.bars.day(day);
        Ok(())
    }

    /// Waits until the stages have come so far that the mock loses nothing if more is sent.
    fn pace(&mut self) -> Result<()> {
        let (sender, tap) = (&self.sender, &self.tap);
        let events = self.truth.totals().handed_on();
        self.pipeline.wait(|pipeline| {
            let lanes = pipeline.enriched.lanes();
            let raw = (0..).zip(sender.sent()).all(|(partition, sent)| {
                let done = lanes.get(&partition).map_or(0, |lane| lane.next_offset);
                sent - done < RAW_AHEAD
            });
            let aggregated = &pipeline.aggregated;
            let search = (0..PARTITIONS).all(|partition| {
                aggregated.consumed(partition) - tap.position(partition) < TAP_BEHIND
            });
            raw && search && events.saturating_sub(aggregated.events()) < EVENTS_AHEAD
        })
    }

    /// Waits until the last day is sealed, and stops everything.
    fn end(mut self, last: Day) -> Result<(Truth<'a>, Found, Shown, usize)> {
        let (bars, sent) = (&self.bars, self.truth.totals());
        self.pipeline
            .await_sealed(last, |pipeline| bars.show(pipeline, sent))?;
        self.bars.finish();
        self.sender.close()?;
        let shown = (
            self.pipeline.enriched.clone(),
            self.pipeline.aggregated.clone(),
        );
        self.pipeline.stop()?;
        let found = self.tap.finish()?;
        Ok((self.truth, found, shown, self.control.found()))
    }
}

fn enrich_config(folder: &Folder) -> kaiku_enrich::Config {
    kaiku_enrich::Config {
        keys_dir: folder.work("keys"),
        // On a machine of two cores the commits are what costs.
        mix_time: Duration::from_millis(300),
        mix_longest: Duration::from_secs(1),
        delete_raw: false,
        ..kaiku_enrich::Config::default()
    }
}

fn aggregate_config(folder: &Folder) -> kaiku_aggregate::Config {
    let place = |path: PathBuf| path.to_string_lossy().into_owned();
    kaiku_aggregate::Config {
        landing: place(folder.work("landing")),
        rollups: place(folder.rollups()),
        staging: Some(folder.work("staging")),
        threads: 1,
        // What was landed is searched for identifiers at the end, then deleted as a whole.
        delete_stripped: false,
        delete_landing: false,
        synthetic: true,
        seal_every: Duration::from_millis(200),
        ..kaiku_aggregate::Config::default()
    }
}

fn search_folders(folder: &Folder, needles: &Needles, found: &mut Found) -> Result<()> {
    let places: [&Path; 2] = [&folder.work("landing"), &folder.rollups()];
    places
        .into_iter()
        .try_for_each(|place| search(place, needles, found))
}

/// The months whose state is kept, that of the day after the last included.
fn months(first: Day, days: u32) -> Vec<Month> {
    let mut months: Vec<Month> = (0..=days)
        .map(|number| first.plus(number).month())
        .collect();
    months.dedup();
    months
}
