//! Where noise comes from: exact discrete Gaussian samples, from a stream that a seal key fixes.

use std::fmt;

use prio::dp::distributions::DiscreteGaussian;
use rand_prio::distr::Distribution;
use rand_prio::rngs::ChaCha20Rng;
use rand_prio::{Rng, SeedableRng};
use zeroize::Zeroizing;

use crate::gaussian::Sigma;
use crate::{Error, Period};

/// What the key of the noise is derived for; another use of the same key needs another text.
const CONTEXT: &str = "kaiku 2026 release gate noise v2";

/// One draw of noise, named so that no two draws of a seal share their stream.
#[derive(Clone, Copy, Debug)]
pub struct Draw<'a> {
    /// The table.
    pub table: &'a str,
    /// The period.
    pub period: Period,
    /// The dimensions of the cell.
    pub cell: &'a [&'a str],
    /// The measure.
    pub measure: &'a str,
}

/// A source of randomness for each draw.
///
/// The guarantee of the gate is that of its source: outside of tests it is [`SealNoise`].
pub trait NoiseSource {
    /// The stream that a draw reads from.
    type Stream: Rng;

    /// The stream of one draw: the same for the same draw, independent of all others.
    fn stream(&self, draw: &Draw<'_>) -> Self::Stream;
}

/// Noise that a seal key and the hash of the seal's intent fix: a pseudo-random function (BLAKE3,
/// keyed) of the draw gives the seed of a ChaCha20 stream. The same seal writes the same bytes
/// when it is resumed, and who has not the key can't tell the noise from a fresh one.
pub struct SealNoise {
    key: Zeroizing<[u8; 32]>,
}

impl SealNoise {
    /// The noise of one seal. The key must be random and of this seal alone, to be destroyed
    /// when its manifest stands.
    pub fn new(seal_key: [u8; 32], intent_hash: [u8; 32]) -> SealNoise {
        let seal_key = Zeroizing::new(seal_key);
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&*seal_key);
        hasher.update(&intent_hash);
        SealNoise {
            key: Zeroizing::new(*hasher.finalize().as_bytes()),
        }
    }
}

impl NoiseSource for SealNoise {
    type Stream = ChaCha20Rng;

    fn stream(&self, draw: &Draw<'_>) -> ChaCha20Rng {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        let mut put = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        put(draw.table.as_bytes());
        put(draw.period.unit().as_str().as_bytes());
        put(&draw.period.first_day().days_since_epoch().to_le_bytes());
        put(draw.measure.as_bytes());
        for dimension in draw.cell {
            put(dimension.as_bytes());
        }
        ChaCha20Rng::from_seed(*hasher.finalize().as_bytes())
    }
}

impl fmt::Debug for SealNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealNoise")
    }
}

/// One sample of the discrete Gaussian with standard deviation parameter σ, exact (Canonne,
/// Kamath, Steinke: The Discrete Gaussian for Differential Privacy, 2020).
pub(crate) fn sample(sigma: Sigma, stream: &mut impl Rng, table: &str) -> Result<i64, Error> {
    let exact =
        DiscreteGaussian::new(sigma.rational()?).map_err(|source| Error::Draw { source })?;
    i64::try_from(exact.sample(stream)).map_err(|_| Error::Range {
        table: table.to_owned(),
    })
}
