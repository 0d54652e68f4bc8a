//! The description of the interface says what the code does.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use kaiku_ingest::jsonl::{Line, parse_line};
use kaiku_raw::Reason;
use serde_json::Value;

use super::{Answer, Door, Request};
use crate::OPENAPI;
use crate::answer::Refusal;

fn described() -> Value {
    serde_json::from_str(OPENAPI).unwrap()
}

/// Follows a reference within the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// An answer stands in the description, with its reason and its headers.
pub(super) fn assert_described(method: &str, path: &str, answer: &Answer) {
    let document = described();
    let path = match path.strip_prefix("/v1/recommendations/") {
        Some(_) => "/v1/recommendations/{app}",
        None => path,
    };
    let operation = &document["paths"][path][method.to_ascii_lowercase()];
    if operation.is_null() {
        assert!(
            matches!(answer.status, 404 | 405),
            "{method} {path} is not described"
        );
        return;
    }
    let response = &operation["responses"][answer.status.to_string()];
    assert!(
        !response.is_null(),
        "{method} {path} answers {}",
        answer.status
    );
    let headers = &resolve(&document, response)["headers"];
    for name in ["retry-after", "www-authenticate"] {
        let is_described = headers
            .as_object()
            .is_some_and(|map| map.keys().any(|key| key.eq_ignore_ascii_case(name)));
        let is_there = answer.head.contains(&format!("\r\n{name}: "));
        assert_eq!(is_described, is_there, "{name} of {}", answer.status);
    }
    if answer.status >= 400 {
        let known = document["components"]["schemas"]["Problem"]["properties"]["reason"].clone();
        let known = known["enum"].as_array().unwrap();
        assert!(
            known.contains(&answer.reason().into()),
            "{}",
            answer.reason()
        );
    }
}

/// Every refusal but those of the contract's own reasons.
fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::BadEncoding,
        Refusal::BadHead,
        Refusal::BadEnvironment,
        Refusal::BrokenBody,
        Refusal::Unauthorized,
        Refusal::WrongApp,
        Refusal::NotFound,
        Refusal::MethodNotAllowed,
        Refusal::BodyTooSlow,
        Refusal::TooLarge,
        Refusal::UnsupportedType,
        Refusal::NotJson,
        Refusal::UnsupportedEncoding,
        Refusal::Busy,
        Refusal::OverQuota,
        Refusal::Away,
    ]
}

#[test]
fn every_path_and_every_status_stands_in_the_description() {
    let document = described();
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let statuses: BTreeSet<u16> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(|key| key.parse().unwrap())
                .collect();
            let with_body = !operation["requestBody"].is_null();
            let mut expected: BTreeSet<u16> = match with_body {
                true => refusals()
                    .iter()
                    .map(|refusal| refusal.status().as_u16())
                    .collect(),
                false => BTreeSet::from([200, 400, 429]),
            };
            if path.starts_with("/v1/recommendations/") {
                expected.extend([304, 404]);
            }
            // hyper's own, for a head that is too large.
            expected.insert(431);
            if with_body {
                expected.insert(202);
                expected.retain(|status| !matches!(status, 404 | 405));
            }
            assert_eq!(statuses, expected, "{method} {path}");
            operations.insert(format!("{method} {path}"));
        }
    }
    let expected = [
        "delete /v1/device",
        "get /healthz",
        "get /v1/openapi.json",
        "get /v1/recommendations/{app}",
        "post /v1/batch",
        "post /v1/forget",
    ];
    assert_eq!(
        operations.iter().map(String::as_str).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn every_status_says_what_a_device_does_and_says_it_as_the_protocol_does() {
    let document = described();
    let mut said = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let response = resolve(&document, response);
                let status: StatusCode = status.parse().unwrap();
                if status == StatusCode::OK {
                    continue;
                }
                let device = response["x-device"].as_str();
                assert_eq!(device, Some(what_a_device_does(status)), "{status}");
                said += 1;
            }
        }
    }
    assert!(said > 30, "{said}");
    let text = document["info"]["description"].as_str().unwrap();
    for status in [202, 400, 401, 503] {
        let device = what_a_device_does(StatusCode::from_u16(status).unwrap());
        assert!(text.contains(&format!("`{device}`")), "{device}");
    }
}

/// What the protocol has a device do behind a status.
fn what_a_device_does(status: StatusCode) -> &'static str {
    match status.as_u16() {
        202 => "deletes",
        304 | 404 => "keeps_its_file",
        400 | 413 | 415 => "halves_once_then_drops",
        401 | 403 => "keeps_and_is_quiet_for_a_day",
        _ => "keeps_and_retries",
    }
}

#[test]
fn every_reason_stands_in_the_description_and_no_other() {
    let document = described();
    let known = &document["components"]["schemas"]["Problem"]["properties"]["reason"]["enum"];
    let known: BTreeSet<&str> = known
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    // What only a record on Kafka can have.
    let others = [
        Reason::BadSchemaId,
        Reason::ForeignSchema,
        Reason::KeyMismatch,
        Reason::WrongPartition,
        Reason::FutureTimestamp,
        Reason::Operator,
        Reason::Internal,
    ];
    let mut expected: BTreeSet<&str> = Reason::ALL
        .iter()
        .filter(|reason| !others.contains(reason))
        .map(|reason| reason.as_str())
        .collect();
    expected.extend(refusals().iter().map(Refusal::label));
    assert_eq!(known, expected);
}

#[test]
fn the_description_is_served_and_its_references_lead_somewhere() {
    let door = Door::open();
    let mut request = Request {
        method: "GET",
        path: "/v1/openapi.json",
        ..Request::batch(b"")
    };
    request.token = None;
    let answer = door.ask(&request);
    assert_eq!((answer.status, answer.body.as_str()), (200, OPENAPI));
    fn walk(document: &Value, value: &Value) {
        resolve(document, value);
        match value {
            Value::Object(map) => map.values().for_each(|value| walk(document, value)),
            Value::Array(list) => list.iter().for_each(|value| walk(document, value)),
            _ => {}
        }
    }
    let document = described();
    walk(&document, &document);
}

#[test]
fn a_batch_has_the_fields_that_are_described() {
    let document = described();
    let schemas = &document["components"]["schemas"];
    let names = |value: &Value| -> BTreeSet<String> {
        value["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    // A field that does not exist makes the reader name those that do.
    for (line, schema) in [
        (
            r#"{"device":{"x":1}}"#,
            &schemas["Batch"]["properties"]["device"],
        ),
        (
            r#"{"consent":{"x":1}}"#,
            &schemas["Batch"]["properties"]["consent"],
        ),
        (r#"{"events":[{"x":1}]}"#, &schemas["Event"]),
        (r#"{"losses":[{"x":1}]}"#, &schemas["Loss"]),
        (r#"{"forget":{"x":1}}"#, &schemas["Forget"]),
        (r#"{"x":1}"#, &schemas["Batch"]),
    ] {
        let sentence = parse_line(line).unwrap_err().sentence;
        let known = sentence
            .strip_prefix("unknown field; known here: ")
            .unwrap();
        let mut known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
        known.remove("forget");
        assert_eq!(known, names(schema), "{line}");
    }
    assert!(matches!(parse_line(super::LINE).unwrap(), Line::Batch(_)));
}
