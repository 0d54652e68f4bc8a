//! `kaiku bench`: measures enrich on a real broker, on throw-away topics, and shows, keeps, compares
//! and draws the figures.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use kaiku_broker::{Admin, Cluster};

use crate::bench::{
    self, Args, Bench, Machine, Matrix, Report, Stop, available_bytes, compared, differences,
};
use crate::cli::Global;
use crate::config::Part;
use crate::output::{self, Out};
use crate::shutdown;
use crate::telemetry;
use crate::throw_away;

/// Memory of enrich that a device takes, with what a restore needs beside, and that it has without one:
/// docs/operating/sizing.md.
const DEVICE_BYTES: u64 = 400;
const IDLE_BYTES: u64 = 400 << 20;

/// Runs the verb: success only where everything was measured.
pub(crate) fn run(args: &Args, global: &Global) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!(
            "kaiku bench reads what a process has used in /proc, which Linux alone has: run it there, in a virtual \
             machine or a container"
        );
    }
    if let Some(way) = &args.pass_through {
        return bench::child(args, way, global);
    }
    let parts = [Part::Topics, Part::Telemetry];
    let settings = throw_away::settings(global, &parts, args.brokers.as_deref())?;
    telemetry::start_logs(&settings.telemetry)?;
    for file in [&args.json, &args.plot].into_iter().flatten() {
        can_be_written(file)?;
    }
    let then = args.compare.as_deref().map(Report::read).transpose()?;
    let prefix = throw_away::prefix(&args.prefix);
    let cluster = Cluster::new(&settings.kafka.clone().with_prefix(&prefix))?;
    Admin::greet(&cluster)?;
    let matrix = Matrix::of(args);
    if matrix.is_shared_cold() {
        bail!(
            "the first process would begin before the others could join it: give --state warm with more than one of \
             --processes"
        );
    }
    if let Some(size) = matrix.idle() {
        bail!(
            "{size}: a process would have no partition; give more --partitions or fewer --processes"
        );
    }
    let mut report = Report::new(Machine::here(cluster.brokers()));
    warn(&report.machine, &matrix, then.as_ref());
    output::note(&format!("topics {prefix}* on {}", cluster.brokers()));
    let stop = Stop::at_signal()?;
    let measured = bench::measure(
        &Bench {
            settings: &settings,
            prefix: &prefix,
            matrix: &matrix,
            stop: &stop,
        },
        &mut report,
    );
    report.complete = measured.is_ok();
    show(args, &report, then.as_ref())?;
    match measured {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(_) if stop.is_asked() => Ok(shutdown::at_once()),
        Err(error) => Err(error),
    }
}

/// Hours later would be too late to find out.
fn can_be_written(file: &Path) -> Result<()> {
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    ensure!(
        folder.is_dir(),
        "{} is no folder: make it, or name another file",
        folder.display()
    );
    ensure!(
        !file.is_dir(),
        "{} is a folder: name a file in it",
        file.display()
    );
    Ok(())
}

/// What makes figures that say little.
fn warn(machine: &Machine, matrix: &Matrix, then: Option<&Report>) {
    if machine.is_debug() {
        output::note(
            "warning: this is a debug build, whose figures say little: build it with `cargo build --release`",
        );
    }
    let needed = matrix.most_devices() * DEVICE_BYTES + IDLE_BYTES;
    if available_bytes().is_some_and(|available| available < needed) {
        output::note(&format!(
            "warning: enrich may need {} MB of memory, and there is less: it will be slow or killed; give fewer --devices",
            needed >> 20
        ));
    }
    let differences = then.map(|then| differences(&then.machine, machine));
    for difference in differences.into_iter().flatten() {
        output::note(&format!("warning: {difference}"));
    }
}

/// Everything that was measured, on standard output and in files.
fn show(args: &Args, report: &Report, then: Option<&Report>) -> Result<()> {
    if report.cells.is_empty() {
        return Ok(());
    }
    let mut out = Out::new();
    out.line(report.machine.line())?;
    out.line("")?;
    for line in bench::table(report) {
        out.line(line)?;
    }
    if let Some(then) = then {
        out.line("")?;
        out.line(format!("Then: {}", then.machine.line()))?;
        for line in compared(then, report) {
            out.line(line)?;
        }
    }
    out.finish()?;
    if let Some(file) = &args.json {
        report.write(file)?;
    }
    if let Some(file) = &args.plot {
        std::fs::write(file, bench::svg(report))
            .with_context(|| format!("writing {}", file.display()))?;
    }
    Ok(())
}
