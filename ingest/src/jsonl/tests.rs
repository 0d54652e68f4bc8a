//! Lines as people write them, right and wrong.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::Batch;
use crate::{Consent, Device, DeviceId, Event, LengthBucket, LossReason, StreamId};

const LINE: &str = r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053","mcc":"244","mnc":"05"},"app":"maps","release":"4.2","consent":{"version":2,"since":"2026-11-01"},"stream":"91ab000011112222","first_sequence":17,"events":[{"type":"started"},{"type":"feature_used","feature":"route.bicycle","times":2},{"type":"failed","cause":"network.timeout","component":"tiles","fatal":false},{"type":"stopped","duration_s":340}]}"#;

fn today() -> Day {
    Day::parse("2026-11-24").unwrap()
}

fn refused(line: &str) -> LineError {
    match parse_line(line) {
        Err(error) => error,
        Ok(Line::Batch(batch)) => check(&batch.as_raw(), today()).unwrap_err(),
        Ok(Line::Forget(_)) => panic!("the line was taken"),
    }
}

#[test]
fn the_documented_line_is_the_batch_that_a_service_builds() {
    let device = Device::new(
        DeviceId::from_hex("6f1c0000111122223333444455556666").unwrap(),
        "Nokia",
        "TA-1053",
    );
    let consent = Consent::new(2, Day::parse("2026-11-01").unwrap());
    let mut failed = Event::failed("network.timeout").component("tiles");
    failed.fatal = Some(false);
    let batch = Batch::new(device.network("244", "05"), "maps", "4.2", consent)
        .numbered(StreamId::from_hex("91ab000011112222").unwrap(), 17)
        .event(Event::started())
        .event(Event::feature_used("route.bicycle").times(2))
        .event(failed)
        .event(Event::stopped().after_seconds(340));
    assert!(parse_line(LINE).unwrap() == Line::Batch(batch.clone()));
    check(&batch.as_raw(), today()).unwrap();
}

#[test]
fn a_line_can_give_the_totals_of_a_day_and_what_was_left_out() {
    let events = LINE.find("\"events\"").unwrap();
    let totals = r#""events":[{"type":"started","times":4},{"type":"stopped","length":"under_10m","times":3}],"losses":[{"reason":"bounded","count":12},{"reason":"key_gone","count":1}]}"#;
    let Line::Batch(batch) = parse_line(&format!("{}{totals}", &LINE[..events])).unwrap() else {
        panic!("it is a batch")
    };
    check(&batch.as_raw(), today()).unwrap();
    let Line::Batch(mut expected) = parse_line(LINE).unwrap() else {
        panic!("it is a batch")
    };
    expected.events.clear();
    let expected = expected
        .event(Event::started().times(4))
        .event(Event::stopped().length(LengthBucket::Under10m).times(3))
        .lost(LossReason::Bounded, 12)
        .lost(LossReason::KeyGone, 1);
    assert!(batch == expected);
    let null = LINE.replace("\"events\"", "\"losses\":null,\"events\"");
    assert!(parse_line(&null).unwrap() == parse_line(LINE).unwrap());
    let beside = r#"{"losses":[],"forget":{"device_id":"6f1c0000111122223333444455556666"}}"#;
    assert_eq!(refused(beside).reason, Reason::BadJson);
}

#[test]
fn a_line_can_say_that_a_device_is_to_be_forgotten() {
    let id = DeviceId::from_hex("6f1c0000111122223333444455556666").unwrap();
    for (text, app) in [
        (
            r#"{"forget":{"device_id":"6f1c0000-1111-2222-3333-444455556666","app":null}}"#,
            None,
        ),
        (
            r#"{"forget":{"device_id":"6f1c0000111122223333444455556666"}}"#,
            None,
        ),
        (
            r#"{"forget":{"device_id":"6f1c0000111122223333444455556666","app":"maps"}}"#,
            Some("maps".to_owned()),
        ),
    ] {
        assert!(parse_line(text).unwrap() == Line::Forget(Forget { device: id, app }));
    }
    let beside = r#"{"app":"maps","forget":{"device_id":"6f1c0000111122223333444455556666"}}"#;
    assert_eq!(refused(beside).reason, Reason::BadJson);
}

#[test]
fn a_misspelt_field_is_refused_with_the_names_that_are_known() {
    let error = refused(&LINE.replace("\"feature\":", "\"featur\":"));
    assert_eq!(error.reason, Reason::UnknownField);
    assert_eq!(
        error.sentence,
        "unknown field; known here: type, feature, cause, component, fatal, duration_s, length, times"
    );
    let column = error.column.unwrap();
    let at = LINE.find("\"feature\"").unwrap();
    assert!((at..at + 12).contains(&column), "{column} is not near {at}");
}

#[test]
fn a_number_is_whole_in_each_of_its_spellings() {
    let plain = parse_line(LINE).unwrap();
    for (from, to) in [
        (r#""times":2"#, r#""times":2.0"#),
        (r#""first_sequence":17"#, r#""first_sequence":17.0"#),
        (r#""duration_s":340"#, r#""duration_s":3.4e2"#),
        (r#""version":2"#, r#""version":2.0"#),
    ] {
        assert!(LINE.contains(from), "{from}");
        assert_eq!(parse_line(&LINE.replace(from, to)).unwrap(), plain, "{to}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_fault_has_its_reason() {
    let with = |from: &str, to: &str| {
        assert!(LINE.contains(from), "{from}");
        refused(&LINE.replace(from, to))
    };
    for (from, to, reason, words) in [
        (
            "6f1c0000111122223333444455556666",
            "6f1c",
            Reason::BadIdentifier,
            "32 for a device",
        ),
        (
            "91ab000011112222",
            "91ab",
            Reason::BadIdentifier,
            "16 for a stream",
        ),
        ("2026-11-01", "1.11.2026", Reason::BadConsent, "YYYY-MM-DD"),
        (
            "\"since\":\"2026-11-01\"",
            "\"since\":\"2027-11-01\"",
            Reason::BadConsent,
            "has come",
        ),
        (
            r#""consent":{"version":2,"since":"2026-11-01"},"#,
            "",
            Reason::NoConsent,
            "consent",
        ),
        (r#""app":"maps","#, "", Reason::BadJson, "`app` is missing"),
        (
            r#""brand":"Nokia","#,
            "",
            Reason::BadJson,
            "`brand` is missing",
        ),
        (
            r#""app":"maps""#,
            r#""app":"maps","app":"x""#,
            Reason::BadJson,
            "`app` stands there",
        ),
        (
            r#""release":"4.2""#,
            r#""release":4.2"#,
            Reason::BadJson,
            "expected a string here",
        ),
        (
            r#""times":2"#,
            r#""times":"2""#,
            Reason::BadJson,
            "expected a whole number here",
        ),
        (
            r#""times":2"#,
            r#""times":0"#,
            Reason::NumberOutOfRange,
            "event 2, times: times",
        ),
        (
            r#""duration_s":340"#,
            r#""duration_s":340,"length":"under_10m""#,
            Reason::FieldUnfit,
            "event 4, length: a field stands there",
        ),
        (
            r#""duration_s":340"#,
            r#""length":"1m_to_10m""#,
            Reason::BadJson,
            "known: under_10s, under_1m, under_10m",
        ),
        (
            r#"{"type":"started"}"#,
            r#"{"type":"started","length":"under_10m"}"#,
            Reason::FieldUnfit,
            "event 1, length: a field stands there",
        ),
        (
            r#"{"type":"started"}"#,
            r#"{"type":"started","times":-1}"#,
            Reason::NumberOutOfRange,
            "event 1, times: times",
        ),
        (
            r#""events":"#,
            r#""losses":[{"reason":"too_old","count":0}],"events":"#,
            Reason::NumberOutOfRange,
            "a reason stands once among the losses",
        ),
        (
            r#""events":"#,
            r#""losses":[{"reason":"lost","count":1}],"events":"#,
            Reason::BadJson,
            "known: bounded, too_old",
        ),
        (
            r#""events":"#,
            r#""losses":[{"reason":"too_old"}],"events":"#,
            Reason::BadJson,
            "`count` is missing",
        ),
        (
            r#""events":"#,
            r#""losses":[{"reason":"too_old","of":1}],"events":"#,
            Reason::UnknownField,
            "known here: reason, count",
        ),
        (
            r#"{"type":"started"}"#,
            r#"{"type":"begun"}"#,
            Reason::BadJson,
            "known: started",
        ),
        (
            r#"{"type":"started"}"#,
            r#"{"type":"failed"}"#,
            Reason::FieldMissing,
            "event 1, cause: a field",
        ),
        (
            r#""first_sequence":17,"#,
            "",
            Reason::BadSequence,
            "stand together",
        ),
        (r#""events":["#, r#""events":"#, Reason::BadJson, ""),
        ("]}", "]", Reason::BadJson, "not complete"),
        ("]}", "],}", Reason::BadJson, "not valid JSON"),
        ("]}", "]}}", Reason::BadJson, "a line is one upload"),
        ("]}", "]}{}", Reason::BadJson, "a line is one upload"),
    ] {
        let error = with(from, to);
        assert_eq!(error.reason, reason, "{to}: {error}");
        assert!(error.sentence.contains(words), "{to}: {error}");
    }
}

#[test]
fn a_form_that_nobody_was_told_of_is_refused_wherever_it_stands() {
    for (from, to, words) in [
        (LINE, "[LINE]", "expected an object here"),
        (LINE, "[null,LINE]", "expected an object here"),
        (
            LINE,
            r#"[{"device_id":"6f1c0000111122223333444455556666"}]"#,
            "expected an object here",
        ),
        (
            r#"{"version":2,"since":"2026-11-01"}"#,
            r#"[2,"2026-11-01"]"#,
            "expected an object here",
        ),
        (
            r#"{"type":"started"}"#,
            r#"["started",null,null,null,null,null,null,1]"#,
            "expected an object here",
        ),
        (
            r#""events":"#,
            r#""losses":[["too_old",1]],"events":"#,
            "expected an object here",
        ),
        (
            r#""started""#,
            r#"{"started":null}"#,
            "expected a string here",
        ),
        (
            r#""duration_s":340"#,
            r#""length":{"under_10m":null}"#,
            "expected a string here",
        ),
        (
            r#""events":"#,
            r#""losses":[{"reason":{"too_old":null},"count":1}],"events":"#,
            "expected a string here",
        ),
    ] {
        let error = refused(&LINE.replace(from, &to.replace("LINE", LINE)));
        assert_eq!(error.reason, Reason::BadJson, "{to}: {error}");
        assert!(error.sentence.contains(words), "{to}: {error}");
    }
    let forget = r#"{"forget":["6f1c0000111122223333444455556666",null]}"#;
    assert_eq!(refused(forget).reason, Reason::BadJson);
    assert!(parse_forget(r#"["6f1c0000111122223333444455556666",null]"#).is_err());
}

#[test]
fn an_error_repeats_nothing_of_the_line() {
    let mark = "SECRET, expected one of `SECRET` at line SECRET";
    let quoted = serde_json::to_string(mark).unwrap();
    let lines = [
        LINE.replace("\"feature\":", &format!("{quoted}:")),
        LINE.replace("\"6f1c0000111122223333444455556666\"", &quoted),
        LINE.replace("\"91ab000011112222\"", &quoted),
        LINE.replace("\"2026-11-01\"", &quoted),
        LINE.replace("\"started\"", &quoted),
        LINE.replace("340", &quoted),
        LINE.replace("\"duration_s\":340", &format!("\"length\":{quoted}")),
        LINE.replace("\"events\":", &format!("\"losses\":[{quoted}],\"events\":")),
        LINE.replace(
            "\"events\":",
            &format!("\"losses\":[{{\"reason\":{quoted},\"count\":1}}],\"events\":"),
        ),
        LINE.replace("{\"type\":\"started\"}", &quoted),
        LINE.replace("\"maps\"", &format!("[{quoted}]")),
        LINE.replace("\"maps\"", &format!("{{{quoted}:1}}")),
        quoted.clone(),
        format!("{{{quoted}:1}}"),
        "SECRET".to_owned(),
    ];
    for line in lines {
        let error = refused(&line);
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}", cut in 0..LINE.len(), at in 0..LINE.len()) {
        let _ = parse_line(&text);
        let _ = parse_line(&LINE[..cut]);
        let _ = parse_line(&format!("{}{text}{}", &LINE[..at], &LINE[at..]));
    }
}
