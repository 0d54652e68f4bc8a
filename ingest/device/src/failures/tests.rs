//! The decisions, each by itself, and a run within this process. What ends a process is in `tests/failures`.

#![allow(clippy::unwrap_used)]

mod kit;

mod hang;
mod names;
mod panics;
mod run;
mod system;
mod verdict;
