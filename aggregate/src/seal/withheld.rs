//! Which tables of a period are not published, and why. Pure: it is handed the entries.

use kaiku_release::{Period, Table};
use kaiku_wire::{BOUNDS, Day, Incident};

use crate::error::Error;
use crate::landing::Entry;
use crate::rollups::folder_of;
use crate::rollups::manifest::{Withheld, WithheldReason};

/// The tables among these that the period can't have, each with the first reason found.
///
/// `began` is the first day that was ever sealed: a week that began before it is not whole.
///
/// # Errors
/// [`Error::Bounds`] where events were marked under bounds that this version does not know.
pub(super) fn withheld<'a>(
    period: Period,
    tables: impl Iterator<Item = &'a Table>,
    entries: &[Entry],
    began: Day,
) -> Result<Vec<Withheld>, Error> {
    let versions = || entries.iter().flat_map(|entry| &entry.bounds);
    if let Some(newer) = versions().find(|version| **version > BOUNDS.version) {
        return Err(Error::Bounds {
            period: folder_of(period),
            found: *newer,
            ours: BOUNDS.version,
        });
    }
    let (first, last) = (period.first_day(), period.last_day());
    let happened = |incident: Incident| {
        let mut all = entries
            .iter()
            .flat_map(|entry| entry.incidents_within(first, last));
        all.any(|happened| happened.incident == incident)
    };
    let of_all = if happened(Incident::StateLost) {
        Some(WithheldReason::StateLost)
    } else if happened(Incident::StrippedLost) {
        Some(WithheldReason::StrippedLost)
    } else if versions().any(|version| *version < BOUNDS.version) {
        Some(WithheldReason::BoundsChanged)
    } else if period.first_day() < began {
        Some(WithheldReason::PartialWeek)
    } else {
        None
    };
    let of_table = |table: &Table| {
        let ours = table.definition();
        let same = |entry: &Entry| entry.definitions.get(table.name()) == Some(&ours);
        (!entries.iter().all(same)).then_some(WithheldReason::PolicyChanged)
    };
    let each = tables.filter_map(|table| {
        let reason = of_all.or_else(|| of_table(table))?;
        Some(Withheld {
            table: table.name().to_owned(),
            reason,
            files: Vec::new(),
        })
    });
    Ok(each.collect())
}
