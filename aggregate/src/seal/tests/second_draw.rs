//! Tests of what keeps a period from a second draw of noise.

use kaiku_release::Policy;

use super::*;
use crate::rollups::{Chain, Signer};
use crate::seal::{ledger_lines, reconcile};
use crate::testing::{landing, rollups};

/// A day is sealed, its counts are kept, and every key is spent.
async fn sealed(folder: &Path) {
    two_partitions(folder).await;
    let mut sealer = sealer(folder, 2, Policy::small()).await;
    sealer.seal(period(DAY)).await.unwrap();
    clean(&sealer, false).await.unwrap();
}

/// Holds the ledger beside a chain.
async fn held(folder: &Path, chain: &Chain) -> Result<(), Error> {
    let store = landing(folder);
    let lines = ledger_lines(&store).await?;
    reconcile(&store, lines, chain).await
}

#[tokio::test]
async fn a_day_whose_rollups_were_lost_is_not_drawn_again() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path()).await;
    std::fs::remove_dir_all(folder.path().join("rollups")).unwrap();
    let mut again = sealer(folder.path(), 2, Policy::small()).await;
    let refused = held(folder.path(), &again.chain).await;
    assert!(matches!(refused, Err(Error::Ledger { .. })), "{refused:?}");
    // Who goes on all the same finds the tombstone.
    assert_eq!(again.due(), Some(period(DAY)));
    let refused = again.seal(period(DAY)).await;
    assert!(matches!(refused, Err(Error::Spent { .. })), "{refused:?}");
    assert!(files(&folder.path().join("rollups")).is_empty());
}

#[tokio::test]
async fn rollups_from_before_the_last_seal_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    sealed(folder.path()).await;
    let root = folder.path().join("rollups");
    let copy = files(&root);
    for partition in 0..2 {
        land_day(folder.path(), partition, day(DAY).next()).await;
    }
    let mut next = sealer(folder.path(), 2, Policy::small()).await;
    let due = next.due().unwrap();
    next.seal(due).await.unwrap();
    assert!(held(folder.path(), &next.chain).await.is_ok());
    std::fs::remove_dir_all(&root).unwrap();
    for (name, bytes) in &copy {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let chain = Chain::load(&rollups(folder.path())).await.unwrap();
    let refused = held(folder.path(), &chain).await.unwrap_err();
    assert!(refused.to_string().contains("day=2026-11-25"), "{refused}");
}

#[tokio::test]
async fn another_chain_beside_the_same_counts_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let interrupted = interrupt(folder.path()).await;
    let mut one = sealer(folder.path(), 2, Policy::small()).await;
    one.seal(period(DAY)).await.unwrap();
    let ledger = files(&folder.path().join("landing"));
    // The same day from the same counts under another signature, in other rollups.
    std::fs::remove_dir_all(folder.path().join("rollups")).unwrap();
    interrupted.restore(folder.path());
    let mut other = sealer(folder.path(), 2, Policy::small()).await;
    other.signer = Signer::from_seed([6; 32]).unwrap();
    other.seal(period(DAY)).await.unwrap();
    let path = folder.path().join("landing/_ledger/day=2026-11-24.json");
    std::fs::write(path, &ledger["_ledger/day=2026-11-24.json"]).unwrap();
    let refused = held(folder.path(), &other.chain).await;
    assert!(matches!(refused, Err(Error::Ledger { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_seal_that_stopped_behind_its_manifest_is_ended_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    two_partitions(folder.path()).await;
    let interrupted = interrupt(folder.path()).await;
    let mut resumed = sealer(folder.path(), 2, Policy::small()).await;
    resumed.seal(period(DAY)).await.unwrap();
    let ended = files(&folder.path().join("landing"));
    interrupted.restore(folder.path());
    let chain = Chain::load(&rollups(folder.path())).await.unwrap();
    held(folder.path(), &chain).await.unwrap();
    assert_eq!(files(&folder.path().join("landing")), ended);
    let again = sealer(folder.path(), 2, Policy::small()).await;
    assert_eq!(again.due(), None);
}
