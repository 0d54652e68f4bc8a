//! Where the gateway's records go: the producer library, or a stand-in of a test.

use std::pin::Pin;

use kaiku_ingest::{DeliveryError, Error, Producer};
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
}
