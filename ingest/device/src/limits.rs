//! How much may wait: so many bytes, entries and days, the first that is reached. What goes is
//! the oldest that was not fatal, and it is counted.

use kaiku_wire::Day;

use crate::Error;
use crate::contents::{Contents, Loss};
use crate::tally::What;

/// Plain bytes of all rows. Sealed and in SQLite's pages they stay under 64 KB.
pub(crate) const BYTES: usize = 40 * 1_024;
/// Lines of totals.
const ENTRIES: usize = 2_000;
/// Days for which something waits.
const DAYS: u32 = 14;

/// Drops what is over the bounds, but for age.
pub(crate) fn trim(contents: &mut Contents, bytes: usize) -> Result<(), Error> {
    loop {
        let entries: usize = contents
            .tallies
            .values()
            .map(|tally| tally.counts.len())
            .sum();
        let held: usize = contents.rows()?.values().map(Vec::len).sum();
        let over = (entries.saturating_sub(ENTRIES)).max(if held > bytes {
            // Some at a time, or a full spool would be measured a thousand times.
            1 + (held - bytes) / 64
        } else {
            0
        });
        if over == 0 || !drop_oldest(contents, over)? {
            return Ok(());
        }
    }
}

/// Drops up to so many lines, the oldest that were not fatal first. Whether there were any.
fn drop_oldest(contents: &mut Contents, most: usize) -> Result<bool, Error> {
    let mut lines: Vec<(bool, i32, i64, What)> = Vec::new();
    for (row, tally) in &contents.tallies {
        let of_day = tally.counts.keys();
        lines.extend(of_day.map(|what| (what.is_fatal(), tally.day, *row, what.clone())));
    }
    if lines.is_empty() {
        // Uploads that wait are all that is left: the last one made goes.
        let last = contents.outgoing.pop_last();
        if let Some((_, outgoing)) = &last {
            contents.lose(Loss::SpoolFull, outgoing.told());
        }
        return Ok(last.is_some());
    }
    lines.sort();
    let mut lost = 0;
    for (_, _, row, what) in lines.into_iter().take(most) {
        if let Some(tally) = contents.tallies.get_mut(&row) {
            lost += u64::from(tally.counts.remove(&what).unwrap_or(0));
        }
    }
    contents.tallies.retain(|_, tally| !tally.counts.is_empty());
    contents.lose(Loss::SpoolFull, lost);
    Ok(true)
}

/// Drops what has waited for 14 days, uploads on their way included.
pub(crate) fn expire(contents: &mut Contents, today: Day) {
    let oldest = today.minus(DAYS).days_since_epoch();
    let mut lost = 0;
    contents.tallies.retain(|_, tally| {
        let stays = tally.day >= oldest;
        lost += if stays { 0 } else { tally.events() };
        stays
    });
    let mut untold = Vec::new();
    contents.outgoing.retain(|_, outgoing| {
        let stays = outgoing.day >= oldest;
        if !stays {
            lost += outgoing.told();
            untold.push(std::mem::take(&mut outgoing.losses));
        }
        stays
    });
    for (reason, events) in untold.into_iter().flatten() {
        *contents.state.losses.entry(reason).or_default() += events;
    }
    contents.lose(Loss::TooOld, lost);
}
