//! `kaiku publish`: JSON lines, validated and put onto Kafka.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use kaiku_broker::{Admin, Cluster, Error as BrokerError, Scope, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_enrich::{refused_consent, unlisted_names};
use kaiku_ingest::publish::{self, Counts, Progress, Target};
use kaiku_ingest::{Config, Day, Producer};
use kaiku_registry::Registry;
use kaiku_stage::Causes;
use kaiku_wire::Clock;

use crate::cli::{Global, OnError, PublishArgs};
use crate::config::Part;
use crate::output::{self, Out};
use crate::shutdown;
use crate::telemetry;

/// How long the last records get to be delivered once every line is read; each of them has its
/// own limit before that.
const CLOSE: Duration = Duration::from_secs(10);

/// So many names that no list has are told of a dry run: who misspells one does it on every line.
const MOST_WARNINGS: u32 = 100;

/// Runs the verb: success only where no line was refused.
pub(crate) fn run(args: &PublishArgs, global: &Global) -> Result<ExitCode> {
    let parts: &[Part] = if args.dry_run {
        &[]
    } else {
        &[Part::Kafka, Part::Topics, Part::Registry, Part::Telemetry]
    };
    let settings = global.settings(parts)?;
    telemetry::start_logs(&settings.telemetry)?;
    let producer = match args.dry_run {
        true => None,
        false => {
            let registry = settings.registry.as_ref().map(Registry::new).transpose();
            let registry = registry.context("preparing to ask the schema registry")?;
            let (cluster, registry) = (Cluster::new(&settings.kafka)?, registry.as_ref());
            check_topic(&cluster, &settings.topics)?;
            let config = Config::default();
            let started = Producer::start_on(&cluster, &settings.topics, registry, &config);
            Some(started.context("starting the producer")?)
        }
    };
    let catalogue = args
        .dry_run
        .then(|| super::catalogue::catalogue(args.catalogue.as_deref(), global))
        .transpose()?;
    let (name, reader) = open(args.file.as_deref())?;
    let stop = Arc::new(AtomicBool::new(false));
    shutdown::on_signal({
        let stop = stop.clone();
        move || {
            stop.store(true, Ordering::Relaxed);
            output::note("stopping behind the line in hand; once more leaves at once");
        }
    })?;
    let mut reader = UntilStopped {
        inner: reader,
        stop,
        at_line_start: true,
    };
    let started = Instant::now();
    let counts = carry(
        &mut reader,
        &name,
        producer.as_ref(),
        args,
        catalogue.as_ref(),
        Clock::system().today(),
    )?;
    if let Some(producer) = &producer {
        let closed = futures::executor::block_on(producer.close(CLOSE));
        closed.context("waiting for the last records")?;
    }
    sum_up(&counts, args.dry_run, started.elapsed())?;
    Ok(if counts.rejected_total() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Looks whether the topic is there, and as it must be: records on any other are lost, or hold up those
/// who read them. Without a look it would wait in silence for a broker that is away, or elsewhere.
fn check_topic(cluster: &Cluster, shape: &TopicsConfig) -> Result<()> {
    let admin = Admin::connect(cluster)?;
    let raw = cluster.topics().raw();
    if !admin.names()?.contains(&raw) {
        return Err(BrokerError::NoTopic(raw).into());
    }
    match admin.check(shape, Scope::Ingest, &[]) {
        Ok(wrong) if wrong.is_empty() => Ok(()),
        Ok(wrong) => bail!("the topics are not as they must be: {}", wrong.join("; ")),
        // Whoever publishes needs no right but to write.
        Err(error @ (BrokerError::NotDescribed(_) | BrokerError::DescribeTopics(_))) => {
            tracing::warn!(error = %Causes(&error), "the topics could not be checked");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

fn open(file: Option<&Path>) -> Result<(String, Box<dyn BufRead>)> {
    match file.filter(|file| *file != Path::new("-")) {
        None => Ok((
            "standard input".to_owned(),
            Box::new(BufReader::new(io::stdin())),
        )),
        Some(path) => {
            let name = path.display().to_string();
            let file = File::open(path).with_context(|| format!("opening {name}"))?;
            Ok((name, Box::new(BufReader::with_capacity(1 << 16, file))))
        }
    }
}

/// Reads every line, and names those that are refused: on standard output where that is all that
/// was asked for.
fn carry(
    reader: &mut dyn BufRead,
    name: &str,
    producer: Option<&Producer>,
    args: &PublishArgs,
    catalogue: Option<&Catalogue>,
    today: Day,
) -> Result<Counts> {
    let target = producer.map_or(Target::DryRun, Target::Producer);
    let on_error = match args.on_error {
        // A dry run is there to find every bad line.
        OnError::Stop if !args.dry_run => publish::OnError::Stop,
        OnError::Stop | OnError::Skip => publish::OnError::Skip,
    };
    let bar = progress_bar();
    let mut out = args.dry_run.then(Out::new);
    let mut unwritten = Ok(());
    let mut warnings = 0;
    let mut tell = |text: String| match &mut out {
        Some(out) if unwritten.is_ok() => unwritten = out.line(text),
        Some(_) => {}
        None => output::note(&text),
    };
    let counts = publish::publish(
        reader,
        target,
        on_error,
        today,
        &mut |progress| match progress {
            Progress::Rejected { line, error } => {
                let text = format!("{name}:{line}: {error}");
                bar.suspend(|| tell(text));
            }
            Progress::Batch { line, batch } => {
                let Some(catalogue) = catalogue.filter(|_| warnings < MOST_WARNINGS) else {
                    return;
                };
                if let Some(why) = refused_consent(batch, catalogue) {
                    let text = format!(
                        "{name}:{line}: warning: enrich rejects it with this catalogue (bad_consent): {why}"
                    );
                    bar.suspend(|| tell(text));
                    warnings += 1;
                }
                for unlisted in unlisted_names(batch, catalogue, today) {
                    let place = &unlisted.place;
                    let text = format!("{name}:{line}: warning: {place}: {unlisted}");
                    bar.suspend(|| tell(text));
                    warnings += 1;
                }
                if warnings >= MOST_WARNINGS {
                    let text = format!(
                        "{name}:{line}: so many warnings: the names of the lines behind it are not looked at"
                    );
                    bar.suspend(|| tell(text));
                }
            }
            Progress::Advanced(counts) => {
                bar.set_position(counts.lines);
                bar.set_message(format!(
                    "{} events, {} lines refused",
                    counts.events,
                    counts.rejected_total()
                ));
            }
        },
    );
    bar.finish_and_clear();
    unwritten?;
    out.map_or(Ok(()), Out::finish)?;
    counts.with_context(|| format!("publishing {name}"))
}

fn progress_bar() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} lines, {per_sec}, {msg}");
    ProgressBar::new_spinner()
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn sum_up(counts: &Counts, dry_run: bool, took: Duration) -> Result<()> {
    let mut out = Out::new();
    let Counts {
        lines,
        bytes: _,
        batches,
        events,
        forgets,
        delivered,
        rejected,
        stopped_at,
    } = counts;
    out.line(format!("lines      {lines}"))?;
    out.line(format!("batches    {batches}"))?;
    out.line(format!("events     {events}"))?;
    out.line(format!("forgets    {forgets}"))?;
    if !dry_run {
        let rate =
            f64::from(u32::try_from(*events).unwrap_or(u32::MAX)) / took.as_secs_f64().max(0.001);
        out.line(format!(
            "delivered  {delivered} records in {:.1} s, {rate:.0} events/s",
            took.as_secs_f64()
        ))?;
    }
    out.line(format!("refused    {}", counts.rejected_total()))?;
    for (reason, count) in rejected {
        out.line(format!("  {:<20} {count}", reason.as_str()))?;
    }
    if let Some(line) = stopped_at {
        out.line(format!(
            "stopped    at line {line}; what stands before it is delivered"
        ))?;
    }
    out.finish()
}

/// Ends at the next line once it is told to.
struct UntilStopped {
    inner: Box<dyn BufRead>,
    stop: Arc<AtomicBool>,
    at_line_start: bool,
}

impl BufRead for UntilStopped {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at_line_start && self.stop.load(Ordering::Relaxed) {
            return Ok(&[]);
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        // What is consumed lies in the buffer: nothing is read for this.
        if let Ok(buffer) = self.inner.fill_buf() {
            self.at_line_start = buffer.get(amount - 1) == Some(&b'\n');
        }
        self.inner.consume(amount);
    }
}

impl Read for UntilStopped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let amount = available.len().min(into.len());
        into[..amount].copy_from_slice(&available[..amount]);
        self.consume(amount);
        Ok(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stops_between_two_lines_only() {
        let stop = Arc::new(AtomicBool::new(false));
        let text = io::Cursor::new(b"first\nsecond\n".to_vec());
        let mut reader = UntilStopped {
            inner: Box::new(text),
            stop: stop.clone(),
            at_line_start: true,
        };
        reader.consume(2);
        stop.store(true, Ordering::Relaxed);
        let mut rest = String::new();
        reader.read_line(&mut rest).expect("text that can be read");
        assert_eq!(rest, "rst\n");
        assert_eq!(reader.read_line(&mut rest).expect("the end"), 0);
    }
}
