//! The hot codec against the reference implementation of Avro, both ways, with generated data; and
//! bytes of earlier schemas, which must decode for ever.
#![allow(clippy::unwrap_used)]

use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use kaiku_raw::{
    Consent, DecodeError, Decoder, Device, DeviceId, Encoder, EventType, Forget, LengthBucket,
    Limits, Loss, LossReason, RawBatch, RawEvent, Reason, Record, StreamId, schemas, validate,
};
use kaiku_wire::{Day, frame};
use proptest::prelude::*;

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
fn validation_names_the_first_reason() {
    let today = Day::parse(TODAY).unwrap();
    let check = |batch: &RawBatch<'_>| validate(batch, &Limits::CONTRACT, today);
    let good = sample(&events());
    assert_eq!(check(&good), Ok(()));
    let with = |change: &dyn Fn(&mut RawBatch<'static>)| {
        let mut batch = sample(&events());
        change(&mut batch);
        check(&batch)
    };
    assert_eq!(with(&|b| b.consent = None), Err(Reason::NoConsent));
    let later = Day::parse("2026-11-26").unwrap();
    assert_eq!(
        with(&|b| b.consent = Some(Consent::new(1, later))),
        Err(Reason::BadConsent)
    );
    assert_eq!(with(&|b| b.events.clear()), Err(Reason::NoEvents));
    assert_eq!(
        with(&|b| b.events = vec![events()[0]; 1_001]),
        Err(Reason::TooManyEvents)
    );
    assert_eq!(with(&|b| b.stream = None), Err(Reason::BadSequence));
    assert_eq!(
        with(&|b| b.first_sequence = Some(-1)),
        Err(Reason::BadSequence)
    );
    assert_eq!(
        with(&|b| b.device.mcc = Some("24")),
        Err(Reason::BadNetwork)
    );
    assert_eq!(with(&|b| b.device.mcc = None), Err(Reason::BadNetwork));
    assert_eq!(
        with(&|b| b.device.country = Some("fi")),
        Err(Reason::BadCountry)
    );
    assert_eq!(with(&|b| b.app = ""), Err(Reason::BadText));
    assert_eq!(with(&|b| b.release = "4\n2"), Err(Reason::BadText));
    assert_eq!(
        with(&|b| b.events[0].feature = Some("x")),
        Err(Reason::FieldUnfit)
    );
    assert_eq!(
        with(&|b| b.events[1].feature = None),
        Err(Reason::FieldMissing)
    );
    assert_eq!(
        with(&|b| b.events[1].times = 0),
        Err(Reason::NumberOutOfRange)
    );
    assert_eq!(
        with(&|b| b.events[0].times = 10_001),
        Err(Reason::NumberOutOfRange)
    );
    assert_eq!(
        with(&|b| b.events[3].duration_s = Some(-1)),
        Err(Reason::NumberOutOfRange)
    );
}

#[test]
fn a_length_stands_at_a_stop_alone_and_never_beside_its_seconds() {
    let today = Day::parse(TODAY).unwrap();
    let check = |batch: &RawBatch<'_>| validate(batch, &Limits::CONTRACT, today);
    assert_eq!(check(&totals()), Ok(()));
    let with = |at: usize, seconds| {
        let mut batch = sample(&events());
        batch.events[at].length = Some(LengthBucket::Under10m);
        batch.events[at].duration_s = seconds;
        check(&batch)
    };
    assert_eq!(with(3, None), Ok(()));
    assert_eq!(with(3, Some(340)), Err(Reason::FieldUnfit));
    for at in 0..3 {
        assert_eq!(with(at, None), Err(Reason::FieldUnfit), "event {at}");
    }
}

#[test]
fn a_loss_has_a_count_within_its_bounds_and_a_reason_that_stands_once() {
    let today = Day::parse(TODAY).unwrap();
    let most = Limits::CONTRACT.losses;
    let check = |losses: &[Loss]| {
        let mut batch = sample(&events());
        batch.losses = losses.to_vec();
        validate(&batch, &Limits::CONTRACT, today)
    };
    let out = Err(Reason::NumberOutOfRange);
    assert_eq!(check(&[loss(LossReason::Refused, most)]), Ok(()));
    assert_eq!(check(&[loss(LossReason::Refused, most + 1)]), out);
    assert_eq!(check(&[loss(LossReason::Refused, 0)]), out);
    let two = loss(LossReason::Refused, 2);
    assert_eq!(check(&[two, loss(LossReason::TooOld, 2)]), Ok(()));
    assert_eq!(check(&[two, two]), out);
}

#[test]
fn a_record_over_the_limit_is_not_even_looked_at() {
    let large = vec![0xC3; 300 * 1024];
    let refused = Decoder::new(Limits::CONTRACT).decode(&large);
    assert_eq!(refused, Err(DecodeError::Refused(Reason::TooLarge)));
}

/// Bytes that were written by each schema of `events.raw` that there was, oldest first. A folder is
/// called after what its schemas brought.
const FIXTURES: [(&str, [&[u8]; 3]); 2] = [
    (
        "first",
        [
            include_bytes!("fixtures/first/raw_batch.avro"),
            include_bytes!("fixtures/first/forget.avro"),
            include_bytes!("fixtures/first/tick.avro"),
        ],
    ),
    (
        "totals",
        [
            include_bytes!("fixtures/totals/raw_batch.avro"),
            include_bytes!("fixtures/totals/forget.avro"),
            include_bytes!("fixtures/totals/tick.avro"),
        ],
    ),
];

fn forget() -> Forget<'static> {
    Forget {
        device_id: DeviceId::new(*b"0123456789abcdef"),
        app: Some("maps"),
    }
}

#[test]
fn bytes_of_earlier_schemas_decode_for_ever() {
    let decoder = Decoder::new(Limits::CONTRACT);
    for (folder, [batch, of_forget, tick]) in FIXTURES {
        let expected = match folder {
            "first" => sample(&events()),
            _ => totals(),
        };
        assert_eq!(
            decoder.decode(batch),
            Ok(Record::Batch(expected)),
            "{folder}"
        );
        let expected = Ok(Record::Forget(forget()));
        assert_eq!(decoder.decode(of_forget), expected, "{folder}");
        assert_eq!(decoder.decode(tick), Ok(Record::Tick), "{folder}");
    }
}

#[test]
fn the_earlier_schema_from_a_registry_is_read_as_the_same_batch() {
    let [(_, [earlier, ..]), _] = FIXTURES;
    let mut decoder = Decoder::new(Limits::CONTRACT);
    decoder.learn(4, schemas::EARLIER_RAW_BATCH.text()).unwrap();
    let mut record = Vec::new();
    frame::put(&mut record, frame::Framing::Confluent(4));
    record.extend_from_slice(&earlier[10..]);
    let expected = Record::Batch(sample(&events()));
    assert_eq!(decoder.decode(&record), Ok(expected));
}

/// What a registry asks before it takes the new schema under the subject of the old one, and what a
/// reader of before does with a record of now.
#[test]
fn the_schema_of_before_and_the_one_of_now_can_read_each_other() {
    use apache_avro::schema_compatibility::SchemaCompatibility;
    let earlier = Schema::parse_str(schemas::EARLIER_RAW_BATCH.text()).unwrap();
    let [(_, [before, ..]), (_, [now, ..])] = FIXTURES;
    for (writer, reader, record) in [
        (&earlier, &reference(), before),
        (&reference(), &earlier, now),
    ] {
        SchemaCompatibility::can_read(writer, reader).unwrap();
        let mut datum = &record[10..];
        from_avro_datum(writer, &mut datum, Some(reader)).unwrap();
        assert!(datum.is_empty());
    }
}

/// Writes the bytes of a new schema: run it with `KAIKU_WRITE_FIXTURES=1` once, with a folder of its
/// own added above.
#[test]
fn the_newest_bytes_are_what_is_written_today() {
    let mut records = [encode(&totals()), Vec::new(), Vec::new()];
    let mut encoder = Encoder::single_object();
    encoder.forget(&forget(), &mut records[1]).unwrap();
    encoder.tick(&mut records[2]).unwrap();
    let (folder, newest) = FIXTURES[FIXTURES.len() - 1];
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(folder);
    let names = ["raw_batch", "forget", "tick"];
    for ((name, bytes), record) in names.iter().zip(newest).zip(records) {
        if std::env::var_os("KAIKU_WRITE_FIXTURES").is_some() {
            std::fs::write(dir.join(format!("{name}.avro")), &record).unwrap();
        } else {
            assert_eq!(*bytes, record, "{name}");
        }
    }
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
