//! The figures of a run: what each is called, in what unit it is shown, and their medians.

use std::collections::BTreeMap;

use indicatif::HumanCount;
use serde::{Deserialize, Serialize};

/// What is measured. The name in snake case is the key in JSON, where seconds are seconds and bytes are
/// bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    EventsPerCpuSecond,
    EventsPerSecond,
    UserSeconds,
    SystemSeconds,
    WallSeconds,
    CountedEvents,
    BoundedEvents,
    PassEventsPerCpuSecond,
    PassTransactionsEventsPerCpuSecond,
    ShareOfLimitPercent,
    ExactlyOncePercentOfPass,
    ExactlyOncePercentOfEnrich,
    ResidentBeforeBytes,
    ResidentAfterBytes,
    BytesPerDevice,
    Transactions,
    CommitMedianSeconds,
    CommitP99Seconds,
    RestoreSeconds,
    DevicesRestoredPerLaneSecond,
    RecordBytes,
}

/// Which way a figure should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    More,
    Less,
    /// Neither is.
    Neither,
}

impl Figure {
    /// How it is called, with the unit in which it is shown.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Figure::EventsPerCpuSecond => "events a CPU second",
            Figure::EventsPerSecond => "events a second by the clock",
            Figure::UserSeconds => "CPU seconds in the program",
            Figure::SystemSeconds => "CPU seconds in the kernel",
            Figure::WallSeconds => "seconds by the clock",
            Figure::CountedEvents => "events that were counted",
            Figure::BoundedEvents => "events over a bound",
            Figure::PassEventsPerCpuSecond => "limit, events a CPU second",
            Figure::PassTransactionsEventsPerCpuSecond => {
                "limit in transactions, events a CPU second"
            }
            Figure::ShareOfLimitPercent => "share of the limit, %",
            Figure::ExactlyOncePercentOfPass => "exactly-once, % more CPU of the limit",
            Figure::ExactlyOncePercentOfEnrich => "exactly-once, % of the CPU of enrich",
            Figure::ResidentBeforeBytes => "memory before, MB",
            Figure::ResidentAfterBytes => "memory behind, MB",
            Figure::BytesPerDevice => "memory a device, bytes",
            Figure::Transactions => "transactions",
            Figure::CommitMedianSeconds => "commit, median, ms",
            Figure::CommitP99Seconds => "commit, 99 of 100, ms",
            Figure::RestoreSeconds => "restore, slowest lane, s",
            Figure::DevicesRestoredPerLaneSecond => "devices restored a second and lane",
            Figure::RecordBytes => "bytes of a record before compression",
        }
    }

    /// Which way it should go.
    pub(crate) fn better(self) -> Better {
        match self {
            Figure::EventsPerCpuSecond
            | Figure::EventsPerSecond
            | Figure::ShareOfLimitPercent
            | Figure::DevicesRestoredPerLaneSecond => Better::More,
            Figure::UserSeconds
            | Figure::SystemSeconds
            | Figure::WallSeconds
            | Figure::ResidentBeforeBytes
            | Figure::ResidentAfterBytes
            | Figure::BytesPerDevice
            | Figure::CommitMedianSeconds
            | Figure::CommitP99Seconds
            | Figure::RestoreSeconds => Better::Less,
            Figure::CountedEvents
            | Figure::BoundedEvents
            | Figure::PassEventsPerCpuSecond
            | Figure::PassTransactionsEventsPerCpuSecond
            | Figure::ExactlyOncePercentOfPass
            | Figure::ExactlyOncePercentOfEnrich
            | Figure::Transactions
            | Figure::RecordBytes => Better::Neither,
        }
    }

    /// A value in the unit of the title.
    pub(crate) fn scaled(self, value: f64) -> f64 {
        match self {
            Figure::ResidentBeforeBytes | Figure::ResidentAfterBytes => value / (1024.0 * 1024.0),
            Figure::CommitMedianSeconds | Figure::CommitP99Seconds => value * 1000.0,
            _ => value,
        }
    }

    /// A value as it is shown.
    pub(crate) fn show(self, value: f64) -> String {
        number(self.scaled(value))
    }
}

/// A number with as many digits as matter.
pub(crate) fn number(value: f64) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is not negative, and too large a number is cut"
    )]
    let whole = size.round() as u64;
    if size >= 100.0 || (size - size.round()).abs() < f64::EPSILON {
        format!("{sign}{}", HumanCount(whole))
    } else if size >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

/// The figures of a run, or the medians of several; what was not measured is not there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Figures(BTreeMap<Figure, f64>);

impl Figures {
    /// Adds one; what is no number was not measured.
    pub(crate) fn set(&mut self, figure: Figure, value: f64) {
        if value.is_finite() {
            self.0.insert(figure, value);
        }
    }

    /// Adds those of another part of the run.
    pub(crate) fn extend(&mut self, other: &Figures) {
        self.0.extend(&other.0);
    }

    /// One of them.
    pub(crate) fn get(&self, figure: Figure) -> Option<f64> {
        self.0.get(&figure).copied()
    }

    /// All of them, in the order in which they are shown.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Figure, f64)> + '_ {
        self.0.iter().map(|(figure, value)| (*figure, *value))
    }

    /// The median of each figure that any of the runs has.
    pub(crate) fn medians(runs: &[Figures]) -> Figures {
        let mut all: BTreeMap<Figure, Vec<f64>> = BTreeMap::new();
        for (figure, value) in runs.iter().flat_map(Figures::iter) {
            all.entry(figure).or_default().push(value);
        }
        let medians = all.into_iter();
        Figures(
            medians
                .filter_map(|(figure, values)| Some((figure, median(values)?)))
                .collect(),
        )
    }
}

/// The one in the middle, or the mean of the two that are.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    match values.len() % 2 {
        0 => Some(f64::midpoint(*values.get(middle - 1)?, upper)),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn each_figure_has_its_own_median_of_the_runs_that_have_it() {
        let run = |pairs: &[(Figure, f64)]| {
            let mut figures = Figures::default();
            for (figure, value) in pairs {
                figures.set(*figure, *value);
            }
            figures
        };
        let runs = [
            run(&[(Figure::WallSeconds, 3.0), (Figure::Transactions, 7.0)]),
            run(&[
                (Figure::WallSeconds, 1.0),
                (Figure::Transactions, f64::INFINITY),
            ]),
            run(&[(Figure::WallSeconds, 2.0)]),
        ];
        let medians = Figures::medians(&runs);
        assert_eq!(medians.get(Figure::WallSeconds), Some(2.0));
        assert_eq!(medians.get(Figure::Transactions), Some(7.0));
        assert_eq!(medians.get(Figure::RestoreSeconds), None);
    }

    #[test]
    fn numbers_are_shown_with_the_digits_that_matter() {
        assert_eq!(number(925_000.4), "925,000");
        assert_eq!(number(12.34), "12.3");
        assert_eq!(number(0.1234), "0.123");
        assert_eq!(number(-5.5), "-5.5");
        assert_eq!(number(-1234.0), "-1,234");
        assert_eq!(number(0.0), "0");
        assert_eq!(Figure::ResidentAfterBytes.show(3_145_728.0), "3");
        assert_eq!(Figure::CommitP99Seconds.show(0.25), "250");
    }
}
