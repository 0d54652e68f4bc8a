//! The tests of the device's library from outside, in one binary.

#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

/// From a feature that was used to a receipt.
mod path;

/// On, off, and what is left.
mod off;

/// What is kept, how much of it, and where.
mod keeping;

/// The power goes at a thousand moments.
mod power;
