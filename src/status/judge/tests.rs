//! What numbers say, without anything that is read.
#![allow(clippy::unwrap_used)]

use kaiku_aggregate::LandedPartition;
use kaiku_enrich::{Findings, Rejections};
use kaiku_release::Period;
use kaiku_wire::Day;

use super::super::{Report, Said};
use super::*;

const HOUR: i64 = DAY / 24;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// Ten past three in the morning.
fn now() -> i64 {
    day("2026-11-30").start_millis() + 3 * HOUR + HOUR / 6
}

/// A partition that has counted everything.
fn raw(partition: i32) -> RawPartition {
    RawPartition {
        partition,
        held: (100, 200),
        next: Some((200, Known::Group)),
        state: None,
        waits_since: None,
        headroom: Some(14 * DAY),
        is_owned: Some(true),
    }
}

/// One in which records have waited for so long.
fn waiting(partition: i32, since: i64) -> RawPartition {
    RawPartition {
        next: Some((150, Known::Group)),
        waits_since: Some(now() - since),
        headroom: Some(14 * DAY - since),
        ..raw(partition)
    }
}

fn landed(partition: i32, closed: &str) -> LandedPartition {
    LandedPartition {
        partition,
        held: Some((0, 51)),
        end: Some(50),
        closed: Some(day(closed)),
        is_owned: Some(true),
        gap: None,
    }
}

/// A pipeline of three partitions at work: yesterday is sealed.
fn fine() -> Facts {
    let yesterday = day("2026-11-29");
    Facts {
        now: now(),
        grace: 300_000,
        seal_within: HOUR,
        raw: Some(RawStatus {
            topic: "events.raw".to_owned(),
            group: "kaiku-enrich".to_owned(),
            members: Some(2),
            retention: Some(14 * DAY),
            partitions: (0..3).map(raw).collect(),
            unread: Vec::new(),
        }),
        landing: Some(LandingStatus {
            topic: "events.stripped".to_owned(),
            group: "kaiku-aggregate".to_owned(),
            members: Some(1),
            partitions: (0..3).map(|one| landed(one, "2026-11-29")).collect(),
        }),
        days: Some(DayStatus {
            closed: Some(yesterday),
            began: Some(day("2026-11-20")),
            last_day: Some(yesterday),
            last_week: Some(yesterday.week()),
            next: Some(Period::Day(yesterday.next())),
            is_closed: false,
            open_days: 1,
            overdue: 0,
            publishes: (true, true),
        }),
        rejections: Some(Rejections {
            days: [
                (yesterday, [("no_consent", 2)].into()),
                (yesterday.next(), [].into()),
            ]
            .into(),
            earlier: [("malformed", 7)].into(),
            unreadable: 0,
            is_cut: false,
        }),
        months: Some(Findings::default()),
        ..Facts::default()
    }
}

fn with_raw(partitions: Vec<RawPartition>) -> Facts {
    let mut facts = fine();
    facts.raw.as_mut().unwrap().partitions = partitions;
    facts
}

fn whats(facts: &Facts) -> Vec<(What, Vec<i32>)> {
    let found = judge(facts).into_iter();
    found.map(|one| (one.what, one.partitions)).collect()
}

#[test]
fn a_pipeline_at_work_needs_no_hand() {
    let report = Report::of(&fine());
    assert!(report.is_fine(), "{report:?}");
    assert_eq!(report.summary(), "nothing needs a hand");
    let lines = report.lines().join("\n");
    assert!(
        lines.contains("next is the day of 2026-11-30, at 2026-12-01 00:05 UTC"),
        "{lines}"
    );
    assert!(
        lines.contains("2026-11-30: none; 2026-11-29: 2 (no_consent 2)"),
        "{lines}"
    );
    // A minute of waiting is a transaction on its way.
    assert_eq!(whats(&with_raw(vec![waiting(0, 60_000)])), []);
}

#[test]
fn the_worst_comes_first() {
    let mut facts = with_raw(vec![
        raw(0),
        waiting(1, 2 * HOUR),
        waiting(2, 13 * DAY + HOUR),
        waiting(3, 14 * DAY - HOUR),
        RawPartition {
            held: (180, 200),
            ..waiting(4, 5 * HOUR)
        },
        RawPartition {
            is_owned: Some(false),
            ..waiting(5, 60_000)
        },
        RawPartition {
            next: Some((201, Known::Group)),
            ..raw(6)
        },
    ]);
    facts
        .months
        .as_mut()
        .unwrap()
        .wrong
        .push("a topic should be gone".to_owned());
    let expected = [
        (What::RawGap, vec![4]),
        (What::RawAnew, vec![6]),
        (What::Headroom, vec![3, 2]),
        (What::NotOwned, vec![5]),
        (What::StandsStill, vec![3, 2, 1]),
        (What::Months, vec![]),
    ];
    assert_eq!(whats(&facts), expected);
    let lines = Report::of(&facts).lines();
    assert!(lines[0].starts_with("HAND    raw "), "{lines:#?}");
    assert!(lines[0].contains("150 to 179"), "{lines:#?}");
    assert!(lines[2].contains("partition 3 in 1 h:"), "{lines:#?}");
}

#[test]
fn in_a_replay_no_time_says_anything() {
    let mut facts = with_raw(vec![waiting(0, 14 * DAY)]);
    facts.days.as_mut().unwrap().overdue = 1;
    facts.replay = true;
    assert_eq!(whats(&facts), []);
    let text = serde_json::to_value(Report::of(&facts)).unwrap();
    assert!(text["days"]["next"]["expected_at"].is_null(), "{text}");
}

#[test]
fn a_partition_that_was_never_handled_begins_where_the_topic_does() {
    let anew = |low| RawPartition {
        held: (low, 200),
        next: Some((low, Known::Nothing)),
        ..raw(0)
    };
    assert_eq!(whats(&with_raw(vec![anew(0)])), []);
    assert_eq!(whats(&with_raw(vec![anew(7)])), [(What::RawGap, vec![0])]);
}

#[test]
fn a_state_that_is_gone_or_stands_elsewhere_than_its_group_is_told_whatever_waits() {
    let mut facts = fine();
    let partitions = &mut facts.raw.as_mut().unwrap().partitions;
    partitions[0].state = Some(OtherState::Gone);
    partitions[2] = RawPartition {
        state: Some(OtherState::At(140)),
        ..waiting(2, 2 * HOUR)
    };
    let expected = [(What::OffsetMoved, vec![2]), (What::StateLost, vec![0])];
    assert_eq!(whats(&facts), expected);
    let text = &judge(&facts)[0].text;
    assert!(text.contains("offset 150 is committed for partition 2"));
    assert!(text.contains("its state stands at 140"), "{text}");
}

#[test]
fn a_seal_that_is_overdue_names_the_partitions_that_it_waits_for() {
    let mut facts = fine();
    facts.landing.as_mut().unwrap().partitions[1] = landed(1, "2026-11-28");
    let days = facts.days.as_mut().unwrap();
    (days.last_day, days.closed) = (Some(day("2026-11-28")), Some(day("2026-11-28")));
    days.next = Some(Period::Day(day("2026-11-29")));
    days.overdue = 2 * HOUR + HOUR / 6;
    let found = judge(&facts);
    assert_eq!(found[0].what, What::SealOverdue);
    assert_eq!(found[0].partitions, [1]);
    let text = &found[0].text;
    assert!(
        text.contains(
            "the day 2026-11-29 should have been sealed by 2026-11-30 01:00 UTC, 2 h 10 min ago"
        ),
        "{text}"
    );
    // Closed by all of them, it is aggregate that does not seal.
    facts.landing.as_mut().unwrap().partitions[1] = landed(1, "2026-11-29");
    facts.days.as_mut().unwrap().is_closed = true;
    let found = judge(&facts);
    assert!(
        found[0].partitions.is_empty() && found[0].text.contains("aggregate says why"),
        "{found:?}"
    );
}

#[test]
fn a_gap_of_landing_is_told_with_its_own_sentence_and_a_missing_lander_too() {
    let mut facts = fine();
    let landing = facts.landing.as_mut().unwrap();
    landing.members = Some(0);
    landing.partitions[0].gap = Some("start aggregate once with ...".to_owned());
    landing.partitions[1].held = Some((0, 90));
    landing.partitions[1].is_owned = Some(false);
    // The mark of a transaction alone waits here.
    landing.partitions[2].is_owned = Some(false);
    assert_eq!(
        whats(&facts),
        [(What::LandingGap, vec![0]), (What::NotOwned, vec![1])]
    );
    let found = judge(&facts);
    assert!(
        found[1].text.contains("start `kaiku aggregate`"),
        "{found:?}"
    );
}

#[test]
fn before_the_first_seal_it_is_said_when_a_report_can_be_made() {
    let mut facts = fine();
    // A Friday: the week of it is not whole.
    let friday = day("2026-11-27");
    facts.days = Some(DayStatus {
        next: Some(Period::Day(friday)),
        publishes: (true, true),
        ..DayStatus::default()
    });
    let first = |facts: &Facts| {
        serde_json::to_value(Report::of(facts)).unwrap()["days"]["first_report"].clone()
    };
    let found = first(&facts);
    assert_eq!(
        (&found["day"], &found["counted"]),
        (&"2026-11-27".into(), &true.into())
    );
    assert_eq!(found["at"], "2026-11-28T00:05:00Z");
    assert_eq!(
        (&found["week"], &found["week_at"]),
        (&"2026-11-30".into(), &"2026-12-07T00:05:00Z".into())
    );
    // Nothing has landed: today at the earliest, a Monday.
    facts.days.as_mut().unwrap().next = None;
    let found = first(&facts);
    assert_eq!(
        (&found["day"], &found["counted"]),
        (&"2026-11-30".into(), &false.into())
    );
    assert_eq!(
        (&found["at"], &found["week"]),
        (&"2026-12-01T00:05:00Z".into(), &"2026-11-30".into())
    );
}

#[test]
fn what_could_not_be_read_is_said_and_is_not_fine() {
    let unread = Said {
        part: Part::Kafka,
        text: "nobody answers".to_owned(),
    };
    let facts = Facts {
        now: now(),
        days: fine().days,
        unread: vec![unread],
        ..Facts::default()
    };
    let report = Report::of(&facts);
    assert!(!report.is_fine());
    assert_eq!(
        report.summary(),
        "nothing needs a hand; 1 thing could not be read"
    );
    let lines = report.lines();
    assert_eq!(lines[0], "UNREAD  kafka       nobody answers");
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with("days        sealed to 2026-11-29")),
        "{lines:#?}"
    );
}
