//! Where a landing thread reads: at the ends of its logs, as far as the topic still has them.

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{Offset, TopicPartitionList};

use super::consume::{ASK, Shared, Thread};
use super::lane::Lane;
use crate::Error;
use crate::progress::Scope;

impl Thread<'_> {
    /// Reads every partition from where its lane stands, whatever was read before.
    pub(super) fn assign(&self) -> Result<(), Error> {
        let shared = self.shared;
        let mut assignment = TopicPartitionList::new();
        for lane in self.lanes.values() {
            let offset = Offset::Offset(lane.position());
            assignment
                .add_partition_offset(&shared.topic, lane.partition(), offset)
                .map_err(Error::kafka("assigning partitions"))?;
            self.show(lane);
            shared
                .progress
                .set_consumed(lane.partition(), lane.position());
        }
        self.consumer
            .assign(&assignment)
            .map_err(Error::kafka("assigning partitions"))
    }

    /// A consumer's error: most pass by themselves; an offset that does not exist never does, and
    /// librdkafka reads no more of that partition then. It does not say which one it was, and it may
    /// speak of a place that was left since.
    pub(super) fn failed(&mut self, error: KafkaError) -> Result<(), Error> {
        let lost = matches!(
            error.rdkafka_error_code(),
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)
        );
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::Fatal) {
            return Err(Error::kafka("reading stripped records")(error));
        }
        tracing::warn!(%error, "reading stripped records failed; trying again");
        if !lost {
            return Ok(());
        }
        self.check_ends()?;
        self.assign()
    }

    /// Stops each partition whose log does not lie within what the topic still has.
    pub(super) fn check_ends(&mut self) -> Result<(), Error> {
        for partition in self.lanes.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.check_end(partition)? {
                self.stop(partition, error)?;
            }
        }
        Ok(())
    }

    /// The inner error is what is wrong with the partition.
    pub(super) fn check_end(&mut self, partition: i32) -> Result<Result<(), Error>, Error> {
        let Shared { topic, runtime, .. } = self.shared;
        let Some((low, high)) = self.ends(partition)? else {
            return Ok(Ok(()));
        };
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(Ok(()));
        };
        if lane.position() < low {
            // Another process may have landed, sealed and deleted what this one was still reading.
            match runtime.block_on(lane.catch_up()) {
                Ok(false) => {}
                Ok(true) => self.go_on_behind(partition),
                Err(error) => return Ok(Err(error)),
            }
        }
        let end = self.lanes.get(&partition).map_or(low, Lane::position);
        let topic = topic.clone();
        Ok(if end < low {
            Err(Error::Gap {
                topic,
                partition,
                end,
                low,
            })
        } else if end > high {
            Err(Error::Ahead {
                topic,
                partition,
                end,
                high,
            })
        } else {
            Ok(())
        })
    }

    /// The offset of a partition's first record and that behind its last; `None` where the shutdown
    /// came before an answer. A broker that starts again leads no partition for a while.
    pub(super) fn ends(&self, partition: i32) -> Result<Option<(i64, i64)>, Error> {
        let shared = self.shared;
        let mut waited = false;
        while !shared.shutdown.is_cancelled() {
            let ends = self
                .consumer
                .fetch_watermarks(&shared.topic, partition, ASK);
            let error = match ends {
                Ok(ends) => {
                    if waited {
                        let scope = Scope::Partition(partition);
                        shared.progress.set_problem(scope, None);
                    }
                    return Ok(Some(ends));
                }
                Err(error) => error,
            };
            let is_final = matches!(
                error.rdkafka_error_code(),
                Some(RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::Fatal)
            );
            let error = Error::kafka("asking for the offsets of stripped records")(error);
            if is_final {
                return Err(error);
            }
            self.wait(partition, &error);
            waited = true;
        }
        Ok(None)
    }

    /// A lane has moved on: an assignment follows, which reads on there.
    pub(super) fn go_on_behind(&mut self, partition: i32) {
        let Some(lane) = self.lanes.get(&partition) else {
            return;
        };
        let end = lane.position();
        tracing::info!(
            partition,
            end,
            "others have landed meanwhile; going on behind them"
        );
        metrics::counter!("kaiku_land_fenced_total").increment(1);
        self.reported.remove(&partition);
        self.show(lane);
        self.shared.progress.set_consumed(partition, end);
        self.shared.landed.notify_one();
    }
}
