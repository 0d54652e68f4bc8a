//! The strip: identity in, marks of first use out, exactly once.
//!
//! Of all packages only this one names both what a device says ([`kaiku_raw`]) and what may be
//! kept ([`kaiku_stripped`]). One group member a process, one lane a partition; a lane decodes,
//! deduplicates, looks up, bounds, marks and strips, and commits output, state and offsets in one
//! Kafka transaction. `strip.rs` is the one door.

mod config;
mod day;
mod decode;
mod error;
mod explain;
mod group;
mod handover;
mod inspect;
mod keys;
mod lane;
mod lane_context;
mod membership;
mod metrics;
mod progress;
mod read;
mod seal;
mod state;
mod status;
mod strip;
mod tick;
mod token;
mod upkeep;

use std::sync::Arc;

use kaiku_stage::{Context, start_patiently};

use lane_context::LaneContext;

pub use config::{Accept, AcceptedCut, ClockAhead, Config};
pub use error::Error;
pub use explain::{
    Explanation, Given, Line, Source, UnlistedName, Verdict, explain, fetch, refused_consent,
    unlisted_names,
};
pub use inspect::{Findings, inspect, inspect_months};
pub use metrics::METRICS;
pub use progress::{LaneStatus, Progress, Totals};
pub use status::{Known, OtherState, RawPartition, RawStatus, Rejections, raw_status, rejections};
pub use token::SealError;

/// Runs the stage until the context's shutdown is cancelled. It blocks: give it a thread of its
/// own.
///
/// On a clean stop nothing is open: what was taken in and not committed is taken in again by
/// whoever comes next.
///
/// # Errors
/// Where settings, topics, keys or the registry can't be used, or Kafka ends the group member.
pub fn run(config: Config, context: Context, progress: Progress) -> Result<(), Error> {
    let shutdown = context.shutdown.clone();
    progress.begin();
    let readiness = progress.readiness().clone();
    let started = start_patiently(&shutdown, &readiness, Error::retry_helps, || {
        LaneContext::new(config.clone(), context.clone(), progress.clone())
    });
    let Some(shared) = started? else {
        return Ok(());
    };
    tracing::info!(partitions = shared.partitions, group = %shared.config.group, "enrich starts");
    let served = group::Member::join(Arc::new(shared))?.serve(&shutdown);
    tracing::info!("enrich has stopped");
    served
}
