//! Under which name a device stands in the state, and what a month's key is made into.
//!
//! A month has one random key. The token of a device is BLAKE3's keyed hash of its identifier
//! under a key derived from it, cut to 16 bytes; its state is sealed with XChaCha20-Poly1305
//! under another, see `seal.rs`. With the month's key destroyed, neither can be traced to a device again.

use chacha20poly1305::aead::{Aead, AeadInPlace, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use kaiku_raw::DeviceId;
use rand::RngCore;
use zeroize::Zeroizing;

use crate::seal::{Opener, Sealer};

/// Bytes of the random nonce of XChaCha20-Poly1305.
const NONCE: usize = 24;

/// A device in one month's state. It says nothing without the month's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Token(pub(crate) [u8; 16]);

/// A month's key, and what is derived from it.
pub(crate) struct MonthKey {
    token: Zeroizing<[u8; 32]>,
    print: Zeroizing<[u8; 32]>,
    seal: Zeroizing<[u8; 32]>,
}

/// Sealed bytes that can't be opened: another key, or not what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes can't be opened with this key")]
pub struct SealError;

impl MonthKey {
    /// Derives what is needed from a month's random key.
    pub(crate) fn new(secret: &[u8; 32]) -> MonthKey {
        let token = Zeroizing::new(blake3::derive_key(
            "kaiku enrich 1: token of a device",
            secret,
        ));
        let seal = Zeroizing::new(blake3::derive_key(
            "kaiku enrich 1: state of a device",
            secret,
        ));
        let print = Zeroizing::new(blake3::derive_key(
            "kaiku enrich 1: print of a raw record",
            secret,
        ));
        MonthKey { token, print, seal }
    }

    /// The token of a device in this month.
    pub(crate) fn token(&self, device: &DeviceId) -> Token {
        let hash = blake3::keyed_hash(&self.token, device.as_bytes());
        let mut token = [0; 16];
        token.copy_from_slice(&hash.as_bytes()[..16]);
        Token(token)
    }

    /// The print of something in this month: whoever has no key learns nothing of it.
    pub(crate) fn print(&self, parts: &[&[u8]]) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.print);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut print = [0; 8];
        print.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(print)
    }

    /// Seals the records of one transaction.
    pub(crate) fn sealer(&self, rng: &mut impl RngCore) -> Sealer {
        Sealer::new(&self.seal, rng)
    }

    /// Opens sealed records.
    pub(crate) fn opener(&self) -> Opener<'_> {
        Opener::new(&self.seal)
    }
}

/// Seals with a random nonce; `context` is authenticated with it and must be the same to open.
pub(crate) fn seal(
    cipher: &XChaCha20Poly1305,
    rng: &mut impl RngCore,
    context: &[u8],
    plain: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), SealError> {
    let mut nonce = [0; NONCE];
    rng.fill_bytes(&mut nonce);
    out.extend_from_slice(&nonce);
    let start = out.len();
    out.extend_from_slice(plain);
    let nonce = XNonce::from_slice(&nonce);
    match cipher.encrypt_in_place_detached(nonce, context, &mut out[start..]) {
        Ok(tag) => {
            out.extend_from_slice(&tag);
            Ok(())
        }
        // Nothing that is not sealed stays there.
        Err(_) => {
            out.truncate(start);
            Err(SealError)
        }
    }
}

/// Opens what [`seal`] made.
pub(crate) fn open(
    cipher: &XChaCha20Poly1305,
    context: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, SealError> {
    let (nonce, rest) = sealed.split_at_checked(NONCE).ok_or(SealError)?;
    cipher
        .decrypt(
            XNonce::from_slice(nonce),
            Payload {
                msg: rest,
                aad: context,
            },
        )
        .map_err(|_| SealError)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_device_has_another_token_each_month() {
        let device = DeviceId::new([5; 16]);
        let (november, december) = (MonthKey::new(&[1; 32]), MonthKey::new(&[2; 32]));
        assert!(november.token(&device) == november.token(&device));
        assert!(november.token(&device) != december.token(&device));
    }
}
