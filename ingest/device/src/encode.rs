//! An upload in its bytes: Avro's single-object encoding, compressed with gzip and padded, so
//! that its size says little.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use kaiku_raw::{
    Consent, Device, DeviceId, Encoder, EventType, LossReason, RawBatch, RawEvent, StreamId,
};
use kaiku_wire::{Day, LengthBucket};

use crate::contents::{Identity, Loss, Outgoing};
use crate::tally::{Length, What};
use crate::{DeviceFacts, Error};

/// Sizes of uploads are multiples of this.
pub(crate) const PADDED: usize = 256;
/// No upload is larger.
pub(crate) const MOST: usize = 8 * 1_024;
/// The most events that an upload may say were left out for one reason.
const MOST_LOST: i32 = 1_000_000;
/// What a field for padding takes in gzip's head beside its bytes (RFC 1952, 2.3.1.1): the length of
/// all fields, the name of this one, and its length.
const FIELD: usize = 6;
/// Its name, which no other program's field has.
const NAME: [u8; 2] = *b"kp";

/// The body of an upload.
pub(crate) fn body(
    identity: &Identity,
    device: &DeviceFacts,
    app: &str,
    outgoing: &Outgoing,
) -> Result<Vec<u8>, Error> {
    let mut plain = Vec::new();
    let batch = batch(identity, device, app, outgoing);
    let written = Encoder::single_object().batch(&batch, &mut plain);
    written.map_err(|_| Error::Encode)?;
    padded(&plain).ok_or(Error::Encode)
}

/// Compressed, and filled up with zeros in a field that means nothing.
fn padded(plain: &[u8]) -> Option<Vec<u8>> {
    let bare = gzip(plain, None)?.len() + FIELD;
    let fill = (PADDED - bare % PADDED) % PADDED;
    gzip(plain, Some(fill))
}

fn gzip(plain: &[u8], fill: Option<usize>) -> Option<Vec<u8>> {
    let mut head = GzBuilder::new();
    if let Some(fill) = fill {
        let mut field = Vec::from(NAME);
        field.extend_from_slice(&u16::try_from(fill).ok()?.to_le_bytes());
        field.resize(NAME.len() + 2 + fill, 0);
        head = head.extra(field);
    }
    let mut packed = head.write(Vec::new(), Compression::best());
    packed.write_all(plain).ok()?;
    packed.finish().ok()
}

pub(crate) fn batch<'a>(
    identity: &Identity,
    device: &'a DeviceFacts,
    app: &'a str,
    outgoing: &'a Outgoing,
) -> RawBatch<'a> {
    let (version, since) = outgoing.consent;
    let since = Day::from_days_since_epoch(since).unwrap_or(Day::MIN);
    RawBatch {
        device: Device {
            id: DeviceId::new(identity.device),
            brand: &device.brand,
            model: &device.model,
            mcc: device.mcc.as_deref(),
            mnc: device.mnc.as_deref(),
            country: device.country.as_deref(),
        },
        app,
        release: &outgoing.release,
        consent: Some(Consent::new(version, since)),
        stream: Some(StreamId::new(identity.stream)),
        first_sequence: Some(outgoing.first),
        events: outgoing.events.iter().map(event).collect(),
        losses: outgoing.losses.iter().map(loss).collect(),
    }
}

fn event((what, times): &(What, u32)) -> RawEvent<'_> {
    let times = i32::try_from(*times).unwrap_or(i32::MAX);
    let event = |kind| RawEvent {
        times,
        ..RawEvent::new(kind)
    };
    match what {
        What::Started => event(EventType::Started),
        What::Stopped(length) => RawEvent {
            length: Some(bucket(*length)),
            ..event(EventType::Stopped)
        },
        What::Used(feature) => RawEvent {
            feature: Some(feature),
            ..event(EventType::FeatureUsed)
        },
        What::Failed {
            cause,
            component,
            fatal,
        } => RawEvent {
            cause: Some(cause),
            component: component.as_deref(),
            fatal: Some(*fatal),
            ..event(EventType::Failed)
        },
    }
}

fn bucket(length: Length) -> LengthBucket {
    match length {
        Length::Under10Seconds => LengthBucket::Under10s,
        Length::Under1Minute => LengthBucket::Under1m,
        Length::Under10Minutes => LengthBucket::Under10m,
        Length::Under1Hour => LengthBucket::Under1h,
        Length::Under6Hours => LengthBucket::Under6h,
        Length::Over6Hours => LengthBucket::Over6h,
    }
}

fn loss((reason, events): (&Loss, &u64)) -> kaiku_raw::Loss {
    let reason = match reason {
        Loss::Bounded => LossReason::Bounded,
        Loss::TooOld => LossReason::TooOld,
        Loss::SpoolFull => LossReason::SpoolFull,
        Loss::KeyGone => LossReason::KeyGone,
        Loss::NoKey => LossReason::NoKey,
        Loss::Refused => LossReason::Refused,
        Loss::Unreadable => LossReason::Unreadable,
    };
    // The contract takes no more of it.
    let count = i32::try_from(*events).unwrap_or(i32::MAX).min(MOST_LOST);
    kaiku_raw::Loss { reason, count }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn an_upload_is_padded_and_reads_as_if_it_were_not() {
        for length in [0_usize, 1, 200, 240, 247, 248, 249, 500, 5_000] {
            let plain: Vec<u8> = (0..length).map(|n| (n * 7919 % 251) as u8).collect();
            let body = padded(&plain).unwrap();
            assert_eq!(body.len() % PADDED, 0);
            let mut read = Vec::new();
            GzDecoder::new(&body[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, plain, "{length} bytes");
        }
    }
}
