//! The table that is printed.

use std::fmt::Write;

use crate::load::Load;
use crate::measure::Usage;

/// A row for each way in which the records were handled; the first is what the others are held
/// against.
pub(crate) fn of(load: &Load, rows: &[(&str, &Usage)]) -> String {
    let mut text = format!(
        "{:<38} {:>10} {:>11} {:>8} {:>8} {:>8} {:>11} {:>13} {:>8}\n",
        "", "records", "events", "wall s", "CPU s", "system s", "events/s", "events/CPU-s", "ratio"
    );
    let per = |seconds: f64| whole(load.events() as f64 / seconds);
    let first = rows.first().map_or(1.0, |(_, usage)| usage.cpu());
    for (name, usage) in rows {
        let wall = usage.wall.as_secs_f64();
        let _ = writeln!(
            text,
            "{name:<38} {:>10} {:>11} {wall:>8.2} {:>8.2} {:>8.2} {:>11} {:>13} {:>8.3}",
            grouped(load.records),
            grouped(load.events()),
            usage.cpu(),
            usage.system,
            grouped(per(wall)),
            grouped(per(usage.cpu())),
            first / usage.cpu(),
        );
    }
    text
}

/// A number that is not negative, cut to a whole one.
fn whole(number: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let whole = number as u64;
    whole
}

/// A number with commas between its thousands.
pub(crate) fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}
