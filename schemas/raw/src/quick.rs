//! A reader of the one record that nearly all of `events.raw` is: a batch by this version's schema, in the
//! form that every library writes. What it does not read, the general reader decides about.

use std::str;

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
    let mut rest = Rest(datum);
    let batch = RawBatch {
        device: Device {
            id: DeviceId::new(rest.fixed()?),
            brand: rest.text()?,
            model: rest.text()?,
            mcc: rest.option(Rest::text)?,
            mnc: rest.option(Rest::text)?,
            country: rest.option(Rest::text)?,
        },
        app: rest.text()?,
        release: rest.text()?,
        consent: rest.option(consent)?,
        stream: rest.option(|rest| rest.fixed().map(StreamId::new))?,
        first_sequence: rest.option(Rest::long)?,
        events: rest.array(most, LEAST_EVENT, event)?,
        losses: rest.array(most, LEAST_LOSS, loss)?,
    };
    rest.0.is_empty().then_some(batch)
}

fn consent(rest: &mut Rest<'_>) -> Option<Consent> {
    let version = rest.int()?;
    Some(Consent::of_days(version, rest.int()?))
}

fn event<'a>(rest: &mut Rest<'a>) -> Option<RawEvent<'a>> {
    Some(RawEvent {
        kind: rest.symbol(&TYPES)?,
        feature: rest.option(Rest::text)?,
        cause: rest.option(Rest::text)?,
        component: rest.option(Rest::text)?,
        fatal: rest.option(Rest::boolean)?,
        duration_s: rest.option(Rest::int)?,
        length: rest.option(|rest| rest.symbol(&LengthBucket::ALL))?,
        times: rest.int()?,
    })
}

fn loss(rest: &mut Rest<'_>) -> Option<Loss> {
    Some(Loss {
        reason: rest.symbol(&LossReason::ALL)?,
        count: rest.int()?,
    })
}

/// What was not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Avro's `int` and `long`: seven bits a byte, the lowest first, then zigzag. At the ninth byte it is
    /// a number that no batch has.
    fn long(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..56).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
        None
    }

    fn int(&mut self) -> Option<i32> {
        self.long()?.try_into().ok()
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.long()?).ok()?;
        str::from_utf8(self.bytes(length)?).ok()
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn boolean(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn symbol<T: Copy>(&mut self, symbols: &[T]) -> Option<T> {
        let number = usize::try_from(self.long()?).ok()?;
        symbols.get(number).copied()
    }

    /// Avro's union of `null` and something else.
    fn option<T>(&mut self, read: impl FnOnce(&mut Rest<'a>) -> Option<T>) -> Option<Option<T>> {
        match self.byte()? {
            0 => Some(None),
            2 => read(self).map(Some),
            _ => None,
        }
    }

    /// Avro's `array` in one block, without its length in bytes.
    fn array<T>(
        &mut self,
        most: usize,
        least_bytes: usize,
        read: impl Fn(&mut Rest<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.count(most, least_bytes)?;
        if count == 0 {
            return Some(Vec::new());
        }
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(read(self)?);
        }
        (self.byte()? == 0).then_some(items)
    }

    /// How many items an array has: no more than fit into what is left.
    fn count(&mut self, most: usize, least_bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.long()?).ok()?;
        let fits = count <= most && count.saturating_mul(least_bytes) <= self.0.len();
        fits.then_some(count)
    }
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
        assert_eq!(Rest(&bytes).count(99, 3), Some(10));
        bytes[0] = 22;
        assert_eq!(Rest(&bytes).count(99, 3), None);
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
