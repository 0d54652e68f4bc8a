//! A lane: what handles one raw partition, from restoring its state to committing its output.

mod begin;
mod buffer;
mod commit;
mod core;
mod restore;
mod transaction;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset};

use crate::group::Membership;
use crate::stage::Stage;
use crate::{Error, Refusal, state::Table};

use self::core::{Core, Held};

const STEP: Duration = Duration::from_millis(100);
const ASK: Duration = Duration::from_secs(30);

/// What a lane and the group member that started it share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// Set to have the lane end at the next record.
    pub(crate) stop: AtomicBool,
    /// Offset of the record that is being handled, for whoever finds the lane crashed.
    pub(crate) handling: AtomicI64,
}

/// How a lane is started.
pub(crate) struct Start {
    pub(crate) partition: i32,
    pub(crate) stage: Arc<Stage>,
    pub(crate) consumer: Arc<BaseConsumer<Membership>>,
    pub(crate) queue: PartitionQueue<Membership>,
    /// The group as it was when this partition was assigned: a commit under it fails once the
    /// group has moved on.
    pub(crate) group: Arc<ConsumerGroupMetadata>,
    pub(crate) shared: Arc<Shared>,
    /// The state as this process left it, where it had the partition before.
    pub(crate) warm: Option<Warm>,
    /// Where a lane of this partition crashed before.
    pub(crate) suspect: Option<Suspect>,
}

/// The state of a partition as a lane left it.
pub(crate) struct Warm {
    pub(crate) next_offset: i64,
    pub(crate) open_day: Option<kaiku_wire::Day>,
    pub(crate) table: Table,
    /// The format in which it stands.
    pub(crate) format: u32,
}

/// A record at which a lane crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(crate) offset: i64,
    pub(crate) crashes: u32,
}

/// How a lane ended.
pub(crate) enum End {
    /// It was told to; what was not committed is for whoever comes next.
    Stopped(Option<Warm>),
    /// The partition is somebody else's, or will be.
    Lost,
    /// It may not go on before somebody has looked.
    Refused(Refusal, Error),
    /// Something failed that may not fail the next time.
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> End {
        match error {
            Error::Lost { .. } => End::Lost,
            error => match error.refusal() {
                Some(refusal) => End::Refused(refusal, error),
                None => End::Failed(error),
            },
        }
    }
}

/// Runs a lane until it ends.
pub(crate) fn run(start: Start) -> End {
    let Start {
        partition,
        stage,
        consumer,
        queue,
        group,
        shared,
        warm,
        suspect,
    } = start;
    let begun = Instant::now();
    let restored = restore::restore(&stage, &consumer, partition, warm, &shared.stop);
    let (transactions, restored) = match restored {
        Ok(Some(restored)) => restored,
        Ok(None) => return End::Lost,
        Err(error) => return error.into(),
    };
    metrics::histogram!("kaiku_restore_seconds").record(begun.elapsed());
    tracing::info!(
        partition,
        devices = restored.table.len(),
        seconds = begun.elapsed().as_secs_f64(),
        "lane restored"
    );
    let from = restored
        .next_offset
        .map_or(Offset::Beginning, Offset::Offset);
    let mut core = Core::new(
        Arc::clone(&stage),
        Arc::clone(&consumer),
        partition,
        group,
        transactions,
        restored,
        suspect,
    );
    if let Err(source) = begin(&consumer, &stage.raw, partition, from, &shared.stop) {
        return End::Failed(Error::Kafka {
            operation: "starting to read a partition",
            source,
        });
    }
    match work(&mut core, &queue, &shared) {
        Ok(()) => End::Stopped(core.into_warm()),
        Err(end) => end,
    }
}

/// Moves a held partition to where the lane goes on, and lets it flow. librdkafka takes over a new
/// assignment in its own time: until it has, it refuses to seek. Told to stop, it gives up.
fn begin(
    consumer: &BaseConsumer<Membership>,
    topic: &str,
    partition: i32,
    from: Offset,
    stop: &AtomicBool,
) -> Result<(), KafkaError> {
    let until = Instant::now() + ASK;
    loop {
        match consumer.seek(topic, partition, from, ASK) {
            Ok(()) => return consumer.resume(&one(topic, partition)),
            Err(error) if Instant::now() >= until || !pause(STEP, stop) => return Err(error),
            Err(_) => {}
        }
    }
}

/// Takes records in and commits, until told to stop.
fn work(core: &mut Core, queue: &PartitionQueue<Membership>, shared: &Shared) -> Result<(), End> {
    while !shared.stop.load(Ordering::Relaxed) {
        match queue.poll(STEP.min(core.patience())) {
            Some(Ok(message)) => {
                shared.handling.store(message.offset(), Ordering::Relaxed);
                take(core, &message, shared)?;
                shared.handling.store(-1, Ordering::Relaxed);
            }
            Some(Err(error)) => core.note_read_error(&error)?,
            None => core.idle()?,
        }
        core.commit_if_due()?;
    }
    Ok(())
}

/// Takes one record in; where that is not possible yet, says so and tries again.
fn take(core: &mut Core, message: &BorrowedMessage<'_>, shared: &Shared) -> Result<(), End> {
    let mut held = None;
    loop {
        match core.take(message) {
            Ok(()) => {
                if held.is_some() {
                    core.go_on();
                }
                return Ok(());
            }
            Err(Held::End(end)) => return Err(*end),
            Err(Held::Wait(reason)) => {
                if held != Some(reason) {
                    core.stand_still(reason)?;
                }
                held = Some(reason);
                if !pause(core.retry(), &shared.stop) {
                    return Ok(());
                }
            }
        }
    }
}

/// Sleeps in small steps; false where the lane was told to stop meanwhile.
fn pause(time: Duration, stop: &AtomicBool) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if stop.load(Ordering::Relaxed) {
            return false;
        }
        std::thread::sleep(STEP.min(time));
    }
    !stop.load(Ordering::Relaxed)
}

/// A list of one partition.
pub(crate) fn one(topic: &str, partition: i32) -> rdkafka::TopicPartitionList {
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition(topic, partition);
    list
}
