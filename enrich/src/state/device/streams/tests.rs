//! Tests of what is new in an upload: every number counts once, in whatever order the uploads come.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// How many events of an upload of the first stream of app 1 are new.
fn new(device: &mut Device, first: i64, events: usize) -> usize {
    device.fresh(1, [1; 8], first, events).count(events)
}

#[test]
fn an_upload_that_was_seen_counts_from_where_it_is_new() {
    let mut device = Device::default();
    assert_eq!(new(&mut device, 0, 10), 10);
    assert_eq!(new(&mut device, 0, 10), 0);
    assert_eq!(new(&mut device, 5, 10), 5);
    assert_eq!(new(&mut device, 2, 3), 0);
    let of_another_app = device.fresh(2, [1; 8], 0, 3);
    assert_eq!(of_another_app.count(3), 3);
}

#[test]
fn an_upload_that_comes_behind_a_later_one_counts_once_and_is_late() {
    let mut device = Device::default();
    let later = device.fresh(1, [1; 8], 2, 2);
    assert_eq!((later.count(2), later.late()), (2, 0));
    let earlier = device.fresh(1, [1; 8], 0, 2);
    assert_eq!((earlier.count(2), earlier.late()), (2, 2));
    assert_eq!(new(&mut device, 0, 2), 0);
    assert_eq!(new(&mut device, 2, 2), 0);
    assert!(device.streams[0].gaps.is_none());
}

#[test]
fn an_upload_over_gaps_counts_where_they_are() {
    let mut device = Device::default();
    for first in [0, 4, 8] {
        assert_eq!(new(&mut device, first, 2), 2);
    }
    let over_all = device.fresh(1, [1; 8], 1, 10);
    let places: Vec<_> = (0..10).filter(|at| over_all.has(*at)).collect();
    assert_eq!(places, [1, 2, 5, 6, 9]);
    assert_eq!((over_all.count(10), over_all.late()), (5, 4));
    assert_eq!(new(&mut device, 0, 11), 0);
}

#[test]
fn of_more_gaps_than_are_remembered_the_one_with_the_lowest_numbers_counts_no_more() {
    let mut device = Device::default();
    let gaps = i64::try_from(GAPS).unwrap();
    for number in 0..=gaps {
        new(&mut device, 2 * number + 1, 1);
    }
    assert_eq!(new(&mut device, 0, 1), 0);
    for number in 1..=gaps {
        assert_eq!(new(&mut device, 2 * number, 1), 1);
    }
}

#[test]
fn numbers_at_the_end_of_what_can_be_counted_count_once() {
    let mut device = Device::default();
    assert_eq!(new(&mut device, i64::MAX - 2, 2), 2);
    assert_eq!(new(&mut device, i64::MAX - 2, 2), 0);
    assert_eq!(new(&mut device, 0, 5), 5);
}

#[test]
fn one_more_stream_of_an_app_takes_the_place_of_that_of_its_own_that_was_not_used_for_longest() {
    let mut device = Device::default();
    let mut is_new = |app, stream| device.fresh(app, [stream; 8], 0, 1).count(1) == 1;
    is_new(2, 9);
    let streams = u8::try_from(STREAMS_PER_APP).unwrap();
    for stream in 0..streams {
        assert!(is_new(1, stream));
    }
    // The first is in use again, so that the second goes.
    assert!(!is_new(1, 0));
    assert!(is_new(1, streams));
    assert!(!is_new(2, 9));
    assert!(!is_new(1, 0));
    assert!(is_new(1, 1));
}

#[test]
fn it_is_said_where_a_stream_was_forgotten_for_another() {
    let mut device = Device::default();
    let evicts: Vec<_> = (0..6_u8)
        .map(|stream| device.fresh(1, [stream; 8], 0, 1).evicts)
        .collect();
    assert_eq!(evicts, [false, false, false, false, true, true]);
    assert!(!device.fresh(1, [5; 8], 0, 1).evicts);
}

#[test]
fn four_processes_of_an_app_that_take_turns_and_send_everything_twice_count_once() {
    let mut device = Device::default();
    let mut counted = 0;
    for number in 0..10 {
        for stream in 0..4_u8 {
            for _ in 0..2 {
                counted += device.fresh(1, [stream; 8], number, 1).count(1);
            }
        }
    }
    assert_eq!(counted, 4 * 10);
}

proptest! {
    #[test]
    fn every_number_counts_once_whatever_overlaps_and_comes_again_in_whatever_order(
        uploads in prop::collection::vec((0..40_i64, 1..12_usize), 1..60),
    ) {
        let mut device = Device::default();
        let mut counted = BTreeSet::new();
        for (first, events) in uploads {
            let fresh = device.fresh(1, [1; 8], first, events);
            let before = counted.len();
            for (at, number) in (first..).take(events).enumerate() {
                prop_assert_eq!(fresh.has(at), counted.insert(number), "number {}", number);
            }
            prop_assert_eq!(fresh.count(events), counted.len() - before);
        }
    }

    #[test]
    fn thirty_uploads_side_by_side_count_once_in_any_order(
        order in Just((0..30_i64).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let mut device = Device::default();
        for upload in order.iter().chain(&order).enumerate() {
            let is_first = upload.0 < 30;
            let events = usize::from(is_first) * 7;
            prop_assert_eq!(new(&mut device, upload.1 * 7, 7), events);
        }
    }
}
