//! What is written behind the strip, read by the reference implementation of Avro.
#![allow(clippy::unwrap_used)]

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum};
use kaiku_catalogue::Catalogue;
use kaiku_stripped::{DayClosed, Encoder, Item, Marks, Pair, Record, StrippedEvent, schemas};
use kaiku_wire::{BOUNDS, Day, Incident, LengthBucket, Mark, frame};

fn day() -> Day {
    Day::parse("2026-11-24").unwrap()
}

/// One event for each mark and each kind, over models, operators and countries.
fn events(catalogue: &Catalogue) -> Vec<StrippedEvent> {
    let app = catalogue.app("maps", day());
    let items = [
        Item::Started,
        Item::Stopped(LengthBucket::of_seconds(340)),
        Item::Stopped(None),
        Item::FeatureUsed(catalogue.feature(app, "route.bicycle", day())),
        Item::Failed(
            catalogue.cause(app, "panic", day()),
            Some(catalogue.component(app, "tiles", day())),
        ),
        Item::Failed(catalogue.cause(app, "no such cause", day()), None),
    ];
    let mut events = Vec::new();
    for item in items {
        for mark in Mark::of_events() {
            let mut marks = Marks::default();
            marks.set(mark, true);
            events.push(StrippedEvent {
                app,
                release: catalogue.release(app, "4.2", day()),
                item,
                model: catalogue.model("Apple", "iPhone10,3"),
                operator: catalogue.operator("244", "05"),
                country: catalogue.country("FI"),
                times: 7,
                marks,
            });
        }
    }
    events
}

/// Encodes a record and reads it by the reference, to its last byte.
fn read(record: Record<'_>, schema: &kaiku_wire::Schema) -> Value {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::single_object();
    // A record before it leaves nothing.
    let other = Catalogue::sample().app("notes", day());
    let before = StrippedEvent {
        app: other,
        ..events(&Catalogue::sample())[0]
    };
    encoder.encode(Record::Events(day(), &[before]), &mut Vec::new());
    encoder.encode(record, &mut bytes);
    let (framing, mut datum) = frame::parse(&bytes).unwrap();
    assert_eq!(framing, frame::Framing::SingleObject(schema.fingerprint()));
    let reference = Schema::parse_str(schema.text()).unwrap();
    let value = from_avro_datum(&reference, &mut datum, None).unwrap();
    assert!(datum.is_empty());
    value
}

fn field<'a>(value: &'a Value, name: &str) -> &'a Value {
    let Value::Record(fields) = value else {
        panic!("{value:?} is no record")
    };
    &fields.iter().find(|(field, _)| field == name).unwrap().1
}

/// A number that is none below 0.
fn place(value: &Value, name: &str) -> usize {
    match field(value, name) {
        Value::Int(number) => usize::try_from(*number).unwrap(),
        _ => panic!("{name} is no number"),
    }
}

#[test]
fn every_field_of_an_event_is_read_as_it_was_meant() {
    let catalogue = Catalogue::sample();
    let events = events(&catalogue);
    let value = read(Record::Events(day(), &events), &schemas::STRIPPED_EVENTS);
    assert_eq!(field(&value, "day"), &Value::Date(day().days_since_epoch()));
    assert_eq!(
        field(&value, "week"),
        &Value::Date(day().week().monday().days_since_epoch())
    );
    let version = i32::try_from(BOUNDS.version).unwrap();
    assert_eq!(field(&value, "bounds"), &Value::Int(version));
    let Value::Array(read) = field(&value, "events") else {
        panic!("events is no array")
    };
    assert_eq!(read.len(), events.len());
    let Value::Array(texts) = field(&value, "texts") else {
        panic!("texts is no array")
    };
    let Value::Array(subjects) = field(&value, "subjects") else {
        panic!("subjects is no array")
    };
    for (event, value) in events.iter().zip(read) {
        let subject = &subjects[place(value, "subject")];
        let text = |value: &Value, name: &str| match &texts[place(value, name)] {
            Value::String(text) => text.clone(),
            _ => panic!("a text is no text"),
        };
        assert_eq!(text(subject, "app"), "maps");
        assert_eq!(text(subject, "release"), "4.2");
        assert_eq!(text(subject, "kind"), event.item.kind().as_str());
        assert_eq!(text(subject, "item"), event.item.name());
        assert_eq!(text(subject, "component"), event.item.component());
        let length = event.item.duration_bucket();
        assert_eq!(text(subject, "duration_bucket"), length);
        assert_eq!(text(value, "model"), "Apple/iPhone10,3");
        assert_eq!(text(value, "operator"), event.operator.as_str());
        assert_eq!(text(value, "country"), "FI");
        assert_eq!(place(value, "times"), 7);
        for mark in Mark::of_events() {
            let bit = place(value, "marks") >> mark.index() & 1;
            assert_eq!(bit == 1, event.marks.has(mark), "{mark}");
        }
    }
    assert_eq!(subjects.len(), 6, "each once");
}

#[test]
fn pairs_stand_in_the_order_of_their_names_and_a_closed_day_names_itself() {
    let catalogue = Catalogue::sample();
    let app = catalogue.app("maps", day());
    let feature = |name| catalogue.feature(app, name, day());
    let pair = Pair::new(app, feature("route.car"), feature("route.bicycle")).unwrap();
    assert_eq!(
        Pair::new(app, feature("route.car"), feature("route.car")),
        None
    );
    let value = read(
        Record::Pairs(day(), &[(pair, 300)]),
        &schemas::STRIPPED_PAIRS,
    );
    let names = ["maps", "route.bicycle", "route.car"].map(|name| Value::String(name.to_owned()));
    assert_eq!(field(&value, "texts"), &Value::Array(names.to_vec()));
    let Value::Array(pairs) = field(&value, "pairs") else {
        panic!("pairs is no array")
    };
    let numbers = ["app", "a", "b", "devices"].map(|name| place(&pairs[0], name));
    assert_eq!(numbers, [0, 1, 2, 300]);
    let closed = DayClosed {
        day: day(),
        incidents: [Incident::RawLost].into_iter().collect(),
    };
    let value = read(Record::DayClosed(closed), &schemas::DAY_CLOSED);
    assert_eq!(field(&value, "day"), &Value::Date(day().days_since_epoch()));
    assert_eq!(
        field(&value, "incidents"),
        &Value::Array(vec![Value::String("raw_lost".to_owned())])
    );
}
