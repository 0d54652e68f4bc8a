//! `kaiku enrich` as a process of its own, and what its log says of it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::place::{Place, tail};
use super::processes::Held;
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

    /// Its partitions, by its log.
    pub(super) fn held(&self) -> Held {
        held(&self.said())
    }

    /// Its metrics.
    pub(super) fn scrape(&self) -> Result<Scrape> {
        let address = address(&self.said());
        Scrape::of(address.context("enrich does not say where its metrics are")?)
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

/// The partitions of the last assignment in a log, and how many seconds the restore of each took.
fn held(log: &str) -> Held {
    let mut held = Held::new();
    for line in log.lines() {
        if let Some((_, list)) = line.split_once("partitions assigned partitions=") {
            let numbers = list.split(|of: char| !of.is_ascii_digit());
            let numbers = numbers.filter_map(|number| number.parse().ok());
            held = numbers.map(|partition| (partition, None)).collect();
        } else if let Some((_, rest)) = line.split_once("lane restored partition=")
            && let Some((partition, seconds)) = rest.split_once(" seconds=")
            && let (Ok(partition), Ok(seconds)) = (partition.parse(), seconds.trim().parse())
        {
            held.insert(partition, Some(seconds));
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_tells_where_metrics_are_and_what_became_of_the_partitions() {
        let log = "2026-11-30T20:00:00Z  INFO kaiku::commands::stages: serving metrics and health address=127.0.0.1:4711\n\
                   2026-11-30T20:00:01Z  INFO kaiku_enrich::group: partitions assigned partitions=[0, 1, 2, 3]\n\
                   2026-11-30T20:00:01Z  INFO kaiku_enrich::lane: lane restored partition=3 seconds=0.125\n\
                   2026-11-30T20:00:02Z  INFO kaiku_enrich::group: partitions assigned partitions=[0, 1]\n\
                   2026-11-30T20:00:02Z  INFO kaiku_enrich::lane: lane restored partition=1 seconds=0.25\n";
        assert_eq!(address(log), "127.0.0.1:4711".parse().ok());
        assert_eq!(held(log), Held::from([(0, None), (1, Some(0.25))]));
        assert_eq!(address("nothing"), None);
        assert_eq!(held("nothing"), Held::new());
    }
}
