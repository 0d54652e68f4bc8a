//! The pass-through as a process of its own: this program started once more.

use std::fs::File;
use std::io::Read;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use kaiku_broker::Cluster;
use kaiku_rehearsal::bench::{Usage, Way, copies, pass};

use super::args::Args;
use super::matrix::{Matrix, Size};
use super::place::{Place, tail};
use super::process::Guard;
use super::stop::Stop;
use crate::cli::Global;
use crate::config::Part;
use crate::output::Out;

const STEP: Duration = Duration::from_millis(50);
/// The child bounds itself, and what hangs in a library does not.
const MERCY: Duration = Duration::from_secs(30);

/// Passes the records of a place through in a child, and says what it used.
pub(super) fn run(place: &Place, way: Way, size: Size, stop: &Stop) -> Result<Usage> {
    place.make_topics(&copies(&place.cluster, way))?;
    let log = place.file(&format!("{}.log", way.name()));
    let child = place
        .kaiku("bench")?
        .args(["--pass-through", way.name()])
        .args(["--devices", &size.devices.to_string()])
        .args(["--events", &size.events.to_string()])
        .args(["--partitions", &size.partitions.to_string()])
        .stdout(Stdio::piped())
        .stderr(File::create(&log).context("making a log for the pass-through")?)
        .spawn()
        .context("starting the pass-through")?;
    let mut child = Guard(child);
    let until = Instant::now() + size.deadline() + MERCY;
    let status = loop {
        stop.check()?;
        if let Some(status) = child.0.try_wait().context("looking after a child")? {
            break status;
        }
        ensure!(Instant::now() < until, "the pass-through does not end");
        std::thread::sleep(STEP);
    };
    // A signal of the terminal goes to the child too.
    std::thread::sleep(STEP);
    stop.check()?;
    ensure!(
        status.success(),
        "the pass-through has failed ({status}):\n{}",
        tail(&log)
    );
    let mut line = String::new();
    let out = child.0.stdout.as_mut().context("a child without output")?;
    out.read_to_string(&mut line)
        .context("reading what a child says")?;
    Usage::from_line(&line).context("the pass-through does not say what it used")
}

/// What the child does: it copies the records, and prints what that used.
pub(crate) fn child(args: &Args, way: &str, global: &Global) -> Result<ExitCode> {
    let way = Way::named(way).with_context(|| format!("there is no way `{way}` to pass"))?;
    let settings = global.settings(&[Part::Kafka])?;
    let cluster = Cluster::new(&settings.kafka)?;
    let matrix = Matrix::of(args);
    let size = *matrix.sizes.first().context("there is nothing to copy")?;
    let (partitions, records) = (size.partitions.into(), size.devices);
    let usage = pass(&cluster, way, partitions, records, size.deadline())?;
    let mut out = Out::new();
    out.line(usage.to_line())?;
    out.finish()?;
    Ok(ExitCode::SUCCESS)
}
