//! A client of a Confluent schema registry: schemas by their id, and new schemas registered after
//! their compatibility was checked.
//!
//! It blocks: stages ask it from their own threads, a few times in the life of a process. An id
//! that was answered once is never asked again.

mod cache;
mod client;
mod config;
mod error;
mod subject;
#[cfg(test)]
mod tests;

pub use client::Registry;
pub use config::Config;
pub use error::{Error, Operation};
pub use subject::subject_of;
