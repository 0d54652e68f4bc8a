//! What all lanes of a process share.

use std::sync::Arc;

use kaiku_broker::{Admin, CheckOptions, KafkaConfig, Scope, check};
use kaiku_catalogue::Catalogue;
use kaiku_raw::RejectedEncoder;
use kaiku_registry::{Registry, subject_of};
use kaiku_stripped::Encoder;
use kaiku_wire::Schema;
use kaiku_wire::frame::{self, Framing};

use crate::clock::Clock;
use crate::keys::KeyRing;
use crate::progress::Progress;
use crate::strip::Vocabulary;
use crate::tick::Ticker;
use crate::{Config, Error};

/// What all lanes of a process share.
pub(crate) struct Stage {
    pub(crate) kafka: KafkaConfig,
    pub(crate) config: Config,
    /// Partitions of the raw topic, and so of every other one.
    pub(crate) partitions: i32,
    pub(crate) raw: String,
    pub(crate) stripped: String,
    pub(crate) rejected: String,
    pub(crate) keys: KeyRing,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) registry: Option<Registry>,
    ids: Option<Ids>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) clock: Clock,
    pub(crate) ticker: Ticker,
}

/// Under which ids the registry has what this stage writes.
#[derive(Clone, Copy)]
struct Ids {
    events: u32,
    pairs: u32,
    closed: u32,
    rejected: u32,
}

impl Stage {
    /// Checks settings and topics, and makes what the lanes share.
    pub(crate) fn new(
        config: Config,
        kafka: KafkaConfig,
        registry: Option<Registry>,
        catalogue: Arc<Catalogue>,
        progress: Arc<Progress>,
        clock: Clock,
    ) -> Result<Stage, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let options = CheckOptions {
            scope: Scope::Enrich,
            replication: config.replication,
            replay: config.replay,
            months: Vec::new(),
        };
        let wrong = check(&kafka, &options).map_err(Error::broker("checking the topics"))?;
        if !wrong.is_empty() {
            return Err(Error::Topics(wrong));
        }
        let topics = kafka.topics();
        let partitions = Admin::connect(&kafka)
            .and_then(|admin| admin.partition_count(&topics.raw()))
            .map_err(Error::broker("counting the partitions"))?;
        let ids = registry.as_ref().map(Ids::register).transpose()?;
        let ticker = Ticker::new(&kafka)?;
        let keys = KeyRing::new(kafka.clone(), config.clone());
        if !config.replay {
            keys.month(clock.day().month())?;
        }
        Ok(Stage {
            partitions,
            raw: topics.raw(),
            stripped: topics.stripped(),
            rejected: topics.rejected(),
            keys,
            vocabulary: Vocabulary::new(catalogue),
            registry,
            ids,
            progress,
            clock,
            ticker,
            kafka,
            config,
        })
    }

    /// New encoders for one lane.
    pub(crate) fn encoders(&self) -> (Encoder, RejectedEncoder) {
        match self.ids {
            Some(ids) => (
                Encoder::confluent(ids.events, ids.pairs, ids.closed),
                RejectedEncoder::new(Some(ids.rejected)),
            ),
            None => (Encoder::single_object(), RejectedEncoder::new(None)),
        }
    }

    /// Whether a record of `events.stripped` closes a day.
    pub(crate) fn is_close(&self, record: &[u8]) -> bool {
        match frame::parse(record) {
            Ok((Framing::SingleObject(print), _)) => {
                print == kaiku_stripped::schemas::DAY_CLOSED.fingerprint()
            }
            Ok((Framing::Confluent(id), _)) => self.ids.is_some_and(|ids| ids.closed == id),
            Err(_) => false,
        }
    }

    /// A lane is not this process's any more.
    pub(crate) fn gone(&self, partition: i32) {
        self.stopped(partition, None);
        self.progress.lane_gone(partition);
    }

    /// Shows why a lane stands still, or that it does not any more.
    pub(crate) fn stopped(&self, partition: i32, reason: Option<&'static str>) {
        let gauge = |reason: &'static str| {
            metrics::gauge!(
                "kaiku_lane_stopped",
                "partition" => partition.to_string(),
                "reason" => reason
            )
        };
        self.progress.lane(partition, |lane| {
            if let Some(before) = lane.stopped {
                gauge(before).set(0.0);
            }
            lane.stopped = reason;
        });
        if let Some(reason) = reason {
            gauge(reason).set(1.0);
        }
    }
}

impl Ids {
    fn register(registry: &Registry) -> Result<Ids, Error> {
        let id = |schema: &Schema| {
            registry
                .register(subject_of(schema.name()), schema.text())
                .map_err(|source| Error::Registry {
                    operation: "registering a schema",
                    source,
                })
        };
        Ok(Ids {
            events: id(&kaiku_stripped::schemas::STRIPPED_BATCH)?,
            pairs: id(&kaiku_stripped::schemas::PAIR_BATCH)?,
            closed: id(&kaiku_stripped::schemas::DAY_CLOSED)?,
            rejected: id(&kaiku_raw::schemas::REJECTED)?,
        })
    }
}
