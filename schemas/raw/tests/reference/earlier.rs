//! Bytes of earlier schemas, which must decode for ever.

use crate::*;

/// Bytes that were written by each schema of `events.raw` that there was, oldest first. A folder is
/// called after what its schemas brought.
const FIXTURES: [(&str, [&[u8]; 3]); 2] = [
    (
        "first",
        [
            include_bytes!("../fixtures/first/raw_batch.avro"),
            include_bytes!("../fixtures/first/forget.avro"),
            include_bytes!("../fixtures/first/tick.avro"),
        ],
    ),
    (
        "totals",
        [
            include_bytes!("../fixtures/totals/raw_batch.avro"),
            include_bytes!("../fixtures/totals/forget.avro"),
            include_bytes!("../fixtures/totals/tick.avro"),
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
    // A logical type says nothing of the bytes, and a reader may leave it out; this one does not see that
    // a date is an int where it holds one schema against the other.
    let date = r#"{ "type": "int", "logicalType": "date" }"#;
    let text = schemas::EARLIER_RAW_BATCH.text();
    assert!(text.contains(date));
    let earlier = Schema::parse_str(&text.replace(date, "\"int\"")).unwrap();
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
