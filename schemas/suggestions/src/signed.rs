//! The file: what is said, by whom, and how it is believed.

use kaiku_wire::{Day, Week};
use sha2::{Digest, Sha256};

use crate::key::{KEY_ID, PublicKey, SIGNATURE, SigningKey};
use crate::refusal::Refusal;
use crate::suggestions::Suggestions;
use crate::{Error, MOST_BYTES};

/// What a file begins with; the digit is its version.
const MAGIC: &[u8; 4] = b"KSG1";

/// A signature for something else is none for this.
const CONTEXT: &[u8] = b"kaiku suggestions 1\0";

/// What a file must be to be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The app.
    pub app: &'a str,
    /// The keys that are pinned: the one in use, and the one that follows it.
    pub keys: &'a [PublicKey],
    /// The day.
    pub today: Day,
    /// The week of the last file that was accepted.
    pub last: Option<Week>,
}

impl Suggestions {
    /// The signed file.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn sign(&self, key: &SigningKey) -> Result<Vec<u8>, Error> {
        let body = self.body().ok_or(Error::TooLarge)?;
        let mut file = [MAGIC.as_slice(), &key.public().id(), &body].concat();
        let signature = key.sign(&message(&file));
        file.extend_from_slice(&signature);
        if file.len() > MOST_BYTES {
            return Err(Error::TooLarge);
        }
        Ok(file)
    }

    /// How many bytes its file has.
    pub fn bytes(&self) -> usize {
        let body = self.body().map_or(MOST_BYTES + 1, |body| body.len());
        MAGIC.len() + KEY_ID + body + SIGNATURE
    }

    /// What a file says, where it is one that is to be believed.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn verify(file: &[u8], expected: &Expected<'_>) -> Result<Suggestions, Refusal> {
        let Parts {
            signed,
            key,
            body,
            signature,
        } = Parts::of(file)?;
        let mut keys = expected.keys.iter();
        let known = keys.find(|known| known.id() == *key);
        let known = known.ok_or(Refusal::UnknownKey)?;
        if !known.verifies(&message(signed), signature) {
            return Err(Refusal::BadSignature);
        }
        let said = Suggestions::of_body(body)?;
        if said.app != expected.app {
            return Err(Refusal::OtherApp);
        }
        if said.expires <= expected.today {
            return Err(Refusal::Expired);
        }
        if expected.last.is_some_and(|last| said.week < last) {
            return Err(Refusal::Older);
        }
        Ok(said)
    }

    /// The entity tag of a file: a hash of its bytes, in quotes.
    pub fn tag(file: &[u8]) -> String {
        format!("\"{}\"", hex::encode(&Sha256::digest(file)[..16]))
    }

    /// What a file says, whoever has signed it: for who hands it on or shows it, and never for who acts on it.
    ///
    /// # Errors
    /// Where it is no such file.
    pub fn unverified(file: &[u8]) -> Result<Suggestions, Refusal> {
        Suggestions::of_body(Parts::of(file)?.body)
    }
}

/// A file, taken apart.
struct Parts<'a> {
    signed: &'a [u8],
    key: &'a [u8; KEY_ID],
    body: &'a [u8],
    signature: &'a [u8; SIGNATURE],
}

impl<'a> Parts<'a> {
    fn of(file: &'a [u8]) -> Result<Parts<'a>, Refusal> {
        if file.len() > MOST_BYTES {
            return Err(Refusal::TooLarge);
        }
        let none = Refusal::NotSuggestions;
        let (signed, signature) = file.split_last_chunk().ok_or(none)?;
        let (key, body) = (signed.strip_prefix(MAGIC))
            .and_then(|rest| rest.split_first_chunk())
            .ok_or(none)?;
        Ok(Parts {
            signed,
            key,
            body,
            signature,
        })
    }
}

fn message(signed: &[u8]) -> Vec<u8> {
    [CONTEXT, signed].concat()
}
