//! Each entry sealed with XChaCha20-Poly1305, bound to what it is and where it lies: a row that is
//! put into another's place does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use crate::{Error, Key, Random};

const NONCE: usize = 24;
/// First byte of everything sealed, and part of what it is bound to.
const FORMAT: u8 = 1;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Who the device is, and how far its numbers have come.
    Identity = 1,
    /// Book, losses, timetable, session.
    State = 2,
    /// The totals of a day and release.
    Tally = 3,
    /// An upload that waits for its answer.
    Outgoing = 4,
    /// What has gone.
    Receipts = 5,
    /// What is remembered for suggestions.
    Taste = 7,
    /// A file in which another process of the app hands over what it recorded.
    Side = 6,
}

impl Kind {
    pub(crate) fn of(number: i64) -> Option<Kind> {
        let kinds = [
            Kind::Identity,
            Kind::State,
            Kind::Tally,
            Kind::Outgoing,
            Kind::Receipts,
            Kind::Side,
            Kind::Taste,
        ];
        kinds.into_iter().find(|kind| *kind as i64 == number)
    }
}

/// Seals and opens.
pub(crate) struct Sealer {
    cipher: XChaCha20Poly1305,
    random: Random,
}

impl Sealer {
    pub(crate) fn new(key: &Key, random: Random) -> Sealer {
        Sealer {
            cipher: XChaCha20Poly1305::new((&**key).into()),
            random,
        }
    }

    pub(crate) fn seal(&self, kind: Kind, id: i64, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let nonce: [u8; NONCE] = self.random.bytes()?;
        let aad = context(kind, id);
        let payload = Payload {
            msg: plain,
            aad: &aad,
        };
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload);
        let sealed = sealed.map_err(|_| Error::Unseal)?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(FORMAT);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub(crate) fn open(&self, kind: Kind, id: i64, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, sealed) = sealed
            .strip_prefix(&[FORMAT])
            .and_then(|rest| rest.split_first_chunk::<NONCE>())
            .ok_or(Error::Unseal)?;
        let aad = context(kind, id);
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let opened = self.cipher.decrypt(XNonce::from_slice(nonce), payload);
        opened.map_err(|_| Error::Unseal)
    }
}

fn context(kind: Kind, id: i64) -> [u8; 10] {
    let mut context = [FORMAT, kind as u8, 0, 0, 0, 0, 0, 0, 0, 0];
    context[2..].copy_from_slice(&id.to_le_bytes());
    context
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_entry_opens_in_its_own_place_alone() {
        let sealer = Sealer::new(&Key::new([7; 32]), Random::system());
        let sealed = sealer.seal(Kind::Tally, 4, b"route.bicycle").unwrap();
        assert_eq!(
            sealer.open(Kind::Tally, 4, &sealed).unwrap(),
            b"route.bicycle"
        );
        assert!(sealer.open(Kind::Tally, 5, &sealed).is_err());
        assert!(sealer.open(Kind::State, 4, &sealed).is_err());
        let other = Sealer::new(&Key::new([8; 32]), Random::system());
        assert!(other.open(Kind::Tally, 4, &sealed).is_err());
        for place in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[place] ^= 1;
            assert!(
                sealer.open(Kind::Tally, 4, &flipped).is_err(),
                "byte {place}"
            );
        }
    }
}
