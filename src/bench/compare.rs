//! What has changed since an earlier run, cell by cell and figure by figure.

use super::figures::{Better, Figure};
use super::machine::Machine;
use super::report::{Measured, Report};
use crate::output::columns;

/// What changed by more than so much of its value is marked.
const MARKED: f64 = 0.10;

/// How two machines differ, each a sentence: their figures can't be compared then.
pub(crate) fn differences(then: &Machine, now: &Machine) -> Vec<String> {
    // Kernels keep more or less of the same memory for themselves.
    let gigabytes = |machine: &Machine| format!("{:.0} GB", machine.memory_bytes as f64 / 1e9);
    let pairs = [
        ("processor", then.cpu.clone(), now.cpu.clone()),
        ("cores", then.cores.to_string(), now.cores.to_string()),
        ("memory", gigabytes(then), gigabytes(now)),
        ("kernel", then.kernel.clone(), now.kernel.clone()),
        ("profile", then.profile.clone(), now.profile.clone()),
        ("brokers", then.brokers.clone(), now.brokers.clone()),
    ];
    let differ = pairs.into_iter().filter(|(_, then, now)| then != now);
    differ
        .map(|(what, then, now)| format!("{what} was `{then}`, and is `{now}`"))
        .collect()
}

/// The comparison: a line for each figure that both runs have, and one for each cell that only one has.
pub(crate) fn lines(then: &Report, now: &Report) -> Vec<String> {
    let head = ["", "then", "now", "now:then", ""];
    let mut lines = Vec::new();
    for measured in &now.cells {
        let cell = measured.cell;
        let Some(before) = then.cells.iter().find(|one| one.cell == cell) else {
            lines.push(format!("{cell}: not measured then"));
            continue;
        };
        lines.push(format!("{cell}:"));
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(changes(before, measured));
        lines.extend(columns(&rows).into_iter().map(|line| format!("  {line}")));
    }
    let is_gone = |one: &&Measured| now.cells.iter().all(|now| now.cell != one.cell);
    let gone = then.cells.iter().filter(is_gone);
    lines.extend(gone.map(|one| format!("{}: not measured now", one.cell)));
    lines
}

/// The rows of a cell.
fn changes(then: &Measured, now: &Measured) -> Vec<Vec<String>> {
    let both = now.median.iter().filter_map(|(figure, now)| {
        let then = then.median.get(figure)?;
        Some((figure, then, now))
    });
    both.map(|(figure, then, now)| {
        let ratio = ratio(then, now);
        vec![
            figure.title().to_owned(),
            figure.show(then),
            figure.show(now),
            ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}")),
            ratio.map_or("", |ratio| mark(figure, ratio)).to_owned(),
        ]
    })
    .collect()
}

/// Of two numbers that are both more than nothing.
fn ratio(then: f64, now: f64) -> Option<f64> {
    (then > 0.0 && now > 0.0).then(|| now / then)
}

/// What a ratio means, where it is far from 1.
fn mark(figure: Figure, ratio: f64) -> &'static str {
    let is_more = ratio > 1.0 + MARKED;
    let is_less = ratio < 1.0 - MARKED;
    match (figure.better(), is_more, is_less) {
        (_, false, false) => "",
        (Better::More, true, _) | (Better::Less, _, true) => "BETTER",
        (Better::More, _, true) | (Better::Less, true, _) => "WORSE",
        (Better::Neither, ..) => "CHANGED",
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::sample;
    use super::*;

    #[test]
    fn what_changed_by_more_than_a_tenth_is_marked() {
        for (figure, ratio, wanted) in [
            (Figure::EventsPerCpuSecond, 1.05, ""),
            (Figure::EventsPerCpuSecond, 1.2, "BETTER"),
            (Figure::EventsPerCpuSecond, 0.8, "WORSE"),
            (Figure::CommitP99Seconds, 1.2, "WORSE"),
            (Figure::CommitP99Seconds, 0.8, "BETTER"),
            (Figure::Transactions, 0.8, "CHANGED"),
        ] {
            assert_eq!(mark(figure, ratio), wanted, "{figure:?} {ratio}");
        }
        assert_eq!(ratio(0.0, 1.0), None);
    }

    #[test]
    fn cells_are_held_beside_those_of_before() {
        let (then, mut now) = (sample(900_000.0), sample(450_000.0));
        let text = lines(&then, &now).join("\n");
        assert!(text.contains("10 events, 1,000,000 devices, 4 lanes, cold:"));
        assert!(text.contains("0.500") && text.contains("WORSE"), "{text}");
        now.cells.pop();
        let text = lines(&then, &now).join("\n");
        assert!(text.contains("warm: not measured now"), "{text}");
        let text = lines(&now, &then).join("\n");
        assert!(text.contains("warm: not measured then"), "{text}");
    }

    #[test]
    fn another_machine_or_profile_is_told() {
        let then = sample(1.0).machine;
        assert_eq!(differences(&then, &then), Vec::<String>::new());
        let mut now = then.clone();
        now.profile = "debug".to_owned();
        now.version = "0.2.0".to_owned();
        let said = differences(&then, &now);
        assert_eq!(said, ["profile was `release`, and is `debug`"]);
    }
}
