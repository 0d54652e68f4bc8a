//! What a sealed period leaves behind, and what of it may go.

use kaiku_release::Unit;
use kaiku_wire::Day;

use super::Sealer;
use crate::error::Error;
use crate::landing::Log;

/// After a seal: deletes the landing data that no open period needs where that is asked for, and
/// gives for each partition the offset before which no record is needed.
///
/// # Errors
/// Where a store fails; what is left is deleted after the next seal.
pub(crate) async fn clean(sealer: &Sealer, delete_landing: bool) -> Result<Vec<(i32, i64)>, Error> {
    if !delete_landing {
        return Ok(Vec::new());
    }
    let mut before = Vec::new();
    for log in &sealer.logs {
        let log: &Log = log;
        let needed = log.empty(|day| is_done(sealer, day)).await?;
        before.push((log.partition(), needed));
    }
    Ok(before)
}

/// Whether every period that a day belongs to, and that the policy publishes, is sealed.
fn is_done(sealer: &Sealer, day: Day) -> bool {
    let tables = sealer.policy.tables().iter();
    let has_weeks = tables.into_iter().any(|table| table.unit() == Unit::Week);
    let sealed = |unit: Unit| {
        let last = sealer.chain.last_of(unit);
        last.is_some_and(|period| day <= period.last_day())
    };
    // Days are sealed even where the policy has no daily table: weeks are made of them.
    sealed(Unit::Day) && (!has_weeks || sealed(Unit::Week))
}
