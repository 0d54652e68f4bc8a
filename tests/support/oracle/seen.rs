//! What stands on events.stripped and events.rejected, a partition at a time.

use std::collections::{BTreeMap, HashMap};

use kaiku_broker::Cluster;
use kaiku_fleet::{Column, Truth, Wanted};
use kaiku_raw::Reason;
use kaiku_stripped::schemas;
use kaiku_wire::frame::Framing;
use kaiku_wire::{Day, Mark, codec, frame};
use serde::Deserialize;

use super::super::kafka::{Isolation, read};
use super::{Partition, same, single_object};

/// What stands on one partition of events.stripped.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) events: u64,
    pub(crate) times: u64,
    /// Sum of each mark.
    pub(crate) marks: BTreeMap<&'static str, u64>,
    pub(crate) pairs: u64,
    /// Every close, in order.
    pub(crate) closed: Vec<Day>,
    /// Events and pairs of a day that had been closed before them.
    pub(crate) late: u64,
    /// The cells of the published tables, as text: table, day, values.
    pub(crate) cells: BTreeMap<String, u64>,
    /// Events of each day.
    pub(crate) days: BTreeMap<Day, u64>,
}

#[derive(Deserialize)]
struct WireBatch<'a> {
    day: i32,
    #[serde(borrow)]
    events: Vec<WireEvent<'a>>,
}

macro_rules! wire_event {
    ($($mark:ident),*) => {
        #[derive(Deserialize)]
        struct WireEvent<'a> {
            app: &'a str,
            release: &'a str,
            kind: &'a str,
            item: &'a str,
            country: &'a str,
            times: i32,
            $($mark: bool,)*
        }

        impl WireEvent<'_> {
            fn marks(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$((stringify!($mark), self.$mark)),*].into_iter()
            }
        }
    };
}

wire_event!(
    first_app_day,
    first_app_week,
    first_release_day,
    first_item_day,
    first_item_week,
    second_use_day,
    fifth_use_day,
    first_fatal_day,
    first_fatal_release_day,
    first_fatal_week
);

#[derive(Deserialize)]
struct WirePairs {
    week: i32,
    pairs: Vec<WirePair>,
}

#[derive(Deserialize)]
struct WirePair {
    app: String,
    a: String,
    b: String,
}

#[derive(Deserialize)]
struct WireClosed {
    day: i32,
}

const MOST: usize = 10_000_000;

fn day(number: i32) -> Day {
    Day::from_days_since_epoch(number).unwrap()
}

/// Reads what is committed on events.stripped.
pub(crate) fn seen(kafka: &Cluster) -> BTreeMap<i32, Seen> {
    seen_with(kafka, &HashMap::new())
}

/// The same, where a registry has these fingerprints under these ids.
pub(crate) fn seen_with(kafka: &Cluster, ids: &HashMap<u32, u64>) -> BTreeMap<i32, Seen> {
    let mut all: BTreeMap<i32, Seen> = BTreeMap::new();
    for record in read(kafka, &kafka.topics().stripped(), Isolation::Committed) {
        assert!(record.key.is_none(), "a stripped record has no key");
        let millis = record.timestamp.unwrap();
        assert_eq!(millis % 86_400_000, 0, "its time is cut to the day");
        let value = single_object(&record.value.unwrap(), ids);
        let (framing, datum) = frame::parse(&value).unwrap();
        let seen = all.entry(record.partition).or_default();
        let is =
            |schema: &kaiku_wire::Schema| framing == Framing::SingleObject(schema.fingerprint());
        if is(&schemas::STRIPPED_BATCH) {
            let schema = schemas::STRIPPED_BATCH.parsed();
            seen.batch(&codec::read(datum, schema, MOST).unwrap());
        } else if is(&schemas::PAIR_BATCH) {
            let schema = schemas::PAIR_BATCH.parsed();
            let batch: WirePairs = codec::read(datum, schema, MOST).unwrap();
            let late = seen.closed.contains(&Day::from_millis(millis));
            seen.late += u64::from(late);
            seen.pairs += batch.pairs.len() as u64;
            for WirePair { app, a, b } in batch.pairs {
                let (a, b) = if a < b { (a, b) } else { (b, a) };
                let week = day(batch.week);
                *seen
                    .cells
                    .entry(format!("pairs {week} {app} {a} {b}"))
                    .or_default() += 1;
            }
        } else {
            let schema = schemas::DAY_CLOSED.parsed();
            let closed: WireClosed = codec::read(datum, schema, MOST).unwrap();
            seen.closed.push(day(closed.day));
        }
    }
    all
}

/// Holds all partitions together against the truth of a fleet that sent itself, to the last mark.
pub(crate) fn assert_is_truth(kafka: &Cluster, truth: &Truth<'_>, partitions: i32, days: u32) {
    let (all, totals) = (seen(kafka), truth.totals());
    let sum = |of: &dyn Fn(&Seen) -> u64| all.values().map(of).sum::<u64>();
    assert_eq!(sum(&|one| one.events), totals.accepted, "events");
    assert_eq!(sum(&|one| one.times), totals.accepted_times, "times");
    for (name, expected) in totals.marks.named() {
        let marks = sum(&|one| one.marks.get(name).copied().unwrap_or(0));
        assert_eq!(marks, expected, "{name}");
    }
    assert_eq!(sum(&|one| one.pairs), totals.pairs, "pairs");
    assert_eq!(
        sum(&|one| one.late),
        0,
        "events behind the close of their day"
    );
    for partition in 0..partitions {
        let mut closed = all[&partition].closed.clone();
        closed.dedup();
        assert_eq!(closed, all[&partition].closed, "a day closes once");
        assert_eq!(
            closed.len(),
            days as usize,
            "closes of partition {partition}"
        );
    }
}

impl Seen {
    fn batch(&mut self, batch: &WireBatch<'_>) {
        let day = day(batch.day);
        let is_late = self.closed.contains(&day);
        *self.days.entry(day).or_default() += batch.events.len() as u64;
        for event in &batch.events {
            self.events += 1;
            self.late += u64::from(is_late);
            self.times += u64::try_from(event.times).unwrap();
            for (name, on) in event.marks() {
                if let Some(sum) = self.marks.get_mut(name) {
                    *sum += u64::from(on);
                } else {
                    self.marks.insert(name, u64::from(on));
                }
            }
            self.cells(day, event);
        }
    }

    fn cells(&mut self, day: Day, event: &WireEvent<'_>) {
        let WireEvent { app, release, .. } = event;
        let mut add = |when: bool, of: &dyn Fn() -> String| {
            if when {
                *self.cells.entry(of()).or_default() += 1;
            }
        };
        add(event.first_app_day, &|| {
            format!("activity {day} {app} {}", event.country)
        });
        let cell = |of: &str| format!("releases {day} {app} {release} {of}");
        add(event.first_release_day, &|| cell("devices"));
        add(event.first_fatal_release_day, &|| cell("crashed"));
        if event.kind == "feature_used" {
            let cell = |of: &str| format!("features {day} {app} {} {of}", event.item);
            add(event.first_item_day, &|| cell("devices"));
            add(event.second_use_day, &|| cell("twice"));
            add(event.fifth_use_day, &|| cell("fifth"));
        }
    }
}

/// A table whose cells are held against each other: what its cells are called, what they are of,
/// and what each sum in them is called.
struct Table {
    name: &'static str,
    column: Column,
    sums: &'static [(&'static str, Mark)],
}

const TABLES: [Table; 3] = [
    Table {
        name: "activity",
        column: Column::Country,
        sums: &[("", Mark::FirstAppDay)],
    },
    Table {
        name: "releases",
        column: Column::Release,
        sums: &[
            (" devices", Mark::FirstReleaseDay),
            (" crashed", Mark::FirstFatalReleaseDay),
        ],
    },
    Table {
        name: "features",
        column: Column::Feature,
        sums: &[
            (" devices", Mark::FirstItemDay),
            (" twice", Mark::SecondUseDay),
            (" fifth", Mark::FifthUseDay),
        ],
    },
];

/// What the fold has to count.
pub(super) fn tables() -> Vec<Wanted> {
    let tables = TABLES.iter();
    tables
        .map(|table| Wanted {
            weekly: false,
            columns: vec![Column::App, table.column],
            marks: table.sums.iter().map(|(_, mark)| *mark).collect(),
        })
        .collect()
}

/// The same cells as the fold has them.
fn expected_cells(truth: &Truth<'_>) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    let mut add = |cell: String, count: u64| {
        if count > 0 {
            all.insert(cell, count);
        }
    };
    for (Table { name, sums, .. }, cells) in TABLES.iter().zip(truth.tables()) {
        for ((day, values), counts) in cells {
            let [app, value] = values[..] else {
                panic!("a cell has an app and a value");
            };
            for ((sum, _), count) in sums.iter().zip(counts) {
                add(format!("{name} {day} {app} {value}{sum}"), *count);
            }
        }
    }
    for ((week, app, a, b), count) in truth.pairs() {
        add(format!("pairs {week} {app} {a} {b}"), *count);
    }
    all
}

/// The first difference between what stands there and the fold.
pub(super) fn compare(
    partition: i32,
    found: &Seen,
    expected: &Partition<'_>,
) -> Result<(), String> {
    let totals = expected.truth.totals();
    same(partition, "events", &found.events, &totals.accepted)?;
    same(partition, "times", &found.times, &totals.accepted_times)?;
    for (name, count) in totals.marks.named() {
        let sum = found.marks.get(name).copied().unwrap_or(0);
        same(partition, name, &sum, &count)?;
    }
    same(partition, "pairs", &found.pairs, &totals.pairs)?;
    same(
        partition,
        "events behind the close of their day",
        &found.late,
        &0,
    )?;
    same(partition, "closes", &found.closed, &expected.closed)?;
    let cells = expected_cells(&expected.truth);
    let wrong = |(cell, count): (&String, &u64), other: &BTreeMap<String, u64>| {
        other.get(cell) != Some(count)
    };
    let over = found.cells.iter().find(|one| wrong(*one, &cells));
    let under = cells.iter().find(|one| wrong(*one, &found.cells));
    same(partition, "a cell", &over, &under)
}

/// The records that were refused, by partition and reason.
pub(crate) fn rejected(kafka: &Cluster) -> BTreeMap<i32, BTreeMap<Reason, u64>> {
    let mut all: BTreeMap<i32, BTreeMap<Reason, u64>> = BTreeMap::new();
    for record in read(kafka, &kafka.topics().rejected(), Isolation::Committed) {
        let rejected = kaiku_raw::Rejected::decode(record.value.as_ref().unwrap()).unwrap();
        let reasons = all.entry(record.partition).or_default();
        *reasons.entry(rejected.reason).or_default() += rejected.count;
    }
    all
}
