//! What the gate promises, as tests.

#![allow(clippy::unwrap_used)]

/// Helpers: cells, noise by a number, a policy of one table, the discrete Gaussian by its formula.
mod support;

/// Broken gates, each of which an audit must catch, and the right one, which it must pass.
mod audit;

/// The two books of a device, with code of their own.
mod books;

/// Canaries at every bound, and an attacker who knows all else: what the whole gives away.
mod canary;

/// One device's week under the rules of `docs/counting.md`, and what it can change.
mod device_week;

/// The figures of `docs/privacy.md`.
mod documents;

/// Published intervals and estimates, by exact sums over the noise.
mod intervals;

/// What holds for every input: no cell under k, each cell alone, the same bytes from the same key.
mod laws;

/// The ledger: the cap, and nothing paid twice.
mod ledger;

/// The limits of what a policy file may say in numbers.
mod limits;

/// Noise: its exact distribution at every σ in use, and no noise twice.
mod noise;

/// Policy files: what is refused, and where.
mod policy;

/// The three policies that are compiled in: their figures, prices and tables.
mod shipped;

/// The optimiser, and that the shipped policies are its output.
mod tuning;
