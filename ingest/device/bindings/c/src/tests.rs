//! The functions as C calls them, and the header that says so.
#![allow(clippy::unwrap_used, unsafe_code)]

mod calls;
mod header;
