//! Random numbers, handed in, so that a test can repeat what a device drew.

use std::fmt;
use std::sync::Arc;

use crate::Error;

type Fill = dyn Fn(&mut [u8]) -> bool + Send + Sync;

/// A source of random bytes.
#[derive(Clone)]
pub struct Random(Arc<Fill>);

impl Random {
    /// The system's own random numbers.
    pub fn system() -> Random {
        Random::from_fn(|bytes| getrandom::fill(bytes).is_ok())
    }

    /// A source that fills bytes, and says whether it did.
    pub fn from_fn(fill: impl Fn(&mut [u8]) -> bool + Send + Sync + 'static) -> Random {
        Random(Arc::new(fill))
    }

    pub(crate) fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        match (self.0)(&mut bytes) {
            true => Ok(bytes),
            false => Err(Error::Random),
        }
    }

    /// A number from 0 to `bound` - 1, each as likely as the other; 0 where `bound` is 0.
    pub(crate) fn below(&self, bound: u32) -> Result<u32, Error> {
        if bound == 0 {
            return Ok(0);
        }
        // What is beyond the last whole multiple would make small numbers likelier.
        let whole = u32::MAX - u32::MAX % bound;
        loop {
            let drawn = u32::from_le_bytes(self.bytes()?);
            if drawn < whole {
                return Ok(drawn % bound);
            }
        }
    }

    /// Puts a list into an order that is drawn, each as likely as the other.
    pub(crate) fn shuffle<T>(&self, list: &mut [T]) -> Result<(), Error> {
        for last in (1..list.len()).rev() {
            let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
            let other = usize::try_from(self.below(bound)?).unwrap_or(0);
            list.swap(last, other);
        }
        Ok(())
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}
