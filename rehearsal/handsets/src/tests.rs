//! Handsets against a server in this process that takes everything.
#![allow(clippy::unwrap_used)]

use kaiku_fleet::Truth;
use kaiku_raw::{Limits, validate};

use super::*;

const PARTITIONS: i32 = 4;

fn monday() -> Day {
    Day::from_ymd(2026, 10, 19).unwrap()
}

/// Lives so many days; what was sent, by the truth that knows the rules of counting.
fn live(config: HandsetsConfig, days: u32, truth: &mut Truth<'_>) -> (Handsets, Vec<[u8; 16]>) {
    let folder = tempfile::tempdir().unwrap();
    let catalogue = Catalogue::sample();
    let mut handsets = Handsets::new(config, &catalogue, folder.path().to_owned()).unwrap();
    let (mut seen, sample) = (Vec::new(), Catalogue::sample());
    for number in 0..days {
        let day = monday().plus(number);
        let mut send = |request: &Request| {
            let valid = |batch| validate(batch, &Limits::CONTRACT, day).is_ok();
            if !request.batch().is_none_or(valid) {
                return Ok(400);
            }
            if let Some(id) = request.upload.what.device_id() {
                seen.push(*id.as_bytes());
            }
            truth.sent(&request.as_taken(&sample, PARTITIONS), day);
            Ok(202)
        };
        handsets.day(day, &mut send).unwrap();
    }
    (handsets, seen)
}

#[test]
fn what_is_done_on_handsets_that_nothing_befalls_arrives_once_or_waits_or_is_said_to_be_left_out() {
    let catalogue = Catalogue::sample();
    let mut truth = Truth::new(&catalogue, PARTITIONS);
    let config = HandsetsConfig {
        handsets: 8,
        ..HandsetsConfig::default()
    };
    let (handsets, _) = live(config.undisturbed(), 40, &mut truth);
    let book = handsets.book();
    assert!(book.used > 500 && book.arrived > book.used / 2, "{book:?}");
    assert!(book.arrived <= book.used, "{book:?}");
    // Waiting and left out are told in events of every kind.
    assert!(
        book.used - book.arrived <= book.waiting + book.left_out,
        "{book:?}"
    );
    let totals = truth.totals();
    assert_eq!(book.refused, 0, "{book:?}");
    assert_eq!(totals.bounded, 0, "enrich's own bounds never touch them");
    assert!(
        totals.duplicates > 0,
        "an answer that gets lost brings an upload again"
    );
}

#[test]
fn whatever_befalls_a_handset_nothing_of_it_is_counted_twice_and_its_identifiers_are_known_ahead() {
    let catalogue = Catalogue::sample();
    let mut truth = Truth::new(&catalogue, PARTITIONS);
    let config = HandsetsConfig {
        handsets: 10,
        killed: 0.2,
        opt_out: 0.05,
        reinstalled: 0.04,
        copied: 0.02,
        clock: 0.05,
        ..HandsetsConfig::default()
    };
    let (handsets, seen) = live(config, 40, &mut truth);
    let book = handsets.book();
    assert!(handsets.count() > 10, "some were copied");
    assert!(book.arrived > 500 && book.arrived <= book.used, "{book:?}");
    assert!(truth.totals().forgotten > 0);
    let ahead: std::collections::HashSet<_> = handsets.identifiers_ahead(16).collect();
    let distinct: std::collections::HashSet<_> = seen.into_iter().collect();
    assert!(
        distinct.len() > handsets.count(),
        "identifiers were made anew"
    );
    assert!(distinct.iter().all(|id| ahead.contains(id)));
}

#[test]
fn the_same_seed_lives_the_same_days() {
    let catalogue = Catalogue::sample();
    let book = |seed| {
        let config = HandsetsConfig {
            seed,
            handsets: 3,
            ..HandsetsConfig::default()
        };
        let mut truth = Truth::new(&catalogue, PARTITIONS);
        live(config, 10, &mut truth).0.book()
    };
    assert_eq!(book(7), book(7));
    assert_ne!(book(7), book(8));
}

#[test]
fn a_copy_of_a_folder_is_another_device() {
    let catalogue = Catalogue::sample();
    let mut truth = Truth::new(&catalogue, PARTITIONS);
    let nothing = HandsetsConfig::default().undisturbed();
    let config = HandsetsConfig {
        handsets: 1,
        offline: 0.0,
        copied: 0.3,
        ..nothing
    };
    let (handsets, seen) = live(config, 8, &mut truth);
    let distinct: std::collections::HashSet<_> = seen.into_iter().collect();
    let book = handsets.book();
    assert!(handsets.count() > 2, "it was copied");
    assert!(distinct.len() > 2 && distinct.len() <= handsets.count());
    assert!(book.arrived <= book.used, "{book:?}");
}
