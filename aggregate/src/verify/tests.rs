//! Tests of verifying: each thing that can be wrong is named, beside all others.
#![allow(clippy::unwrap_used)]

mod rows;

use std::path::{Path as FsPath, PathBuf};

use super::*;
use crate::rollups::sample::{Sample, signer};
use crate::testing::files;

const FILE: &str = "features_daily/app=maps/day=2026-11-21/rollup.parquet";

/// Two days, their week, and the day behind it, with all that stands beside them.
async fn sealed(folder: &FsPath) -> Sample {
    let mut sample = Sample::new(folder);
    sample.seal_days("2026-11-21", "2026-11-23").await;
    refresh(&sample).await;
    sample
}

async fn refresh(sample: &Sample) {
    let catalogue = kaiku_catalogue::Catalogue::sample();
    let done = sample
        .rollups
        .refresh_aids(&sample.policy, &sample.chain, &catalogue);
    done.await.unwrap();
}

async fn problems(sample: &Sample, expected: &Expected) -> Vec<String> {
    let found = verify(&sample.rollups, expected).await.unwrap();
    found.problems.iter().map(ToString::to_string).collect()
}

/// The problems after something in the folder was changed.
async fn after(change: impl FnOnce(PathBuf)) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let sample = sealed(folder.path()).await;
    change(folder.path().join("rollups"));
    problems(&sample, &Expected::default()).await
}

fn edit(file: &FsPath, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from));
    std::fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[tokio::test]
async fn what_was_sealed_is_right_and_says_what_it_cost() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sealed(folder.path()).await;
    let found = verify(&sample.rollups, &Expected::default()).await.unwrap();
    assert_eq!(found.problems, []);
    assert_eq!(found.periods, 4);
    let manifests = sample.chain.manifests();
    let named = manifests.iter().flat_map(|manifest| &manifest.tables);
    assert_eq!(
        found.files,
        named.map(|table| table.files.len() as u64).sum::<u64>()
    );
    assert_eq!(
        found.rows,
        manifests.iter().map(crate::Manifest::rows).sum::<u64>()
    );
    assert_eq!(found.head.as_deref(), sample.chain.last_hash());
    let (day, week) = (manifests[0].rho(), manifests[2].rho());
    let first = Day::parse("2026-11-16").unwrap();
    let paid = (day + day + week).value();
    assert_eq!(
        found.dearest_week,
        Some(Price {
            first_day: first,
            rho: paid
        })
    );
    let four_weeks = found.dearest_28_days.unwrap();
    assert!(
        (four_weeks.rho - (paid + day.value())).abs() < 1e-9,
        "{four_weeks:?}"
    );
    // Neither the key nor the end of the chain can be known from the folder alone.
    assert_eq!(found.unknown.len(), 2);
    let expected = Expected {
        head: found.head,
        key: Some(signer().public()),
    };
    let found = verify(&sample.rollups, &expected).await.unwrap();
    assert_eq!((found.problems, found.unknown), (vec![], vec![]));
}

#[tokio::test]
async fn files_that_changed_are_gone_or_were_added_are_each_named() {
    let found = after(|root| {
        let file = root.join(FILE);
        std::fs::copy(root.join(FILE.replace("=maps", "=idle")), &file).unwrap();
        std::fs::remove_file(root.join(FILE.replace("=maps", "=007"))).unwrap();
        std::fs::write(root.join("features_daily/extra.parquet"), b"x").unwrap();
        std::fs::write(root.join("views.txt"), b"x").unwrap();
        // One that a process was killed before it deleted, and one that nobody put there to try the store.
        std::fs::create_dir(root.join("_kaiku_doctor")).unwrap();
        std::fs::write(root.join("_kaiku_doctor/1f"), b"first").unwrap();
        std::fs::write(root.join("_kaiku_doctor/2f"), b"a secret").unwrap();
    })
    .await;
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found[0].contains("=007") && found[0].ends_with("is missing"));
    assert!(found[1].starts_with(FILE) && found[1].contains("its hash or size differs"));
    assert!(found[2].contains("has 0 rows, and 2 by its manifest"));
    assert!(found[3].starts_with("_kaiku_doctor/2f: is named by no manifest"));
    assert!(found[4].starts_with("features_daily/extra.parquet: is named by no manifest"));
    assert!(found[5].starts_with("views.txt: "));
}

#[tokio::test]
async fn a_manifest_that_was_edited_breaks_its_signature_its_line_and_the_link_behind_it() {
    let found = after(|root| {
        let manifest = root.join("manifests/day=2026-11-22.json");
        edit(
            &manifest,
            "\"policy\": \"small\"",
            "\"policy\": \"smaller\"",
        );
    })
    .await;
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with("manifests/day=2026-11-22.sig: is not the signature"));
    assert!(found[1].starts_with("manifests/day=2026-11-22.jsonl: does not say the same"));
    assert!(found[2].starts_with("manifests/week=2026-11-16.json: does not name the hash"));
}

#[tokio::test]
async fn a_manifest_that_is_gone_is_missed_with_its_period_and_its_files() {
    let found = after(|root| {
        std::fs::remove_file(root.join("manifests/day=2026-11-22.json")).unwrap();
    })
    .await;
    let has = |text: &str| found.iter().any(|problem| problem.contains(text));
    assert!(has("has number 3, but number 2 is missing"), "{found:#?}");
    assert!(has("manifests/day=2026-11-22.sig: belongs to no manifest"));
    assert!(has(
        "manifests/day=2026-11-23.json: does not follow the day that was sealed before it"
    ));
    assert!(has(
        "day=2026-11-22/rollup.parquet: is named by no manifest"
    ));
}

#[tokio::test]
async fn an_unreadable_manifest_is_named_and_the_rest_is_checked_all_the_same() {
    let found = after(|root| {
        std::fs::write(root.join("manifests/week=2026-11-16.json"), b"{}").unwrap();
        std::fs::remove_file(root.join(FILE)).unwrap();
    })
    .await;
    let has = |text: &str| found.iter().any(|problem| problem.contains(text));
    assert!(
        has("manifests/week=2026-11-16.json: can't be read as a manifest"),
        "{found:#?}"
    );
    assert!(has(&format!("{FILE}: is missing")));
}

#[tokio::test]
async fn a_cut_end_and_another_chain_are_found_by_a_head_that_was_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sealed(folder.path()).await;
    let head = sample.chain.last_hash().map(str::to_owned);
    let expected = Expected { head, key: None };
    // A chain that went on holds the head still.
    let mut longer = Sample::new(folder.path());
    longer.chain = sample.chain.clone();
    longer.seal_days("2026-11-24", "2026-11-24").await;
    assert_eq!(problems(&longer, &expected).await, [] as [String; 0]);
    let root = folder.path().join("rollups");
    std::fs::write(
        root.join("_latest.json"),
        "{\"day\":null,\"week\":null,\"number\":null,\"hash\":null}",
    )
    .unwrap();
    for period in ["2026-11-23", "2026-11-24"] {
        for name in files(&root)
            .into_keys()
            .filter(|name| name.contains(&format!("day={period}")))
        {
            std::fs::remove_file(root.join(name)).unwrap();
        }
    }
    assert_eq!(
        problems(&sample, &Expected::default()).await,
        [] as [String; 0]
    );
    let found = problems(&sample, &expected).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("the end of the chain was cut off, or this is another chain"));
}

#[tokio::test]
async fn a_last_period_that_is_not_there_or_not_the_one_is_seen_in_the_chain() {
    let found = after(|root| {
        for ending in ["json", "jsonl", "sig"] {
            std::fs::remove_file(root.join(format!("manifests/day=2026-11-23.{ending}"))).unwrap();
        }
    })
    .await;
    assert!(found[0].starts_with("_latest.json: names manifest 4, which is not there"));
    let found =
        after(|root| edit(&root.join("_latest.json"), "\"number\":4", "\"number\":3")).await;
    assert_eq!(
        found,
        ["_latest.json: names another manifest 3 than week=2026-11-16"]
    );
}

#[tokio::test]
async fn another_key_than_the_expected_one_is_wrong_at_every_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sealed(folder.path()).await;
    let other = crate::Signer::from_seed([9; 32]).unwrap();
    let key = Some(other.public());
    let found = problems(&sample, &Expected { head: None, key }).await;
    assert_eq!(found.len(), 8, "{found:#?}");
    assert!(found[0].contains("is signed by another key"));
}

#[tokio::test]
async fn a_monthly_copy_with_other_rows_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut sample = Sample::new(folder.path());
    sample.seal_days("2026-11-29", "2026-11-30").await;
    refresh(&sample).await;
    let root = folder.path().join("rollups");
    let copy = "monthly/features_daily/app=maps/month=2026-11/rollup.parquet";
    std::fs::copy(root.join(copy.replace("=maps", "=007")), root.join(copy)).unwrap();
    let early = copy.replace("2026-11", "2026-12");
    std::fs::create_dir_all(root.join(&early).parent().unwrap()).unwrap();
    std::fs::copy(root.join(copy), root.join(&early)).unwrap();
    let found = problems(&sample, &Expected::default()).await;
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].contains("does not have the rows of the month's files"));
    assert!(found[1].contains("is the copy of a month that is not over"));
}

#[tokio::test]
async fn noise_and_budget_that_do_not_fit_each_other_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let sample = sealed(folder.path()).await;
    let check = |change: fn(&mut crate::Manifest)| {
        let mut manifests = sample.chain.manifests().to_vec();
        change(&mut manifests[0]);
        let mut found = Verified::default();
        budget::check(&manifests, &mut found);
        let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
        texts.join("\n")
    };
    assert_eq!(check(|_| {}), "");
    type Change = fn(&mut crate::Manifest);
    let cases: [(Change, &str); 7] = [
        (
            |manifest| manifest.tables[0].measures[0].sigma *= 0.99,
            "but √(Δ²/2ρ) is",
        ),
        (
            |manifest| manifest.tables[0].measures[0].sigma *= 1.01,
            "but √(Δ²/2ρ) is",
        ),
        (
            |manifest| manifest.tables[0].measures[0].tau = Some(100),
            "are not of one policy",
        ),
        (
            |manifest| manifest.tables[0].measures[0].tau = None,
            "has a threshold, and no other",
        ),
        (
            |manifest| manifest.rho_millionths -= 1,
            "but its measures cost",
        ),
        (|manifest| manifest.week_epsilon -= 0.5, "ε of a week is"),
        (|manifest| manifest.epsilon = f64::NAN, "ε of the period is"),
    ];
    for (change, text) in cases {
        assert!(check(change).contains(text), "{text}: {}", check(change));
    }
    let capped = |manifest: &mut crate::Manifest| manifest.cap_rho_millionths = 1_000;
    let mut manifests = sample.chain.manifests().to_vec();
    manifests.last_mut().into_iter().for_each(capped);
    let mut found = Verified::default();
    budget::check(&manifests, &mut found);
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("the 28 days from 2026-11-16: cost a device"))
    );
    let cheap = |manifest: &mut crate::Manifest| manifest.week_rho_millionths = 1_000;
    let mut manifests = sample.chain.manifests().to_vec();
    manifests.iter_mut().for_each(cheap);
    let mut found = Verified::default();
    budget::check(&manifests, &mut found);
    let texts: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("the week of 2026-11-16: costs a device"))
    );
}
