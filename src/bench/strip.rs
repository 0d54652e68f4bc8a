//! One run of enrich over one upload of all devices, cold or warm, and the figures of it.

use std::time::Instant;

use anyhow::{Context, Result};
use kaiku_rehearsal::bench::{Lag, Upload, Usage};

use super::figures::{Figure, Figures};
use super::matrix::Size;
use super::place::Place;
use super::processes::Processes;
use super::progress::Progress;
use super::scrape::Scrape;
use super::stop::Stop;

/// What a run needs to know.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) place: &'a Place,
    pub(super) size: Size,
    pub(super) stop: &'a Stop,
    pub(super) progress: &'a Progress,
}

/// Memory of the process before the first device and behind the last.
struct Memory {
    before: u64,
    behind: u64,
}

impl Stage<'_> {
    /// The first upload, which stands on events.raw: from the assignment of the partitions to the commit
    /// of the last offset. By one process: it begins before another could join it.
    pub(super) fn cold(self) -> Result<Figures> {
        self.progress
            .begin("enrich strips the first upload", Some(self.size.devices));
        let lag = self.lag()?;
        let mut enrich = Processes::start(self.place, "cold", 1, self.stop)?;
        enrich.await_assigned()?;
        let begun = enrich.readings()?;
        let before = enrich.resident()?;
        self.await_committed(&mut enrich, &lag)?;
        let usage = enrich.usage_since(&begun)?;
        let behind = enrich.resident()?;
        let scrape = enrich.await_counted(self.size.all_events())?;
        enrich.terminate()?;
        Ok(self.figures(usage, &scrape, &Memory { before, behind }))
    }

    /// The second upload, of devices whose state stands on Kafka: it comes once every lane has its state,
    /// all at once, out of a transaction. By as many processes as are asked for.
    pub(super) fn warm(self) -> Result<Figures> {
        self.progress
            .begin("enrich restores what it knows of the devices", None);
        let processes = self.size.processes;
        let mut enrich = Processes::start(self.place, "warm", processes, self.stop)?;
        enrich.await_assigned()?;
        let before = enrich.resident()?;
        let until = Instant::now() + self.size.deadline();
        let restored = enrich.await_restored(self.size.partitions, until)?;
        self.progress
            .begin("writing the second upload", Some(self.size.devices));
        let mut step = |records| {
            self.progress.at(records);
            self.stop.check()
        };
        let load = self.size.load();
        let held = load.hold(&self.place.cluster, Upload::Second, &mut step)?;
        let lag = self.lag()?;
        self.progress
            .begin("enrich strips the second upload", Some(self.size.devices));
        let begun = enrich.readings()?;
        held.release()?;
        self.await_committed(&mut enrich, &lag)?;
        let usage = enrich.usage_since(&begun)?;
        let behind = enrich.resident()?;
        let scrape = enrich.await_counted(self.size.all_events())?;
        enrich.terminate()?;
        let mut figures = self.figures(usage, &scrape, &Memory { before, behind });
        let devices = self.size.devices as f64;
        let slowest = restored.iter().copied().fold(0.0, f64::max);
        let all: f64 = restored.iter().sum();
        figures.set(Figure::RestoreSeconds, slowest);
        figures.set(Figure::DevicesRestoredPerLaneSecond, devices / all);
        Ok(figures)
    }

    fn lag(self) -> Result<Lag> {
        let partitions = self.size.partitions.into();
        Lag::of(&self.place.cluster, &self.place.group(), partitions)
            .context("asking how many records there are")
    }

    fn await_committed(self, enrich: &mut Processes<'_>, lag: &Lag) -> Result<()> {
        let until = Instant::now() + self.size.deadline();
        loop {
            let behind = lag.behind();
            if behind == Some(0) {
                return Ok(());
            }
            let records = self.size.devices;
            if let Some(behind) = behind {
                self.progress.at(records.saturating_sub(behind));
            }
            let what = match behind {
                Some(behind) => format!("{behind} records behind the last commit were committed"),
                None => "the brokers said how far it is".to_owned(),
            };
            enrich.wait(until, &what)?;
        }
    }

    fn figures(self, usage: Usage, scrape: &Scrape, memory: &Memory) -> Figures {
        let (events, devices) = (self.size.all_events() as f64, self.size.devices as f64);
        let (before, behind) = (memory.before as f64, memory.behind as f64);
        let wall = usage.wall.as_secs_f64();
        let mut figures = Figures::default();
        for (figure, value) in [
            (Figure::EventsPerCpuSecond, events / usage.cpu()),
            (Figure::EventsPerSecond, events / wall),
            (Figure::UserSeconds, usage.user),
            (Figure::SystemSeconds, usage.system),
            (Figure::WallSeconds, wall),
            (Figure::CountedEvents, scrape.events("counted")),
            (Figure::BoundedEvents, scrape.events("bounded")),
            (Figure::ResidentBeforeBytes, before),
            (Figure::ResidentAfterBytes, behind),
            (Figure::BytesPerDevice, (behind - before) / devices),
            (Figure::Transactions, scrape.transactions()),
        ] {
            figures.set(figure, value);
        }
        let commits = [
            (Figure::CommitMedianSeconds, 0.5),
            (Figure::CommitP99Seconds, 0.99),
        ];
        for (figure, share) in commits {
            if let Some(seconds) = scrape.commit_seconds(share) {
                figures.set(figure, seconds);
            }
        }
        figures
    }
}
