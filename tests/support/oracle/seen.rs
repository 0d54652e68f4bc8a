//! What stands on events.stripped and events.rejected, a partition at a time.

use std::collections::{BTreeMap, HashMap, HashSet};

use kaiku_broker::Cluster;
use kaiku_fleet::Truth;
use kaiku_raw::Reason;
use kaiku_release::Dimension;
use kaiku_stripped::schemas;
use kaiku_wire::frame::Framing;
use kaiku_wire::{BOUNDS, Day, Mark, codec, frame};
use serde::Deserialize;

use super::super::kafka::{Isolation, read};
use super::cells::{self, Cells};
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
    /// The cells of the tables of the policy.
    pub(crate) cells: Cells,
    /// What is said to have happened, by the day at whose close it was said.
    pub(crate) incidents: Vec<(Day, String)>,
    /// Events of each day.
    pub(crate) days: BTreeMap<Day, u64>,
}

#[derive(Deserialize)]
struct WireEvents<'a> {
    day: i32,
    week: i32,
    bounds: u32,
    #[serde(borrow)]
    texts: Vec<&'a str>,
    subjects: Vec<WireSubject>,
    events: Vec<WireRow>,
}

#[derive(Deserialize)]
struct WireSubject {
    app: usize,
    release: usize,
    kind: usize,
    item: usize,
    component: usize,
    duration_bucket: usize,
}

#[derive(Deserialize)]
struct WireRow {
    subject: usize,
    model: usize,
    operator: usize,
    country: usize,
    times: i32,
    marks: u32,
}

/// The marks, from the lowest bit.
const MARKS: [&str; 14] = [
    "first_app_day",
    "first_app_week",
    "first_release_day",
    "first_item_day",
    "first_item_week",
    "second_use_day",
    "fifth_use_day",
    "first_fatal_day",
    "first_fatal_release_day",
    "first_fatal_week",
    "first_session_day",
    "first_cause_release_day",
    "first_cause_component_week",
    "first_bounded_day",
];

/// A row with its texts.
struct WireEvent<'a> {
    app: &'a str,
    release: &'a str,
    kind: &'a str,
    item: &'a str,
    component: &'a str,
    model: &'a str,
    operator: &'a str,
    country: &'a str,
    duration_bucket: &'a str,
    times: i32,
    marks: u32,
}

impl<'a> WireEvent<'a> {
    fn of(row: &WireRow, batch: &WireEvents<'a>) -> WireEvent<'a> {
        assert!(row.marks < 1 << MARKS.len(), "no bit but that of a mark");
        let (texts, subject) = (&batch.texts, &batch.subjects[row.subject]);
        WireEvent {
            app: texts[subject.app],
            release: texts[subject.release],
            kind: texts[subject.kind],
            item: texts[subject.item],
            component: texts[subject.component],
            model: texts[row.model],
            operator: texts[row.operator],
            country: texts[row.country],
            duration_bucket: texts[subject.duration_bucket],
            times: row.times,
            marks: row.marks,
        }
    }

    fn marks(&self) -> impl Iterator<Item = (&'static str, bool)> {
        let bits = self.marks;
        (0..)
            .zip(MARKS)
            .map(move |(bit, name)| (name, bits >> bit & 1 == 1))
    }
}

impl WireEvent<'_> {
    fn has(&self, mark: Mark) -> bool {
        self.marks().any(|(name, on)| on && name == mark.as_str())
    }

    /// What it has in a dimension; nothing where it is of another kind.
    fn value(&self, dimension: Dimension) -> Option<String> {
        let when = |kind: &str, value| (self.kind == kind).then_some(value);
        // `unlisted` has no slash, and is both.
        let (brand, model) = self
            .model
            .split_once('/')
            .unwrap_or((self.model, self.model));
        let value = match dimension {
            Dimension::App => Some(self.app),
            Dimension::Release => Some(self.release),
            Dimension::Feature => when("feature_used", self.item),
            Dimension::Cause => when("failed", self.item),
            Dimension::Component => when("failed", self.component),
            Dimension::Length => when("stopped", self.duration_bucket),
            Dimension::Country => Some(self.country),
            Dimension::Brand => Some(brand),
            Dimension::Model => Some(model),
            Dimension::Operator => Some(self.operator),
            Dimension::A | Dimension::B => None,
        };
        value.map(str::to_owned)
    }
}

#[derive(Deserialize)]
struct WirePairs<'a> {
    day: i32,
    week: i32,
    bounds: u32,
    #[serde(borrow)]
    texts: Vec<&'a str>,
    pairs: Vec<WirePair>,
}

#[derive(Deserialize)]
struct WirePair {
    app: usize,
    a: usize,
    b: usize,
    devices: u32,
}

#[derive(Deserialize)]
struct WireClosed {
    day: i32,
    incidents: Vec<String>,
}

const MOST: usize = 10_000_000;

fn day(number: i32) -> Day {
    Day::from_days_since_epoch(number).unwrap()
}

/// The day of a batch, which names its week beside it.
fn day_and_week(number: i32, week: i32) -> Day {
    assert_eq!(
        day(number).week().monday(),
        day(week),
        "its week is its day's"
    );
    day(number)
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
        if is(&schemas::STRIPPED_EVENTS) {
            let schema = schemas::STRIPPED_EVENTS.parsed();
            seen.batch(&codec::read(datum, schema, MOST).unwrap());
        } else if is(&schemas::STRIPPED_PAIRS) {
            let schema = schemas::STRIPPED_PAIRS.parsed();
            let batch: WirePairs<'_> = codec::read(datum, schema, MOST).unwrap();
            assert_eq!(
                day(batch.day).start_millis(),
                millis,
                "its time is its day's"
            );
            seen.pair_batch(&batch);
        } else {
            let schema = schemas::DAY_CLOSED.parsed();
            let closed: WireClosed = codec::read(datum, schema, MOST).unwrap();
            seen.closed.push(day(closed.day));
            let said = closed.incidents.into_iter();
            seen.incidents
                .extend(said.map(|one| (day(closed.day), one)));
        }
    }
    all
}

/// Holds all partitions together against the truth of a fleet that sent itself, to the last mark.
pub(crate) fn assert_is_truth(kafka: &Cluster, truth: &Truth<'_>, partitions: i32, days: u32) {
    let (all, totals) = (seen(kafka), truth.totals());
    let sum = |of: &dyn Fn(&Seen) -> u64| all.values().map(of).sum::<u64>();
    assert_eq!(sum(&|one| one.events), totals.handed_on(), "events");
    assert_eq!(sum(&|one| one.times), totals.handed_on_times(), "times");
    for mark in Mark::of_events() {
        let marks = sum(&|one| one.sum(mark));
        assert_eq!(marks, totals.marks.of(mark), "{mark}");
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
    fn sum(&self, mark: Mark) -> u64 {
        self.marks.get(mark.as_str()).copied().unwrap_or(0)
    }

    fn pair_batch(&mut self, batch: &WirePairs<'_>) {
        let day = day_and_week(batch.day, batch.week);
        assert_eq!(batch.bounds, BOUNDS.version, "it says under which bounds");
        self.late += u64::from(self.closed.contains(&day));
        let mut once = HashSet::new();
        for pair in &batch.pairs {
            let [app, a, b] = [pair.app, pair.a, pair.b].map(|place| batch.texts[place]);
            assert!(a < b, "a pair stands in the order of its names");
            assert!(once.insert((app, a, b)), "a pair stands in a record once");
            self.pairs += u64::from(pair.devices);
            let value = |dimension| match dimension {
                Dimension::App => Some(app.to_owned()),
                Dimension::A => Some(a.to_owned()),
                Dimension::B => Some(b.to_owned()),
                _ => None,
            };
            let has = |mark| mark == Mark::FirstPairWeek;
            for _ in 0..pair.devices {
                cells::add(&mut self.cells, day, &value, &has);
            }
        }
    }

    fn batch(&mut self, batch: &WireEvents<'_>) {
        let day = day_and_week(batch.day, batch.week);
        assert_eq!(batch.bounds, BOUNDS.version, "it says under which bounds");
        let is_late = self.closed.contains(&day);
        *self.days.entry(day).or_default() += batch.events.len() as u64;
        for row in &batch.events {
            let event = WireEvent::of(row, batch);
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
            cells::add(
                &mut self.cells,
                day,
                &|dimension| event.value(dimension),
                &|mark| event.has(mark),
            );
        }
    }
}

/// The first difference between what stands there and the fold.
pub(super) fn compare(
    partition: i32,
    found: &Seen,
    expected: &Partition<'_>,
) -> Result<(), String> {
    let totals = expected.truth.totals();
    same(partition, "events", &found.events, &totals.handed_on())?;
    same(partition, "times", &found.times, &totals.handed_on_times())?;
    for mark in Mark::of_events() {
        let count = totals.marks.of(mark);
        same(partition, mark.as_str(), &found.sum(mark), &count)?;
    }
    same(partition, "pairs", &found.pairs, &totals.pairs)?;
    same(
        partition,
        "events behind the close of their day",
        &found.late,
        &0,
    )?;
    same(partition, "closes", &found.closed, &expected.closed)?;
    let cells = cells::of_truth(&expected.truth);
    cells::compare(partition, "a cell", &found.cells, &cells)
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
