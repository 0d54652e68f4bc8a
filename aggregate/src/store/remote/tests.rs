//! Puts to a real S3 server, with what goes wrong on the way: an object stands there once, whole, and the
//! first one stays.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::Store;
use crate::testing::bucket::Bucket;
use crate::testing::faults::Fault;

const CONFLICT: Fault = Fault::Answer(409, "ConditionalRequestConflict");
const FAILED: Fault = Fault::Answer(412, "PreconditionFailed");
const SLOW_DOWN: Fault = Fault::Answer(503, "SlowDown");
const INTERNAL_AFTER: Fault = Fault::AnswerAfter(500, "InternalError");
const LATE: Fault = Fault::Late(Duration::from_millis(400));

/// What goes wrong with one put after the other, until one goes right.
const FAULTS: [&[Fault]; 12] = [
    &[CONFLICT],
    &[CONFLICT, CONFLICT, CONFLICT],
    &[FAILED],
    &[SLOW_DOWN],
    &[SLOW_DOWN, SLOW_DOWN],
    &[INTERNAL_AFTER],
    &[Fault::Cut, Fault::Cut],
    &[Fault::Lose],
    &[Fault::Hang],
    &[Fault::HangAfter],
    &[LATE],
    &[CONFLICT, Fault::Lose],
];

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// A name for each case.
fn path(case: usize) -> Path {
    Path::from(format!("case={case}/object"))
}

#[tokio::test]
async fn the_first_put_wins_and_the_second_is_told_what_stands_there() {
    let bucket = Bucket::new("first-put");
    let (store, path) = (bucket.store(), path(0));
    let put = store.put_if_absent(&path, bytes("one")).await.unwrap();
    assert_eq!(put, Put::Created);
    let put = store.put_if_absent(&path, bytes("two")).await.unwrap();
    assert_eq!(put, Put::Exists(bytes("one")));
    store.put_same(&path, bytes("one")).await.unwrap();
    let altered = store.put_same(&path, bytes("two")).await;
    assert!(matches!(altered, Err(Error::Altered { .. })));
    assert_eq!(
        store.list(&Path::from("case=0")).await.unwrap(),
        std::slice::from_ref(&path)
    );
    store.replace(&path, bytes("two")).await.unwrap();
    assert_eq!(store.get(&path).await.unwrap(), Some(bytes("two")));
    store.delete(&path).await.unwrap();
    store.delete(&path).await.unwrap();
    assert_eq!(store.get(&path).await.unwrap(), None);
    assert!(bucket.objects("store").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_writers_that_race_for_one_name_exactly_one_wins() {
    let bucket = Bucket::new("race");
    for case in 0..10 {
        let path = path(case);
        let writers = (0_u8..8).map(|n| {
            let (store, path) = (bucket.store(), path.clone());
            tokio::spawn(async move { store.put_if_absent(&path, vec![n; 10_000].into()).await })
        });
        let writers: Vec<_> = writers.collect();
        let (mut won, mut told) = (Vec::new(), Vec::new());
        for (n, writer) in (0_u8..).zip(writers) {
            match writer.await.unwrap().unwrap() {
                Put::Created => won.push(Bytes::from(vec![n; 10_000])),
                Put::Exists(found) => told.push(found),
            }
        }
        assert_eq!(won.len(), 1);
        assert!(told.iter().all(|found| *found == won[0]));
        assert_eq!(
            bucket.store().get(&path).await.unwrap().as_ref(),
            won.first()
        );
    }
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_put_it_stands_there_once_and_is_known_to() {
    let bucket = Bucket::new("faulty-puts");
    let store = bucket.store();
    for (case, faults) in FAULTS.iter().enumerate() {
        let path = path(case);
        bucket.faults.set_next("PUT", "store", faults);
        let put = store.put_if_absent(&path, bytes("ours")).await.unwrap();
        assert_eq!(put, Put::Created, "{faults:?}");
        assert_eq!(bucket.faults.met(), *faults, "each was met");
        let second = store.put_if_absent(&path, bytes("theirs")).await.unwrap();
        assert_eq!(second, Put::Exists(bytes("ours")), "{faults:?}");
    }
    tokio::time::sleep(2 * Duration::from_millis(400)).await;
    let objects = bucket.objects("store");
    assert_eq!(objects.len(), FAULTS.len());
    assert!(objects.values().all(|found| found == b"ours"));
}

#[tokio::test]
async fn whatever_goes_wrong_what_somebody_else_has_put_stays() {
    let bucket = Bucket::new("kept");
    let store = bucket.store();
    for (case, faults) in FAULTS.iter().enumerate() {
        let path = path(case);
        bucket.faults.set(|_| None);
        store.put_if_absent(&path, bytes("theirs")).await.unwrap();
        bucket.faults.set_next("PUT", "store", faults);
        let put = store.put_if_absent(&path, bytes("ours")).await.unwrap();
        assert_eq!(put, Put::Exists(bytes("theirs")), "{faults:?}");
        assert!(!bucket.faults.met().is_empty());
    }
    tokio::time::sleep(2 * Duration::from_millis(400)).await;
    let objects = bucket.objects("store");
    assert!(objects.values().all(|found| found == b"theirs"));
}

#[tokio::test]
async fn a_conflict_that_does_not_end_is_an_error_and_nothing_is_put() {
    let bucket = Bucket::new("conflict");
    let (store, path) = (bucket.store(), path(0));
    bucket
        .faults
        .set(|asked| (asked.method == "PUT").then_some(CONFLICT));
    let error = store.put_if_absent(&path, bytes("ours")).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Store {
                operation: "putting",
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(bucket.faults.met().len(), TRIES as usize);
    assert!(bucket.objects("store").is_empty());
    bucket.faults.set(|_| None);
    let put = store.put_if_absent(&path, bytes("ours")).await.unwrap();
    assert_eq!(put, Put::Created);
}

#[tokio::test]
async fn a_put_that_is_not_allowed_is_not_tried_again() {
    let bucket = Bucket::new("denied");
    bucket
        .faults
        .set(|asked| (asked.method == "PUT").then_some(Fault::Answer(403, "AccessDenied")));
    let put = bucket.store().put_if_absent(&path(0), bytes("ours")).await;
    assert!(matches!(put, Err(Error::Store { .. })), "{put:?}");
    assert_eq!(bucket.faults.met().len(), 1);
}

#[tokio::test]
async fn whatever_goes_wrong_with_a_replacement_the_new_object_stands_there() {
    let bucket = Bucket::new("faulty-replacements");
    let store = bucket.store();
    for (case, faults) in FAULTS.iter().enumerate() {
        let path = path(case);
        bucket.faults.set(|_| None);
        // Of every second one nothing stands there before.
        if case % 2 == 0 {
            store.put_if_absent(&path, bytes("old")).await.unwrap();
        }
        bucket.faults.set_next("PUT", "store", faults);
        store.replace(&path, bytes("new")).await.unwrap();
        assert!(!bucket.faults.met().is_empty());
        assert_eq!(
            store.get(&path).await.unwrap(),
            Some(bytes("new")),
            "{faults:?}"
        );
    }
}

#[tokio::test]
async fn a_replacement_that_arrives_late_does_not_bring_back_what_was_replaced() {
    let bucket = Bucket::new("late");
    let (store, path) = (bucket.store(), path(0));
    store.put_if_absent(&path, bytes("key")).await.unwrap();
    bucket.faults.set_next("PUT", "store", &[LATE]);
    store.replace(&path, bytes("first")).await.unwrap();
    store.replace(&path, bytes("second")).await.unwrap();
    assert_eq!(bucket.faults.met(), [LATE]);
    tokio::time::sleep(2 * Duration::from_millis(400)).await;
    assert_eq!(store.get(&path).await.unwrap(), Some(bytes("second")));
}

#[tokio::test]
async fn a_store_that_lets_an_object_be_overwritten_is_told_from_one_that_does_not() {
    let bucket = Bucket::new("probed");
    let store: Store = bucket.store();
    assert!(store.keeps_first("a").await.unwrap());
    // An answer that is lost does not make it look worse than it is.
    bucket
        .faults
        .set_next("PUT", "store", &[Fault::Lose, Fault::Lose]);
    assert!(store.keeps_first("b").await.unwrap());
    // A server that does not know the condition.
    bucket
        .faults
        .set(|asked| (asked.method == "PUT").then_some(Fault::Unconditional));
    assert!(!store.keeps_first("c").await.unwrap());
    assert!(bucket.objects("store").is_empty());
}
