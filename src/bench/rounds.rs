//! All rounds of all cells, one after the other: topics, load, limit, enrich.

use anyhow::{Context, Result};
use kaiku_broker::Cluster;
use kaiku_rehearsal::bench::{Upload, Usage, Way};

use super::figures::{Figure, Figures};
use super::matrix::{Cell, Matrix, Size, State};
use super::passing;
use super::place::Place;
use super::progress::Progress;
use super::report::Report;
use super::stop::Stop;
use super::strip::Stage;
use crate::config::Settings;
use crate::output;
use crate::throw_away::{delete_groups, delete_topics};

/// What is measured, and where.
pub(crate) struct Bench<'a> {
    pub(crate) settings: &'a Settings,
    /// What every topic of it begins with.
    pub(crate) prefix: &'a str,
    pub(crate) matrix: &'a Matrix,
    pub(crate) stop: &'a Stop,
}

/// The limit, in both ways.
struct Limit {
    plain: Usage,
    transactions: Usage,
    record_bytes: f64,
}

/// Measures everything, and deletes all topics and groups, whatever became of it. What was measured before an error
/// stays in the report.
pub(crate) fn measure(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let measured = all(bench, report);
    let cluster = Cluster::new(&bench.settings.kafka.clone().with_prefix(bench.prefix))?;
    let deleted = delete_topics(&cluster).and_then(|_| delete_groups(&cluster));
    let deleted = deleted.with_context(|| {
        format!(
            "deleting the topics and groups of this run: delete those that begin with {} yourself",
            bench.prefix
        )
    });
    match (measured, deleted) {
        (Ok(()), deleted) => deleted.map(drop),
        (Err(error), Ok(_)) => Err(error),
        (Err(error), Err(left)) => {
            output::failure(&left);
            Err(error)
        }
    }
}

fn all(bench: &Bench<'_>, report: &mut Report) -> Result<()> {
    let matrix = bench.matrix;
    let rounds = usize::try_from(matrix.rounds)?;
    let runs = matrix.sizes.len() * matrix.states.len() * rounds;
    let progress = Progress::new(runs);
    let mut number = 0;
    for size in &matrix.sizes {
        for _ in 0..matrix.rounds {
            number += 1;
            let measured = round(bench, *size, number, &progress, report);
            if measured.is_err() {
                progress.finish();
            }
            measured.with_context(|| format!("measuring {size}"))?;
        }
    }
    progress.finish();
    Ok(())
}

/// One round of a size: the limit and each state, on the same topics.
fn round(
    bench: &Bench<'_>,
    size: Size,
    number: u32,
    progress: &Progress,
    report: &mut Report,
) -> Result<()> {
    let prefix = format!("{}{number}.", bench.prefix);
    let place = Place::make(bench.settings, &prefix, size.partitions)?;
    let limit = limit(bench, &place, size, progress)?;
    let mut over = |state: State, enrich: &Figures| {
        let mut figures = enrich.clone();
        figures.extend(&limit.figures(size, enrich));
        let cell = Cell { size, state };
        let rate = figures.get(Figure::EventsPerCpuSecond).unwrap_or_default();
        let rate = Figure::EventsPerCpuSecond.show(rate);
        progress.run_is_over(&format!("{cell}: {rate} events a CPU second"));
        report.add(cell, figures);
    };
    let stage = Stage {
        place: &place,
        size,
        stop: bench.stop,
        progress,
    };
    // Also where warm alone is asked for: it is what makes the state.
    let cold = stage.cold()?;
    if bench.matrix.states.contains(&State::Cold) {
        over(State::Cold, &cold);
    }
    if bench.matrix.states.contains(&State::Warm) {
        let warm = stage.warm()?;
        over(State::Warm, &warm);
    }
    place.delete()
}

/// Writes the first upload, and has it passed through in both ways.
fn limit(bench: &Bench<'_>, place: &Place, size: Size, progress: &Progress) -> Result<Limit> {
    progress.begin("writing the first upload", Some(size.devices));
    let mut step = |records| {
        progress.at(records);
        bench.stop.check()
    };
    let load = size.load();
    let written = load.fill(&place.cluster, Upload::First, &mut step)?;
    let pass = |way: Way| {
        progress.begin(&format!("the limit, {}", way.name()), None);
        passing::run(place, way, size, bench.stop)
    };
    Ok(Limit {
        plain: pass(Way::Plain)?,
        transactions: pass(Way::Transactions)?,
        record_bytes: written.bytes as f64 / written.records as f64,
    })
}

impl Limit {
    /// The figures of the limit, and of enrich beside it.
    fn figures(&self, size: Size, enrich: &Figures) -> Figures {
        let events = size.all_events() as f64;
        let (plain, transactions) = (self.plain.cpu(), self.transactions.cpu());
        let more = transactions - plain;
        let of = |figure| enrich.get(figure).unwrap_or_default();
        let cpu = of(Figure::UserSeconds) + of(Figure::SystemSeconds);
        let share = of(Figure::EventsPerCpuSecond) * plain / events;
        let mut figures = Figures::default();
        for (figure, value) in [
            (Figure::PassEventsPerCpuSecond, events / plain),
            (
                Figure::PassTransactionsEventsPerCpuSecond,
                events / transactions,
            ),
            (Figure::ShareOfLimitPercent, 100.0 * share),
            (Figure::ExactlyOncePercentOfPass, 100.0 * more / plain),
            (Figure::ExactlyOncePercentOfEnrich, 100.0 * more / cpu),
            (Figure::RecordBytes, self.record_bytes),
        ] {
            figures.set(figure, value);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_limit_stands_beside_what_enrich_did() {
        let usage = |user| Usage {
            wall: Duration::from_secs(1),
            user,
            system: 0.0,
        };
        let limit = Limit {
            plain: usage(2.0),
            transactions: usage(3.0),
            record_bytes: 200.0,
        };
        let size = Size {
            events: 10,
            devices: 1_000,
            partitions: 1,
            processes: 1,
        };
        let mut enrich = Figures::default();
        enrich.set(Figure::EventsPerCpuSecond, 1_000.0);
        enrich.set(Figure::UserSeconds, 8.0);
        enrich.set(Figure::SystemSeconds, 2.0);
        let figures = limit.figures(size, &enrich);
        for (figure, wanted) in [
            (Figure::PassEventsPerCpuSecond, 5_000.0),
            (Figure::ShareOfLimitPercent, 20.0),
            (Figure::ExactlyOncePercentOfPass, 50.0),
            (Figure::ExactlyOncePercentOfEnrich, 10.0),
        ] {
            let seen = figures.get(figure).expect("a figure");
            assert!((seen - wanted).abs() < 1e-9, "{figure:?}: {seen}");
        }
    }
}
