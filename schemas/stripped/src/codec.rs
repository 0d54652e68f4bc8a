//! Records of `events.stripped` into bytes. The sink of the strip takes the types of this package
//! and nothing else.
//!
//! The encoder is written out by hand, field by field in the order of the schema: it is what the
//! enrichment stage spends most of its time on. The reference implementation reads what it writes
//! in `tests/reference.rs`.

use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{BOUNDS, Day, Schema, contract};

use crate::places::{Subjects, Texts};
use crate::{DayClosed, Pair, StrippedEvent, schemas};

/// Which record of `events.stripped` stands behind a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Events of many devices.
    Events,
    /// Pairs of features.
    Pairs,
    /// Events of a version before, each with its texts.
    EventsBefore,
    /// Pairs of a version before, each with its texts.
    PairsBefore,
    /// A day is closed on this partition.
    DayClosed,
}

/// The kind of a record by the full name of its schema.
pub fn kind_of(name: &str) -> Option<Kind> {
    let kinds = [
        (contract::STRIPPED_EVENTS.name, Kind::Events),
        (contract::STRIPPED_PAIRS.name, Kind::Pairs),
        (schemas::STRIPPED_BATCH.name(), Kind::EventsBefore),
        (schemas::PAIR_BATCH.name(), Kind::PairsBefore),
        (contract::DAY_CLOSED.name, Kind::DayClosed),
    ];
    let of_name = kinds.into_iter().find(|(one, _)| *one == name);
    of_name.map(|(_, kind)| kind)
}

/// What may be written behind the strip.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// Events of one day.
    Events(Day, &'a [StrippedEvent]),
    /// Pairs of the week of this day, each once, and how many devices made it.
    Pairs(Day, &'a [(Pair, u32)]),
    /// A day is closed.
    DayClosed(DayClosed),
}

/// Writes records: with Confluent's framing where the registry's ids are known, else with Avro's.
pub struct Encoder {
    events: Framing,
    pairs: Framing,
    closed: Framing,
    texts: Texts,
    subjects: Subjects,
    rows: Vec<u8>,
}

impl Encoder {
    /// Writes Avro's single-object encoding.
    pub fn single_object() -> Encoder {
        let with = |schema: &Schema| Framing::SingleObject(schema.fingerprint());
        Encoder {
            events: with(&schemas::STRIPPED_EVENTS),
            pairs: with(&schemas::STRIPPED_PAIRS),
            closed: with(&schemas::DAY_CLOSED),
            texts: Texts::default(),
            subjects: Subjects::default(),
            rows: Vec::new(),
        }
    }

    /// Writes Confluent's framing, under the ids that the registry gave to the schemas of
    /// `StrippedEvents`, `StrippedPairs` and `DayClosed`.
    pub fn confluent(events: u32, pairs: u32, closed: u32) -> Encoder {
        Encoder {
            events: Framing::Confluent(events),
            pairs: Framing::Confluent(pairs),
            closed: Framing::Confluent(closed),
            ..Encoder::single_object()
        }
    }

    /// Appends a record to `out`.
    pub fn encode(&mut self, record: Record<'_>, out: &mut Vec<u8>) {
        match record {
            Record::Events(day, events) => {
                frame::put(out, self.events);
                head(out, day);
                self.events(events, out);
            }
            Record::Pairs(day, pairs) => {
                frame::put(out, self.pairs);
                head(out, day);
                self.pairs(pairs, out);
            }
            Record::DayClosed(DayClosed { day, incidents }) => {
                frame::put(out, self.closed);
                long(out, i64::from(day.days_since_epoch()));
                let incidents: Vec<_> = incidents.iter().collect();
                array(out, &incidents, |out, incident| {
                    text(out, incident.as_str())
                });
            }
        }
    }

    /// The texts of events, each once, their subjects, then the events. The texts are known once all events were
    /// written: these wait beside.
    fn events(&mut self, events: &[StrippedEvent], out: &mut Vec<u8>) {
        let (texts, subjects, rows) = (&mut self.texts, &mut self.subjects, &mut self.rows);
        texts.clear();
        subjects.clear();
        rows.clear();
        for event in events {
            row(rows, texts, subjects, event);
        }
        array(out, texts.all(), |out, value| text(out, value));
        array(out, subjects.all(), places);
        block(out, events.len());
        out.extend_from_slice(rows);
        if !events.is_empty() {
            out.push(0);
        }
    }

    /// The texts of pairs, each once, then the pairs.
    fn pairs(&mut self, pairs: &[(Pair, u32)], out: &mut Vec<u8>) {
        let texts = &mut self.texts;
        texts.clear();
        let rows: Vec<_> = pairs
            .iter()
            .map(|(pair, devices)| {
                let names = [pair.app().as_str(), pair.a().as_str(), pair.b().as_str()];
                let [app, a, b] = names.map(|name| texts.place(name));
                [app, a, b, *devices]
            })
            .collect();
        array(out, texts.all(), |out, value| text(out, value));
        array(out, &rows, places);
    }
}

/// Avro's `int` and `long`: zigzag, then seven bits a byte, the lowest first.
fn long(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

/// Avro's `string`: its length in bytes, then the bytes.
fn text(out: &mut Vec<u8>, value: &str) {
    long(out, i64::try_from(value.len()).unwrap_or(i64::MAX));
    out.extend_from_slice(value.as_bytes());
}

/// Day, week, and the version of the bounds.
fn head(out: &mut Vec<u8>, day: Day) {
    long(out, i64::from(day.days_since_epoch()));
    long(out, i64::from(day.week().monday().days_since_epoch()));
    long(out, i64::from(BOUNDS.version));
}

/// Avro's `array`: one block, and the empty one that ends it.
fn array<T>(out: &mut Vec<u8>, items: &[T], each: impl Fn(&mut Vec<u8>, &T)) {
    block(out, items.len());
    items.iter().for_each(|item| each(out, item));
    if !items.is_empty() {
        out.push(0);
    }
}

/// The head of a block of so many items; that of none ends an array.
fn block(out: &mut Vec<u8>, items: usize) {
    long(out, i64::try_from(items).unwrap_or(i64::MAX));
}

/// Places, one after the other.
fn places<const N: usize>(out: &mut Vec<u8>, places: &[u32; N]) {
    for place in places {
        long(out, i64::from(*place));
    }
}

fn row(out: &mut Vec<u8>, texts: &mut Texts, subjects: &mut Subjects, event: &StrippedEvent) {
    let StrippedEvent {
        app,
        release,
        item,
        model,
        operator,
        country,
        times,
        marks,
    } = *event;
    let subject = subjects.place(texts, (app, release, item));
    let [model, operator, country] =
        [model.as_str(), operator.as_str(), country.as_str()].map(|value| texts.place(value));
    places(out, &[subject, model, operator, country]);
    long(out, i64::from(times));
    long(out, i64::from(marks.bits()));
}
