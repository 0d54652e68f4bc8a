//! What counts, and what does not.

#![allow(clippy::unwrap_used)]

use kaiku_raw::{Consent, Device as RawDevice, EventType, LengthBucket, Reason, StreamId};

use super::*;
use crate::upload::{Garbage, Route};

mod books;

const APP: &str = "maps";

fn monday() -> Day {
    Day::parse("2026-10-12").unwrap()
}

fn month_later(months: usize) -> Day {
    let month = (0..months).fold(monday().month(), |month, _| month.next());
    month.first_day()
}

#[test]
fn a_repetition_is_known_until_the_month_after_ends_and_counts_anew_then() {
    let catalogue = Catalogue::sample();
    let told = |days: &[Day]| {
        let mut truth = truth(&catalogue, 1);
        for day in days {
            let used = feature(&catalogue, 0);
            send(&mut truth, batch(&catalogue, 0, vec![used]), *day);
        }
        (truth.totals().accepted, truth.totals().duplicates)
    };
    assert_eq!(told(&[monday(), month_later(1)]), (1, 1));
    assert_eq!(told(&[monday(), month_later(2)]), (2, 0));
    // Whoever was heard of in between is remembered longer.
    assert_eq!(told(&[monday(), month_later(1), month_later(2)]), (1, 2));
}

/// With the cells of activity, features and releases.
fn truth(catalogue: &Catalogue, partitions: i32) -> Truth<'_> {
    let table = |column, marks: &[Mark]| Wanted {
        weekly: false,
        columns: vec![Column::App, column],
        marks: marks.to_vec(),
    };
    let uses = [Mark::FirstItemDay, Mark::SecondUseDay, Mark::FifthUseDay];
    let releases = [Mark::FirstReleaseDay, Mark::FirstFatalReleaseDay];
    let tables = vec![
        table(Column::Country, &[Mark::FirstAppDay]),
        table(Column::Feature, &uses),
        table(Column::Release, &releases),
    ];
    Truth::of(catalogue, partitions, tables)
}

/// The counts of a cell of a table.
fn cell(truth: &Truth<'_>, table: usize, day: Day, value: &'static str) -> Vec<u64> {
    truth.tables().nth(table).unwrap()[&day][&[APP, value][..]].clone()
}

fn id(number: u8) -> DeviceId {
    DeviceId::new([number; 16])
}

/// A batch of device 1 whose stream has come to `first`.
fn batch(catalogue: &Catalogue, first: i64, events: Vec<RawEvent<'static>>) -> RawBatch<'static> {
    RawBatch {
        device: RawDevice {
            id: id(1),
            brand: "Nokia",
            model: "TA-1053",
            mcc: Some("244"),
            mnc: Some("05"),
            country: None,
        },
        app: APP,
        release: release(catalogue, 0),
        consent: Some(Consent::new(1, monday())),
        stream: Some(StreamId::new([1; 8])),
        first_sequence: Some(first),
        events,
        losses: Vec::new(),
    }
}

fn app(catalogue: &Catalogue) -> kaiku_catalogue::App {
    catalogue.app(APP, monday())
}

fn release(catalogue: &Catalogue, number: usize) -> &'static str {
    catalogue.releases(app(catalogue))[number].0.as_str()
}

fn feature(catalogue: &Catalogue, number: usize) -> RawEvent<'static> {
    let mut names: Vec<_> = catalogue
        .features(app(catalogue))
        .map(|one| one.as_str())
        .collect();
    names.sort_unstable();
    RawEvent {
        feature: Some(names[number]),
        ..RawEvent::new(EventType::FeatureUsed)
    }
}

fn fatal(cause: &'static str) -> RawEvent<'static> {
    RawEvent {
        cause: Some(cause),
        fatal: Some(true),
        ..RawEvent::new(EventType::Failed)
    }
}

fn times(event: RawEvent<'static>, times: i32) -> RawEvent<'static> {
    RawEvent { times, ..event }
}

fn send(truth: &mut Truth<'_>, batch: RawBatch<'static>, day: Day) {
    truth.sent(
        &Upload {
            device: 1,
            route: Route::Library,
            what: What::Batch(batch),
        },
        day,
    );
}

fn forget(truth: &mut Truth<'_>, app: Option<&'static str>, day: Day) {
    let forget = Forget {
        device_id: id(1),
        app,
    };
    truth.sent(
        &Upload {
            device: 1,
            route: Route::Library,
            what: What::Forget(forget),
        },
        day,
    );
}

#[test]
fn a_repeated_batch_counts_once_an_overlap_where_it_is_new_and_what_comes_late_too() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let three = vec![feature(&catalogue, 0); 3];
    for first in [0, 0, 1, 10, 2] {
        send(
            &mut truth,
            batch(&catalogue, first, three.clone()),
            monday(),
        );
    }
    let totals = truth.totals();
    assert_eq!((totals.batches, totals.events), (5, 15));
    assert_eq!(
        (totals.accepted, totals.duplicates, totals.duplicate_batches),
        (8, 7, 1)
    );
}

#[test]
fn of_a_sender_that_can_not_count_every_event_is_new() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    for _ in 0..2 {
        let mut batch = batch(&catalogue, 0, vec![feature(&catalogue, 0)]);
        (batch.stream, batch.first_sequence) = (None, None);
        send(&mut truth, batch, monday());
    }
    assert_eq!(
        (truth.totals().accepted, truth.totals().unnumbered_batches),
        (2, 2)
    );
    assert_eq!(truth.totals().marks.of(Mark::FirstItemDay), 1);
}

#[test]
fn the_first_use_the_second_and_the_fifth_are_marked_once_a_day() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let events = [1, 1, 2, 1, 9]
        .map(|n| times(feature(&catalogue, 0), n))
        .to_vec();
    send(&mut truth, batch(&catalogue, 0, events.clone()), monday());
    send(&mut truth, batch(&catalogue, 5, events), monday().next());
    let marks = truth.totals().marks;
    assert_eq!(
        (
            marks.of(Mark::FirstItemDay),
            marks.of(Mark::SecondUseDay),
            marks.of(Mark::FifthUseDay)
        ),
        (2, 2, 2)
    );
    assert_eq!(
        (
            marks.of(Mark::FirstItemWeek),
            marks.of(Mark::FirstAppWeek),
            marks.of(Mark::FirstAppDay)
        ),
        (1, 1, 2)
    );
    let name = feature(&catalogue, 0).feature.unwrap();
    assert_eq!(cell(&truth, 1, monday(), name), [1, 1, 1]);
    assert_eq!(cell(&truth, 0, monday(), "FI"), [1]);
    assert_eq!(truth.totals().accepted_times, 28);
}

#[test]
fn the_first_session_of_a_day_bears_its_length_and_no_later_one_is_dropped() {
    let catalogue = Catalogue::sample();
    let wanted = Wanted {
        weekly: false,
        columns: vec![Column::App, Column::Length],
        marks: vec![Mark::FirstSessionDay],
    };
    let mut truth = Truth::of(&catalogue, 4, vec![wanted]);
    let lengths = [Some(30), Some(5), None, Some(86_400), Some(60), Some(60)];
    let sessions = lengths.map(|duration_s| RawEvent {
        duration_s,
        ..RawEvent::new(EventType::Stopped)
    });
    send(
        &mut truth,
        batch(&catalogue, 0, sessions.to_vec()),
        monday(),
    );
    assert_eq!((truth.totals().accepted, truth.totals().bounded), (6, 0));
    assert_eq!(cell(&truth, 0, monday(), "10s_to_1m"), [1]);
    assert_eq!(truth.totals().marks.of(Mark::FirstSessionDay), 1);
}

#[test]
fn of_several_sessions_in_one_event_the_first_alone_has_the_mark() {
    let catalogue = Catalogue::sample();
    let wanted = Wanted {
        weekly: false,
        columns: vec![Column::App, Column::Length],
        marks: vec![Mark::FirstSessionDay],
    };
    let mut truth = Truth::of(&catalogue, 4, vec![wanted]);
    let sessions = [LengthBucket::Under6h, LengthBucket::Under10s].map(|length| RawEvent {
        length: Some(length),
        times: 3,
        ..RawEvent::new(EventType::Stopped)
    });
    send(
        &mut truth,
        batch(&catalogue, 0, sessions.to_vec()),
        monday(),
    );
    assert_eq!(truth.totals().accepted_times, 6);
    assert_eq!(cell(&truth, 0, monday(), "1h_to_6h"), [1]);
    assert_eq!(truth.totals().marks.of(Mark::FirstSessionDay), 1);
}

#[test]
fn a_device_is_at_home_where_its_first_new_upload_of_the_week_came_from() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let from = |mcc, first| {
        let mut batch = batch(&catalogue, first, vec![feature(&catalogue, 0)]);
        (batch.device.mcc, batch.device.mnc) = (Some(mcc), Some("01"));
        batch
    };
    let days = [("240", 0, 0), ("244", 1, 1), ("240", 0, 7), ("244", 2, 8)];
    for (mcc, first, day) in days {
        send(&mut truth, from(mcc, first), monday().plus(day));
    }
    for (day, country) in [(0, "SE"), (1, "SE"), (8, "FI")] {
        assert_eq!(cell(&truth, 0, monday().plus(day), country), [1], "{day}");
    }
    assert_eq!(truth.tables().next().unwrap().len(), 3, "days with cells");
}

#[test]
fn without_bounds_every_feature_counts_and_every_pair() {
    let catalogue = Catalogue::sample();
    let wanted = |columns: &[Column], mark| Wanted {
        weekly: true,
        columns: columns.to_vec(),
        marks: vec![mark],
    };
    let tables = vec![
        wanted(&[Column::App], Mark::FirstItemWeek),
        wanted(&[Column::App, Column::A, Column::B], Mark::FirstPairWeek),
    ];
    let mut truth = Truth::of(&catalogue, 4, tables).and_unbounded();
    let all: Vec<_> = (0..20).map(|n| feature(&catalogue, n)).collect();
    send(&mut truth, batch(&catalogue, 0, all.repeat(2)), monday());
    let sums = |cells: &Cells| {
        cells
            .values()
            .flat_map(|cells| cells.values().flatten())
            .sum()
    };
    let bounded: Vec<u64> = truth.tables().map(sums).collect();
    let unbounded: Vec<u64> = truth.unbounded().map(sums).collect();
    assert_eq!((bounded, unbounded), (vec![15, 21], vec![20, 190]));
}

#[test]
fn a_forgotten_device_does_not_count_until_the_week_ends() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let one = || vec![feature(&catalogue, 0)];
    send(&mut truth, batch(&catalogue, 0, one()), monday());
    forget(&mut truth, None, monday());
    send(&mut truth, batch(&catalogue, 0, one()), monday());
    send(&mut truth, batch(&catalogue, 1, one()), monday().plus(6));
    assert_eq!((truth.totals().accepted, truth.totals().bounded), (1, 2));
    send(&mut truth, batch(&catalogue, 2, one()), monday().plus(7));
    assert_eq!((truth.totals().accepted, truth.totals().forgotten), (2, 1));
}

#[test]
fn a_forgotten_app_leaves_the_others_and_its_slots_stay_taken() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    send(
        &mut truth,
        batch(&catalogue, 0, vec![feature(&catalogue, 0)]),
        monday(),
    );
    forget(&mut truth, Some(APP), monday());
    for (number, other) in ["music", "a-1", "a-2"].into_iter().enumerate() {
        let mut batch = batch(&catalogue, 0, vec![RawEvent::new(EventType::Started)]);
        (batch.app, batch.stream) = (other, Some(StreamId::new([number as u8; 8])));
        send(&mut truth, batch, monday());
    }
    send(
        &mut truth,
        batch(&catalogue, 1, vec![feature(&catalogue, 0)]),
        monday(),
    );
    assert_eq!((truth.totals().accepted, truth.totals().bounded), (4, 1));
    assert_eq!(
        truth.totals().marks.of(Mark::FirstAppDay),
        3,
        "unlisted apps are one app"
    );
}

#[test]
fn a_record_of_an_earlier_day_counts_on_the_day_that_its_partition_has_come_to() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 1);
    send(
        &mut truth,
        batch(&catalogue, 0, vec![feature(&catalogue, 0)]),
        monday().next(),
    );
    let mut other = batch(&catalogue, 0, vec![feature(&catalogue, 0)]);
    other.device.id = id(2);
    send(&mut truth, other, monday());
    assert_eq!(cell(&truth, 0, monday().next(), "FI"), [2]);
}

#[test]
fn what_is_rejected_counts_by_its_reason_alone() {
    let catalogue = Catalogue::sample();
    let mut truth = truth(&catalogue, 4);
    let garbage = Garbage {
        key: [1; 16],
        partition: 0,
        bytes: vec![0x7b],
        reason: Reason::NotAvro,
    };
    let upload = Upload {
        device: 1,
        route: Route::Raw,
        what: What::Garbage(garbage),
    };
    truth.sent(&upload, monday());
    assert_eq!(truth.totals().rejected[&Reason::NotAvro], 1);
    assert_eq!((truth.totals().batches, truth.devices()), (0, 0));
}
