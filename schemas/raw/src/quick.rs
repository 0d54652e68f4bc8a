//! A reader of the one record that nearly all of `events.raw` is: a batch by this version's schema, in the
//! form that every library writes. What it does not read, the general reader decides about.

use kaiku_wire::Cursor;

use crate::{
    Consent, Device, DeviceId, EventType, LengthBucket, Loss, LossReason, RawBatch, RawEvent,
    StreamId,
};

/// The events' types, in the order of the schema's symbols.
const TYPES: [EventType; 4] = [
    EventType::Started,
    EventType::Stopped,
    EventType::FeatureUsed,
    EventType::Failed,
];

/// The bytes that an event and a loss take at least: none reserves more memory than its record has.
const LEAST_EVENT: usize = 8;
const LEAST_LOSS: usize = 2;

/// Reads a batch that takes up all of these bytes, with so many events and losses at the most. `None`
/// says nothing but that it was not read.
pub(crate) fn batch(datum: &[u8], most: usize) -> Option<RawBatch<'_>> {
    let mut rest = Cursor::new(datum);
    let batch = RawBatch {
        device: Device {
            id: DeviceId::new(rest.fixed()?),
            brand: rest.text()?,
            model: rest.text()?,
            mcc: rest.option(Cursor::text)?,
            mnc: rest.option(Cursor::text)?,
            country: rest.option(Cursor::text)?,
        },
        app: rest.text()?,
        release: rest.text()?,
        consent: rest.option(consent)?,
        stream: rest.option(|rest| rest.fixed().map(StreamId::new))?,
        first_sequence: rest.option(Cursor::long)?,
        events: rest.array(most, LEAST_EVENT, event)?,
        losses: rest.array(most, LEAST_LOSS, loss)?,
    };
    rest.is_over().then_some(batch)
}

fn consent(rest: &mut Cursor<'_>) -> Option<Consent> {
    let version = rest.int()?;
    Some(Consent::of_days(version, rest.int()?))
}

fn event<'a>(rest: &mut Cursor<'a>) -> Option<RawEvent<'a>> {
    Some(RawEvent {
        kind: rest.symbol(&TYPES)?,
        feature: rest.option(Cursor::text)?,
        cause: rest.option(Cursor::text)?,
        component: rest.option(Cursor::text)?,
        fatal: rest.option(Cursor::boolean)?,
        duration_s: rest.option(Cursor::int)?,
        length: rest.option(|rest| rest.symbol(&LengthBucket::ALL))?,
        times: rest.int()?,
    })
}

fn loss(rest: &mut Cursor<'_>) -> Option<Loss> {
    Some(Loss {
        reason: rest.symbol(&LossReason::ALL)?,
        count: rest.int()?,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use kaiku_wire::codec;
    use proptest::prelude::*;

    use super::*;
    use crate::{Encoder, schemas};

    fn whole() -> RawBatch<'static> {
        let mut used = RawEvent::new(EventType::FeatureUsed);
        used.feature = Some("sésame");
        let mut failed = RawEvent::new(EventType::Failed);
        (failed.cause, failed.component) = (Some("crash"), Some("map"));
        (failed.fatal, failed.times) = (Some(true), 70_000);
        let mut stopped = RawEvent::new(EventType::Stopped);
        (stopped.duration_s, stopped.length) = (Some(-3), Some(LengthBucket::ALL[5]));
        RawBatch {
            device: Device {
                id: DeviceId::new([9; 16]),
                brand: "Nokia",
                model: "TA-1053",
                mcc: Some("244"),
                mnc: None,
                country: Some("FI"),
            },
            app: "maps",
            release: "",
            consent: Some(Consent::of_days(2, 20_000)),
            stream: Some(StreamId::new([3; 8])),
            first_sequence: Some(1 << 40),
            events: vec![used, failed, stopped],
            losses: vec![Loss {
                reason: LossReason::Unreadable,
                count: 5,
            }],
        }
    }

    /// The bytes behind the header of a batch.
    fn datum(batch: &RawBatch<'_>) -> Vec<u8> {
        let mut record = Vec::new();
        let mut encoder = Encoder::single_object();
        encoder.batch(batch, &mut record).unwrap();
        record.split_off(10)
    }

    fn general(datum: &[u8], most: usize) -> Option<RawBatch<'_>> {
        codec::read(datum, schemas::RAW_BATCH.parsed(), most).ok()
    }

    #[test]
    fn a_usual_batch_is_read() {
        let full = whole();
        let mut bare = RawBatch {
            consent: None,
            stream: None,
            first_sequence: None,
            events: Vec::new(),
            losses: Vec::new(),
            ..full.clone()
        };
        (bare.device.mcc, bare.device.country) = (None, None);
        for expected in [full, bare] {
            let bytes = datum(&expected);
            assert_eq!(batch(&bytes, 9), Some(expected.clone()));
            assert_eq!(general(&bytes, 9), Some(expected));
        }
    }

    #[test]
    fn no_more_is_reserved_than_the_record_could_hold() {
        assert_eq!(batch(&datum(&whole()), 2), None, "over the limit");
        // Ten items of at least three bytes, of which thirty follow, and eleven of which they don't.
        let mut bytes = vec![20];
        bytes.resize(31, 0);
        assert_eq!(Cursor::new(&bytes).count(99, 3), Some(10));
        bytes[0] = 22;
        assert_eq!(Cursor::new(&bytes).count(99, 3), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn whatever_the_bytes_are_what_it_reads_the_general_reader_reads_too(
            flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            cut in prop::option::of(any::<prop::sample::Index>()),
            more in prop::collection::vec(any::<u8>(), 0..2),
        ) {
            let mut bytes = datum(&whole());
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            bytes.extend(more);
            if let Some(read) = batch(&bytes, 9) {
                prop_assert_eq!(Some(read), general(&bytes, 9));
            }
        }
    }
}
