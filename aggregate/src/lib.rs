//! The landing log and the seal: from stripped records to published files.
//!
//! Landing reads `events.stripped` into a dense log of partial counts, one log a partition
//! ([`run`]). When every partition has closed a day, the seal merges the day's counts, takes them
//! through the release gate and puts one file a table and app, and last the day's manifest.
//!
//! Nothing here can name a device: there is no dependency on what a device says. Exact counts and
//! published files lie in stores of two types, [`Landing`] and [`Rollups`], and the only file that
//! gets into the second is made of a [`kaiku_release::Released`].

mod config;
mod error;
mod landing;
mod metrics;
mod object;
mod progress;
mod rollups;
mod run;
mod seal;
mod status;
mod store;
#[cfg(test)]
mod testing;
mod verify;

pub use config::{Accept, Config};
pub use error::Error;
pub use metrics::METRICS;
pub use progress::Progress;
pub use rollups::{
    DescribedColumn, DescribedTable, Dictionary, Manifest, ManifestFile, ManifestIncident,
    ManifestMeasure, ManifestTable, Role, Rollups, SeenFeatures, Selection, Signer, Simulated,
    SimulatedPeriod, Sums, Withheld, WithheldReason, export,
};
pub use run::run;
pub use status::{DayStatus, LandedPartition, LandingStatus, Status, status};
pub use store::{Landing, Probed, S3Config, is_url};
pub use verify::{Expected, Price, Problem, Verified, verify};
