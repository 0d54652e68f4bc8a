//! The signed file of an app from which a device picks, by itself, what it might suggest to its owner.
//!
//! The file is the same for everybody: it says which features of an app are used by the same people, as released
//! rollups show it, and nothing of any device. Who holds what is decided on the device. A file is at most
//! [`MOST_BYTES`] long and lives for at most [`MOST_DAYS`] days.
//!
//! ```
//! use kaiku_suggestions::{Expected, Feature, SigningKey, Suggestions};
//! use kaiku_wire::Day;
//!
//! let day = |text| Day::parse(text).unwrap();
//! let feature = |name: &str| Feature { name: name.to_owned(), is_offered: true };
//! let made = Suggestions::new(
//!     "maps",
//!     day("2026-11-16").week(),
//!     day("2026-12-21"),
//!     // The most popular first: it is the order of what is else alike.
//!     vec![feature("route.car"), feature("layer.traffic"), feature("route.bicycle")],
//!     [(0, 1, 0.41), (0, 2, 0.08)],
//! )
//! .unwrap();
//! let key = SigningKey::from_seed([7; 32]).unwrap();
//! let file = made.sign(&key).unwrap();
//!
//! let expected = Expected { app: "maps", keys: &[key.public()], today: day("2026-11-24"), last: None };
//! let read = Suggestions::verify(&file, &expected).unwrap();
//! let picked = read.pick(&|name| name == "route.car");
//! assert_eq!((picked[0].feature, picked[0].because), ("layer.traffic", "route.car"));
//! ```
//!
//! # The bytes
//!
//! `KSG1`, eight bytes by which the key is known (the first of the public key), the body, and 64 bytes of an Ed25519 signature of
//! the line `kaiku suggestions 1`, a zero byte, and all that stands before the signature. The body is postcard: app, days since
//! 1970-01-01 of the week's Monday and of the expiry, each feature's name and whether it may be offered, and for each
//! feature its pairs with later ones: the step to the other's number, and the root of the score in 255ths.

mod body;
mod error;
mod key;
mod pick;
mod refusal;
mod signed;
mod suggestions;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use key::{NotAKey, PublicKey, SigningKey};
pub use pick::Picked;
pub use refusal::Refusal;
pub use signed::Expected;
pub use suggestions::{Feature, Suggestions};

/// The longest file, in bytes.
pub const MOST_BYTES: usize = 8 * 1024;

/// The days from the end of its week until a file expires, at the most.
pub const MOST_DAYS: u32 = 35;
