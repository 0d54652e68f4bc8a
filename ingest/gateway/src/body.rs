//! A body within its limits: of bytes before and after decompression, and of time.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use crate::Limits;
use crate::answer::Refusal;

/// The largest window of zstd, as a power of two: 8 MiB, what its levels up to 19 use. A stream
/// can ask for far more, before it has sent a byte.
const ZSTD_WINDOW_LOG: u32 = 23;

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
    pub(crate) fn open(self, body: Bytes, limit: usize) -> Result<Bytes, Refusal> {
        let plain = match self {
            Encoding::Identity => body,
            Encoding::Gzip => all(flate2::read::MultiGzDecoder::new(&*body), limit)?.into(),
            Encoding::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(&*body)
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

/// The bytes of a body as they were sent, within the limits of size and time.
pub(crate) async fn receive(
    headers: &HeaderMap,
    body: Body,
    limits: &Limits,
) -> Result<Bytes, Refusal> {
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.body_bytes) {
        return Err(Refusal::TooLarge);
    }
    let limited = Limited::new(body, limits.body_bytes);
    let collected = tokio::time::timeout(limits.body_time, limited.collect()).await;
    match collected.map_err(|_| Refusal::BodyTooSlow)? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Refusal::TooLarge),
        Err(_) => Err(Refusal::BrokenBody),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const LIMIT: usize = 100_000;

    fn gzip(plain: &[u8]) -> Bytes {
        let mut encoder = flate2::read::GzEncoder::new(plain, flate2::Compression::best());
        let mut out = Vec::new();
        encoder.read_to_end(&mut out).unwrap();
        out.into()
    }

    fn zstd(plain: &[u8], level: i32) -> Bytes {
        zstd::encode_all(plain, level).unwrap().into()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        let plain = "a batch ".repeat(10_000);
        let plain = plain.as_bytes();
        for (encoding, body) in [
            (Encoding::Identity, Bytes::copy_from_slice(plain)),
            (Encoding::Gzip, gzip(plain)),
            (Encoding::Zstd, zstd(plain, 3)),
            (Encoding::Zstd, zstd(plain, 19)),
        ] {
            assert_eq!(encoding.open(body, LIMIT).unwrap(), plain);
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
            assert_eq!(encoding.open(body, LIMIT).unwrap_err(), Refusal::TooLarge);
        }
        let exact = gzip(&zeros[..LIMIT]);
        assert_eq!(Encoding::Gzip.open(exact, LIMIT).unwrap().len(), LIMIT);
    }

    #[test]
    fn a_window_larger_than_any_level_needs_is_refused() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        std::io::Write::write_all(&mut encoder, b"a batch").unwrap();
        std::io::Write::flush(&mut encoder).unwrap();
        let body = encoder.finish().unwrap();
        assert_eq!(
            Encoding::Zstd.open(body.into(), LIMIT).unwrap_err(),
            Refusal::BadEncoding
        );
    }

    #[test]
    fn bytes_that_are_not_compressed_are_refused_and_so_are_half_ones() {
        let whole = gzip(b"a batch");
        let half = whole.slice(..whole.len() / 2);
        for body in [Bytes::from_static(b"a batch"), half, Bytes::new()] {
            assert_eq!(
                Encoding::Gzip.open(body, LIMIT).unwrap_err(),
                Refusal::BadEncoding
            );
        }
        let whole = zstd(b"a batch", 3);
        for body in [
            Bytes::from_static(b"a batch"),
            whole.slice(..whole.len() - 3),
        ] {
            assert_eq!(
                Encoding::Zstd.open(body, LIMIT).unwrap_err(),
                Refusal::BadEncoding
            );
        }
    }
}
