//! The strip: identity in, marks of first use out, exactly once.
//!
//! Of all packages only this one names both what a device says ([`kaiku_raw`]) and what may be
//! kept ([`kaiku_stripped`]). One group member a process, one lane a partition; a lane decodes,
//! deduplicates, looks up, bounds, marks and strips, and commits output, state and offsets in one
//! Kafka transaction. `strip.rs` is the one door.

mod clock;
mod config;
mod day;
mod error;
mod group;
mod keys;
mod lane;
mod progress;
mod read;
mod stage;
mod state;
mod strip;
mod tick;
mod token;
mod upkeep;

use std::sync::Arc;

use kaiku_broker::KafkaConfig;
use kaiku_catalogue::Catalogue;
use kaiku_registry::Registry;
use tokio_util::sync::CancellationToken;

pub use clock::Clock;
pub use config::{Accept, ClockAhead, Config};
pub use error::{Error, Refusal};
pub use progress::{Lane, Progress, Totals};
pub use token::SealError;

/// Runs the stage until `shutdown` is cancelled. It blocks: give it a thread of its own.
///
/// On a clean stop nothing is open: what was taken in and not committed is taken in again by
/// whoever comes next.
///
/// # Errors
/// Where settings, topics, keys or the registry can't be used, or Kafka ends the group member.
pub fn run(
    config: Config,
    kafka: KafkaConfig,
    registry: Option<kaiku_registry::Config>,
    catalogue: Arc<Catalogue>,
    progress: Arc<Progress>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    run_by(
        Clock::system(),
        config,
        kafka,
        registry,
        catalogue,
        progress,
        shutdown,
    )
}

/// Like [`run`], by another clock than the machine's.
///
/// # Errors
/// As [`run`].
#[allow(clippy::needless_pass_by_value)]
pub fn run_by(
    clock: Clock,
    config: Config,
    kafka: KafkaConfig,
    registry: Option<kaiku_registry::Config>,
    catalogue: Arc<Catalogue>,
    progress: Arc<Progress>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    let registry = registry
        .map(|config| Registry::new(&config))
        .transpose()
        .map_err(|source| Error::Registry {
            operation: "reading its settings",
            source,
        })?;
    let stage = stage::Stage::new(config, kafka, registry, catalogue, progress, clock)?;
    tracing::info!(partitions = stage.partitions, group = %stage.config.group, "enrich starts");
    let served = group::Member::join(Arc::new(stage))?.serve(&shutdown);
    tracing::info!("enrich has stopped");
    served
}
