//! The hot codec against the reference implementation of Avro, both ways, with generated data.
#![allow(clippy::unwrap_used)]

use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use kaiku_raw::{
    Consent, DecodeError, Decoder, Device, DeviceId, Encoder, EventType, Forget, LengthBucket,
    Limits, Loss, LossReason, RawBatch, RawEvent, Reason, Record, StreamId, schemas, validate,
};
use kaiku_wire::{Day, frame};
use proptest::prelude::*;

/// What lies in the folder of this name.
mod reference {
    mod earlier;
    mod validation;
}

const TODAY: &str = "2026-11-24";

/// Type, name, another name, fatal, seconds, times.
type MadeEvent = (u8, String, Option<String>, Option<bool>, i32, i32);

#[derive(Debug, Clone)]
struct Made {
    id: [u8; 16],
    texts: [String; 5],
    network: Option<(String, String)>,
    country: Option<String>,
    consent: Option<(i32, i32)>,
    stream: Option<([u8; 8], i64)>,
    events: Vec<MadeEvent>,
    losses: Vec<(usize, i32)>,
}

fn made() -> impl Strategy<Value = Made> {
    let text = "[ -~äß漢]{1,20}";
    let event = (
        0..4_u8,
        text,
        proptest::option::of(text),
        any::<Option<bool>>(),
        0..9_999_i32,
        1..9_999_i32,
    );
    (
        any::<[u8; 16]>(),
        [text, text, text, text, text],
        proptest::option::of(("[0-9]{3}", "[0-9]{2,3}")),
        proptest::option::of("[A-Z]{2}"),
        proptest::option::of((1..9_i32, 0..20_000_i32)),
        proptest::option::of((any::<[u8; 8]>(), 0..1_i64 << 40)),
        prop::collection::vec(event, 1..30),
        prop::collection::vec((0..LossReason::ALL.len(), 1..9_999_i32), 0..9),
    )
        .prop_map(
            |(id, texts, network, country, consent, stream, events, losses)| Made {
                id,
                texts,
                network,
                country,
                consent,
                stream,
                events,
                losses,
            },
        )
}

impl Made {
    fn batch(&self) -> RawBatch<'_> {
        let [brand, model, app, release, component] = &self.texts;
        RawBatch {
            device: Device {
                id: DeviceId::new(self.id),
                brand,
                model,
                mcc: self.network.as_ref().map(|(mcc, _)| mcc.as_str()),
                mnc: self.network.as_ref().map(|(_, mnc)| mnc.as_str()),
                country: self.country.as_deref(),
            },
            app,
            release,
            consent: self.consent.map(|(version, since)| {
                Consent::new(version, Day::from_days_since_epoch(since).unwrap())
            }),
            stream: self.stream.map(|(id, _)| StreamId::new(id)),
            first_sequence: self.stream.map(|(_, first)| first),
            events: self
                .events
                .iter()
                .map(|event| one(event, component))
                .collect(),
            losses: self
                .losses
                .iter()
                .map(|(reason, count)| loss(LossReason::ALL[*reason], *count))
                .collect(),
        }
    }
}

fn loss(reason: LossReason, count: i32) -> Loss {
    Loss { reason, count }
}

fn one<'a>(
    (kind, name, extra, fatal, duration, times): &'a MadeEvent,
    component: &'a str,
) -> RawEvent<'a> {
    let mut event = RawEvent::new(EventType::Started);
    event.times = *times;
    match kind {
        0 => {}
        1 => {
            event.kind = EventType::Stopped;
            let seconds = *fatal == Some(true);
            event.duration_s = extra.as_ref().filter(|_| seconds).map(|_| *duration);
            let length = LengthBucket::of_seconds(*duration).filter(|_| !seconds);
            event.length = extra.as_ref().and(length);
        }
        2 => {
            event.kind = EventType::FeatureUsed;
            event.feature = Some(name);
        }
        _ => {
            event.kind = EventType::Failed;
            event.cause = Some(name);
            event.component = extra.as_ref().map(|_| component);
            event.fatal = *fatal;
        }
    }
    event
}

fn reference() -> Schema {
    Schema::parse_str(schemas::RAW_BATCH.text()).unwrap()
}

fn encode(batch: &RawBatch<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::single_object().batch(batch, &mut out).unwrap();
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_written_is_read_by_the_reference_and_back(made in made()) {
        let batch = made.batch();
        let record = encode(&batch);
        let (_, mut datum) = frame::parse(&record).unwrap();
        let value = from_avro_datum(&reference(), &mut datum, None).unwrap();
        prop_assert!(datum.is_empty());
        let mut again = record[..10].to_vec();
        again.extend(to_avro_datum(&reference(), value).unwrap());
        let read = Decoder::new(Limits::CONTRACT).decode(&again).unwrap();
        prop_assert!(read == Record::Batch(batch));
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut record = encode(&sample(&[]))[..10].to_vec();
        record.extend(bytes);
        let _ = Decoder::new(Limits::CONTRACT).decode(&record);
    }
}

fn sample<'a>(events: &[RawEvent<'a>]) -> RawBatch<'a> {
    RawBatch {
        device: Device {
            id: DeviceId::new(*b"0123456789abcdef"),
            brand: "Nokia",
            model: "TA-1053",
            mcc: Some("244"),
            mnc: Some("05"),
            country: None,
        },
        app: "maps",
        release: "4.2",
        consent: Some(Consent::new(2, Day::parse("2026-11-01").unwrap())),
        stream: Some(StreamId::new(*b"streamid")),
        first_sequence: Some(17),
        events: events.to_vec(),
        losses: Vec::new(),
    }
}

/// The same with what no earlier schema has: totals of a day, lengths as buckets, and losses.
fn totals() -> RawBatch<'static> {
    let mut events = events();
    events[0].times = 4;
    events.extend(LengthBucket::ALL.map(|length| RawEvent {
        length: Some(length),
        times: 3,
        ..RawEvent::new(EventType::Stopped)
    }));
    let mut batch = sample(&events);
    batch.losses = LossReason::ALL.map(|reason| loss(reason, 12)).to_vec();
    batch
}

fn events() -> Vec<RawEvent<'static>> {
    let started = RawEvent::new(EventType::Started);
    let used = RawEvent {
        feature: Some("route.bicycle"),
        times: 2,
        ..RawEvent::new(EventType::FeatureUsed)
    };
    let failed = RawEvent {
        cause: Some("network.timeout"),
        component: Some("tiles"),
        fatal: Some(false),
        ..RawEvent::new(EventType::Failed)
    };
    let stopped = RawEvent {
        duration_s: Some(340),
        ..RawEvent::new(EventType::Stopped)
    };
    vec![started, used, failed, stopped]
}

#[test]
fn every_flipped_bit_and_every_truncation_is_read_or_refused() {
    let decoder = Decoder::new(Limits::CONTRACT);
    let record = encode(&sample(&events()));
    let mut refused = 0;
    for bit in 0..record.len() * 8 {
        let mut flipped = record.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused += usize::from(decoder.decode(&flipped).is_err());
    }
    assert!(refused > 80, "the header alone has 80 bits");
    for length in 0..record.len() {
        assert!(decoder.decode(&record[..length]).is_err(), "{length}");
    }
}

#[test]
fn bytes_behind_a_record_are_refused() {
    let mut record = encode(&sample(&events()));
    record.push(0);
    let refused = Decoder::new(Limits::CONTRACT).decode(&record);
    assert_eq!(refused, Err(DecodeError::Refused(Reason::TrailingBytes)));
}

#[test]
fn an_unknown_schema_id_is_no_rejection() {
    let mut decoder = Decoder::new(Limits::CONTRACT);
    let mut record = Vec::new();
    Encoder::confluent(7, 8, 9)
        .batch(&sample(&events()), &mut record)
        .unwrap();
    assert_eq!(decoder.decode(&record), Err(DecodeError::UnknownSchema(7)));
    decoder.learn(7, schemas::RAW_BATCH.text()).unwrap();
    assert_eq!(
        decoder.decode(&record),
        Ok(Record::Batch(sample(&events())))
    );
    assert!(decoder.learn(8, "\"string\"").is_err());
}

#[test]
fn a_writer_with_more_fields_than_this_reader_is_read() {
    let newer = schemas::RAW_BATCH.text().replacen(
        "\"fields\": [",
        "\"fields\": [{\"name\": \"later\", \"type\": \"string\", \"default\": \"\"},",
        1,
    );
    let mut decoder = Decoder::new(Limits::CONTRACT);
    decoder.learn(3, &newer).unwrap();
    let record = encode(&sample(&events()));
    let mut other = Vec::new();
    frame::put(&mut other, frame::Framing::Confluent(3));
    other.extend_from_slice(b"\x04hi");
    other.extend_from_slice(&record[10..]);
    assert_eq!(decoder.decode(&other), Ok(Record::Batch(sample(&events()))));
}

#[test]
fn a_misspelt_field_of_another_writer_leaves_the_batch_refused() {
    // What a lenient writer makes of {"type": "feature_used", "featur": "share"}.
    let lost = RawEvent::new(EventType::FeatureUsed);
    let today = Day::parse(TODAY).unwrap();
    assert_eq!(
        validate(&sample(&[lost]), &Limits::CONTRACT, today),
        Err(Reason::FieldMissing)
    );
}

#[test]
fn a_record_over_the_limit_is_not_even_looked_at() {
    let large = vec![0xC3; 300 * 1024];
    let refused = Decoder::new(Limits::CONTRACT).decode(&large);
    assert_eq!(refused, Err(DecodeError::Refused(Reason::TooLarge)));
}

#[test]
fn every_field_of_every_schema_says_what_it_is_and_who_may_see_it() {
    for schema in schemas::raw() {
        let value: serde_json::Value = serde_json::from_str(schema.text()).unwrap();
        assert_documented(schema.name(), &value);
    }
}

fn assert_documented(name: &str, value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            if let Some(serde_json::Value::Array(fields)) = object.get("fields") {
                for field in fields {
                    for key in ["doc", "seen_by"] {
                        assert!(field.get(key).is_some(), "{name}: {field} has no {key}");
                    }
                }
            }
            object
                .values()
                .for_each(|inner| assert_documented(name, inner));
        }
        serde_json::Value::Array(array) => {
            array
                .iter()
                .for_each(|inner| assert_documented(name, inner));
        }
        _ => {}
    }
}
