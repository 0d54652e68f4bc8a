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

/// A process that is killed at any moment, against a server that fails at any moment.
mod kill;

/// The sender over HTTP.
mod http;

/// Suggestions.
mod recommend;

/// What goes wrong inside does not reach the host.
mod inside;

/// The SQLite that is built in.
#[cfg(feature = "bundled")]
mod sqlite;

/// Spools and catalogues that nobody means.
mod fuzz;
