//! The tests of the device's library from outside, in one binary.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

/// From a feature that was used to a receipt.
mod path;
