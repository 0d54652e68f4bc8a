//! kaiku-device for C: an opaque handle, plain functions, and one closed set of results.
//!
//! `kaiku.h` is made of these files by cbindgen; a test holds it against them. Every function is
//! behind `catch_unwind`, and takes a null handle for a program that is off: what goes wrong in
//! here is never the host's trouble.

mod keys;
mod outcome;
mod program;
mod recommend;
mod record;
#[cfg(feature = "http")]
mod sender;
mod settings;
mod text;
mod uploads;
mod view;

#[cfg(test)]
mod tests;

pub use keys::*;
pub use outcome::*;
pub use program::*;
pub use recommend::*;
pub use record::*;
#[cfg(feature = "http")]
pub use sender::*;
pub use settings::*;
pub use text::*;
pub use uploads::*;
pub use view::*;
