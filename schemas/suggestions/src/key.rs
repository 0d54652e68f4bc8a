//! Keys and signatures: Ed25519, by ring, which adds the least to a device's library.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use zeroize::Zeroizing;

/// Bytes by which a key is known.
pub(crate) const KEY_ID: usize = 8;
/// Bytes of a signature.
pub(crate) const SIGNATURE: usize = 64;

/// The key that files are believed by. Its text is 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// The key that files are signed with.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 64 hexadecimal digits")]
pub struct NotAKey;

impl PublicKey {
    /// The key of these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> PublicKey {
        PublicKey(bytes)
    }

    /// By which it is known in a file.
    pub fn id(&self) -> [u8; KEY_ID] {
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&self.0[..KEY_ID]);
        id
    }

    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; SIGNATURE]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for PublicKey {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<PublicKey, NotAKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAKey)?;
        Ok(PublicKey(bytes))
    }
}

impl SigningKey {
    /// The key that 32 random bytes make.
    ///
    /// # Errors
    /// None that ring has today for a seed of this length.
    pub fn from_seed(seed: [u8; 32]) -> Result<SigningKey, NotAKey> {
        let seed = Zeroizing::new(seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| NotAKey)?;
        Ok(SigningKey { seed, pair })
    }

    /// The key of a text as [`SigningKey::to_text`] writes it.
    ///
    /// # Errors
    /// Where it is none.
    pub fn from_text(text: &str) -> Result<SigningKey, NotAKey> {
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, &mut *seed).map_err(|_| NotAKey)?;
        SigningKey::from_seed(*seed)
    }

    /// The secret, as 64 hexadecimal digits.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(*self.seed))
    }

    /// The key that its files are believed by.
    pub fn public(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(bytes)
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        let mut bytes = [0; SIGNATURE];
        bytes.copy_from_slice(self.pair.sign(message).as_ref());
        bytes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey")
    }
}
