//! How a device's state is sealed: XChaCha20-Poly1305, with one subkey for all records of a transaction.
//!
//! Of the 24 bytes of a nonce, the first 16 are random for each transaction, and the last 8 count its
//! records. XChaCha (draft-irtf-cfrg-xchacha) is ChaCha20-Poly1305 (RFC 8439) under a subkey, which HChaCha20
//! makes of the key and those 16 bytes; so it is made once a transaction, and anything that knows
//! XChaCha20-Poly1305 opens what was sealed. A subkey opens no more than its transaction wrote.

use chacha20::cipher::consts::U10;
use chacha20::hchacha;
use rand::RngCore;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use zeroize::Zeroizing;

use crate::token::SealError;

/// Bytes of a nonce of which the subkey is made.
const OF_SUBKEY: usize = 16;

/// Bytes of a nonce that tell the records under a subkey apart.
const OF_RECORD: usize = 8;

type Prefix = [u8; OF_SUBKEY];

fn subkey(key: &[u8; 32], prefix: &Prefix) -> Result<LessSafeKey, SealError> {
    let subkey = Zeroizing::new(<[u8; 32]>::from(hchacha::<U10>(key.into(), prefix.into())));
    let subkey = UnboundKey::new(&CHACHA20_POLY1305, &*subkey).map_err(|_| SealError)?;
    Ok(LessSafeKey::new(subkey))
}

/// The nonce under a subkey: four zeros, and what tells its records apart.
fn nonce(of_record: [u8; OF_RECORD]) -> Nonce {
    let mut nonce = [0; 4 + OF_RECORD];
    nonce[4..].copy_from_slice(&of_record);
    Nonce::assume_unique_for_key(nonce)
}

/// Seals the records of one transaction.
pub(crate) struct Sealer {
    prefix: Prefix,
    /// An error where ring would not take a key of 32 bytes.
    subkey: Result<LessSafeKey, SealError>,
    next: u64,
}

impl Sealer {
    pub(super) fn new(key: &[u8; 32], rng: &mut impl RngCore) -> Sealer {
        let mut prefix = [0; OF_SUBKEY];
        rng.fill_bytes(&mut prefix);
        Sealer {
            prefix,
            subkey: subkey(key, &prefix),
            next: 0,
        }
    }

    /// Appends the sealed form of `plain` to `out`: nonce, ciphertext, tag. `context` is authenticated
    /// with it, and must be the same to open. Where it fails, nothing of `plain` stays in `out`.
    pub(crate) fn seal(
        &mut self,
        context: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), SealError> {
        let subkey = self.subkey.as_ref().map_err(|error| *error)?;
        let of_record = self.next.to_le_bytes();
        // A nonce that came twice would give two records away.
        self.next = self.next.checked_add(1).ok_or(SealError)?;
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(&of_record);
        let start = out.len();
        out.extend_from_slice(plain);
        let aad = Aad::from(context);
        match subkey.seal_in_place_separate_tag(nonce(of_record), aad, &mut out[start..]) {
            Ok(tag) => {
                out.extend_from_slice(tag.as_ref());
                Ok(())
            }
            Err(_) => {
                out.truncate(start);
                Err(SealError)
            }
        }
    }
}

/// Opens sealed records, those of one transaction one after the other the quickest.
pub(crate) struct Opener<'a> {
    key: &'a [u8; 32],
    subkey: Option<(Prefix, LessSafeKey)>,
}

impl<'a> Opener<'a> {
    pub(super) fn new(key: &'a [u8; 32]) -> Opener<'a> {
        Opener { key, subkey: None }
    }

    /// Opens in place what a [`Sealer`] has appended, and gives the plain part of it.
    pub(crate) fn open<'b>(
        &mut self,
        context: &[u8],
        sealed: &'b mut [u8],
    ) -> Result<&'b [u8], SealError> {
        let (prefix, rest) = sealed.split_first_chunk_mut().ok_or(SealError)?;
        let (of_record, rest) = rest.split_first_chunk_mut().ok_or(SealError)?;
        let (_, subkey) = match self.subkey.take_if(|(of, _)| of == prefix) {
            Some(known) => self.subkey.insert(known),
            None => self.subkey.insert((*prefix, subkey(self.key, prefix)?)),
        };
        let plain = subkey.open_in_place(nonce(*of_record), Aad::from(context), rest);
        plain.map(|plain| &*plain).map_err(|_| SealError)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use chacha20poly1305::aead::{Aead, KeyInit, Payload};
    use chacha20poly1305::{XChaCha20Poly1305, XNonce};

    use super::*;

    const KEY: [u8; 32] = [1; 32];

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        let mut sealer = Sealer::new(&KEY, &mut rand::rng());
        sealer.seal(b"partition 1", plain, &mut sealed).unwrap();
        sealed
    }

    #[test]
    fn sealed_state_opens_in_its_own_place_only() {
        let sealed = sealed(b"state");
        let open = |key, context: &[u8], mut sealed: Vec<u8>| {
            Opener::new(key)
                .open(context, &mut sealed)
                .map(<[u8]>::to_vec)
        };
        let opened = open(&KEY, b"partition 1", sealed.clone());
        assert_eq!(opened.as_deref(), Ok(&b"state"[..]));
        for wrong in [
            open(&KEY, b"partition 2", sealed.clone()),
            open(&[2; 32], b"partition 1", sealed.clone()),
            open(&KEY, b"partition 1", sealed[..20].to_vec()),
            open(&KEY, b"partition 1", sealed[..30].to_vec()),
        ] {
            assert_eq!(wrong, Err(SealError));
        }
    }

    #[test]
    fn it_is_the_xchacha_of_everybody_else() {
        let other = XChaCha20Poly1305::new(&KEY.into());
        let ours = sealed(b"state");
        let (nonce, rest) = ours.split_at(24);
        let payload = |msg| Payload {
            msg,
            aad: b"partition 1",
        };
        let opened = other.decrypt(XNonce::from_slice(nonce), payload(rest));
        assert_eq!(opened.unwrap(), b"state");

        let nonce = [7; 24];
        let theirs = other.encrypt(&nonce.into(), payload(b"state")).unwrap();
        let mut theirs = [&nonce[..], &theirs].concat();
        let mut opener = Opener::new(&KEY);
        assert_eq!(opener.open(b"partition 1", &mut theirs), Ok(&b"state"[..]));
    }

    #[test]
    fn no_nonce_comes_twice_and_transactions_alternate_as_they_like() {
        let mut rng = rand::rng();
        let mut sealers = [Sealer::new(&KEY, &mut rng), Sealer::new(&KEY, &mut rng)];
        let mut nonces = std::collections::HashSet::new();
        let mut opener = Opener::new(&KEY);
        for number in 0..100_u8 {
            let mut sealed = Vec::new();
            let sealer = &mut sealers[usize::from(number % 3 / 2)];
            sealer.seal(&[], &[number], &mut sealed).unwrap();
            assert!(nonces.insert(sealed[..24].to_vec()));
            assert_eq!(opener.open(&[], &mut sealed), Ok(&[number][..]));
        }
    }

    #[test]
    fn a_sealer_that_has_counted_to_its_end_seals_no_more() {
        let mut sealer = Sealer::new(&KEY, &mut rand::rng());
        sealer.next = u64::MAX;
        let mut out = Vec::new();
        assert_eq!(sealer.seal(&[], b"state", &mut out), Err(SealError));
        assert_eq!(out, [0; 0]);
    }
}
