//! What a simulated device sends.

use std::fmt;

use kaiku_raw::{DeviceId, Forget, RawBatch, Reason, partition_of};

/// One thing that is sent. Uploads of one device must be sent in the order in which they come.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Number of the device in the fleet: for keeping the order of its uploads. It is no
    /// identifier that any record holds.
    pub device: u32,
    /// Which way it goes; a device always goes the same way.
    pub route: Route,
    /// What is sent.
    pub what: What,
}

/// Which way an upload goes to Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// Over HTTPS to the gateway.
    Gateway,
    /// Through the producer library.
    Library,
    /// Straight onto the topic, past every check.
    Raw,
}

/// What is sent.
#[derive(Clone, Debug)]
pub enum What {
    /// An upload.
    Batch(RawBatch<'static>),
    /// An upload that was sent before, once more.
    Duplicate(RawBatch<'static>),
    /// The device's owner has turned the program off.
    Forget(Forget<'static>),
    /// A record that must be rejected.
    Garbage(Garbage),
}

/// A record that must be rejected.
#[derive(Clone)]
pub struct Garbage {
    /// The record's key.
    pub key: [u8; 16],
    /// The partition that it must be sent to.
    pub partition: i32,
    /// The record's value.
    pub bytes: Vec<u8>,
    /// For what reason it must be rejected.
    pub reason: Reason,
}

impl Upload {
    /// The partition of the raw topic that it ends in, of so many.
    pub fn partition(&self, partitions: i32) -> i32 {
        match &self.what {
            What::Garbage(garbage) => garbage.partition,
            What::Batch(batch) | What::Duplicate(batch) => {
                partition_of(batch.device.id.as_bytes(), partitions)
            }
            What::Forget(forget) => partition_of(forget.device_id.as_bytes(), partitions),
        }
    }
}

impl What {
    /// Whose upload it is; `None` for garbage, which names nobody that counts.
    pub fn device_id(&self) -> Option<DeviceId> {
        match self {
            What::Batch(batch) | What::Duplicate(batch) => Some(batch.device.id),
            What::Forget(forget) => Some(forget.device_id),
            What::Garbage(_) => None,
        }
    }
}

/// Keys are identifiers too: only the reason is shown.
impl fmt::Debug for Garbage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Garbage")
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
