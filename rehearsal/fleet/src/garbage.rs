//! Records that must be rejected, made from valid uploads.

use kaiku_raw::{Consent, Encoder, EventType, Limits, RawBatch, RawEvent, Reason, partition_of};
use rand::{Rng, RngCore};
use rand_chacha::ChaCha8Rng;

use crate::upload::Garbage;

/// What is wrong with a record.
#[derive(Clone, Copy)]
enum Fault {
    RandomBytes,
    Truncated,
    MisspeltField,
    NoConsent,
    NoSuchConsent,
    TooManyEvents,
    WrongKey,
    WrongPartition,
    BytesBehind,
}

const FAULTS: [Fault; 9] = [
    Fault::RandomBytes,
    Fault::Truncated,
    Fault::MisspeltField,
    Fault::NoConsent,
    Fault::NoSuchConsent,
    Fault::TooManyEvents,
    Fault::WrongKey,
    Fault::WrongPartition,
    Fault::BytesBehind,
];

/// Makes a record that must be rejected out of a valid batch.
pub(crate) fn spoil(
    rng: &mut ChaCha8Rng,
    encoder: &mut Encoder,
    batch: &RawBatch<'static>,
    partitions: i32,
) -> Garbage {
    let mut fault = FAULTS[rng.random_range(0..FAULTS.len())];
    if partitions < 2 && matches!(fault, Fault::WrongPartition) {
        fault = Fault::WrongKey;
    }
    let mut batch = batch.clone();
    let mut key = *batch.device.id.as_bytes();
    let mut away = 0;
    let reason = match fault {
        Fault::RandomBytes => Reason::NotAvro,
        Fault::Truncated => Reason::Malformed,
        Fault::BytesBehind => Reason::TrailingBytes,
        Fault::MisspeltField => {
            let mut nameless = RawEvent::new(EventType::FeatureUsed);
            nameless.times = 2;
            batch.events.push(nameless);
            Reason::FieldMissing
        }
        Fault::NoConsent => {
            batch.consent = None;
            Reason::NoConsent
        }
        Fault::NoSuchConsent => {
            let since = batch.consent.and_then(|consent| consent.since());
            batch.consent = since.map(|since| Consent::new(i32::MAX, since));
            Reason::BadConsent
        }
        Fault::TooManyEvents => {
            let many = Limits::CONTRACT.events + 1;
            batch.events.resize(many, RawEvent::new(EventType::Started));
            Reason::TooManyEvents
        }
        Fault::WrongKey => {
            rng.fill_bytes(&mut key);
            Reason::KeyMismatch
        }
        Fault::WrongPartition => {
            away = rng.random_range(1..partitions);
            Reason::WrongPartition
        }
    };
    let mut bytes = Vec::new();
    // A batch of the fleet always fits its schema; an empty record would be garbage too.
    let written = encoder.batch(&batch, &mut bytes).is_ok();
    debug_assert!(written);
    match fault {
        Fault::RandomBytes => {
            rng.fill_bytes(&mut bytes);
            // No framing begins with this byte.
            bytes[0] = 0x7b;
        }
        Fault::Truncated => bytes.truncate(rng.random_range(11..bytes.len())),
        Fault::BytesBehind => bytes.push(0),
        _ => {}
    }
    let partition = (partition_of(&key, partitions) + away) % partitions;
    Garbage {
        key,
        partition,
        bytes,
        reason,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_raw::{DecodeError, Decoder, Record, validate};

    use super::*;
    use crate::{Fleet, FleetConfig, What};

    #[test]
    fn every_record_of_garbage_is_rejected_for_the_reason_that_it_says() {
        let config = FleetConfig {
            devices: 3_000,
            garbage: 0.05,
            ..FleetConfig::default()
        };
        let first_day = config.first_day;
        let sample = kaiku_catalogue::Catalogue::sample();
        let mut fleet = Fleet::new(config, &sample);
        let decoder = Decoder::new(Limits::CONTRACT);
        let mut seen = std::collections::HashSet::new();
        for upload in fleet.day(first_day) {
            let What::Garbage(garbage) = upload.what else {
                continue;
            };
            let reason = match decoder.decode(&garbage.bytes) {
                Err(DecodeError::Refused(reason)) => reason,
                Ok(Record::Batch(batch)) if batch.device.id.as_bytes() != &garbage.key => {
                    Reason::KeyMismatch
                }
                Ok(_) if partition_of(&garbage.key, 4) != garbage.partition => {
                    Reason::WrongPartition
                }
                Ok(Record::Batch(batch)) => {
                    // What is right by itself has agreed to a text that there is not.
                    let valid = validate(&batch, &Limits::CONTRACT, first_day);
                    let version = batch.consent.map_or(0, |one| one.version.cast_unsigned());
                    assert!(valid.is_err() || !sample.program().consent.contains_key(&version));
                    valid.err().unwrap_or(Reason::BadConsent)
                }
                other => panic!("{other:?}"),
            };
            assert_eq!(reason, garbage.reason);
            seen.insert(reason);
        }
        assert_eq!(seen.len(), FAULTS.len());
    }
}
