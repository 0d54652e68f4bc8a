//! The producer: a bounded queue, a thread that serves librdkafka, and a clean end.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Cluster, TopicsConfig};
use kaiku_raw::{DeviceId, RawBatch, Reason, partition_of, schemas};
use kaiku_registry::{Registry, subject_of};
use kaiku_wire::{Clock, Day, Schema};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, Producer as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::client::{Client, give_up_all};
use crate::delivery::Ticket;
use crate::metrics::QUEUE_BYTES;
use crate::{Batch, Config, Delivery, Encoded, Error, Forget, Framer};

/// What a record costs beside its own bytes: librdkafka's message and our ticket.
const OVERHEAD: u32 = 256;

/// How often the thread looks whether it is to end.
const STEP: Duration = Duration::from_millis(50);

/// Puts records onto events.raw. Cheap to clone; all clones share one queue.
///
/// acks=all and idempotent: a record whose [`Delivery`] is `Ok` stands on every replica in sync,
/// and once.
#[derive(Clone)]
pub struct Producer {
    shared: Arc<Shared>,
    /// The thread ends when the last clone is gone, or when it is asked to.
    end: Arc<Sender<End>>,
}

struct Shared {
    client: Client,
    framer: Framer,
    topic: String,
    room: Arc<Semaphore>,
    queue_bytes: u32,
    partitions: i32,
    replay: bool,
    clock: Clock,
    /// Whether it is known that the brokers are where something may be sent to them.
    looked: AtomicBool,
    /// Where they are, if they are where nothing may be sent to them.
    elsewhere: OnceLock<Vec<String>>,
}

/// Asks the thread to end: until when, and whom to tell how many records were left.
struct End {
    deadline: Instant,
    left: oneshot::Sender<usize>,
}

/// How soon it is looked again where the brokers are, before they have answered and then.
const LOOK: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(10)];

/// Where nothing protects what is sent: looks where the brokers say that they are, for as long as the
/// producer lives. Before it has seen them there is no room for a record, and none any more once one of
/// them is elsewhere. Each time by a client of its own: one that has learned of an address asks there.
fn look(shared: &Weak<Shared>, cluster: &Cluster) {
    while let Some(shared) = shared.upgrade().filter(|shared| !shared.room.is_closed()) {
        match Admin::greet(cluster) {
            Ok(()) => shared.make_room(),
            Err(kaiku_broker::Error::Plaintext(elsewhere)) => {
                let error = kaiku_broker::Error::Plaintext(elsewhere.clone());
                tracing::error!(%error, "the producer sends nothing any more");
                let _ = shared.elsewhere.set(elsewhere);
                return shared.room.close();
            }
            Err(_) => {}
        }
        let pause = LOOK[usize::from(shared.looked.load(Ordering::Relaxed))];
        drop(shared);
        std::thread::sleep(pause);
    }
}

impl Producer {
    /// Makes a producer and starts its thread. With a registry, the schemas are registered first
    /// (it blocks for that), and Confluent's framing is written.
    ///
    /// A broker that is away is no error: records wait for it, up to `delivery_timeout`. Where nothing
    /// protects what is sent (no TLS, and not `insecure`) there is no room for a record before the
    /// brokers have answered from this machine: `send` waits until then.
    ///
    /// # Errors
    /// Where the settings can't be used, or the registry gives no ids.
    pub fn start(
        cluster: &Cluster,
        registry: Option<&Registry>,
        config: &Config,
    ) -> Result<Producer, Error> {
        Producer::start_on(cluster, &TopicsConfig::default(), registry, config)
    }

    /// Like [`Producer::start`], for topics of this shape: where history is replayed, records may
    /// have the time at which they happened.
    ///
    /// # Errors
    /// As [`Producer::start`].
    pub fn start_on(
        cluster: &Cluster,
        topics: &TopicsConfig,
        registry: Option<&Registry>,
        config: &Config,
    ) -> Result<Producer, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let mut client = cluster.client("ingest");
        settings(&mut client, config);
        let framer = match registry {
            None => Framer::single_object(),
            Some(registry) => registered(registry)?,
        };
        let shared = Arc::new(Shared {
            client: Client::new(client).map_err(Error::Create)?,
            framer,
            topic: cluster.topics().raw(),
            // Nothing is handed over before it is known where it would go.
            room: Arc::new(Semaphore::new(0)),
            looked: AtomicBool::new(false),
            elsewhere: OnceLock::new(),
            queue_bytes: config.queue_bytes,
            partitions: topics.partitions,
            replay: topics.replay,
            clock: Clock::system(),
        });
        if cluster.must_stay_here() {
            let looking = Arc::downgrade(&shared);
            let cluster = cluster.clone();
            thread("kaiku-producer-look", move || look(&looking, &cluster))?;
        } else {
            shared.make_room();
        }
        let (end, ended) = channel();
        let serving = shared.clone();
        thread("kaiku-producer", move || serve(&serving, &ended))?;
        Ok(Producer {
            shared,
            end: Arc::new(end),
        })
    }

    /// Validates and encodes a batch, and waits until the queue takes it.
    ///
    /// # Errors
    /// [`Error::Refused`] where it is not valid, or where the producer was closed.
    pub async fn send(&self, batch: &Batch) -> Result<Delivery, Error> {
        let record = self.encode(&batch.as_raw()).map_err(Error::Refused)?;
        self.send_encoded(record).await
    }

    /// Like [`Producer::send`], but does not wait.
    ///
    /// # Errors
    /// [`Error::Full`] where the queue has no room.
    pub fn try_send(&self, batch: &Batch) -> Result<Delivery, Error> {
        let record = self.encode(&batch.as_raw()).map_err(Error::Refused)?;
        self.try_send_encoded(record)
    }

    /// Sends that a device is to be forgotten, behind what it has sent before.
    ///
    /// # Errors
    /// Where the app's name is none, or where the producer was closed.
    pub async fn forget(&self, forget: &Forget) -> Result<Delivery, Error> {
        let record = self
            .framer()
            .forget(&forget.as_raw())
            .map_err(Error::Refused)?;
        self.send_encoded(record).await
    }

    /// Sends a tick to one partition: a record of which nothing but the broker's time counts.
    ///
    /// # Errors
    /// Where the producer was closed, or there is no such partition.
    pub async fn tick(&self, partition: i32) -> Result<Delivery, Error> {
        let record = self.framer().tick(partition).map_err(Error::Refused)?;
        self.send_encoded(record).await
    }

    /// As [`Producer::tick`], without waiting; `None` where the record can't be taken now, or where
    /// history is replayed: there the broker's time is not that of the records.
    pub fn try_tick(&self, partition: i32) -> Option<Delivery> {
        if self.shared.replay {
            return None;
        }
        self.try_send_encoded(self.framer().tick(partition).ok()?)
            .ok()
    }

    /// How many partitions the topic has, as the settings say.
    pub fn partitions(&self) -> i32 {
        self.shared.partitions
    }

    /// The partition that a device's records go to, of as many as the settings say.
    pub fn partition_of(&self, device: &DeviceId) -> i32 {
        partition_of(device.as_bytes(), self.shared.partitions)
    }

    /// Validates and encodes a batch that is received today, in this producer's framing.
    ///
    /// # Errors
    /// The reason for which enrich would reject it.
    pub fn encode(&self, batch: &RawBatch<'_>) -> Result<Encoded, Reason> {
        self.framer().batch(batch, self.today())
    }

    /// Validates and encodes a batch of the past: its record has the time `millis` since
    /// 1970-01-01 UTC.
    ///
    /// # Errors
    /// The reason for which enrich would reject it.
    pub fn encode_at(&self, batch: &RawBatch<'_>, millis: i64) -> Result<Encoded, Reason> {
        Ok(self
            .framer()
            .batch(batch, Day::from_millis(millis))?
            .at(millis))
    }

    /// The day on which a batch is received now.
    pub fn today(&self) -> Day {
        self.shared.clock.today()
    }

    /// The framing of this producer.
    pub fn framer(&self) -> &Framer {
        &self.shared.framer
    }

    /// Waits until the queue takes the record.
    ///
    /// # Errors
    /// Where the producer was closed, or librdkafka does not take it.
    pub async fn send_encoded(&self, record: Encoded) -> Result<Delivery, Error> {
        let room = self.shared.room.clone().acquire_many_owned(cost(&record));
        self.enqueue(&record, room.await.map_err(|_| self.shared.closed())?)
    }

    /// Takes the record if the queue has room for it at once.
    ///
    /// # Errors
    /// [`Error::Full`] where it has none, others as for [`Producer::send_encoded`].
    pub fn try_send_encoded(&self, record: Encoded) -> Result<Delivery, Error> {
        let room = self
            .shared
            .room
            .clone()
            .try_acquire_many_owned(cost(&record));
        let room = room.map_err(|error| match error {
            tokio::sync::TryAcquireError::NoPermits => Error::Full,
            tokio::sync::TryAcquireError::Closed => self.shared.closed(),
        })?;
        self.enqueue(&record, room)
    }

    /// Takes no more records, waits until those it has are delivered, `within` at most, and
    /// ends the thread.
    ///
    /// # Errors
    /// [`Error::Undelivered`] with the number of records that were given up; each of their
    /// deliveries says so too.
    pub async fn close(&self, within: Duration) -> Result<(), Error> {
        self.shared.room.close();
        let (left, wait) = oneshot::channel();
        // Where the thread has ended, a clone of this producer was closed before.
        let _ = self.end.send(End {
            deadline: Instant::now() + within,
            left,
        });
        match wait.await.unwrap_or(0) {
            0 => Ok(()),
            left => Err(Error::Undelivered(left)),
        }
    }

    fn enqueue(&self, record: &Encoded, room: OwnedSemaphorePermit) -> Result<Delivery, Error> {
        if record.millis.is_some() && !self.shared.replay {
            return Err(Error::NoReplay);
        }
        let (ticket, delivery) = Ticket::new(room);
        let mut message: BaseRecord<'_, [u8; 16], [u8], Box<Ticket>> =
            BaseRecord::with_opaque_to(&self.shared.topic, ticket).payload(&record.payload);
        if let Some(key) = &record.key {
            message = message.key(key);
        }
        if let Some(partition) = record.partition {
            message = message.partition(partition);
        }
        if let Some(millis) = record.millis {
            message = message.timestamp(millis);
        }
        match self.shared.client.current().send(message) {
            Ok(()) => Ok(delivery),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                Err(Error::Full)
            }
            // It has died; the thread puts another in its place.
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::Fatal), _)) => Err(Error::Full),
            Err((error, _)) => Err(Error::Enqueue(error)),
        }
    }
}

impl fmt::Debug for Producer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Producer")
    }
}

fn cost(record: &Encoded) -> u32 {
    // Records are no larger than the contract allows, far below 4 GiB.
    u32::try_from(record.payload.len())
        .unwrap_or(u32::MAX)
        .saturating_add(OVERHEAD)
}

fn settings(client: &mut ClientConfig, config: &Config) {
    // The queue is bounded here, in front of librdkafka's own, which must never be the smaller.
    let messages = config.queue_bytes / OVERHEAD + 1;
    let kbytes = (config.queue_bytes / 1024)
        .saturating_mul(2)
        .clamp(1024, 2_097_151);
    client
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .set("compression.type", "zstd")
        .set("linger.ms", config.linger.as_millis().to_string())
        .set(
            "message.timeout.ms",
            config.delivery_timeout.as_millis().to_string(),
        )
        .set("queue.buffering.max.messages", messages.to_string())
        .set("queue.buffering.max.kbytes", kbytes.to_string());
}

fn registered(registry: &Registry) -> Result<Framer, Error> {
    let id = |schema: &Schema| {
        registry
            .register(subject_of(schema.name()), schema.text())
            .map_err(|error| Error::Registry(Box::new(error)))
    };
    Ok(Framer::confluent(
        id(&schemas::RAW_BATCH)?,
        id(&schemas::FORGET)?,
        id(&schemas::TICK)?,
    ))
}

/// The producer's thread: serves delivery reports, puts a new client in the place of one that has
/// died, and at the end waits for the last reports.
fn serve(shared: &Shared, ended: &Receiver<End>) {
    let gauge = QUEUE_BYTES.with([]);
    let mut replaced = None;
    let end = loop {
        shared.client.current().poll(STEP);
        shared.client.replace_dead(&mut replaced);
        gauge.set(f64::from(shared.used()));
        match ended.recv_timeout(Duration::ZERO) {
            Ok(end) => break Some(end),
            // Every clone is gone: nobody can be told, and what is queued is still delivered.
            Err(RecvTimeoutError::Disconnected) => break None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    };
    let deadline = end.as_ref().map(|end| end.deadline);
    let client = shared.client.current();
    // Room is taken before a record is handed over, so that none slips in behind this.
    while shared.used() > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
        client.poll(Duration::from_millis(1));
        if client.client().fatal_error().is_some() {
            break;
        }
    }
    // Besides records, what librdkafka has in flight are errors that nobody has asked for.
    let left = match shared.used() {
        0 => 0,
        _ => usize::try_from(client.in_flight_count()).unwrap_or(0),
    };
    if left > 0 {
        give_up_all(&client);
        tracing::warn!(
            records = left,
            "the producer ended before everything was delivered"
        );
    }
    gauge.set(0.0);
    if let Some(end) = end {
        let _ = end.left.send(left);
    }
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread.spawn(run).map(drop).map_err(Error::Thread)
}

fn permits(queue_bytes: u32) -> usize {
    usize::try_from(queue_bytes).unwrap_or(0)
}

impl Shared {
    /// Takes records from now on.
    fn make_room(&self) {
        if !self.looked.swap(true, Ordering::Relaxed) {
            self.room.add_permits(permits(self.queue_bytes));
        }
    }

    /// Why there is no room any more.
    fn closed(&self) -> Error {
        self.elsewhere.get().map_or(Error::Closed, |elsewhere| {
            let error = kaiku_broker::Error::Plaintext(elsewhere.clone());
            Error::Elsewhere(Box::new(error))
        })
    }

    /// Bytes that records take in the queue.
    fn used(&self) -> u32 {
        if !self.looked.load(Ordering::Relaxed) {
            return 0;
        }
        let free = u32::try_from(self.room.available_permits()).unwrap_or(u32::MAX);
        self.queue_bytes.saturating_sub(free)
    }
}
