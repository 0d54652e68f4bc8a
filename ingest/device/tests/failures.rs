//! Real processes that end in every way, in Rust and in other languages, and what the next start makes of it.
//!
//! They need Java, Go with a C compiler, and Python: without one of them its tests fail and say so.

#![cfg(target_os = "linux")]
#![allow(unsafe_code, clippy::unwrap_used)] // Signals are sent through C.

#[path = "support/programs.rs"]
mod programs;
#[path = "failures/support.rs"]
mod support;

#[path = "failures/ends.rs"]
mod ends;
#[path = "failures/handlers.rs"]
mod handlers;

#[path = "failures/go.rs"]
mod go;
#[path = "failures/jvm.rs"]
mod jvm;
#[path = "failures/python.rs"]
mod python;
