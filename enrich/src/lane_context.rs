//! What all lanes of a process share.

use kaiku_broker::{Admin, Cluster, Scope};
use kaiku_raw::RejectedEncoder;
use kaiku_registry::{Registry, subject_of};
use kaiku_stage::{Context, RandomSource, Standstill};
use kaiku_stripped::Encoder;
use kaiku_wire::frame::{self, Framing};
use kaiku_wire::{Clock, Schema};

use crate::config::Config;
use crate::error::Error;
use crate::keys::KeyRing;
use crate::lane::Transactions;
use crate::progress::Progress;
use crate::strip::Vocabulary;
use crate::tick::Ticker;

/// What all lanes of a process share.
pub(crate) struct LaneContext {
    pub(crate) cluster: Cluster,
    pub(crate) admin: Admin,
    pub(crate) config: Config,
    /// History is replayed: record times are the producers', and whoever replays closes the days.
    pub(crate) replay: bool,
    /// Partitions of the raw topic, and so of every other one.
    pub(crate) partitions: i32,
    pub(crate) raw: String,
    pub(crate) stripped: String,
    pub(crate) rejected: String,
    /// The first part of every lane's `transactional.id`.
    writer: String,
    pub(crate) keys: KeyRing,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) registry: Option<std::sync::Arc<Registry>>,
    ids: Option<Ids>,
    pub(crate) progress: Progress,
    pub(crate) clock: Clock,
    pub(crate) random: RandomSource,
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

impl LaneContext {
    /// Checks settings and topics, and makes what the lanes share.
    pub(crate) fn new(
        config: Config,
        context: Context,
        progress: Progress,
    ) -> Result<LaneContext, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let mut config = config;
        let Context {
            cluster,
            topics: shape,
            registry,
            catalogue,
            clock,
            random,
            shutdown: _,
        } = context;
        Admin::greet(&cluster).map_err(Error::broker("looking for the brokers"))?;
        let admin =
            Admin::connect(&cluster).map_err(Error::broker("making a client for questions"))?;
        let months = admin
            .months()
            .map_err(Error::broker("listing the state topics"))?;
        let topics = admin
            .examine(&shape, Scope::Enrich, &months)
            .map_err(Error::broker("checking the topics"))?;
        if !topics.wrong.is_empty() {
            return Err(Error::Topics(topics.wrong));
        }
        for remark in topics.remarks {
            tracing::warn!("{remark}");
        }
        let topics = cluster.topics();
        let partitions = admin
            .partition_count(&topics.raw())
            .map_err(Error::broker("counting the partitions"))?;
        if let Some(partition) = config.accept.beyond(partitions) {
            return Err(Error::Settings(vec![format!(
                "an option of this start names partition {partition}, and `{}` has {partitions}, counted from 0",
                topics.raw()
            )]));
        }
        let ids = registry.as_deref().map(Ids::register).transpose()?;
        let ticker = Ticker::new(&cluster)?;
        let writer = config.writer_under(cluster.prefix());
        config.group = config.group_under(cluster.prefix());
        // The ring writes too, and names its producer by the group that it is given.
        let of_ring = Config {
            group: writer.clone(),
            ..config.clone()
        };
        let keys = KeyRing::new(cluster.clone(), of_ring, random.clone());
        if !shape.replay {
            keys.month(&admin, clock.today().month())?;
        }
        Ok(LaneContext {
            partitions,
            replay: shape.replay,
            raw: topics.raw(),
            stripped: topics.stripped(),
            rejected: topics.rejected(),
            writer,
            keys,
            vocabulary: Vocabulary::new(catalogue),
            registry,
            ids,
            progress,
            clock,
            random,
            ticker,
            admin,
            cluster,
            config,
        })
    }

    /// Takes over the transactional id of a partition's lane.
    pub(crate) fn take_over(&self, partition: i32) -> Result<Transactions, Error> {
        Transactions::take_over(&self.cluster, &self.config, &self.writer, partition)
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

    /// A partition is at work, or about to be.
    pub(crate) fn works(&self, partition: i32) {
        self.progress.readiness().works(partition);
    }

    /// A partition stands still: shown in the metric and by readiness.
    pub(crate) fn stands_still(&self, partition: i32, why: Standstill, text: impl Into<String>) {
        self.progress.stands_still(partition, why, text);
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
            events: id(&kaiku_stripped::schemas::STRIPPED_EVENTS)?,
            pairs: id(&kaiku_stripped::schemas::STRIPPED_PAIRS)?,
            closed: id(&kaiku_stripped::schemas::DAY_CLOSED)?,
            rejected: id(&kaiku_raw::schemas::REJECTED)?,
        })
    }
}
