//! Suggestions, picked on the device: a file that is the same for everybody says which features are used by the same people,
//! and what this owner uses nobody else learns.
//!
//! Off unless the host pins a key ([`Settings`]), the program is on and its owner agreed to usage. What is remembered for it
//! lies in the spool, sealed, and goes with it: see [`crate::Program::waiting`] and [`crate::Program::export`].

mod act;
mod choose;
mod fetch;
mod stored;
mod taste;

pub use fetch::{Fetch, Fetched};
pub use kaiku_suggestions::{PublicKey, Refusal};

pub(crate) use act::Act;
pub(crate) use stored::{destroy, exists};
pub(crate) use taste::{Remembered, Taste};

use serde::Serialize;

/// The feature of the catalogue that counts suggestions that were shown, where the catalogue has it.
pub const SHOWN: &str = "suggestion.shown";
/// The feature that counts suggested features that were used for the first time, where the catalogue has it.
pub const USED: &str = "suggestion.used";

/// Whether and how often anything is suggested.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The keys by which files are believed: the one in use, and the one that will follow it.
    pub keys: [PublicKey; 2],
    /// Suggestions on a day, at the most.
    pub a_day: u32,
    /// How often one feature is suggested, at the most.
    pub a_feature: u32,
}

impl Settings {
    /// One suggestion a day, and three of a feature.
    pub fn new(keys: [PublicKey; 2]) -> Settings {
        Settings {
            keys,
            a_day: 1,
            a_feature: 3,
        }
    }
}

/// A feature that its owner might like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Recommendation {
    /// The feature, by its name in the catalogue.
    pub feature: String,
    /// What it is called, in the owner's language.
    pub title: String,
    /// Why, in the owner's language: it names a feature that its owner uses.
    pub because: String,
    /// That feature, by its name in the catalogue.
    pub because_feature: String,
}
