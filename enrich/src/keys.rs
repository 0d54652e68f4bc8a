//! The months' random keys: made once each, kept sealed on `enrich.keys`, destroyed in the end.

mod file;
mod topic;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, drain, ensure_state_topic};
use kaiku_stage::{RandomSource, failpoint};
use kaiku_wire::Month;
use rand::{Rng, RngCore};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use zeroize::Zeroizing;

use self::topic::Record;
use crate::config::Config;
use crate::error::Error;
use crate::token::{self, MonthKey};

const STEP: Duration = Duration::from_millis(200);
/// For how long it is tried again to get a key, at least: a coordinator that has just moved takes its
/// time.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a key is looked for before the right to write one is taken over.
const LOOK: Duration = Duration::from_secs(2);
/// The longest that a lane waits while another asks for a key: it then says so, and looks whether it
/// is to stop.
const WAIT: Duration = Duration::from_secs(10);

/// The months' keys that this process has asked for.
pub(crate) struct KeyRing {
    cluster: Cluster,
    config: Config,
    random: RandomSource,
    known: Mutex<BTreeMap<Month, Arc<MonthKey>>>,
    /// Held by whoever asks for a key, so that the others find it known.
    asking: Mutex<()>,
}

impl KeyRing {
    /// A ring that asks this cluster, and makes keys of these random numbers.
    pub(crate) fn new(cluster: Cluster, config: Config, random: RandomSource) -> KeyRing {
        KeyRing {
            cluster,
            config,
            random,
            known: Mutex::default(),
            asking: Mutex::default(),
        }
    }

    /// The key of a month, made where there is none and no state that one has sealed, with the month's
    /// state topic beside it.
    pub(crate) fn month(&self, admin: &Admin, month: Month) -> Result<Arc<MonthKey>, Error> {
        let Some(_asking) = self.ask(month)? else {
            return self.find(month)?.ok_or(Error::NoMonthKey { month });
        };
        let key = Arc::new(self.fetch_or_make(admin, month)?);
        ensure_state_topic(admin, month).map_err(Error::broker("making a month's state topic"))?;
        self.known().insert(month, Arc::clone(&key));
        Ok(key)
    }

    /// The key of a month, where there is one. It is never made: for whoever wants to open what it
    /// has sealed.
    pub(crate) fn find(&self, month: Month) -> Result<Option<Arc<MonthKey>>, Error> {
        let Some(_asking) = self.ask(month)? else {
            return Ok(self.known().get(&month).map(Arc::clone));
        };
        let Some(key) = self.read(month, self.config.transaction_timeout)? else {
            return Ok(None);
        };
        let key = Arc::new(key);
        self.known().insert(month, Arc::clone(&key));
        Ok(Some(key))
    }

    /// The right to ask for a key; `None` where it is known by now.
    fn ask(&self, month: Month) -> Result<Option<MutexGuard<'_, ()>>, Error> {
        let begun = Instant::now();
        loop {
            if self.known().contains_key(&month) {
                return Ok(None);
            }
            let asking = match self.asking.try_lock() {
                Ok(asking) => asking,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= WAIT => {
                    return Err(Error::KeyWaits { month });
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(STEP / 8);
                    continue;
                }
            };
            // Whoever asked before may have found it meanwhile.
            return Ok((!self.known().contains_key(&month)).then_some(asking));
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Month, Arc<MonthKey>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One fixed `transactional.id` makes all keys: whoever initialises it has pushed every other
    /// writer aside, so that what it then reads is all there will be.
    fn fetch_or_make(&self, admin: &Admin, month: Month) -> Result<MonthKey, Error> {
        let mut rng = self.random.generator();
        let begun = Instant::now();
        let patience = self.config.transaction_timeout.max(PATIENCE);
        loop {
            match self.attempt(admin, month) {
                Err(Error::Kafka { operation, .. }) if begun.elapsed() < patience => {
                    tracing::info!(%month, operation, "another process makes keys too; trying again");
                    // Not in step with whoever does the same.
                    std::thread::sleep(STEP.mul_f64(rng.random_range(0.5..1.5)));
                }
                other => return other,
            }
        }
    }

    fn attempt(&self, admin: &Admin, month: Month) -> Result<MonthKey, Error> {
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
        self.check_unused(admin, month)?;
        self.write(&producer, month)
    }

    /// A month of which something was sealed had a key, and another one would open nothing of it.
    fn check_unused(&self, admin: &Admin, month: Month) -> Result<(), Error> {
        let failed = || Error::broker("looking for state of a month that has no key");
        let topic = self.cluster.topics().state(month);
        if !admin.names().map_err(failed())?.contains(&topic) {
            return Ok(());
        }
        for partition in 0..admin.partition_count(&topic).map_err(failed())? {
            let (_, end) = admin.watermarks(&topic, partition).map_err(failed())?;
            if end > 0 {
                return Err(Error::NoMonthKey { month });
            }
        }
        Ok(())
    }

    /// The month's key as it stands on `enrich.keys`.
    fn read(&self, month: Month, within: Duration) -> Result<Option<MonthKey>, Error> {
        let records = topic::records(&self.cluster, within)?;
        let newest = records.iter().rev().find(|one| one.month == Some(month));
        match newest.and_then(|record| record.sealed.as_deref()) {
            Some(sealed) => self.open(month, sealed).map(Some),
            None => Ok(None),
        }
    }

    /// Opens a month's key with the key-encryption key of this host.
    fn open(&self, month: Month, sealed: &[u8]) -> Result<MonthKey, Error> {
        let other = |source| Error::MonthKey { month, source };
        let kek = file::read(&self.config.keys_dir, month)?;
        let name = month.to_string();
        let opened = Zeroizing::new(token::open(&kek, name.as_bytes(), sealed).map_err(other)?);
        let secret: &[u8; 32] = opened
            .as_slice()
            .try_into()
            .map_err(|_| other(token::SealError))?;
        Ok(MonthKey::new(secret))
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
}

/// Destruction. Each step can be taken again, and none asks whether another was taken before.
impl KeyRing {
    /// The months of which this process knows the key.
    pub(crate) fn remembered(&self) -> BTreeSet<Month> {
        self.known().keys().copied().collect()
    }

    /// Has this process know the key of a month no more.
    pub(crate) fn forget(&self, month: Month) {
        self.known().remove(&month);
    }

    /// The months of which a key-encryption key, or what was to become one, lies on this host.
    pub(crate) fn files(&self) -> Result<BTreeSet<Month>, Error> {
        file::months(&self.config.keys_dir)
    }

    /// Deletes the key-encryption key of a month from this host.
    pub(crate) fn destroy_file(&self, month: Month) -> Result<(), Error> {
        file::destroy(&self.config.keys_dir, month)
    }

    /// The months whose sealed key stands on `enrich.keys`.
    pub(crate) fn records(&self) -> Result<BTreeSet<Month>, Error> {
        let records = topic::records(&self.cluster, self.config.transaction_timeout)?;
        Ok(topic::standing(&records))
    }

    /// Deletes the sealed keys of these months, and no other.
    pub(crate) fn destroy_records(
        &self,
        admin: &Admin,
        months: &BTreeSet<Month>,
    ) -> Result<(), Error> {
        let records = topic::records(&self.cluster, self.config.transaction_timeout)?;
        topic::destroy(&self.cluster, admin, &records, months)
    }

    /// What keeps the sealed keys from being opened on this host, by their months.
    pub(crate) fn unopened(&self) -> Result<BTreeMap<Month, Error>, Error> {
        let records = topic::records(&self.cluster, self.config.transaction_timeout)?;
        let mut sealed: BTreeMap<Month, &Record> = BTreeMap::new();
        sealed.extend(records.iter().filter_map(|one| Some((one.month?, one))));
        let failed = sealed.into_iter().filter_map(|(month, record)| {
            let error = self.open(month, record.sealed.as_deref()?).err()?;
            Some((month, error))
        });
        Ok(failed.collect())
    }
}

#[cfg(test)]
mod tests;
