//! The landing log against a simple model: whatever several writers do, die of or sleep through,
//! it is one dense row of ranges, each landed once.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path as Folder;

use proptest::prelude::*;

use super::entry::{Data, FORMAT};
use super::*;
use crate::store::sha256;
use crate::testing::landing;

const WRITERS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    /// A writer lands what it believes to come next.
    Append {
        who: usize,
        records: i64,
        day: i32,
    },
    /// It puts its counts, and dies before the entry.
    Die {
        who: usize,
        records: i64,
        day: i32,
    },
    /// It starts again, or looks what others have done.
    Reopen(usize),
    CatchUp(usize),
    /// It deletes the counts of all days up to one, as far as it knows the log.
    Empty {
        who: usize,
        until: i32,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..WRITERS;
    let step = prop_oneof![
        4 => (who(), 1..5_i64, 0..3_i32)
            .prop_map(|(who, records, day)| Step::Append { who, records, day }),
        1 => (who(), 1..5_i64, 0..3_i32)
            .prop_map(|(who, records, day)| Step::Die { who, records, day }),
        1 => who().prop_map(Step::Reopen),
        1 => who().prop_map(Step::CatchUp),
        1 => (who(), 0..3_i32).prop_map(|(who, until)| Step::Empty { who, until }),
    ];
    prop::collection::vec(step, 1..40)
}

fn day(number: i32) -> Day {
    Day::from_days_since_epoch(20_000 + number).unwrap()
}

/// What a writer puts: its own counts, which no other has.
fn written(log: &Log, number: usize, records: i64, of: i32) -> (Entry, Bytes) {
    let (sequence, start) = log.next();
    let data = Bytes::from(format!("counts {number}"));
    let entry = Entry {
        format: FORMAT,
        source: log.source().to_owned(),
        partition: log.partition(),
        sequence,
        start,
        end: start + records,
        closed: None,
        days: vec![day(of)],
        incidents: Vec::new(),
        bounds: vec![2],
        definitions: BTreeMap::new(),
        last: None,
        data: Some(Data {
            sha256: sha256(&data),
            rows: 1,
            events: records.unsigned_abs(),
        }),
    };
    (entry, data)
}

async fn follow(folder: &Folder, steps: Vec<Step>) {
    let open = async || {
        Log::open(landing(folder), "a topic".to_owned(), 0)
            .await
            .unwrap()
    };
    let mut logs = [open().await, open().await, open().await];
    // What stands, by the model: each range, and those whose counts were deleted.
    let (mut row, mut emptied): (Vec<Entry>, BTreeSet<u64>) = (Vec::new(), BTreeSet::new());
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Append { who, records, day } => {
                let (entry, data) = written(&logs[who], number, records, day);
                let place = usize::try_from(entry.sequence - 1).unwrap();
                match logs[who].append(&entry, Some(data)).await.unwrap() {
                    Appended::Ours => {
                        assert_eq!(place, row.len(), "only the next place can be won");
                        row.push(entry);
                    }
                    Appended::Theirs(theirs) => assert_eq!(*theirs, row[place]),
                }
            }
            Step::Die { who, records, day } => {
                let (entry, data) = written(&logs[who], number, records, day);
                let path = entry.data_path().unwrap();
                landing(folder).put_same(&path, data).await.unwrap();
                logs[who] = open().await;
            }
            Step::Reopen(who) => logs[who] = open().await,
            Step::CatchUp(who) => {
                logs[who].catch_up().await.unwrap();
                assert_eq!(logs[who].next().0, row.len() as u64 + 1);
            }
            Step::Empty { who, until } => {
                let known = logs[who].next().0;
                logs[who].empty(|one| one <= day(until)).await.unwrap();
                let gone = row
                    .iter()
                    .filter(|one| one.sequence < known && one.days[0] <= day(until));
                emptied.extend(gone.map(|entry| entry.sequence));
            }
        }
    }
    let read = open().await;
    let end = row.last().map_or(0, |entry| entry.end);
    assert_eq!(read.next(), (row.len() as u64 + 1, end));
    for number in 0..3 {
        let stands = row
            .iter()
            .filter(|entry| entry.days[0] == day(number) && !emptied.contains(&entry.sequence));
        assert_eq!(
            read.within(day(number), day(number)),
            stands.cloned().collect::<Vec<_>>()
        );
    }
    // Whoever seals next sweeps up what the dead have left; behind the end somebody may be at work.
    read.empty(|_| false).await.unwrap();
    let objects = landing(folder).list(&entry::folder(0)).await.unwrap();
    let is_within = |path: &&Path| !matches!(entry::named(path), Some(Named::Data(sequence)) if sequence > row.len() as u64);
    let expected = row.len() + row.len() - emptied.len();
    assert_eq!(
        objects.iter().filter(is_within).count(),
        expected,
        "nothing else stands there"
    );
}

#[tokio::test]
async fn what_the_dead_left_behind_the_end_is_gone_once_its_place_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let open = async || {
        Log::open(landing(folder.path()), "a topic".to_owned(), 0)
            .await
            .unwrap()
    };
    // One died before the first entry of all, one before the second.
    for number in [1, 3] {
        let (dead, counts) = written(&open().await, number, 2, 0);
        let path = dead.data_path().unwrap();
        landing(folder.path())
            .put_same(&path, counts)
            .await
            .unwrap();
        let log = open().await;
        let (entry, counts) = written(&log, number + 1, 3, 0);
        log.append(&entry, Some(counts)).await.unwrap();
        let stands = landing(folder.path())
            .list(&entry::folder(0))
            .await
            .unwrap();
        assert!(!stands.contains(&path));
        assert!(stands.contains(&entry.data_path().unwrap()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_several_writers_do_each_range_lands_once(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(follow(folder.path(), steps));
    }
}
