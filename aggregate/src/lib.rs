//! The landing log and the seal: from stripped records to published files.
//!
//! Landing reads `events.stripped` into a dense log of partial counts, one log a partition
//! ([`run`]). When every partition has closed a day, the seal merges the day's counts, takes them
//! through the release gate and puts one file a table and app, and last the day's manifest.
//!
//! Nothing here can name a device: there is no dependency on what a device says, and the writer
//! of a published file takes a [`kaiku_release::Released`] and nothing else.

mod config;
mod error;
mod landing;
mod merge;
mod progress;
mod run;
mod seal;
mod store;
#[cfg(test)]
mod testing;
mod verify;

pub use config::Config;
pub use error::Error;
pub use progress::Progress;
pub use run::run;
pub use seal::manifest::{Manifest, ManifestFile, ManifestTable};
pub use store::{Put, Store};
pub use verify::{Verified, verify};
