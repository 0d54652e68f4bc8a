//! The kit of the tests.

mod kit;

pub use kit::*;
