//! The table through transactions, weeks and months.
#![allow(clippy::unwrap_used)]

use super::*;

const DAY: i32 = 20_780;

fn table() -> Table {
    let mut table = Table::default();
    table.turn(day().month(), Arc::new(MonthKey::new(&[1; 32])));
    table
}

fn day() -> Day {
    Day::from_days_since_epoch(DAY).unwrap()
}

fn touch(table: &mut Table, id: u8) -> usize {
    let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
    device.turn(day());
    3 - device.fresh(1, [1; 8], 0, 3).count(3)
}

#[test]
fn a_device_that_is_not_let_in_leaves_nothing_and_one_that_is_known_is_not_asked() {
    let mut table = table();
    let (known, new) = (DeviceId::new([1; 16]), DeviceId::new([2; 16]));
    touch(&mut table, 1);
    table.apply();
    assert!(table.device(&new, || false).is_none());
    assert_eq!(table.changes().count(), 0);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    assert!(table.device(&known, || false).is_some());
    table.apply();
    table.turn(day().month().next(), Arc::new(MonthKey::new(&[2; 32])));
    assert!(
        table.device(&known, || false).is_some(),
        "the month before is asked too"
    );
}

#[test]
fn a_device_that_is_swept_and_came_back_in_the_same_transaction_is_one() {
    let mut table = table();
    // Without streams nothing of it is worth keeping beyond its week.
    let bare = |table: &mut Table, on: Day| {
        let device = table.device(&DeviceId::new([1; 16]), || true).unwrap();
        device.turn(on);
    };
    bare(&mut table, day());
    table.apply();
    let next_week = day().plus(7);
    bare(&mut table, next_week);
    table.sweep(next_week);
    table.drop_swept(next_week, 9);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    table.apply();
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
}

#[test]
fn a_turn_of_the_week_drops_who_has_nothing_to_lose_and_the_topic_is_told() {
    let mut table = table();
    for id in 1..=3 {
        let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
        device.turn(day());
    }
    assert_eq!(table.devices(), Devices { now: 3, before: 0 });
    touch(&mut table, 4);
    table.apply();
    let next_week = day().plus(7);
    let back = table.device(&DeviceId::new([1; 16]), || true).unwrap();
    back.turn(next_week);
    table.sweep(next_week);
    table.drop_swept(next_week, 9);
    let (mut puts, mut drops) = (0, 0);
    table.pack();
    for change in table.changes() {
        match change {
            Change::Put(month, ..) if month == day().month() => puts += 1,
            Change::Drop(month, _) if month == day().month() => drops += 1,
            _ => panic!("of another month"),
        }
    }
    assert_eq!((puts, drops), (1, 2), "one has a stream, and one came back");
    assert_eq!(table.devices(), Devices { now: 2, before: 0 });
    table.apply();
    assert_eq!((table.len(), table.changes().count()), (2, 0));
}

#[test]
fn a_turn_of_the_week_drops_no_more_in_one_transaction_than_fit_and_the_rest_behind_it() {
    let mut table = table();
    for id in 1..=5 {
        let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
        device.turn(day());
    }
    table.apply();
    let next_week = day().plus(7);
    table.sweep(next_week);
    let mut left = Vec::new();
    for _ in 0..4 {
        table.drop_swept(next_week, 2);
        let drops = table.changes().count();
        left.push((drops, table.devices().now));
        // Who comes back is kept, whenever that is.
        let back = table.device(&DeviceId::new([1; 16]), || true).unwrap();
        back.turn(next_week);
        table.apply();
        assert_eq!(table.devices().now, table.len());
    }
    assert!(left.iter().all(|(drops, _)| *drops <= 2), "{left:?}");
    assert_eq!(table.len(), 1);
}

#[test]
fn what_was_restored_is_known_and_counted_in_its_month() {
    let (older, newer) = (day().month(), day().month().next());
    let keys = [1, 2].map(|byte| Arc::new(MonthKey::new(&[byte; 32])));
    let device = || {
        let mut device = Device::default();
        device.turn(day());
        device.fresh(1, [1; 8], 0, 3);
        device
    };
    let of = |key: &MonthKey, ids: &[u8]| {
        let token = |id: &u8| Ok((key.token(&DeviceId::new([*id; 16])), Packed::of(&device())));
        ids.iter().map(token).collect::<Vec<_>>().into_iter()
    };
    let mut table = Table::default();
    let months = [(older, &[1, 2][..]), (newer, &[3])];
    for ((month, ids), key) in months.into_iter().zip(&keys) {
        let devices = of(key, ids);
        table.restore(month, Arc::clone(key), devices).unwrap();
    }
    assert_eq!(table.month(), Some(newer));
    assert_eq!(table.devices(), Devices { now: 1, before: 2 });
    assert_eq!([1, 3].map(|id| touch(&mut table, id)), [3, 3]);
    assert_eq!(touch(&mut table, 4), 0);
    // One has moved over, and one is new.
    assert_eq!(table.devices(), Devices { now: 3, before: 1 });
}

#[test]
fn what_was_discarded_was_never_seen() {
    let mut table = table();
    assert_eq!(touch(&mut table, 1), 0);
    assert_eq!(
        touch(&mut table, 1),
        3,
        "the open transaction sees its own changes"
    );
    table.discard();
    assert_eq!(touch(&mut table, 1), 0);
    table.apply();
    assert_eq!(touch(&mut table, 1), 3);
}

#[test]
fn a_device_moves_to_the_new_month_when_it_is_next_seen() {
    let mut table = table();
    touch(&mut table, 1);
    touch(&mut table, 2);
    table.apply();
    table.turn(day().month().next(), Arc::new(MonthKey::new(&[2; 32])));
    assert_eq!(touch(&mut table, 1), 3, "its stream is known");
    table.pack();
    let drops = table
        .changes()
        .filter(|change| matches!(change, Change::Drop(..)))
        .count();
    assert_eq!((drops, table.changes().count()), (1, 2));
    table.apply();
    assert_eq!(table.len(), 2);
    table.turn(
        day().month().next().next(),
        Arc::new(MonthKey::new(&[3; 32])),
    );
    assert_eq!(
        touch(&mut table, 2),
        0,
        "who was away for a whole month is not known any more"
    );
    assert_eq!(touch(&mut table, 1), 3);
}
