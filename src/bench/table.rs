//! The tables of the medians that are printed.

use super::figures::Figure;
use super::matrix::Cell;
use super::report::{Measured, Report};

/// A column: what stands above it, and the figure below.
type Column = (&'static str, Figure);

const RATES: &[Column] = &[
    ("events/CPU-s", Figure::EventsPerCpuSecond),
    ("events/s", Figure::EventsPerSecond),
    ("CPU-s user", Figure::UserSeconds),
    ("system", Figure::SystemSeconds),
    ("limit/CPU-s", Figure::PassEventsPerCpuSecond),
    (
        "in transactions",
        Figure::PassTransactionsEventsPerCpuSecond,
    ),
    ("% of limit", Figure::ShareOfLimitPercent),
    ("exactly-once %", Figure::ExactlyOncePercentOfPass),
    ("of enrich %", Figure::ExactlyOncePercentOfEnrich),
];

const MEMORY: &[Column] = &[
    ("MB before", Figure::ResidentBeforeBytes),
    ("MB behind", Figure::ResidentAfterBytes),
    ("bytes/device", Figure::BytesPerDevice),
    ("transactions", Figure::Transactions),
    ("commit ms", Figure::CommitMedianSeconds),
    ("p99 ms", Figure::CommitP99Seconds),
    ("restore s", Figure::RestoreSeconds),
    ("devices/s and lane", Figure::DevicesRestoredPerLaneSecond),
];

/// Both tables, and what their columns mean.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = table(report, RATES);
    lines.push(String::new());
    lines.extend(table(report, MEMORY));
    lines.push(String::new());
    lines.extend(
        [
            "Medians. The limit is librdkafka alone, which copies the same records plainly; exactly-once is what \
             transactions",
            "cost it in CPU time more, and how much of the CPU time of enrich that is. Commit times are guessed within the",
            "buckets of a histogram.",
        ]
        .map(str::to_owned),
    );
    lines
}

fn table(report: &Report, columns: &[Column]) -> Vec<String> {
    let mut head = vec!["events", "devices", "lanes", "processes", "state"];
    head.extend(columns.iter().map(|(title, _)| *title));
    let mut rows = vec![head.into_iter().map(str::to_owned).collect()];
    rows.extend(report.cells.iter().map(|measured| row(measured, columns)));
    right(&rows)
}

fn row(measured: &Measured, columns: &[Column]) -> Vec<String> {
    let Cell { size, state } = measured.cell;
    let mut row = vec![
        size.events.to_string(),
        indicatif::HumanCount(size.devices).to_string(),
        size.partitions.to_string(),
        size.processes.to_string(),
        state.to_string(),
    ];
    row.extend(columns.iter().map(|(_, figure)| {
        let value = measured.median.get(*figure);
        value.map_or_else(|| "-".to_owned(), |value| figure.show(value))
    }));
    row
}

/// Lines up columns at their right side, two spaces between them.
pub(super) fn right(rows: &[Vec<String>]) -> Vec<String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    rows.iter()
        .map(|row| {
            let cells = row.iter().enumerate();
            let cells = cells.map(|(column, cell)| format!("{cell:>0$}", width(column)));
            cells.collect::<Vec<_>>().join("  ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::sample;
    use super::*;

    #[test]
    fn every_cell_has_a_row_and_what_was_not_measured_is_a_dash() {
        let lines = lines(&sample(900_000.0));
        assert!(lines[0].contains("events/CPU-s"), "{lines:?}");
        let cold = &lines[1];
        assert!(
            cold.contains("cold") && cold.contains("909,000") && cold.contains(" -"),
            "{cold}"
        );
        assert!(lines[2].contains("warm"), "{lines:?}");
        assert_eq!(lines[0].chars().count(), lines[1].chars().count());
    }
}
