//! Where the gateway's records go: the producer library, or a stand-in of a test.

use std::pin::Pin;

use kaiku_ingest::{DeliveryError, DeviceId, Error, Producer};
use kaiku_raw::{Forget, RawBatch};
use kaiku_wire::Day;

/// A record on its way; it completes when the broker has it, or when it was given up.
pub type Pending = Pin<Box<dyn Future<Output = Result<(), DeliveryError>> + Send>>;

/// Takes what was decoded, validates it, and sends it.
pub trait Sink: Send + Sync {
    /// The day on which a batch is received now.
    fn today(&self) -> Day;

    /// Takes a batch that is received now. It does not wait for room.
    ///
    /// # Errors
    /// [`Error::Refused`] where the batch is not valid; others where it can't be taken now.
    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error>;

    /// Takes that a device is to be forgotten. It does not wait for room.
    ///
    /// # Errors
    /// As for a batch.
    fn forget(&self, forget: &Forget<'_>) -> Result<Pending, Error>;

    /// How many partitions answer each for itself.
    fn partitions(&self) -> usize {
        1
    }

    /// Which of them has the records of a device.
    fn partition_of(&self, _device: &DeviceId) -> usize {
        0
    }

    /// Asks a partition whether it takes records, by a record that counts for nothing; `None` where
    /// there is no such record.
    fn probe(&self, _partition: usize) -> Option<Pending> {
        None
    }
}

impl Sink for Producer {
    fn today(&self) -> Day {
        Producer::today(self)
    }

    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error> {
        let record = self.encode(batch).map_err(Error::Refused)?;
        Ok(Box::pin(self.try_send_encoded(record)?))
    }

    fn forget(&self, forget: &Forget<'_>) -> Result<Pending, Error> {
        let record = self.framer().forget(forget).map_err(Error::Refused)?;
        Ok(Box::pin(self.try_send_encoded(record)?))
    }

    fn partitions(&self) -> usize {
        usize::try_from(Producer::partitions(self)).unwrap_or(1)
    }

    fn partition_of(&self, device: &DeviceId) -> usize {
        usize::try_from(Producer::partition_of(self, device)).unwrap_or(0)
    }

    fn probe(&self, partition: usize) -> Option<Pending> {
        let delivery = self.try_tick(i32::try_from(partition).ok()?)?;
        Some(Box::pin(delivery))
    }
}
