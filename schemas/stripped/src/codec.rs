//! Records of `events.stripped` into bytes. The sink of the strip takes the types of this
//! package and nothing else.

use kaiku_wire::codec::{self, CodecError};
use kaiku_wire::frame::Framing;
use kaiku_wire::{Day, Schema};
use serde::Serialize;
use serde_avro_fast::ser::SerializerConfig;

use crate::{DayClosed, Mark, Pair, StrippedEvent, schemas};

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
    match name {
        "kaiku.stripped.StrippedBatch" => Some(Kind::Stripped),
        "kaiku.stripped.PairBatch" => Some(Kind::Pairs),
        "kaiku.stripped.DayClosed" => Some(Kind::DayClosed),
        _ => None,
    }
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
    events: (Framing, SerializerConfig<'static>),
    pairs: (Framing, SerializerConfig<'static>),
    closed: (Framing, SerializerConfig<'static>),
}

impl Encoder {
    /// Writes Avro's single-object encoding.
    pub fn single_object() -> Encoder {
        let with = |schema: &'static Schema| {
            (
                Framing::SingleObject(schema.fingerprint()),
                SerializerConfig::new(schema.parsed()),
            )
        };
        Encoder {
            events: with(&schemas::STRIPPED_BATCH),
            pairs: with(&schemas::PAIR_BATCH),
            closed: with(&schemas::DAY_CLOSED),
        }
    }

    /// Writes Confluent's framing, under the ids that the registry gave to the schemas of
    /// `StrippedBatch`, `PairBatch` and `DayClosed`.
    pub fn confluent(events: u32, pairs: u32, closed: u32) -> Encoder {
        let mut encoder = Encoder::single_object();
        encoder.events.0 = Framing::Confluent(events);
        encoder.pairs.0 = Framing::Confluent(pairs);
        encoder.closed.0 = Framing::Confluent(closed);
        encoder
    }

    /// Appends a record to `out`.
    ///
    /// # Errors
    /// Never for a record that can be made; the codec's signature has it.
    pub fn encode(&mut self, record: Record<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        match record {
            Record::Events(day, events) => {
                let wire = WireEvents {
                    day: day.days_since_epoch(),
                    week: day.week().monday().days_since_epoch(),
                    events: Each(events, wire_event),
                };
                codec::write(out, self.events.0, &wire, &mut self.events.1)
            }
            Record::Pairs(day, pairs) => {
                let wire = WirePairs {
                    day: day.days_since_epoch(),
                    week: day.week().monday().days_since_epoch(),
                    pairs: Each(pairs, wire_pair),
                };
                codec::write(out, self.pairs.0, &wire, &mut self.pairs.1)
            }
            Record::DayClosed(DayClosed(day)) => {
                let wire = WireClosed {
                    day: day.days_since_epoch(),
                };
                codec::write(out, self.closed.0, &wire, &mut self.closed.1)
            }
        }
    }
}

/// A slice that is serialised item by item through a function, without a copy of the whole.
struct Each<'a, T, W>(&'a [T], fn(&T) -> W);

impl<T, W: Serialize> Serialize for Each<'_, T, W> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut seq = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            seq.serialize_element(&self.1(item))?;
        }
        seq.end()
    }
}

#[derive(Serialize)]
struct WireEvents<'a> {
    day: i32,
    week: i32,
    events: Each<'a, StrippedEvent, WireEvent>,
}

#[derive(Serialize)]
struct WirePairs<'a> {
    day: i32,
    week: i32,
    pairs: Each<'a, Pair, WirePair>,
}

#[derive(Serialize)]
struct WireClosed {
    day: i32,
}

#[derive(Serialize)]
struct WireEvent {
    app: &'static str,
    release: &'static str,
    kind: &'static str,
    item: &'static str,
    component: &'static str,
    model: &'static str,
    operator: &'static str,
    country: &'static str,
    duration_bucket: &'static str,
    times: i32,
    first_app_day: bool,
    first_app_week: bool,
    first_release_day: bool,
    first_item_day: bool,
    first_item_week: bool,
    second_use_day: bool,
    fifth_use_day: bool,
    first_fatal_day: bool,
    first_fatal_release_day: bool,
    first_fatal_week: bool,
}

#[derive(Serialize)]
struct WirePair {
    app: &'static str,
    a: &'static str,
    b: &'static str,
}

fn wire_event(event: &StrippedEvent) -> WireEvent {
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
    WireEvent {
        app: app.as_str(),
        release: release.as_str(),
        kind: item.kind(),
        item: item.name(),
        component: item.component(),
        model: model.as_str(),
        operator: operator.as_str(),
        country: country.as_str(),
        duration_bucket: item.duration_bucket(),
        times: i32::from(times),
        first_app_day: marks.has(Mark::FirstAppDay),
        first_app_week: marks.has(Mark::FirstAppWeek),
        first_release_day: marks.has(Mark::FirstReleaseDay),
        first_item_day: marks.has(Mark::FirstItemDay),
        first_item_week: marks.has(Mark::FirstItemWeek),
        second_use_day: marks.has(Mark::SecondUseDay),
        fifth_use_day: marks.has(Mark::FifthUseDay),
        first_fatal_day: marks.has(Mark::FirstFatalDay),
        first_fatal_release_day: marks.has(Mark::FirstFatalReleaseDay),
        first_fatal_week: marks.has(Mark::FirstFatalWeek),
    }
}

fn wire_pair(pair: &Pair) -> WirePair {
    WirePair {
        app: pair.app().as_str(),
        a: pair.a().as_str(),
        b: pair.b().as_str(),
    }
}
