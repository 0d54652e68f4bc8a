//! The seal: the closed periods of all partitions, through the gate, into published files.

mod cleanup;
mod intent;
mod partials;
mod sealer;
#[cfg(test)]
mod tests;
mod vocabulary;

pub(crate) use cleanup::{clean, destroy_spent_keys};
pub(crate) use sealer::Sealer;
pub(crate) use vocabulary::Vocabulary;
