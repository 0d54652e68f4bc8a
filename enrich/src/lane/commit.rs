//! How a lane commits, and what it does where the outcome is not known.

use std::time::Instant;

use kaiku_broker::failpoint;
use rdkafka::consumer::Consumer;
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::End;
use super::begin::check_partitions;
use super::core::Core;
use super::restore::{committed, partitions};
use super::transaction::{Failure, Transactions};
use crate::Error;
use crate::state::Meta;

/// How often a transaction of unknown outcome is looked into before the lane gives up.
const RECOVERIES: u32 = 10;

impl Core {
    pub(super) fn commit_if_due(&mut self) -> Result<(), End> {
        if self.buffer.is_due(&self.mixing, Instant::now()) {
            self.commit()
        } else {
            Ok(())
        }
    }

    /// Commits what was taken in, in one transaction.
    pub(super) fn commit(&mut self) -> Result<(), End> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.check_strays()?;
        let begun = Instant::now();
        self.buffer.shuffle(&mut self.rng);
        let records = match self.attempt() {
            Ok(records) => records,
            Err(failure) => {
                metrics::histogram!("kaiku_transaction_seconds", "result" => "failed")
                    .record(begun.elapsed());
                self.recover(failure)?
            }
        };
        metrics::histogram!("kaiku_transaction_seconds", "result" => "committed")
            .record(begun.elapsed());
        failpoint("lane.committed");
        self.table.apply();
        let buffer = &self.buffer;
        self.stage
            .progress
            .add(&buffer.tally, buffer.uploads, records, &buffer.rejected);
        self.committed = Some(self.next);
        self.committed_day = self.clock.open();
        self.buffer.clear();
        self.show();
        Ok(())
    }

    /// Records in a partition that is not their key's are somebody's mistake; or the topic has more
    /// partitions than this process knows of, and none of them may be rejected.
    fn check_strays(&mut self) -> Result<(), End> {
        if !std::mem::take(&mut self.strays) {
            return Ok(());
        }
        let now = partitions(&self.stage, &self.consumer)?;
        check_partitions(self.partition, now, self.stage.partitions).map_err(End::from)
    }

    fn attempt(&mut self) -> Result<u64, Failure> {
        let Some(transactions) = &self.transactions else {
            return Err(Failure::Unknown(KafkaError::Canceled));
        };
        let mut offsets = TopicPartitionList::new();
        offsets
            .add_partition_offset(&self.stage.raw, self.partition, Offset::Offset(self.next))
            .map_err(Failure::Unknown)?;
        let meta = self.table.month().map(|month| Meta {
            format: self.format,
            devices: Some(self.table.devices()),
            group: self.stage.config.group.clone(),
            next_offset: self.next,
            open_day: self.clock.open(),
            partitions: self.stage.partitions,
            month,
        });
        let mut records = 0;
        transactions.run(&self.consumer, &offsets, &self.group, |writer| {
            records = self.outlet.output(&self.stage, writer, &self.buffer)?;
            failpoint("lane.output");
            let Some(meta) = &meta else { return Ok(()) };
            self.outlet
                .state(&self.stage, writer, &self.table, meta, &mut self.rng)
        })?;
        Ok(records)
    }

    /// A transaction of unknown outcome: its producer is dropped, a new one with the same id ends
    /// whatever it left open, and the stable committed offset says what became of it.
    fn recover(&mut self, mut failure: Failure) -> Result<u64, End> {
        for _ in 0..RECOVERIES {
            let error = match failure {
                Failure::Lost => return Err(End::Lost),
                Failure::Unknown(error) => error,
            };
            if self.consumer.assignment_lost() {
                return Err(End::Lost);
            }
            let partition = self.partition;
            tracing::warn!(partition, %error, "a transaction failed; asking what became of it");
            metrics::counter!("kaiku_transactions_recovered_total").increment(1);
            self.transactions = None;
            let taken = Transactions::take_over(&self.stage.kafka, &self.stage.config, partition);
            self.transactions = Some(taken?);
            let now = committed(&self.stage, &self.consumer, partition)?;
            if now == Some(self.next) {
                return Ok(0);
            }
            if now != self.committed {
                // Somebody else has moved on.
                return Err(End::Lost);
            }
            match self.attempt() {
                Ok(records) => return Ok(records),
                Err(again) => failure = again,
            }
        }
        Err(End::Failed(Error::Kafka {
            operation: "committing a transaction, again and again",
            source: KafkaError::Canceled,
        }))
    }
}
