//! The kit of the tests.

mod kit;
mod vfs;

pub use kit::*;
pub use vfs::Platter;
