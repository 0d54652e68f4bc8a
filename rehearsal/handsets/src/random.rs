//! The random numbers of a handset, the same for the same seed.

use std::sync::{Mutex, PoisonError};

use kaiku_device::Random;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Bytes of an identifier: the library draws nothing else of this length.
const IDENTIFIER: usize = 16;

/// The identifiers that a handset has, by their number from 0: those that it will have too.
pub(crate) fn identifier(seed: u64, handset: u32, number: u32) -> [u8; IDENTIFIER] {
    let mut rng = ChaCha8Rng::seed_from_u64(!seed);
    rng.set_stream((u64::from(handset) << 32) | u64::from(number));
    let mut bytes = [0; IDENTIFIER];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// What the library of a handset draws from, as long as the handset lives.
pub(crate) fn source(seed: u64, handset: u32) -> Random {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::from(handset) << 1);
    let state = Mutex::new((rng, 0));
    Random::from_fn(move |bytes| {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() == IDENTIFIER {
            bytes.copy_from_slice(&identifier(seed, handset, state.1));
            state.1 += 1;
        } else {
            state.0.fill_bytes(bytes);
        }
        true
    })
}
