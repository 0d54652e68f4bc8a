//! The months' random keys: made once each, kept sealed on `enrich.keys`, destroyed in the end.

mod file;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kaiku_broker::{Admin, Cluster, drain, ensure_state_topic};
use kaiku_stage::{RandomSource, failpoint};
use kaiku_wire::Month;
use rand::{Rng, RngCore};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use zeroize::Zeroizing;

use crate::config::Config;
use crate::error::Error;
use crate::read::{NEVER, read_all};
use crate::token::{self, MonthKey};

/// How often two processes that make a key at once may push each other aside.
const TRIES: u32 = 20;
const STEP: Duration = Duration::from_millis(200);
/// How long a key is looked for before the right to write one is taken over.
const LOOK: Duration = Duration::from_secs(2);

/// The months' keys that this process has asked for.
pub(crate) struct KeyRing {
    cluster: Cluster,
    config: Config,
    random: RandomSource,
    known: Mutex<HashMap<Month, Arc<MonthKey>>>,
}

impl KeyRing {
    /// A ring that asks this cluster, and makes keys of these random numbers.
    pub(crate) fn new(cluster: Cluster, config: Config, random: RandomSource) -> KeyRing {
        KeyRing {
            cluster,
            config,
            random,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The key of a month, made where there is none, with the month's state topic beside it.
    pub(crate) fn month(&self, admin: &Admin, month: Month) -> Result<Arc<MonthKey>, Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = known.get(&month) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.fetch_or_make(month)?);
        ensure_state_topic(admin, month).map_err(Error::broker("making a month's state topic"))?;
        known.insert(month, Arc::clone(&key));
        Ok(key)
    }

    /// One fixed `transactional.id` makes all keys: whoever initialises it has pushed every other
    /// writer aside, so that what it then reads is all there will be.
    fn fetch_or_make(&self, month: Month) -> Result<MonthKey, Error> {
        let mut rng = self.random.generator();
        for _ in 1..TRIES {
            match self.attempt(month) {
                Err(Error::Kafka { operation, .. }) => {
                    tracing::info!(%month, operation, "another process makes keys too; trying again");
                    // Not in step with whoever does the same.
                    std::thread::sleep(STEP.mul_f64(rng.random_range(0.5..1.5)));
                }
                other => return other,
            }
        }
        self.attempt(month)
    }

    fn attempt(&self, month: Month) -> Result<MonthKey, Error> {
        // A key that stands there is never written again: most of the time reading it is enough.
        match self.read(month, LOOK) {
            Ok(Some(key)) => return Ok(key),
            Ok(None) | Err(Error::Waits { .. }) => {}
            Err(error) => return Err(error),
        }
        let producer: BaseProducer = self
            .cluster
            .client("keys")
            .set("transactional.id", format!("{}-keys", self.config.group))
            .set("transaction.timeout.ms", "30000")
            .create()
            .map_err(Error::kafka("making the producer of keys"))?;
        let timeout = self.config.transaction_timeout;
        producer
            .init_transactions(timeout)
            .map_err(Error::kafka("taking over the keys"))?;
        failpoint("keys.fenced");
        if let Some(key) = self.read(month, timeout)? {
            return Ok(key);
        }
        self.write(&producer, month)
    }

    /// The month's key as it stands on `enrich.keys`.
    fn read(&self, month: Month, within: Duration) -> Result<Option<MonthKey>, Error> {
        let topic = self.cluster.topics().keys();
        let name = month.to_string();
        let mut sealed = None;
        read_all(&self.cluster, &topic, 0, within, &NEVER, |message| {
            if message.key() == Some(name.as_bytes()) {
                sealed = message.payload().map(<[u8]>::to_vec);
            }
            Ok(())
        })?;
        let Some(sealed) = sealed else {
            return Ok(None);
        };
        let other = |source| Error::MonthKey { month, source };
        let kek = file::read(&self.config.keys_dir, month)?;
        let opened = token::open(&kek, name.as_bytes(), &sealed).map_err(other)?;
        let secret = opened.try_into().map_err(|_| other(token::SealError))?;
        let secret: Zeroizing<[u8; 32]> = Zeroizing::new(secret);
        Ok(Some(MonthKey::new(&secret)))
    }

    /// Makes a month's key and writes it, by the producer that has pushed every other one aside.
    fn write(&self, producer: &BaseProducer, month: Month) -> Result<MonthKey, Error> {
        let timeout = self.config.transaction_timeout;
        let topic = self.cluster.topics().keys();
        let name = month.to_string();
        let mut rng = self.random.generator();
        let make = self.config.create_keys.then_some(&mut rng);
        let kek = file::read_or_make(&self.config.keys_dir, month, make)?;
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *secret);
        let mut value = Vec::new();
        token::seal(&kek, &mut rng, name.as_bytes(), &*secret, &mut value)
            .map_err(|source| Error::MonthKey { month, source })?;
        producer
            .begin_transaction()
            .map_err(Error::kafka("writing a month's key"))?;
        producer
            .send(
                BaseRecord::to(&topic)
                    .partition(0)
                    .key(name.as_bytes())
                    .payload(&value),
            )
            .map_err(|(error, _)| Error::Kafka {
                operation: "writing a month's key",
                source: error,
            })?;
        drain(producer, timeout);
        failpoint("keys.written");
        producer
            .commit_transaction(timeout)
            .map_err(Error::kafka("committing a month's key"))?;
        tracing::info!(%month, "made the month's key");
        Ok(MonthKey::new(&secret))
    }

    /// Destroys what is left of a month: its state, its sealed key, and the key that sealed it.
    ///
    /// Keys stand on `enrich.keys` in the order in which they were made: everything up to the
    /// last record of an old month goes.
    pub(crate) fn destroy(&self, admin: &Admin, month: Month) -> Result<(), Error> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.remove(&month);
        let topics = self.cluster.topics();
        admin
            .delete_topic(&topics.state(month))
            .map_err(Error::broker("deleting a month's state topic"))?;
        let mut before = None;
        let timeout = self.config.transaction_timeout;
        read_all(
            &self.cluster,
            &topics.keys(),
            0,
            timeout,
            &NEVER,
            |message| {
                let key = message.key().and_then(|key| std::str::from_utf8(key).ok());
                if key
                    .and_then(|key| Month::parse(key).ok())
                    .is_some_and(|of| of <= month)
                {
                    before = Some(message.offset() + 1);
                }
                Ok(())
            },
        )?;
        if let Some(before) = before {
            admin
                .delete_records(&topics.keys(), 0, before)
                .map_err(Error::broker("deleting a month's key"))?;
        }
        file::destroy(&self.config.keys_dir, month)?;
        tracing::info!(%month, "destroyed the month's key and state");
        Ok(())
    }
}
