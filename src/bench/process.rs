//! `kaiku enrich` as a process of its own, and what its log says of it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::place::{Place, tail};
use super::scrape::Scrape;
use super::stop::Stop;

/// The longest that a process may take to start, and to stop.
pub(super) const START: Duration = Duration::from_secs(60);
const STEP: Duration = Duration::from_millis(20);
/// A signal of the terminal goes to the child too, and it may be the first to follow it.
const SIGNAL: Duration = Duration::from_millis(300);

/// A child that ends with this.
pub(super) struct Guard(pub(super) Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The process.
pub(super) struct Enrich<'a> {
    child: Guard,
    log: PathBuf,
    stop: &'a Stop,
}

impl<'a> Enrich<'a> {
    /// Starts it.
    pub(super) fn start(place: &Place, name: &str, stop: &'a Stop) -> Result<Enrich<'a>> {
        let log = place.file(&format!("{name}.log"));
        let file = File::create(&log).context("making a log for enrich")?;
        let child = place
            .kaiku("enrich")?
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .context("starting enrich")?;
        Ok(Enrich {
            child: Guard(child),
            log,
            stop,
        })
    }

    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.0.id()
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits a moment for something that is still to come.
    ///
    /// # Errors
    /// Where the process is over, the time is up, or somebody wants to stop.
    pub(super) fn wait(&mut self, until: Instant, what: &str) -> Result<()> {
        self.stop.check()?;
        if let Some(status) = self.ended()? {
            std::thread::sleep(SIGNAL);
            self.stop.check()?;
            bail!(
                "enrich has ended ({status}) before {what}:\n{}",
                tail(&self.log)
            );
        }
        let in_time = Instant::now() < until;
        ensure!(
            in_time,
            "enrich takes too long: {what}:\n{}",
            tail(&self.log)
        );
        std::thread::sleep(STEP);
        Ok(())
    }

    /// Waits until its partitions are assigned: by its log, nothing else shows the moment.
    pub(super) fn await_assigned(&mut self) -> Result<()> {
        let until = Instant::now() + START;
        while !self.said().contains("partitions assigned") {
            self.wait(until, "its partitions were assigned")?;
        }
        Ok(())
    }

    /// Waits until every lane has its state, and says how many seconds each took.
    pub(super) fn await_restored(&mut self, lanes: u16, until: Instant) -> Result<Vec<f64>> {
        loop {
            let seconds = restored(&self.said());
            if seconds.len() >= usize::from(lanes) {
                return Ok(seconds);
            }
            self.wait(until, "every lane had its state")?;
        }
    }

    /// What it has counted, once it has counted so many events: its metrics follow the commit.
    pub(super) fn await_counted(&mut self, events: u64) -> Result<Scrape> {
        let until = Instant::now() + START;
        loop {
            let said = self.said();
            let address = address(&said).context("enrich does not say where its metrics are")?;
            let scrape = Scrape::of(address)?;
            let (all, rejected) = (scrape.all_events(), scrape.rejected());
            ensure!(rejected == 0.0, "enrich has rejected {rejected} records");
            if all >= events as f64 {
                ensure!(
                    all <= events as f64,
                    "{all} events came out of {events}: does another program write to these topics?"
                );
                return Ok(scrape);
            }
            self.wait(until, &format!("{all} of {events} events were counted"))?;
        }
    }

    fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.0.try_wait().context("looking after enrich")
    }

    /// Ends it as an operator does, and waits for it.
    pub(super) fn terminate(mut self) -> Result<()> {
        terminate(self.id())?;
        let until = Instant::now() + START;
        loop {
            if let Some(status) = self.ended()? {
                ensure!(
                    status.success(),
                    "enrich did not stop cleanly ({status}):\n{}",
                    tail(&self.log)
                );
                return Ok(());
            }
            ensure!(Instant::now() < until, "enrich does not stop");
            std::thread::sleep(STEP);
        }
    }
}

/// SIGTERM. Every shell can send it; a program for it is not on every machine.
fn terminate(process: u32) -> Result<()> {
    let status = Command::new("sh")
        .args(["-c", "kill -TERM \"$0\"", &process.to_string()])
        .stdin(Stdio::null())
        .status()
        .context("asking enrich to stop, by `sh`")?;
    ensure!(status.success(), "enrich could not be asked to stop");
    Ok(())
}

/// Where a process serves its metrics, by its log.
fn address(log: &str) -> Option<SocketAddr> {
    let (_, rest) = log.split_once("serving metrics and health address=")?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The seconds that each lane took to restore its state, by a log.
fn restored(log: &str) -> Vec<f64> {
    let lines = log.lines().filter(|line| line.contains("lane restored"));
    lines
        .filter_map(|line| {
            let (_, rest) = line.split_once("seconds=")?;
            rest.split_whitespace().next()?.parse().ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_where_metrics_are_and_how_long_a_restore_took() {
        let log = "2026-11-30T20:00:00Z  INFO kaiku::commands::stages: serving metrics and health address=127.0.0.1:4711\n\
                   2026-11-30T20:00:01Z  INFO kaiku_enrich::lane: lane restored partition=1 seconds=0.25\n\
                   2026-11-30T20:00:02Z  INFO kaiku_enrich::lane: lane restored partition=0 seconds=1.5e-1\n";
        assert_eq!(address(log), "127.0.0.1:4711".parse().ok());
        assert_eq!(restored(log), [0.25, 0.15]);
        assert_eq!(address("nothing"), None);
        assert_eq!(restored("nothing"), Vec::<f64>::new());
    }
}
