//! The seal: the closed periods of all partitions, through the gate, into published files.

mod cells;
mod cleanup;
mod intent;
mod ledger;
pub(crate) mod schedule;
mod sealer;
mod signing;
#[cfg(test)]
mod tests;
mod vocabulary;
mod withheld;

pub(crate) use cleanup::clean;
pub(crate) use ledger::{lines as ledger_lines, reconcile};
pub(crate) use sealer::Sealer;
pub(crate) use signing::signer;
pub(crate) use vocabulary::Vocabulary;
