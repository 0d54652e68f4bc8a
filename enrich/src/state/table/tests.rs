//! The table through transactions, weeks and months, and the logs that it is read from again.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::{CHUNK_FORMAT, Log, read_chunk};
use super::*;

const DAY: i32 = 20_780;

fn table() -> Table {
    let mut table = Table::default();
    table.turn(day().month(), key(1));
    table
}

fn key(byte: u8) -> Arc<MonthKey> {
    Arc::new(MonthKey::new(&[byte; 32]))
}

fn day() -> Day {
    Day::from_days_since_epoch(DAY).unwrap()
}

fn touch(table: &mut Table, id: u8) -> usize {
    let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
    device.turn(day());
    3 - device.fresh(1, [1; 8], 0, 3).count(3)
}

fn commit(table: &mut Table) {
    table.pack(false);
    table.apply();
}

/// The topics of the state as they stand behind a compaction.
#[derive(Default)]
struct Topics {
    chunks: BTreeMap<(Month, u64), Vec<u8>>,
    logs: Logs,
    /// Bytes that were ever written.
    written: usize,
}

impl Topics {
    /// Takes a transaction, whose changes the table then has.
    fn commit(&mut self, table: &mut Table, is_new_day: bool) {
        table.pack(is_new_day);
        for (month, _, writing) in table.writings() {
            for chunk in &writing.chunks {
                self.written += chunk.plain.len();
                let key = (month, chunk.number);
                assert!(self.chunks.insert(key, chunk.plain.clone()).is_none());
            }
            for number in &writing.deleted {
                // The last one of the month before is deleted again with each day.
                let was_there = self.chunks.remove(&(month, *number)).is_some();
                assert!(was_there || (is_new_day && Some(month) != table.month()));
            }
        }
        self.logs = table.logs();
        table.apply();
    }

    /// The devices that they say of a month.
    fn read(&self, month: Month, log: &Log) -> BTreeMap<Token, Vec<u8>> {
        let mut generation = Generation::new(month, key(1));
        for number in log.first..log.next {
            let chunk = &self.chunks[&(month, number)];
            read_chunk(CHUNK_FORMAT, chunk, &mut generation).unwrap();
        }
        of(&generation)
    }

    /// A table that is restored from them, in the place of one that is gone.
    fn restored(&self, gone: &Table) -> Table {
        let mut table = Table {
            pace: gone.pace,
            ..Table::default()
        };
        let both = [
            (&gone.before, &self.logs.before),
            (&gone.now, &self.logs.now),
        ];
        for (generation, log) in both {
            let Some(generation) = generation else {
                continue;
            };
            let (month, key) = (generation.month, Arc::clone(&generation.key));
            let mut restored = Generation::new(month, key);
            for number in log.first..log.next {
                let chunk = &self.chunks[&(month, number)];
                read_chunk(CHUNK_FORMAT, chunk, &mut restored).unwrap();
            }
            restored.stands_at(log.clone());
            table.restore(restored);
        }
        table
    }

    fn assert_say(&self, table: &Table) {
        let both = [
            (&table.now, &self.logs.now),
            (&table.before, &self.logs.before),
        ];
        for (generation, log) in both {
            if let Some(generation) = generation {
                assert_eq!(generation.log, *log);
                let read = self.read(generation.month, log);
                let what = format!(
                    "{}: {} of {}",
                    generation.month,
                    read.len(),
                    generation.devices.len()
                );
                assert!(read == of(generation), "{what}");
            }
        }
    }
}

fn of(generation: &Generation) -> BTreeMap<Token, Vec<u8>> {
    let devices = generation.devices.iter();
    let devices: BTreeMap<_, _> = devices
        .map(|(token, one)| (*token, one.bytes().to_vec()))
        .collect();
    assert_eq!(devices.len(), generation.devices.len());
    devices
}

/// How many entries the open transaction has for this month and the one before.
fn entries(table: &mut Table) -> [u64; 2] {
    table.pack(false);
    let of = |generation: &Option<Generation>, writing: &Writing| {
        let before = generation.as_ref().map_or(0, |one| one.log.entries());
        writing.log.entries() - before
    };
    [
        of(&table.now, &table.writings.now),
        of(&table.before, &table.writings.before),
    ]
}

#[test]
fn a_device_that_is_not_let_in_leaves_nothing_and_one_that_is_known_is_not_asked() {
    let mut table = table();
    let (known, new) = (DeviceId::new([1; 16]), DeviceId::new([2; 16]));
    touch(&mut table, 1);
    commit(&mut table);
    assert!(table.device(&new, || false).is_none());
    assert_eq!(entries(&mut table), [0, 0]);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    assert!(table.device(&known, || false).is_some());
    commit(&mut table);
    table.turn(day().month().next(), key(2));
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
    commit(&mut table);
    let next_week = day().plus(7);
    bare(&mut table, next_week);
    table.sweep(next_week);
    table.drop_swept(next_week, 9);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    commit(&mut table);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
}

#[test]
fn a_turn_of_the_week_drops_who_has_nothing_to_lose_and_the_topic_is_told() {
    let (mut table, mut topics) = (table(), Topics::default());
    for id in 1..=3 {
        let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
        device.turn(day());
    }
    assert_eq!(table.devices(), Devices { now: 3, before: 0 });
    touch(&mut table, 4);
    topics.commit(&mut table, false);
    let next_week = day().plus(7);
    let back = table.device(&DeviceId::new([1; 16]), || true).unwrap();
    back.turn(next_week);
    table.sweep(next_week);
    table.drop_swept(next_week, 9);
    assert_eq!(entries(&mut table), [3, 0], "one came back, two are gone");
    assert_eq!(table.devices(), Devices { now: 2, before: 0 });
    topics.commit(&mut table, false);
    assert_eq!((table.len(), entries(&mut table)), (2, [0, 0]));
    topics.assert_say(&table);
}

#[test]
fn a_turn_of_the_week_drops_no_more_in_one_transaction_than_fit_and_the_rest_behind_it() {
    let mut table = table();
    for id in 1..=5 {
        let device = table.device(&DeviceId::new([id; 16]), || true).unwrap();
        device.turn(day());
    }
    commit(&mut table);
    let next_week = day().plus(7);
    table.sweep(next_week);
    let mut left = Vec::new();
    for _ in 0..4 {
        table.drop_swept(next_week, 2);
        let [drops, _] = entries(&mut table);
        left.push((drops, table.devices().now));
        // Who comes back is kept, whenever that is.
        let back = table.device(&DeviceId::new([1; 16]), || true).unwrap();
        back.turn(next_week);
        commit(&mut table);
        assert_eq!(table.devices().now, table.len());
    }
    assert!(left.iter().all(|(drops, _)| *drops <= 2), "{left:?}");
    assert_eq!(table.len(), 1);
}

#[test]
fn what_was_restored_is_known_and_counted_in_its_month() {
    let (older, newer) = (day().month(), day().month().next());
    let device = || {
        let mut device = Device::default();
        device.turn(day());
        device.fresh(1, [1; 8], 0, 3);
        device
    };
    let mut table = Table::default();
    for (month, ids, byte) in [(older, &[1, 2][..], 1), (newer, &[3], 2)] {
        let mut generation = Generation::new(month, key(byte));
        for id in ids {
            let token = generation.key.token(&DeviceId::new([*id; 16]));
            generation.put_old(token, Packed::of(&device()));
        }
        table.restore(generation);
    }
    assert_eq!(table.month(), Some(newer));
    assert_eq!(table.devices(), Devices { now: 1, before: 2 });
    assert_eq!([1, 3].map(|id| touch(&mut table, id)), [3, 3]);
    assert_eq!(touch(&mut table, 4), 0);
    // One has moved over, and one is new.
    assert_eq!(table.devices(), Devices { now: 3, before: 1 });
    // Records of the version before that say nothing any more are named.
    table.pack(false);
    let old = table.writings().map(|(.., writing)| writing.old.len());
    assert_eq!(old.collect::<Vec<_>>(), [1, 1]);
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
    commit(&mut table);
    assert_eq!(touch(&mut table, 1), 3);
}

#[test]
fn a_device_moves_to_the_new_month_when_it_is_next_seen() {
    let (mut table, mut topics) = (table(), Topics::default());
    touch(&mut table, 1);
    touch(&mut table, 2);
    topics.commit(&mut table, false);
    table.turn(day().month().next(), key(2));
    assert_eq!(touch(&mut table, 1), 3, "its stream is known");
    assert_eq!(entries(&mut table), [1, 1]);
    topics.commit(&mut table, false);
    assert_eq!(table.len(), 2);
    topics.assert_say(&table);
    table.turn(day().month().next().next(), key(3));
    assert_eq!(
        touch(&mut table, 2),
        0,
        "who was away for a whole month is not known any more"
    );
    assert_eq!(touch(&mut table, 1), 3);
}

/// How far the logs of what is committed have come.
fn committed(table: &Table) -> Logs {
    let of = |generation: &Option<Generation>| generation.as_ref().map(|one| one.log.clone());
    Logs {
        now: of(&table.now).unwrap_or_default(),
        before: of(&table.before).unwrap_or_default(),
    }
}

/// A device of its own for each number.
fn touch_many(table: &mut Table, ids: std::ops::Range<u32>, on: Day) {
    for id in ids {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&id.to_le_bytes());
        let device = table.device(&DeviceId::new(bytes), || true).unwrap();
        device.turn(on);
        device.fresh(1, [1; 8], 0, 3);
    }
}

#[test]
fn a_log_that_has_become_long_is_written_anew_beside_what_goes_on_and_is_bounded() {
    let (mut table, mut topics) = (table(), Topics::default());
    const DEVICES: u32 = 50_000;
    let (mut longest, mut changed) = (0, 0);
    for round in 0..40 {
        let from = round * 7_919 % DEVICES;
        touch_many(&mut table, from..DEVICES.min(from + 9_000), day());
        changed += table.changed.len();
        topics.commit(&mut table, false);
        if round % 3 == 0 {
            topics.assert_say(&table);
        }
        longest = longest.max(topics.logs.now.entries());
    }
    topics.assert_say(&table);
    assert!(topics.logs.now.first > 0, "{:?}", topics.logs.now);
    assert!(longest < 5 * u64::from(DEVICES), "{longest}");
    let stand: usize = topics.chunks.values().map(Vec::len).sum();
    assert!(stand < topics.written, "what nobody needs is deleted");
    let of_each = topics.written / changed;
    let of_one = table
        .now
        .as_ref()
        .unwrap()
        .devices
        .iter()
        .next()
        .unwrap()
        .1
        .bytes()
        .len()
        + 20;
    assert!(of_each < 2 * of_one, "{of_each} bytes a change of {of_one}");
}

#[test]
fn what_a_device_was_before_goes_with_the_next_day_and_once_is_enough() {
    let (mut table, mut topics) = (table(), Topics::default());
    touch_many(&mut table, 0..3, day());
    topics.commit(&mut table, false);
    let one = DeviceId::new([0; 16]);
    table.device(&one, || true).unwrap().forget(None);
    topics.commit(&mut table, false);
    assert_eq!(topics.chunks.len(), 2);
    topics.commit(&mut table, false);
    assert_eq!(topics.chunks.len(), 2, "the day is not over");
    topics.commit(&mut table, true);
    assert_eq!((topics.chunks.len(), topics.logs.now.first), (1, 2));
    topics.assert_say(&table);
    topics.commit(&mut table, true);
    assert_eq!(topics.logs.now.next, 3, "nothing was changed since");
}

#[test]
fn what_the_last_device_of_the_month_before_was_goes_too_whoever_starts_again_meanwhile() {
    let (mut table, mut topics) = (table(), Topics::default());
    touch(&mut table, 1);
    topics.commit(&mut table, false);
    table.turn(day().month().next(), key(2));
    table
        .device(&DeviceId::new([1; 16]), || true)
        .unwrap()
        .forget(None);
    topics.commit(&mut table, false);
    assert_eq!(table.devices(), Devices { now: 1, before: 0 });
    let mut table = topics.restored(&table);
    topics.commit(&mut table, true);
    let before = topics
        .chunks
        .iter()
        .filter(|((month, _), _)| *month == day().month());
    let left: usize = before.map(|(_, chunk)| chunk.len()).sum();
    assert_eq!(left, 4, "a chunk that says that there is nobody");
    table.pack(true);
    let again: Vec<_> = table
        .writings()
        .map(|(.., writing)| writing.deleted.clone())
        .collect();
    assert_eq!(again, [vec![1], vec![]], "so that Kafka comes to it");
}

#[test]
fn a_bucket_that_is_larger_than_a_chunk_stands_in_several() {
    let mut generation = Generation::new(day().month(), key(1));
    let mut device = Device::default();
    device.turn(day());
    for stream in 0..200_u8 {
        device.fresh(1, [stream; 8], 0, 3);
    }
    let packed = Packed::of(&device);
    let many = (600 << 10) / packed.bytes().len();
    for number in 0..many {
        let mut token = [7; 16];
        token[..8].copy_from_slice(&number.to_le_bytes());
        generation.put_old(Token(token), Packed::of(&device));
    }
    generation.log = Log::default();
    // One entry more than there are devices.
    generation.log.chunk(many as u64 + 1);
    let occasion = Occasion {
        is_new_day: true,
        pace: Pace {
            few: 0,
            least: usize::MAX,
        },
    };
    let writing = generation.write([].into_iter(), occasion);
    assert!(writing.chunks.len() > 2, "{}", writing.chunks.len());
    let mut read = Generation::new(day().month(), key(1));
    for chunk in &writing.chunks {
        read_chunk(CHUNK_FORMAT, &chunk.plain, &mut read).unwrap();
    }
    assert!(of(&read) == of(&generation));
    assert_eq!(writing.deleted, [0]);
}

/// What may become of a table.
#[derive(Clone, Debug)]
enum Step {
    Touch(u32, u32),
    Forget(u32),
    Commit(bool),
    Discard,
    Restore,
    Week,
    Month,
}

fn step() -> impl Strategy<Value = Step> {
    let any_id = || 0..1_500_u32;
    prop_oneof![
        6 => (any_id(), 1..400_u32).prop_map(|(from, many)| Step::Touch(from, many)),
        1 => any_id().prop_map(Step::Forget),
        6 => prop::bool::weighted(0.2).prop_map(Step::Commit),
        1 => Just(Step::Discard),
        1 => Just(Step::Restore),
        1 => Just(Step::Week),
        1 => Just(Step::Month),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_happens_the_topics_say_what_the_table_has(
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let (mut table, mut topics) = (table(), Topics::default());
        // So that devices are being written anew while other things happen.
        table.pace = Pace { few: 100, least: 150 };
        let (mut today, mut months) = (day(), 1);
        for step in steps {
            match step {
                Step::Touch(from, many) => touch_many(&mut table, from..from + many, today),
                Step::Forget(id) => {
                    let mut bytes = [0; 16];
                    bytes[..4].copy_from_slice(&id.to_le_bytes());
                    let device = table.device(&DeviceId::new(bytes), || true).unwrap();
                    device.turn(today);
                    device.forget(None);
                }
                Step::Commit(is_new_day) => topics.commit(&mut table, is_new_day),
                Step::Discard => table.discard(),
                Step::Restore => table = topics.restored(&table),
                Step::Week => {
                    topics.commit(&mut table, true);
                    today = today.plus(7);
                    table.sweep(today);
                    table.drop_swept(today, 500);
                }
                Step::Month => {
                    topics.commit(&mut table, false);
                    months += 1;
                    let next = table.month().unwrap().next();
                    today = next.first_day();
                    table.turn(next, key(months));
                    topics.logs = committed(&table);
                }
            }
            topics.assert_say(&table);
        }
    }
}
