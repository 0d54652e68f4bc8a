//! What a lane does with what a record says.

use kaiku_raw::{DeviceId, Forget, Limits, RawBatch, Reason, Record, partition_of, validate};
use kaiku_wire::Day;
use rdkafka::message::{BorrowedMessage, Message};

use super::take::{Lane, NotTaken};
use crate::decode::Unread;
use crate::strip::Tally;

impl Lane {
    /// Decodes a record and does what it says. The inner error is why it is rejected.
    pub(super) fn handle(
        &mut self,
        message: &BorrowedMessage<'_>,
        day: Day,
        millis: i64,
    ) -> Result<Result<(), Reason>, NotTaken> {
        let Some(payload) = message.payload() else {
            return Ok(Err(Reason::Malformed));
        };
        let (partition, partitions) = (self.partition, self.context.partitions);
        let strays = &mut self.strays;
        let owned = |id: &DeviceId| lies_where_it_belongs(id, partition, partitions, strays);
        let record = match self.reader.read(message.key(), payload, owned) {
            Ok(record) => record,
            Err(Unread::Rejected(reason)) => return Ok(Err(reason)),
            Err(Unread::Waits(why)) => return Err(NotTaken::Waits(why)),
        };
        Ok(match record {
            Record::Tick => Ok(()),
            Record::Batch(batch) => self.upload(message.key(), batch, day, millis),
            Record::Forget(forget) => self
                .owner(message.key(), &forget.device_id)
                .map(|()| self.forget(&forget, day, millis)),
        })
    }

    /// What is left of a device is a bare mark. One that has no state comes in by the quota, as with
    /// an upload: else whoever sends this first would come past it.
    fn forget(&mut self, forget: &Forget<'_>, day: Day, millis: i64) {
        let vocabulary = &self.context.vocabulary;
        let app = forget.app.map(|name| vocabulary.app_key(name, day));
        let most = self.context.config.new_devices_per_hour;
        let arrivals = &mut self.notes.arrivals;
        let enters = || arrivals.enter(app.unwrap_or_default(), day, millis, most);
        if let Some(device) = self.table.device(&forget.device_id, enters) {
            device.turn(day);
            device.forget(app);
        }
    }

    fn upload(
        &mut self,
        key: Option<&[u8]>,
        batch: RawBatch<'_>,
        day: Day,
        millis: i64,
    ) -> Result<(), Reason> {
        let id = batch.device.id;
        self.owner(key, &id)?;
        validate(&batch, &Limits::CONTRACT, day)?;
        let vocabulary = &self.context.vocabulary;
        if !batch
            .consent
            .as_ref()
            .is_some_and(|one| vocabulary.accepts(one))
        {
            return Err(Reason::BadConsent);
        }
        let books = self.notes.books(day);
        let most = self.context.config.new_devices_per_hour;
        let arrivals = &mut self.notes.arrivals;
        let enters = || arrivals.enter(vocabulary.app_key(batch.app, day), day, millis, most);
        let tally = match self.table.device(&id, enters) {
            Some(device) => vocabulary.strip(batch, day, books, device, &mut self.buffer.sink),
            None => Tally::over_quota(&batch),
        };
        self.buffer.add(&tally);
        Ok(())
    }

    /// A record must have its device's key, and lie where that key belongs: else one device could
    /// count in several partitions.
    fn owner(&mut self, key: Option<&[u8]>, id: &DeviceId) -> Result<(), Reason> {
        if key != Some(id.as_bytes()) {
            return Err(Reason::KeyMismatch);
        }
        let partitions = self.context.partitions;
        lies_where_it_belongs(id, self.partition, partitions, &mut self.strays)
    }
}

/// Whether a device's records lie in a partition; a stray is noted.
fn lies_where_it_belongs(
    id: &DeviceId,
    partition: i32,
    partitions: i32,
    strays: &mut bool,
) -> Result<(), Reason> {
    if partition_of(id.as_bytes(), partitions) == partition {
        return Ok(());
    }
    *strays = true;
    Err(Reason::WrongPartition)
}
