//! How a lane commits, and what it does where the outcome is not known. Only here moves what is
//! committed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use kaiku_stage::{Standstill, failpoint};
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::{Offset, TopicPartitionList};

use super::begin::check_partitions;
use super::buffer::Buffer;
use super::restore::{Restored, check_topics, committed, partitions};
use super::transaction::{Failure, Transactions};
use super::warm::meta_of;
use super::write::Outlet;
use crate::error::Error;
use crate::handover::{End, Shared};
use crate::lane_context::LaneContext;
use crate::membership::Membership;
use crate::metrics::{RECOVERED, TRANSACTION_SECONDS};
use crate::state::{LastRecord, Notes, Table};

/// How often a transaction of unknown outcome is looked into before the lane gives up.
const RECOVERIES: u32 = 10;

/// How far a lane has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The first raw record that is not taken in.
    pub(crate) next: i64,
    /// The open day.
    pub(crate) day: Option<Day>,
    /// What has to be remembered beside the devices.
    pub(crate) notes: Notes,
    /// The record before `next`, where it is known.
    pub(crate) last: Option<LastRecord>,
}

/// The lane's producer, or its absence.
enum Writing {
    /// Transactions can be run.
    Ready(Transactions),
    /// The producer failed and was dropped; its successor was not made yet. A lane that can't make
    /// one ends in this state.
    Replacing,
}

/// What a lane commits with, and what it has committed.
pub(super) struct Committer {
    context: Arc<LaneContext>,
    consumer: Arc<BaseConsumer<Membership>>,
    partition: i32,
    group: Arc<ConsumerGroupMetadata>,
    shared: Arc<Shared>,
    writing: Writing,
    outlet: Outlet,
    rng: StdRng,
    /// What is committed; `None` where nothing ever was. The lane itself is ahead of it by what its
    /// buffer holds.
    committed: Option<Reached>,
    /// The offset that the group has: that of `committed`, but where a lane was told to begin elsewhere
    /// and has not committed yet.
    stands: Option<i64>,
}

impl Committer {
    pub(super) fn new(
        context: Arc<LaneContext>,
        consumer: Arc<BaseConsumer<Membership>>,
        partition: i32,
        group: Arc<ConsumerGroupMetadata>,
        shared: Arc<Shared>,
        transactions: Transactions,
        restored: &Restored,
    ) -> Committer {
        Committer {
            outlet: Outlet::new(&context, partition),
            rng: context.random.generator(),
            committed: restored.reached.clone(),
            stands: restored.committed,
            writing: Writing::Ready(transactions),
            context,
            consumer,
            partition,
            group,
            shared,
        }
    }

    pub(super) fn context(&self) -> &Arc<LaneContext> {
        &self.context
    }

    pub(super) fn consumer(&self) -> &BaseConsumer<Membership> {
        &self.consumer
    }

    pub(super) fn partition(&self) -> i32 {
        self.partition
    }

    pub(super) fn committed(&self) -> Option<&Reached> {
        self.committed.as_ref()
    }

    /// Commits what a buffer and a table's overlay hold, in one transaction, and empties both.
    pub(super) fn commit(
        &mut self,
        buffer: &mut Buffer,
        table: &mut Table,
        reached: Reached,
    ) -> Result<(), End> {
        let begun = Instant::now();
        let took = |result: &'static str| {
            let seconds = TRANSACTION_SECONDS.with([result.into()]);
            seconds.record(begun.elapsed());
        };
        buffer.shuffle(&mut self.rng);
        table.pack(!buffer.closes.is_empty());
        let records = match self.attempt(buffer, table, &reached) {
            Ok(records) => records,
            Err(failure) => {
                took("failed");
                self.recover(failure, buffer, table, &reached)?
            }
        };
        took("committed");
        failpoint("lane.committed");
        table.apply();
        let progress = &self.context.progress;
        progress.add(&buffer.tally, buffer.uploads, records, &buffer.rejected);
        self.stands = Some(reached.next);
        self.committed = Some(reached);
        buffer.clear();
        Ok(())
    }

    /// Refuses to go on where the topic has other partitions than when this process started.
    pub(super) fn check_partitions(&self) -> Result<(), End> {
        let now = partitions(&self.context, &self.consumer)?;
        check_partitions(self.partition, now, self.context.partitions).map_err(End::from)
    }

    fn attempt(
        &mut self,
        buffer: &Buffer,
        table: &Table,
        reached: &Reached,
    ) -> Result<u64, Failure> {
        let Writing::Ready(transactions) = &self.writing else {
            return Err(Failure::NoProducer);
        };
        let context = &self.context;
        let mut offsets = TopicPartitionList::new();
        let next = Offset::Offset(reached.next);
        offsets.add_partition_offset(&context.raw, self.partition, next)?;
        let meta = meta_of(context, table, table.logs(), reached);
        let mut records = 0;
        transactions.run(&offsets, &self.group, |writer| {
            records = self.outlet.output(context, writer, buffer)?;
            failpoint("lane.output");
            let Some(meta) = &meta else { return Ok(()) };
            self.outlet
                .state(context, writer, table, meta, &mut self.rng)
        })?;
        Ok(records)
    }

    /// A transaction of unknown outcome (a timeout, a broker that went away, an answer that was
    /// lost): its producer is dropped, a new one with the same id ends whatever it left open, and
    /// only then the stable committed offset says what became of it.
    fn recover(
        &mut self,
        mut failure: Failure,
        buffer: &Buffer,
        table: &Table,
        reached: &Reached,
    ) -> Result<u64, End> {
        let partition = self.partition;
        for _ in 0..RECOVERIES {
            if matches!(failure, Failure::Lost) || self.consumer.assignment_lost() {
                return Err(End::Lost);
            }
            self.stop_if_told()?;
            tracing::warn!(partition, error = %failure, "a transaction failed; asking what became of it");
            RECOVERED.with([]).increment(1);
            // By an offset that stays where it was nobody can tell what became of the transaction; what stands in
            // Kafka says it, which whoever begins anew reads.
            if self.stands == Some(reached.next) {
                let reason = "a transaction that moves no offset failed; it begins anew".to_owned();
                return Err(End::Failed(Error::Waits { partition, reason }));
            }
            let text = format!("a transaction failed: {failure}; it is tried again");
            let context = &self.context;
            context.stands_still(partition, Standstill::Failed, text);
            check_topics(context, table.month())?;
            self.replace()?;
            self.stop_if_told()?;
            let now = committed(&self.context, &self.consumer, partition)?;
            // It was committed after all, and the answer was lost.
            if now == Some(reached.next) {
                self.context.works(partition);
                return Ok(0);
            }
            // Neither before nor behind this transaction: somebody else has moved on.
            if now != self.stands {
                return Err(End::Lost);
            }
            match self.attempt(buffer, table, reached) {
                Ok(records) => {
                    self.context.works(partition);
                    return Ok(records);
                }
                Err(again) => failure = again,
            }
        }
        Err(End::Failed(Error::Uncommitted {
            partition,
            tries: RECOVERIES,
        }))
    }

    /// Ends where the lane was told to: a rebalance waits for it, and whoever comes next asks what
    /// became of the transaction.
    fn stop_if_told(&self) -> Result<(), End> {
        match self.shared.stop.load(Ordering::Relaxed) {
            true => Err(End::Stopped(None)),
            false => Ok(()),
        }
    }

    /// Drops the producer and makes its successor: after an error a transactional producer is never
    /// used again.
    fn replace(&mut self) -> Result<(), Error> {
        self.writing = Writing::Replacing;
        let context = &self.context;
        let transactions = context.take_over(self.partition)?;
        self.writing = Writing::Ready(transactions);
        Ok(())
    }
}
