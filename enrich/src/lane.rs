//! A lane: what handles one raw partition, from restoring its state to committing its output.
//!
//! In the order in which a lane lives, and what each file may touch:
//! `restore` takes over the transactional id, reads what stands in Kafka (`month`: the devices;
//! `last`: whether the last record that was counted still stands there; `stripped`) and, by `begin`,
//! which is pure, decides whether the lane may go on and from where. `take` has the lane itself: it
//! takes records in, changes the state's table (in its overlay) and fills the `buffer`, and never
//! writes to Kafka; `handle` is what it does with what a record says, `quiet` when no record comes or
//! can be taken. `commit` brings both to Kafka in one transaction, and is alone in moving what is
//! committed; `write` says which records that takes, `transaction` is the producer. Nothing is
//! written outside of `commit`: what was taken in and not committed can be thrown away at any
//! time, and is, whenever a lane ends.

mod begin;
mod buffer;
mod commit;
mod handle;
mod last;
mod month;
mod outbound;
mod quiet;
mod restore;
mod said;
mod stamp;
mod stripped;
mod take;
mod transaction;
mod warm;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::error::KafkaError;
use rdkafka::message::BorrowedMessage;
use rdkafka::{Message, Offset};

use crate::error::Error;
use crate::handover::{End, Shared, Suspect, Warm};
use crate::lane_context::LaneContext;
use crate::membership::Membership;
use crate::metrics::RESTORE_SECONDS;
use crate::read::{ASK, assignment_of};

pub(crate) use self::commit::Reached;
pub(crate) use self::transaction::Transactions;

use self::commit::Committer;
use self::take::{Lane, NotTaken};

const STEP: Duration = Duration::from_millis(100);

/// How a lane is started.
pub(crate) struct Start {
    pub(crate) partition: i32,
    pub(crate) context: Arc<LaneContext>,
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

/// Runs a lane until it ends.
pub(crate) fn run(start: Start) -> End {
    let Start {
        partition,
        context,
        consumer,
        queue,
        group,
        shared,
        warm,
        suspect,
    } = start;
    let begun = Instant::now();
    let restored = restore::restore(&context, &consumer, partition, warm, &shared.stop);
    let (transactions, restored) = match restored {
        Ok(Some(restored)) => restored,
        Ok(None) => return End::Lost,
        Err(error) => return error.into(),
    };
    RESTORE_SECONDS.with([]).record(begun.elapsed());
    tracing::info!(
        partition,
        seconds = begun.elapsed().as_secs_f64(),
        "lane restored"
    );
    let from = match &restored.reached {
        Some(reached) => Offset::Offset(reached.next),
        None => Offset::Beginning,
    };
    let committer = Committer::new(
        Arc::clone(&context),
        Arc::clone(&consumer),
        partition,
        group,
        Arc::clone(&shared),
        transactions,
        &restored,
    );
    let mut lane = Lane::new(committer, restored, suspect);
    if let Err(source) = begin(&consumer, &context.raw, partition, from, &shared.stop) {
        return End::Failed(Error::Kafka {
            operation: "starting to read a partition",
            source,
        });
    }
    let worked = lane
        .own_up()
        .and_then(|()| work(&mut lane, &queue, &shared));
    match worked {
        Ok(()) => End::Stopped(lane.into_warm()),
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
            Ok(()) => return consumer.resume(&assignment_of(topic, partition)),
            Err(error) if Instant::now() >= until || !pause(STEP, stop) => return Err(error),
            Err(_) => {}
        }
    }
}

/// Takes records in and commits, until told to stop.
fn work(lane: &mut Lane, queue: &PartitionQueue<Membership>, shared: &Shared) -> Result<(), End> {
    while !shared.stop.load(Ordering::Relaxed) {
        match queue.poll(STEP.min(lane.patience())) {
            Some(Ok(message)) => {
                take(lane, &message, shared)?;
            }
            Some(Err(error)) => lane.note_read_error(&error, &shared.stop)?,
            None => {
                lane.idle();
                lane.go_on_rewriting()?;
            }
        }
        lane.commit_if_due()?;
    }
    Ok(())
}

/// Takes one record in; where that is not possible yet, says so and tries again.
fn take(lane: &mut Lane, message: &BorrowedMessage<'_>, shared: &Shared) -> Result<(), End> {
    let mut stands = None;
    loop {
        match lane.take(message, &shared.handling) {
            Ok(()) => {
                if stands.is_some() {
                    lane.go_on();
                }
                return Ok(());
            }
            Err(NotTaken::End(end)) => return Err(*end),
            Err(NotTaken::Waits(why)) => {
                // What is done now is not the record's doing.
                shared.handling.store(-1, Ordering::Relaxed);
                if stands != Some(why) {
                    lane.stand_still(why, message.offset(), &shared.stop)?;
                }
                stands = Some(why);
                if !pause(lane.retry(), &shared.stop) {
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

#[cfg(test)]
mod tests;
