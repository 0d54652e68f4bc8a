//! A service that publishes through the producer library, and remembers what was acknowledged.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kaiku_ingest::{Batch, Device, Event, Producer};
use kaiku_raw::{Decoder, DeviceId, Limits, Record as Raw, StreamId};

use super::QUIET;
use crate::support::kafka::{Isolation, read};
use crate::support::world::World;

/// Sends one batch after the other through the producer library, and keeps which were
/// acknowledged.
pub(super) struct Publisher {
    acknowledged: Arc<Mutex<HashSet<u64>>>,
    failed: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Publisher {
    pub(super) fn start(kafka: &kaiku_broker::Cluster) -> Publisher {
        let config = kaiku_ingest::Config {
            queue_bytes: 1 << 20,
            ..kaiku_ingest::Config::default()
        };
        let producer = Producer::start(kafka, None, &config).unwrap();
        let acknowledged: Arc<Mutex<HashSet<u64>>> = Arc::default();
        let failed = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (acknowledged, failed, over) = (
                Arc::clone(&acknowledged),
                Arc::clone(&failed),
                Arc::clone(&over),
            );
            move || {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime.block_on(async {
                    let mut number = 0_u64;
                    while !over.load(Ordering::Relaxed) {
                        // Waits here while the queue is full.
                        let delivery = producer.send(&batch(number)).await.unwrap();
                        let (acknowledged, failed) =
                            (Arc::clone(&acknowledged), Arc::clone(&failed));
                        let sent = number;
                        tokio::spawn(async move {
                            match delivery.await {
                                Ok(()) => drop(acknowledged.lock().unwrap().insert(sent)),
                                Err(_) => drop(failed.fetch_add(1, Ordering::Relaxed)),
                            }
                        });
                        number += 1;
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    producer.close(QUIET).await.unwrap();
                });
            }
        });
        Publisher {
            acknowledged,
            failed,
            over,
            thread,
        }
    }

    /// Ends it; the numbers that were acknowledged, and how many were given up.
    pub(super) fn stop(self) -> (HashSet<u64>, u64) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().unwrap());
        (acknowledged, self.failed.load(Ordering::Relaxed))
    }
}

const DEVICES: u64 = 500;

/// A batch that tells its number by its device and sequence.
fn batch(number: u64) -> Batch {
    let mut id = [7; 16];
    id[..8].copy_from_slice(&(number % DEVICES).to_be_bytes());
    let device = Device::new(DeviceId::new(id), "Nokia", "TA-1053");
    let since = kaiku_wire::Day::from_ymd(2026, 1, 1).unwrap();
    let sequence = i64::try_from(number / DEVICES * 2).unwrap();
    Batch::new(device, "maps", "4.2", kaiku_raw::Consent::new(1, since))
        .numbered(StreamId::new([1; 8]), sequence)
        .event(Event::started())
        .event(Event::feature_used("route.car"))
}

/// Which of these are not there, however often one looks. Where leaders change, a broker that does not know yet
/// that it leads no more may answer with an end of before, and what was acknowledged behind it is not seen.
pub(super) fn missing(wanted: &HashSet<u64>, standing: impl Fn() -> HashSet<u64>) -> Vec<u64> {
    let begin = Instant::now();
    loop {
        let missing: Vec<u64> = wanted.difference(&standing()).copied().collect();
        if missing.is_empty() || begin.elapsed() > QUIET {
            return missing;
        }
        println!("{} are not to be seen yet: {missing:?}", missing.len());
        std::thread::sleep(Duration::from_secs(2));
    }
}

/// The numbers of the batches that stand on events.raw.
pub(super) fn standing(world: &World) -> HashSet<u64> {
    let decoder = Decoder::new(Limits::CONTRACT);
    let records = read(
        &world.kafka,
        &world.kafka.topics().raw(),
        Isolation::Uncommitted,
    );
    let number = |value: &[u8]| match decoder.decode(value) {
        Ok(Raw::Batch(batch)) => {
            let device = batch.device.id.as_bytes()[..8].try_into().unwrap();
            let sequence = u64::try_from(batch.first_sequence.unwrap()).unwrap();
            Some(sequence / 2 * DEVICES + u64::from_be_bytes(device))
        }
        _ => None,
    };
    records
        .iter()
        .filter_map(|record| number(record.value.as_ref()?))
        .collect()
}
