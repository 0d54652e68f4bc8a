//! How far the stage is, shared with whoever runs it.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use kaiku_release::Period;
use kaiku_stage::Readiness;
use kaiku_wire::Day;

/// How far the stage is. Clones share what they show.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    inner: Arc<Inner>,
    readiness: Readiness,
}

#[derive(Debug, Default)]
struct Inner {
    partitions: OnceLock<Vec<Partition>>,
    events: AtomicU64,
    objects: AtomicU64,
    days_sealed: AtomicU64,
    weeks_sealed: AtomicU64,
    last_sealed: AtomicI32,
    rows_published: AtomicU64,
}

#[derive(Debug, Default)]
struct Partition {
    consumed: AtomicI64,
    landed: AtomicI64,
    at_end: AtomicBool,
    /// Days since 1970-01-01 and 1 more; 0 for none.
    closed: AtomicI32,
}

impl Progress {
    /// Which partitions are landed here, which of them stand still, and whether the seal does.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// How many partitions are landed; 0 before the stage has asked for them.
    pub fn partitions(&self) -> i32 {
        let count = self.inner.partitions.get().map_or(0, Vec::len);
        i32::try_from(count).unwrap_or(i32::MAX)
    }

    /// The next offset to be read of a partition; records before it were decoded.
    pub fn consumed(&self, partition: i32) -> i64 {
        self.read(partition, |p| p.consumed.load(Ordering::Acquire))
    }

    /// The end of a partition's landing log; records before it are in a durable object.
    pub fn landed(&self, partition: i32) -> i64 {
        self.read(partition, |p| p.landed.load(Ordering::Acquire))
    }

    /// Whether the end of the partition was reached when it was last looked at. Markers of
    /// transactions are skipped: `consumed` may then lie below the high watermark.
    pub fn at_end(&self, partition: i32) -> bool {
        self.read(partition, |p| p.at_end.load(Ordering::Acquire))
    }

    /// The last day that the landing log of a partition has closed.
    pub fn closed(&self, partition: i32) -> Option<Day> {
        let days = self.read(partition, |p| p.closed.load(Ordering::Acquire));
        day_of(days)
    }

    /// Events (not records) that were decoded, in all partitions.
    pub fn events(&self) -> u64 {
        self.inner.events.load(Ordering::Relaxed)
    }

    /// Landing objects that were put.
    pub fn objects(&self) -> u64 {
        self.inner.objects.load(Ordering::Relaxed)
    }

    /// Days that were sealed since the start.
    pub fn days_sealed(&self) -> u64 {
        self.inner.days_sealed.load(Ordering::Acquire)
    }

    /// Weeks that were sealed since the start.
    pub fn weeks_sealed(&self) -> u64 {
        self.inner.weeks_sealed.load(Ordering::Acquire)
    }

    /// The last day that is sealed, by this process or before it: a Sunday with its week, where the
    /// policy has a table of weeks.
    pub fn last_sealed(&self) -> Option<Day> {
        day_of(self.inner.last_sealed.load(Ordering::Acquire))
    }

    /// Rows that were published since the start.
    pub fn rows_published(&self) -> u64 {
        self.inner.rows_published.load(Ordering::Relaxed)
    }

    pub(crate) fn start(&self, partitions: i32) {
        let fresh = (0..partitions).map(|_| Partition::default()).collect();
        // A second start with the same handle goes on with what is there.
        let _ = self.inner.partitions.set(fresh);
    }

    pub(crate) fn set_consumed(&self, partition: i32, offset: i64) {
        self.write(partition, |p| p.consumed.store(offset, Ordering::Release));
    }

    pub(crate) fn set_landed(&self, partition: i32, offset: i64, closed: Option<Day>) {
        self.write(partition, |p| {
            p.landed.store(offset, Ordering::Release);
            p.closed.store(number_of(closed), Ordering::Release);
        });
    }

    pub(crate) fn set_at_end(&self, partition: i32, at_end: bool) {
        self.write(partition, |p| p.at_end.store(at_end, Ordering::Release));
    }

    pub(crate) fn add_events(&self, events: u64) {
        self.inner.events.fetch_add(events, Ordering::Relaxed);
    }

    pub(crate) fn add_object(&self) {
        self.inner.objects.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn set_last_sealed(&self, day: Option<Day>) {
        self.inner
            .last_sealed
            .store(number_of(day), Ordering::Release);
    }

    pub(crate) fn add_sealed(&self, period: Period, published: u64) {
        let count = match period {
            Period::Day(_) => &self.inner.days_sealed,
            Period::Week(_) => &self.inner.weeks_sealed,
        };
        self.inner
            .rows_published
            .fetch_add(published, Ordering::Relaxed);
        count.fetch_add(1, Ordering::Release);
    }

    fn partition(&self, partition: i32) -> Option<&Partition> {
        let index = usize::try_from(partition).ok()?;
        self.inner.partitions.get()?.get(index)
    }

    fn read<T: Default>(&self, partition: i32, read: impl FnOnce(&Partition) -> T) -> T {
        self.partition(partition).map(read).unwrap_or_default()
    }

    fn write(&self, partition: i32, write: impl FnOnce(&Partition)) {
        if let Some(partition) = self.partition(partition) {
            write(partition);
        }
    }
}

fn number_of(day: Option<Day>) -> i32 {
    day.map_or(0, |day| day.days_since_epoch() + 1)
}

fn day_of(number: i32) -> Option<Day> {
    Day::from_days_since_epoch(number - 1).ok()
}
