//! The seal: the closed periods of all partitions, through the gate, into published files.

mod chain;
mod cleanup;
mod intent;
pub(crate) mod manifest;
mod rollup;
mod sealer;
#[cfg(test)]
mod tests;
mod vocabulary;

pub(crate) use chain::{Chain, MANIFESTS};
pub(crate) use cleanup::{clean, destroy_spent_keys};
pub(crate) use manifest::Manifest;
pub(crate) use sealer::Sealer;
pub(crate) use vocabulary::Vocabulary;

use kaiku_release::Period;

/// The folder level that names a period: `day=2026-11-24` or `week=2026-11-23`.
pub(crate) fn folder_of(period: Period) -> String {
    format!("{}={period}", period.unit())
}
