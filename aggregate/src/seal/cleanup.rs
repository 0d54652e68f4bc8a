//! What a sealed period leaves behind, and what of it may go.

use kaiku_release::{Policy, Unit};
use kaiku_stage::failpoint;
use kaiku_wire::Day;
use object_store::path::Path;

use super::Sealer;
use super::intent::{SEALS, key_path};
use crate::error::Error;
use crate::landing::Log;
use crate::rollups::Chain;
use crate::store::Landing;

/// Destroys the keys of all seals whose manifests stand.
///
/// # Errors
/// Where the store fails; the keys that are left are destroyed the next time.
pub(crate) async fn destroy_spent_keys(landing: &Landing, chain: &Chain) -> Result<(), Error> {
    let standing = landing.list(&Path::from(SEALS)).await?;
    let periods = chain
        .manifests()
        .iter()
        .filter_map(|manifest| manifest.period());
    for path in periods.map(key_path) {
        if standing.contains(&path) {
            landing.delete(&path).await?;
        }
    }
    Ok(())
}

/// After a seal: destroys its key and those that were left before, deletes the landing data that no
/// open period needs where that is asked for, and gives for each partition the offset before which
/// no record is needed.
///
/// # Errors
/// Where a store fails; what is left is deleted after the next seal.
pub(crate) async fn clean(sealer: &Sealer, delete_landing: bool) -> Result<Vec<(i32, i64)>, Error> {
    destroy_spent_keys(&sealer.landing, &sealer.chain).await?;
    failpoint("seal.key_gone");
    if !delete_landing {
        return Ok(Vec::new());
    }
    let mut before = Vec::new();
    for log in &sealer.logs {
        let log: &Log = log;
        let needed = log
            .empty(|day| is_done(&sealer.policy, &sealer.chain, day))
            .await?;
        before.push((log.partition(), needed));
    }
    Ok(before)
}

/// Whether every period that a day belongs to, and that the policy publishes, is sealed.
fn is_done(policy: &Policy, chain: &Chain, day: Day) -> bool {
    let done = |unit: Unit| {
        let published = policy.tables().iter().any(|table| table.unit() == unit);
        !published
            || chain
                .last_of(unit)
                .is_some_and(|period| day <= period.last_day())
    };
    // Days are sealed even where the policy has no daily table: weeks are made of them.
    let day_done = chain.last_day().is_some_and(|last| day <= last);
    day_done && done(Unit::Week)
}
