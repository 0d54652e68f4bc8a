//! Records of `events.raw` in and out of bytes, in both framings.

use std::collections::HashMap;

use kaiku_wire::codec::{self, CodecError};
use kaiku_wire::frame::{self, FrameError, Framing};
use kaiku_wire::{LengthBucket, Schema, contract, full_name};
use serde::Serialize;
use serde_avro_fast::ser::SerializerConfig;

use crate::{EventType, Forget, Limits, RawBatch, Reason, Tick, quick, schemas};

/// One record of `events.raw`.
#[derive(Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// An upload.
    Batch(RawBatch<'a>),
    /// A device that is to be forgotten.
    Forget(Forget<'a>),
    /// The broker's clock.
    Tick,
}

/// Why a record was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes will never be a record: reject it.
    #[error("the record is refused: {}", .0.sentence())]
    Refused(Reason),
    /// The registry must be asked for this schema id, see [`Decoder::learn`]; until it answers,
    /// the record must wait.
    #[error("the schema with id {0} is not known yet")]
    UnknownSchema(u32),
}

/// Why a schema from the registry can't be used for reading.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// It has the name of a record of this topic, and can't be read.
    #[error(
        "the registry's schema can't be read; where it refers to schemas of other subjects, register it whole, as `kaiku schemas push` does"
    )]
    NotASchema(#[source] serde_avro_fast::schema::SchemaError),
    /// It is the schema of none of the records that stand on this topic.
    #[error("the registry's schema is that of no record of this topic")]
    OtherRecord,
}

/// The highest id that a registry gives: it counts in 32 bits with a sign.
const MOST_ID: u32 = i32::MAX.cast_unsigned();

#[derive(Clone, Copy)]
enum Kind {
    Batch,
    Forget,
    Tick,
}

/// Reads records. It knows its own schemas by fingerprint, and learns the registry's by id.
pub struct Decoder {
    by_id: HashMap<u32, (Kind, serde_avro_fast::Schema)>,
    limits: Limits,
}

impl Decoder {
    /// A decoder that knows the schemas of this version.
    pub fn new(limits: Limits) -> Decoder {
        Decoder {
            by_id: HashMap::new(),
            limits,
        }
    }

    /// Takes in the schema that the registry has under this id.
    ///
    /// # Errors
    /// Where it is that of another record, or can't be read.
    pub fn learn(&mut self, id: u32, text: &str) -> Result<(), LearnError> {
        let name = full_name(text).unwrap_or_default();
        let kinds = [
            (contract::RAW_BATCH, Kind::Batch),
            (contract::FORGET, Kind::Forget),
            (contract::TICK, Kind::Tick),
        ];
        let of_name = kinds.into_iter().find(|(one, _)| one.name == name);
        let (_, kind) = of_name.ok_or(LearnError::OtherRecord)?;
        let parsed: serde_avro_fast::Schema = text.parse().map_err(LearnError::NotASchema)?;
        self.by_id.insert(id, (kind, parsed));
        Ok(())
    }

    /// Reads one record. What it returns borrows from `record`.
    ///
    /// # Errors
    /// Where it must be rejected, or must wait for its schema.
    pub fn decode<'a>(&self, record: &'a [u8]) -> Result<Record<'a>, DecodeError> {
        if record.len() > self.limits.record_bytes {
            return Err(DecodeError::Refused(Reason::TooLarge));
        }
        let (framing, datum) = frame::parse(record).map_err(|error| match error {
            FrameError::Truncated | FrameError::UnknownMagic => {
                DecodeError::Refused(Reason::NotAvro)
            }
        })?;
        let (kind, schema) = match framing {
            Framing::SingleObject(fingerprint) => own(fingerprint)
                .map(|(kind, schema)| (kind, schema.parsed()))
                .ok_or(DecodeError::Refused(Reason::UnknownFingerprint))?,
            Framing::Confluent(id) if !(1..=MOST_ID).contains(&id) => {
                return Err(DecodeError::Refused(Reason::BadSchemaId));
            }
            Framing::Confluent(id) => {
                let (kind, schema) = self.by_id.get(&id).ok_or(DecodeError::UnknownSchema(id))?;
                (*kind, schema)
            }
        };
        self.read(kind, datum, schema).map_err(|error| {
            DecodeError::Refused(match error {
                CodecError::Trailing => Reason::TrailingBytes,
                CodecError::Malformed | CodecError::Unfit => Reason::Malformed,
            })
        })
    }

    fn read<'a>(
        &self,
        kind: Kind,
        datum: &'a [u8],
        schema: &serde_avro_fast::Schema,
    ) -> Result<Record<'a>, CodecError> {
        // A few events more than the limit may be read: the limit's own reason is clearer.
        let most = self.limits.events.saturating_mul(2);
        Ok(match kind {
            Kind::Batch => {
                let is_own =
                    schema.rabin_fingerprint() == schemas::RAW_BATCH.parsed().rabin_fingerprint();
                let quick = is_own.then(|| quick::batch(datum, most)).flatten();
                Record::Batch(match quick {
                    Some(batch) => batch,
                    None => codec::read(datum, schema, most)?,
                })
            }
            Kind::Forget => Record::Forget(codec::read(datum, schema, most)?),
            Kind::Tick => {
                codec::read::<Tick>(datum, schema, most)?;
                Record::Tick
            }
        })
    }
}

fn own(fingerprint: u64) -> Option<(Kind, &'static Schema)> {
    [
        (Kind::Batch, &*schemas::RAW_BATCH),
        (Kind::Batch, &schemas::EARLIER_RAW_BATCH),
        (Kind::Forget, &schemas::FORGET),
        (Kind::Tick, &schemas::TICK),
    ]
    .into_iter()
    .find(|(_, schema)| schema.fingerprint() == fingerprint)
}

/// Writes records: with Confluent's framing where the registry's ids are known, else with Avro's.
pub struct Encoder {
    batch: (Framing, SerializerConfig<'static>),
    forget: (Framing, SerializerConfig<'static>),
    tick: (Framing, SerializerConfig<'static>),
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
            batch: with(&schemas::RAW_BATCH),
            forget: with(&schemas::FORGET),
            tick: with(&schemas::TICK),
        }
    }

    /// Writes Confluent's framing, under the ids that the registry gave to the schemas of
    /// `RawBatch`, `Forget` and `Tick`.
    pub fn confluent(batch: u32, forget: u32, tick: u32) -> Encoder {
        let mut encoder = Encoder::single_object();
        encoder.batch.0 = Framing::Confluent(batch);
        encoder.forget.0 = Framing::Confluent(forget);
        encoder.tick.0 = Framing::Confluent(tick);
        encoder
    }

    /// Appends the record of a batch to `out`.
    ///
    /// # Errors
    /// Where a value does not fit the schema.
    pub fn batch(&mut self, batch: &RawBatch<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        codec::write(
            out,
            self.batch.0,
            &WireBatch::from(batch),
            &mut self.batch.1,
        )
    }

    /// Appends the record of a `Forget` to `out`.
    ///
    /// # Errors
    /// Where a value does not fit the schema.
    pub fn forget(&mut self, forget: &Forget<'_>, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let wire = WireForget {
            device_id: Bytes(forget.device_id.as_bytes()),
            app: forget.app,
        };
        codec::write(out, self.forget.0, &wire, &mut self.forget.1)
    }

    /// Appends the record of a `Tick` to `out`.
    ///
    /// # Errors
    /// Never; the codec's signature has it.
    pub fn tick(&mut self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        codec::write(out, self.tick.0, &WireTick {}, &mut self.tick.1)
    }
}

/// Bytes as Avro's `fixed` has them: the one place where an identifier is serialised.
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[derive(Serialize)]
struct WireBatch<'a> {
    device: WireDevice<'a>,
    app: &'a str,
    release: &'a str,
    consent: Option<WireConsent>,
    stream: Option<Bytes<'a>>,
    first_sequence: Option<i64>,
    events: Vec<WireEvent<'a>>,
    losses: Vec<WireLoss>,
}

#[derive(Serialize)]
struct WireDevice<'a> {
    id: Bytes<'a>,
    brand: &'a str,
    model: &'a str,
    mcc: Option<&'a str>,
    mnc: Option<&'a str>,
    country: Option<&'a str>,
}

#[derive(Serialize)]
struct WireConsent {
    version: i32,
    since: i32,
}

#[derive(Serialize)]
struct WireEvent<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    feature: Option<&'a str>,
    cause: Option<&'a str>,
    component: Option<&'a str>,
    fatal: Option<bool>,
    duration_s: Option<i32>,
    length: Option<&'static str>,
    times: i32,
}

#[derive(Serialize)]
struct WireLoss {
    reason: &'static str,
    count: i32,
}

#[derive(Serialize)]
struct WireForget<'a> {
    device_id: Bytes<'a>,
    app: Option<&'a str>,
}

#[derive(Serialize)]
struct WireTick {}

impl<'a> From<&'a RawBatch<'a>> for WireBatch<'a> {
    fn from(batch: &'a RawBatch<'a>) -> WireBatch<'a> {
        let device = &batch.device;
        WireBatch {
            device: WireDevice {
                id: Bytes(device.id.as_bytes()),
                brand: device.brand,
                model: device.model,
                mcc: device.mcc,
                mnc: device.mnc,
                country: device.country,
            },
            app: batch.app,
            release: batch.release,
            consent: batch.consent.map(|consent| WireConsent {
                version: consent.version,
                since: consent.since_days(),
            }),
            stream: batch.stream.as_ref().map(|stream| Bytes(stream.as_bytes())),
            first_sequence: batch.first_sequence,
            events: batch
                .events
                .iter()
                .map(|event| WireEvent {
                    kind: EventType::as_str(event.kind),
                    feature: event.feature,
                    cause: event.cause,
                    component: event.component,
                    fatal: event.fatal,
                    duration_s: event.duration_s,
                    length: event.length.map(LengthBucket::symbol),
                    times: event.times,
                })
                .collect(),
            losses: batch
                .losses
                .iter()
                .map(|loss| WireLoss {
                    reason: loss.reason.as_str(),
                    count: loss.count,
                })
                .collect(),
        }
    }
}
