//! A body within its limits: of bytes before and after decompression, and of time.

use std::borrow::Cow;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::Limits;
use crate::answer::Refusal;

/// The largest window of zstd, as a power of two: 8 MiB, what its levels up to 19 use. A stream
/// can ask for far more, before it has sent a byte.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How long a body may come in at any rate.
const START: Duration = Duration::from_secs(2);

/// Bytes that a body is first given room for.
const FIRST: usize = 4 * 1024;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Encoding, Refusal> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else {
            return Ok(Encoding::Identity);
        };
        let name = value.to_str().unwrap_or("").trim().to_ascii_lowercase();
        match (name.as_str(), values.next()) {
            ("identity", None) => Ok(Encoding::Identity),
            ("gzip", None) => Ok(Encoding::Gzip),
            ("zstd", None) => Ok(Encoding::Zstd),
            _ => Err(Refusal::UnsupportedEncoding),
        }
    }

    /// What the body holds, at most `limit` bytes of it.
    pub(crate) fn open(self, body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Refusal> {
        let plain = match self {
            Encoding::Identity => Cow::Borrowed(body),
            Encoding::Gzip => all(flate2::read::MultiGzDecoder::new(body), limit)?.into(),
            Encoding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(body)
                    .map_err(|_| Refusal::BadEncoding)?;
                decoder
                    .window_log_max(ZSTD_WINDOW_LOG)
                    .map_err(|_| Refusal::BadEncoding)?;
                all(decoder, limit)?.into()
            }
        };
        if plain.len() > limit {
            Err(Refusal::TooLarge)
        } else {
            Ok(plain)
        }
    }
}

fn all(reader: impl Read, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    reader
        .take(most)
        .read_to_end(&mut out)
        .map_err(|_| Refusal::BadEncoding)?;
    Ok(out)
}

/// What the bodies of all requests may take in memory, counted in bytes.
pub(crate) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(crate) fn new(bytes: usize) -> Budget {
        Budget(Arc::new(Semaphore::new(bytes)))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refusal> {
        let bytes = u32::try_from(bytes).map_err(|_| Refusal::TooLarge)?;
        let taken = self.0.clone().try_acquire_many_owned(bytes);
        taken.map_err(|_| Refusal::Busy)
    }
}

/// A body as it was sent, and the part of the budget that it holds.
pub(crate) struct Received {
    bytes: Vec<u8>,
    held: OwnedSemaphorePermit,
}

impl Received {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Receives a body within the limits of size, of time and of the budget that all bodies share.
///
/// Each piece is copied and let go. hyper hands out slices of its own buffers of 8 KiB: kept, a
/// piece of one byte would cost all of them. Memory is taken as bytes come, and not as they are
/// announced.
pub(crate) async fn receive(
    headers: &HeaderMap,
    mut body: Body,
    limits: &Limits,
    budget: &Budget,
) -> Result<Received, Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.body_bytes) {
        return Err(Refusal::TooLarge);
    }
    let start = Instant::now();
    let mut received = Received {
        bytes: Vec::new(),
        held: budget.take(0)?,
    };
    loop {
        let deadline = start + patience(received.bytes.len(), limits);
        let frame = tokio::time::timeout_at(deadline, body.frame()).await;
        let Some(frame) = frame.map_err(|_| Refusal::BodyTooSlow)? else {
            return Ok(received);
        };
        // Trailers hold nothing for us.
        if let Ok(piece) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() {
            received.take(&piece, announced, limits, budget)?;
        }
    }
}

impl Received {
    fn take(
        &mut self,
        piece: &[u8],
        announced: Option<usize>,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<(), Refusal> {
        let needed = self.bytes.len() + piece.len();
        if needed > limits.body_bytes {
            return Err(Refusal::TooLarge);
        }
        let has = self.bytes.capacity();
        if needed > has {
            // Double, but no more than will come.
            let most = announced.unwrap_or(limits.body_bytes);
            let grown = (has * 2).max(FIRST).max(needed).min(most.max(needed));
            self.held.merge(budget.take(grown - has)?);
            self.bytes.reserve_exact(grown - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

/// How long a body may have taken when this much of it has come: what it needs at the least rate,
/// behind a start of two seconds, and never more than a body may take.
fn patience(bytes: usize, limits: &Limits) -> Duration {
    if limits.body_rate == 0 {
        return limits.body_time;
    }
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let needed = Duration::from_millis(bytes.saturating_mul(1000) / u64::from(limits.body_rate));
    (START + needed).min(limits.body_time)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LIMIT: usize = 100_000;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::read::GzEncoder::new(plain, flate2::Compression::best());
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out
    }

    fn zstd(plain: &[u8], level: i32) -> Vec<u8> {
        zstd::encode_all(plain, level).unwrap()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let plain = "a batch ".repeat(10_000);
        let plain = plain.as_bytes();
        for (encoding, body) in [
            (Encoding::Identity, plain.to_vec()),
            (Encoding::Gzip, gzip(plain)),
            (Encoding::Zstd, zstd(plain, 3)),
            (Encoding::Zstd, zstd(plain, 19)),
        ] {
            assert_eq!(encoding.open(&body, LIMIT).unwrap(), plain);
        }
    }

    #[test]
    fn a_bomb_is_given_up_at_the_limit() {
        let zeros = vec![0; 100 << 20];
        for (encoding, body) in [
            (Encoding::Gzip, gzip(&zeros)),
            (Encoding::Zstd, zstd(&zeros, 3)),
        ] {
            assert!(body.len() < zeros.len() / 500);
            assert_eq!(encoding.open(&body, LIMIT).unwrap_err(), Refusal::TooLarge);
        }
        let exact = gzip(&zeros[..LIMIT]);
        assert_eq!(Encoding::Gzip.open(&exact, LIMIT).unwrap().len(), LIMIT);
    }

    #[test]
    fn a_window_larger_than_any_level_needs_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        std::io::Write::write_all(&mut encoder, b"a batch").unwrap();
        std::io::Write::flush(&mut encoder).unwrap();
        let body = encoder.finish().unwrap();
        assert_eq!(
            Encoding::Zstd.open(&body, LIMIT).unwrap_err(),
            Refusal::BadEncoding
        );
    }

    #[test]
    fn bytes_that_are_not_compressed_are_refused_and_so_are_half_ones() {
        let whole = gzip(b"a batch");
        let half = &whole[..whole.len() / 2];
        for body in [b"a batch", half, b""] {
            assert_eq!(
                Encoding::Gzip.open(body, LIMIT).unwrap_err(),
                Refusal::BadEncoding
            );
        }
        let whole = zstd(b"a batch", 3);
        for body in [b"a batch", &whole[..whole.len() - 3]] {
            assert_eq!(
                Encoding::Zstd.open(body, LIMIT).unwrap_err(),
                Refusal::BadEncoding
            );
        }
    }

    #[test]
    fn a_slow_body_has_as_long_as_it_needs_at_the_least_rate() {
        let limits = Limits::default();
        assert_eq!(patience(0, &limits), START);
        assert_eq!(patience(4096, &limits), START + Duration::from_secs(4));
        assert_eq!(patience(64 * 1024, &limits), limits.body_time);
        let any = Limits {
            body_rate: 0,
            ..limits
        };
        assert_eq!(patience(0, &any), any.body_time);
    }
}
