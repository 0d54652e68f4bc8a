//! Records of `events.stripped` into bytes. The sink of the strip takes the types of this package
//! and nothing else.
//!
//! The encoder is written out by hand, field by field in the order of the schema: it is what the
//! enrichment stage spends most of its time on. The reference implementation reads what it writes
//! in `tests/reference.rs`.

use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{BOUNDS, Day, Mark, Schema, contract};

use crate::{DayClosed, Pair, StrippedEvent, schemas};

/// Which record of `events.stripped` stands behind a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Events of many devices.
    Stripped,
    /// Pairs of features.
    Pairs,
    /// A day is closed on this partition.
    DayClosed,
}

/// The kind of a record by the full name of its schema.
pub fn kind_of(name: &str) -> Option<Kind> {
    let kinds = [
        (contract::STRIPPED_BATCH, Kind::Stripped),
        (contract::PAIR_BATCH, Kind::Pairs),
        (contract::DAY_CLOSED, Kind::DayClosed),
    ];
    let of_name = kinds.into_iter().find(|(one, _)| one.name == name);
    of_name.map(|(_, kind)| kind)
}

/// What may be written behind the strip.
#[derive(Clone, Copy, Debug)]
pub enum Record<'a> {
    /// Events of one day.
    Events(Day, &'a [StrippedEvent]),
    /// Pairs of the week of this day.
    Pairs(Day, &'a [Pair]),
    /// A day is closed.
    DayClosed(DayClosed),
}

/// Writes records: with Confluent's framing where the registry's ids are known, else with Avro's.
pub struct Encoder {
    events: Framing,
    pairs: Framing,
    closed: Framing,
}

impl Encoder {
    /// Writes Avro's single-object encoding.
    pub fn single_object() -> Encoder {
        let with = |schema: &Schema| Framing::SingleObject(schema.fingerprint());
        Encoder {
            events: with(&schemas::STRIPPED_BATCH),
            pairs: with(&schemas::PAIR_BATCH),
            closed: with(&schemas::DAY_CLOSED),
        }
    }

    /// Writes Confluent's framing, under the ids that the registry gave to the schemas of
    /// `StrippedBatch`, `PairBatch` and `DayClosed`.
    pub fn confluent(events: u32, pairs: u32, closed: u32) -> Encoder {
        Encoder {
            events: Framing::Confluent(events),
            pairs: Framing::Confluent(pairs),
            closed: Framing::Confluent(closed),
        }
    }

    /// Appends a record to `out`.
    pub fn encode(&self, record: Record<'_>, out: &mut Vec<u8>) {
        match record {
            Record::Events(day, events) => {
                frame::put(out, self.events);
                head(out, day);
                array(out, events, event);
            }
            Record::Pairs(day, pairs) => {
                frame::put(out, self.pairs);
                head(out, day);
                array(out, pairs, pair);
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
    if !items.is_empty() {
        long(out, i64::try_from(items.len()).unwrap_or(i64::MAX));
        items.iter().for_each(|item| each(out, item));
    }
    out.push(0);
}

fn event(out: &mut Vec<u8>, event: &StrippedEvent) {
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
    text(out, app.as_str());
    text(out, release.as_str());
    text(out, item.kind().as_str());
    text(out, item.name());
    text(out, item.component());
    text(out, model.as_str());
    text(out, operator.as_str());
    text(out, country.as_str());
    text(out, item.duration_bucket());
    long(out, i64::from(times));
    out.extend(Mark::of_events().map(|mark| u8::from(marks.has(mark))));
}

fn pair(out: &mut Vec<u8>, pair: &Pair) {
    text(out, pair.app().as_str());
    text(out, pair.a().as_str());
    text(out, pair.b().as_str());
}
