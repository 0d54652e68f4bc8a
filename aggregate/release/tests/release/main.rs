//! What the gate promises, as tests.

#![allow(clippy::unwrap_used)]

/// Helpers: cells, noise by a number, the small policy with another table.
mod support;

/// What holds for every input: no cell under k, sums, the same bytes from the same key.
mod laws;

/// The ledger: the cap, and nothing paid twice.
mod ledger;

/// Policy files: what is refused, and the figures of the embedded one.
mod policy;

/// Noise and intervals, measured over many draws from fixed keys.
mod statistics;
