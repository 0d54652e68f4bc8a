//! What every stage is given.

use std::sync::Arc;

use kaiku_broker::{Cluster, TopicsConfig};
use kaiku_catalogue::Catalogue;
use kaiku_registry::Registry;
use kaiku_wire::Clock;
use tokio_util::sync::CancellationToken;

use crate::RandomSource;

/// What every stage is given, beside its own settings. Clones share it.
#[derive(Clone)]
pub struct Context {
    /// How to reach Kafka; checked.
    pub cluster: Cluster,
    /// The shape that the topics are held to.
    pub topics: TopicsConfig,
    /// Where schemas stand behind an id; none where records carry fingerprints.
    pub registry: Option<Arc<Registry>>,
    /// The closed vocabularies.
    pub catalogue: Arc<Catalogue>,
    /// The time.
    pub clock: Clock,
    /// Where keys, nonces and the order of what is mixed come from.
    pub random: RandomSource,
    /// Cancelled to have the stage stop.
    pub shutdown: CancellationToken,
}

impl Context {
    /// A context with the machine's clock, the system's random numbers, no registry and a shutdown
    /// of its own.
    pub fn new(cluster: Cluster, topics: TopicsConfig, catalogue: Arc<Catalogue>) -> Context {
        Context {
            cluster,
            topics,
            registry: None,
            catalogue,
            clock: Clock::system(),
            random: RandomSource::system(),
            shutdown: CancellationToken::new(),
        }
    }
}
