//! Landing and seal over S3: what comes out is what comes out in folders, whatever goes wrong on the way.

use std::collections::BTreeMap;

use kaiku_release::Policy;
use kaiku_stage::RandomSource;
use object_store::path::Path;

use super::super::{Sealer, clean};
use crate::Error;
use crate::landing::Appended;
use crate::rollups::Rollups;
use crate::seal::ledger;
use crate::store::Landing;
use crate::testing::bucket::{Bucket, Server};
use crate::testing::faults::{Asked, Fault};
use crate::testing::{Hand, closed, day, files, fleet, landing, log_in, pair, rollups, sealer_in};
use crate::verify::{Expected, verify};

/// A Monday.
const MONDAY: &str = "2026-11-23";
const DAYS: u32 = 7;
const PARTITIONS: i32 = 2;

/// How often something is tried: the stage would try for ever.
const TRIES: usize = 30;

/// Tries as the stage does, until it goes well; how often it did not.
macro_rules! insist {
    ($failed:expr, $try:expr) => {{
        let mut tries = 0;
        loop {
            match $try {
                Ok(done) => break done,
                Err(error) => {
                    let error: Error = error;
                    tries += 1;
                    $failed += 1;
                    assert!(tries < TRIES, "{error:?}");
                }
            }
        }
    }};
}

/// Lands a week on all partitions; how often a try failed.
async fn land(landing: &Landing) -> usize {
    let mut failed = 0;
    for partition in 0..PARTITIONS {
        let log = insist!(failed, log_in(landing.clone(), partition).await);
        let mut hand = Hand::new(&log);
        for number in 0..DAYS {
            let of = day(MONDAY).plus(number);
            for record in [
                fleet(of, "maps", 300),
                fleet(of, "music", 40),
                pair(of, "maps", "route.bicycle", "share"),
                closed(of),
            ] {
                hand.take(&record).await.unwrap();
            }
            let (entry, data) = hand.lane.close().await.unwrap();
            let appended = insist!(failed, hand.lane.roll(&entry, data.clone()).await);
            assert_eq!(appended, Appended::Ours);
        }
    }
    failed
}

/// Seals all that is due, with randomness that follows from the period; how often a try failed.
async fn seal(landing: &Landing, rollups: &Rollups) -> usize {
    let mut failed = 0;
    let mut sealer: Sealer = insist!(
        failed,
        sealer_in(
            landing.clone(),
            rollups.clone(),
            PARTITIONS,
            Policy::small()
        )
        .await
    );
    let catalogue = kaiku_catalogue::Catalogue::sample();
    while let Some(due) = sealer.due() {
        let seed = u64::from(due.first_day().days_since_epoch().unsigned_abs())
            + 1_000 * due.to_string().len() as u64;
        insist!(failed, {
            sealer.random = RandomSource::seeded(seed);
            sealer.seal(due).await.map(|_| ())
        });
        let aids = || {
            sealer
                .rollups
                .refresh_aids(&sealer.policy, &sealer.chain, &catalogue)
        };
        insist!(failed, aids().await);
        insist!(failed, clean(&sealer, true).await);
    }
    // As a start would.
    let lines = insist!(failed, ledger::lines(landing).await);
    insist!(
        failed,
        ledger::reconcile(landing, lines.clone(), &sealer.chain).await
    );
    failed
}

/// What a week comes to in two folders: landing before the seal, landing behind it, rollups.
async fn in_folders() -> [BTreeMap<String, Vec<u8>>; 3] {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    land(&landing(at)).await;
    let landed = files(&at.join("landing"));
    seal(&landing(at), &rollups(at)).await;
    [
        landed,
        files(&at.join("landing")),
        files(&at.join("rollups")),
    ]
}

/// The same on S3, and how often a try failed.
async fn in_bucket(bucket: &Bucket) -> ([BTreeMap<String, Vec<u8>>; 3], usize) {
    let mut failed = land(&bucket.landing()).await;
    let landed = bucket.objects("landing");
    failed += seal(&bucket.landing(), &bucket.rollups()).await;
    let ended = [landed, bucket.objects("landing"), bucket.objects("rollups")];
    (ended, failed)
}

fn assert_same(found: &[BTreeMap<String, Vec<u8>>; 3], expected: &[BTreeMap<String, Vec<u8>>; 3]) {
    for (what, found, expected) in [
        ("landed", &found[0], &expected[0]),
        ("left in landing", &found[1], &expected[1]),
        ("published", &found[2], &expected[2]),
    ] {
        let names =
            |objects: &BTreeMap<String, Vec<u8>>| objects.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(found), names(expected), "{what}");
        for (name, bytes) in expected {
            assert!(found[name] == *bytes, "{what}: {name} differs");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_over_s3_is_the_same_to_the_byte_as_in_folders() {
    let bucket = Bucket::new("a-week");
    let expected = in_folders().await;
    let (found, failed) = in_bucket(&bucket).await;
    assert_eq!(failed, 0);
    assert_same(&found, &expected);
    let entries = found[0]
        .keys()
        .filter(|name| name.ends_with(".json"))
        .count();
    assert_eq!(entries, PARTITIONS as usize * DAYS as usize);
    let manifests = found[2]
        .keys()
        .filter(|name| name.ends_with(".json") && name.starts_with("manifests"));
    assert_eq!(
        manifests.count(),
        DAYS as usize + 1,
        "seven days and their week"
    );
    println!(
        "{} objects landed, {} published",
        found[0].len(),
        found[2].len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_week_in_which_every_third_request_goes_wrong_is_the_same_to_the_byte() {
    let bucket = Bucket::new("a-bad-week");
    let expected = in_folders().await;
    bucket.faults.set(every_third);
    let (found, failed) = in_bucket(&bucket).await;
    let met = bucket.faults.met();
    for kind in KINDS {
        assert!(met.contains(&kind), "{kind:?} was not met");
    }
    assert!(failed > 0, "the stage had to try again");
    assert_same(&found, &expected);
    println!(
        "{} requests went wrong, {failed} times the stage tried again",
        met.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rights_in_the_documents_are_enough_for_each_store_and_reach_no_other() {
    let server = Server::with_documented_rights();
    let (landing, rollups) = server.stores();
    // As aggregate tries them at its start.
    server.config().check_urls("a").await.unwrap();
    assert_eq!(land(&landing).await, 0);
    assert_eq!(seal(&landing, &rollups).await, 0);
    let found = verify(&rollups, &Expected::default()).await.unwrap();
    assert_eq!(found.problems, []);
    assert_eq!(found.periods, u64::from(DAYS) + 1);
    // Each with the other's credentials.
    for exchanged in server.exchanged() {
        let refused = exchanged.check_urls("b").await.unwrap_err();
        assert!(
            format!("{refused:?}").contains("PermissionDenied"),
            "{refused:?}"
        );
    }
}

const DENIED: Fault = Fault::Answer(403, "AccessDenied");

/// In turn what can go wrong with a request.
const KINDS: [Fault; 6] = [
    Fault::Lose,
    Fault::Answer(409, "ConditionalRequestConflict"),
    Fault::Answer(503, "SlowDown"),
    Fault::AnswerAfter(500, "InternalError"),
    Fault::Answer(412, "PreconditionFailed"),
    Fault::Cut,
];

fn every_third(asked: &Asked) -> Option<Fault> {
    let fault = KINDS[asked.number / 3 % KINDS.len()];
    // Nobody but the stage tries again behind this; an opening of the stores has fewer requests.
    if asked.number % 97 == 50 {
        return Some(DENIED);
    }
    // Only a put has a condition that can fail.
    let is_possible = asked.method == "PUT" || !matches!(fault, Fault::Answer(409 | 412, _));
    (asked.number.is_multiple_of(3) && is_possible).then_some(fault)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_land_and_seal_at_once_over_s3_come_to_one_result() {
    let bucket = Bucket::new("two-at-once");
    let work = |number: u64| {
        let (landing, rollups) = (bucket.landing(), bucket.rollups());
        tokio::spawn(async move {
            let mut failed = 0;
            let mut sealer = insist!(
                failed,
                sealer_in(
                    landing.clone(),
                    rollups.clone(),
                    PARTITIONS,
                    Policy::small()
                )
                .await
            );
            sealer.random = RandomSource::seeded(number);
            while sealer.chain.manifests().len() < DAYS as usize + 1 {
                insist!(failed, sealer.catch_up().await);
                if let Some(due) = sealer.due() {
                    insist!(failed, sealer.seal(due).await.map(|_| ()));
                }
            }
            failed
        })
    };
    land(&bucket.landing()).await;
    let (one, two) = (work(1), work(2));
    let failed = one.await.unwrap() + two.await.unwrap();
    let found = verify(&bucket.rollups(), &Expected::default())
        .await
        .unwrap();
    assert_eq!(found.problems, []);
    assert_eq!(found.periods, u64::from(DAYS) + 1);
    let left = bucket.objects("landing/_seal");
    assert_eq!(left.len(), DAYS as usize + 1, "each period has one key");
    assert!(left.values().all(|bytes| bytes == b"spent\n"));
    let lines = ledger::lines(&bucket.landing()).await.unwrap();
    assert_eq!(lines.len(), DAYS as usize + 1);
    assert!(
        lines.contains(&Path::from("_ledger/week=2026-11-23.json")),
        "{lines:?}"
    );
    println!("{failed} times one of them tried again");
}
