//! One upload, one verdict, whichever door it comes by: a line of `kaiku publish`, the gateway in JSON and
//! in Avro, and a record on `events.raw`.

use kaiku_ingest::jsonl::{self, Line};
use kaiku_raw::{DecodeError, Decoder, Encoder, Limits, RawBatch, Reason, Record, validate};
use kaiku_wire::Clock;

use super::{Door, LINE};
use crate::answer::Refusal;
use crate::api::Api;
use crate::keys::Grant;
use crate::process::{Environment, Form};

type Verdict = Result<(), Reason>;

/// What an upload is, its line, and what is to be said of it.
type Upload = (&'static str, String, Verdict);

/// The line with one thing in it changed.
fn with(from: &str, to: &str) -> String {
    assert!(LINE.contains(from), "{from}");
    LINE.replacen(from, to, 1)
}

/// What a phone's system puts there, and numbers of programs that know floating point only.
fn of_systems() -> Vec<Upload> {
    let network = |text: &str| with(r#""mcc":"244","mnc":"05""#, text);
    let times = |number: &str| with(r#""times":2"#, &format!(r#""times":{number}"#));
    let stopped = |seconds: &str| {
        let event = format!(r#"{{"type":"stopped","duration_s":{seconds}}}"#);
        with(r#"{"type":"started"}"#, &event)
    };
    let out = Err(Reason::NumberOutOfRange);
    vec![
        ("as it should be", LINE.to_owned(), Ok(())),
        ("no model", with("TA-1053", ""), Ok(())),
        ("no brand", with("Nokia", ""), Ok(())),
        ("no SIM", network(r#""mcc":"65535","mnc":"65535""#), Ok(())),
        ("empty network", network(r#""mcc":"","mnc":"""#), Ok(())),
        ("no country", network(r#""country":"ZZ""#), Ok(())),
        ("a region", network(r#""country":"419""#), Ok(())),
        ("a whole number", times("2.0"), Ok(())),
        ("an exponent", times("2e0"), Ok(())),
        ("more than counts", times("3000000000"), Ok(())),
        ("long use", stopped("3e9"), Ok(())),
        ("a part", times("2.5"), Err(Reason::BadJson)),
        ("none of it", times("0"), out),
        ("less than none", stopped("-1"), out),
    ]
}

/// What a person can mend.
fn of_people() -> Vec<Upload> {
    let id = |text: &str| with("6f1c0000111122223333444455556666", text);
    let one = r#"{"type":"started"}"#;
    let consent = r#""consent":{"version":2,"since":"2024-11-01"},"#;
    let alone = r#""first_sequence":1,"events""#;
    let unfit = r#"{"type":"started","cause":"x"}"#;
    let many = vec![one; 1_001].join(",");
    let cases = [
        ("zeros", id(&"0".repeat(32)), Reason::BadIdentifier),
        ("ones", id(&"f".repeat(32)), Reason::BadIdentifier),
        ("short", id("6f1c"), Reason::BadIdentifier),
        ("no app", with("maps", ""), Reason::BadText),
        ("a line break", with("4.2", "4\\n2"), Reason::BadText),
        ("no consent", with(consent, ""), Reason::NoConsent),
        ("to come", with("2024-11", "2999-11"), Reason::BadConsent),
        (
            "no feature",
            with(r#""feature":"route","#, ""),
            Reason::FieldMissing,
        ),
        ("a cause", with(one, unfit), Reason::FieldUnfit),
        (
            "a number alone",
            with("\"events\"", alone),
            Reason::BadSequence,
        ),
        ("too many", with(one, &many), Reason::TooManyEvents),
        (
            "misspelt",
            with("\"feature\":", "\"featur\":"),
            Reason::UnknownField,
        ),
    ];
    cases
        .map(|(what, line, reason)| (what, line, Err(reason)))
        .into()
}

#[test]
fn an_upload_has_the_same_verdict_at_every_door() {
    let (door, kit) = Door::parts();
    let grant = door.keys.get().grant(&super::bearer()).unwrap();
    let (mut in_avro, mut taken) = (0, 0);
    for (what, line, expected) in of_systems().into_iter().chain(of_people()) {
        let read = jsonl::parse_line(&line).map_err(|error| error.reason);
        let checked = read.as_ref().map_err(|reason| *reason);
        let checked = checked.and_then(as_line);
        assert_eq!(checked, expected, "{what}: as a line");
        for environment in [Environment::Real, Environment::Test] {
            let told = at(&door, Form::Json, environment, &grant, line.as_bytes());
            assert_eq!(told, expected, "{what}: at the gateway, in JSON");
        }
        taken += usize::from(expected.is_ok());
        // What has no form in JSON has none in Avro either.
        let Ok(Line::Batch(batch)) = &read else {
            continue;
        };
        let avro = in_avro_of(&batch.as_raw());
        assert_eq!(as_record(&avro), expected, "{what}: on Kafka");
        let told = at(&door, Form::Avro, Environment::Real, &grant, &avro);
        assert_eq!(told, expected, "{what}: at the gateway, in Avro");
        taken += usize::from(expected.is_ok());
        in_avro += 1;
    }
    assert!(in_avro > 20, "{in_avro}");
    // What was sent on is what has a place on Kafka.
    assert_eq!(kit.taken(), taken);
    for record in kit.taken.lock().unwrap().iter() {
        assert_eq!(as_record(record), Ok(()));
    }
}

fn as_line(line: &Line) -> Verdict {
    match line {
        Line::Batch(batch) => {
            let today = Clock::system().today();
            jsonl::check(&batch.as_raw(), today).map_err(|error| error.reason)
        }
        Line::Forget(_) => panic!("it is a batch"),
    }
}

/// As any producer writes it, valid or not.
fn in_avro_of(batch: &RawBatch<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    Encoder::single_object().batch(batch, &mut bytes).unwrap();
    bytes
}

/// As enrich reads it.
fn as_record(record: &[u8]) -> Verdict {
    match Decoder::new(Limits::CONTRACT).decode(record) {
        Ok(Record::Batch(batch)) => validate(&batch, &Limits::CONTRACT, Clock::system().today()),
        Ok(_) => panic!("it is a batch"),
        Err(DecodeError::Refused(reason)) => Err(reason),
        Err(DecodeError::UnknownSchema(_)) => panic!("it has its own schema"),
    }
}

fn at(door: &Api, form: Form, environment: Environment, grant: &Grant, body: &[u8]) -> Verdict {
    match door.process(form, environment, grant, body) {
        Ok(_) => Ok(()),
        Err(Refusal::Invalid(error)) => Err(error.reason),
        Err(other) => panic!("{}", other.label()),
    }
}
