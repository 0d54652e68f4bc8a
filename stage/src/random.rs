//! Where random numbers come from: handed in, so that a test can have the same ones twice.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A source of generators that are fit for keys. Clones are the same source.
#[derive(Clone)]
pub struct RandomSource(Arc<dyn Fn() -> StdRng + Send + Sync>);

impl RandomSource {
    /// Generators that the system seeds.
    pub fn system() -> RandomSource {
        RandomSource(Arc::new(StdRng::from_os_rng))
    }

    /// Generators that follow from a seed, another one each time: for tests alone.
    pub fn seeded(seed: u64) -> RandomSource {
        let count = AtomicU64::new(0);
        RandomSource(Arc::new(move || {
            let number = count.fetch_add(1, Ordering::Relaxed);
            StdRng::seed_from_u64(seed ^ number.rotate_left(32))
        }))
    }

    /// A generator of one's own.
    pub fn generator(&self) -> StdRng {
        (self.0)()
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        self.generator().random()
    }
}

impl fmt::Debug for RandomSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RandomSource")
    }
}

#[cfg(test)]
mod tests {
    use super::RandomSource;

    #[test]
    fn a_seed_gives_the_same_numbers_again_and_no_generator_twice() {
        let numbers = || {
            let source = RandomSource::seeded(7);
            [source.bytes::<16>(), source.bytes::<16>()]
        };
        assert_eq!(numbers(), numbers());
        let [first, second] = numbers();
        assert_ne!(first, second);
        assert_ne!(RandomSource::system().bytes::<16>(), first);
    }
}
