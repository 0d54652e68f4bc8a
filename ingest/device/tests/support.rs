//! The kit of the tests.

mod kit;
mod programs;
mod vfs;

pub use kit::*;
pub(crate) use programs::programs;
pub use vfs::Platter;
