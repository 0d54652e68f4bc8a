//! The partitions that the group gives to a landing thread: taken up where their logs end, whoever has
//! landed them before.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::consume::Thread;
use super::lane::Lane;
use crate::error::Error;
use crate::metrics::FENCED;

impl Thread<'_> {
    /// Lands nothing more until partitions are given.
    pub(super) fn keep(&mut self) {
        self.kept.extend(self.lanes.drain());
    }

    /// Takes up what the group has given: a partition that was here before goes on with what is open
    /// of it, unless somebody else has landed it meanwhile.
    pub(super) fn take_up(&mut self, share: Vec<i32>) -> Result<(), Error> {
        let shared = self.shared;
        tracing::info!(partitions = ?share, "partitions to land");
        self.keep();
        let mut kept = std::mem::take(&mut self.kept);
        for partition in share {
            let lane = kept.remove(&partition).or_else(|| {
                let log = shared.logs.get(usize::try_from(partition).ok()?)?;
                let log = Arc::clone(log);
                let (definitions, registry) = (shared.definitions.clone(), shared.registry.clone());
                Some(Lane::new(log, definitions, registry))
            });
            if let Some(lane) = lane {
                self.lanes.insert(partition, lane);
                shared.progress.readiness().works(partition);
            }
        }
        self.catch_up();
        self.unanswered.clear();
        self.check_ends()?;
        self.assign()?;
        if self.lanes.contains_key(&0) {
            shared.seals.store(self.number, Ordering::Release);
            shared.landed.notify_one();
        }
        Ok(())
    }

    /// Takes in what others have landed of the partitions that are here now.
    pub(super) fn catch_up(&mut self) {
        for partition in self.lanes.keys().copied().collect::<Vec<_>>() {
            if let Err(error) = self.catch_up_with(partition) {
                self.stop(partition, &error);
            }
        }
    }

    /// The same for one of them, again and again where the store is away.
    pub(super) fn catch_up_with(&mut self, partition: i32) -> Result<(), Error> {
        while !self.shared.shutdown.is_cancelled() {
            let Some(lane) = self.lanes.get_mut(&partition) else {
                break;
            };
            match self.shared.runtime.block_on(lane.catch_up()) {
                Ok(false) => break,
                Ok(true) => {
                    self.go_on_behind(partition);
                    break;
                }
                Err(error @ (Error::Log { .. } | Error::Document { .. })) => return Err(error),
                Err(error) => self.wait(partition, &error),
            }
        }
        Ok(())
    }

    /// Reads every partition from where its lane stands, whatever was read before.
    pub(super) fn assign(&self) -> Result<(), Error> {
        for lane in self.lanes.values() {
            self.show(lane);
            let progress = &self.shared.progress;
            progress.set_consumed(lane.partition(), lane.position());
        }
        let places = self.lanes.values();
        self.reader
            .assign(places.map(|lane| (lane.partition(), lane.position())))?;
        for partition in self.unanswered.keys() {
            self.reader.pause(*partition);
        }
        Ok(())
    }

    /// Reads every partition from where its lane stands, without assigning it anew.
    pub(super) fn seek(&self) -> Result<(), Error> {
        for lane in self.lanes.values() {
            if self.unanswered.contains_key(&lane.partition()) {
                continue;
            }
            let progress = &self.shared.progress;
            progress.set_consumed(lane.partition(), lane.position());
            self.reader.seek(lane.partition(), lane.position())?;
        }
        Ok(())
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
        FENCED.with([]).increment(1);
        self.show(lane);
        self.shared.progress.set_consumed(partition, end);
        self.shared.landed.notify_one();
    }
}
