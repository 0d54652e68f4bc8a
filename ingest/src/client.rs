//! librdkafka's producer, and another in its place where it has died.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer as _, PurgeConfig};

use crate::delivery::Answers;
use crate::metrics::REPLACED;

/// The least time between two clients: where the broker kills one after the other, it is not asked
/// for the next at once.
const REPLACE: Duration = Duration::from_secs(1);

/// How long the reports of what is given up are waited for.
const REPORTS: Duration = Duration::from_millis(50);

/// The client of this moment, and how the next is made.
pub(crate) struct Client {
    current: RwLock<Arc<BaseProducer<Answers>>>,
    settings: ClientConfig,
}

impl Client {
    pub(crate) fn new(settings: ClientConfig) -> Result<Client, KafkaError> {
        let made = settings.create_with_context(Answers)?;
        Ok(Client {
            current: RwLock::new(Arc::new(made)),
            settings,
        })
    }

    pub(crate) fn current(&self) -> Arc<BaseProducer<Answers>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Puts a new client in the place of one that has died of an error after which librdkafka takes
    /// no record any more, such as a sequence number that the broker did not expect. What the dead
    /// one had is given up: whether the broker has it can't be told, and whoever sends it again is
    /// known by its stream's numbers.
    pub(crate) fn replace_dead(&self, replaced: &mut Option<Instant>) {
        let dead = self.current();
        if dead.client().fatal_error().is_none()
            || replaced.is_some_and(|when| when.elapsed() < REPLACE)
        {
            return;
        }
        *replaced = Some(Instant::now());
        give_up_all(&dead);
        match self.settings.create_with_context(Answers) {
            Ok(made) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(made);
                // A record may have been handed over between the two.
                give_up_all(&dead);
                REPLACED.with([]).increment(1);
                let code = dead.client().fatal_error().map(|(code, _)| code);
                tracing::error!(?code, "the producer had died; another is in its place");
            }
            Err(error) => tracing::error!(%error, "the producer has died"),
        }
    }
}

/// Ends every record that a client still has; each delivery says so.
pub(crate) fn give_up_all(client: &BaseProducer<Answers>) {
    client.purge(PurgeConfig::default().queue().inflight());
    client.poll(REPORTS);
}
