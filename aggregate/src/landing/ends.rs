//! Whether partitions may be read on from where their logs end. A partition that nobody answers for
//! is asked again later: it holds up none of the others.

use std::time::Instant;

use super::behind::PATIENCE;
use super::consume::Thread;
use super::entry::Last;
use super::lane::Lane;
use super::position::Place;
use super::reader::is_final;
use crate::error::Error;

impl Thread<'_> {
    /// Stops each partition whose log does not lie within what the topic still has, and holds those of
    /// which nobody says it.
    pub(super) fn check_ends(&mut self) -> Result<(), Error> {
        for partition in self.lanes.keys().copied().collect::<Vec<_>>() {
            self.check(partition)?;
        }
        Ok(())
    }

    /// Asks again about the partitions of which nobody has said whether they may be read on.
    pub(super) fn ask_again(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let due = self.unanswered.iter().filter(|(_, at)| **at <= now);
        let due = due.map(|(partition, _)| *partition);
        for partition in due.collect::<Vec<_>>() {
            self.check(partition)?;
            let Some(lane) = self.lanes.get(&partition) else {
                continue;
            };
            if !self.unanswered.contains_key(&partition) {
                let position = lane.position();
                self.shared.progress.set_consumed(partition, position);
                self.reader.seek(partition, position)?;
                self.reader.resume(partition)?;
            }
        }
        Ok(())
    }

    /// Asks whether a partition may be read on.
    fn check(&mut self, partition: i32) -> Result<(), Error> {
        let Some(lane) = self.lanes.get(&partition) else {
            return Ok(());
        };
        let asked = self.reader.ends(partition, PATIENCE).and_then(|held| {
            let is_other = self.is_other(lane, held)?;
            Ok((held, is_other))
        });
        let error = match asked {
            Ok((held, is_other)) => {
                self.unanswered.remove(&partition);
                self.shared.progress.readiness().works(partition);
                if let Err(error) = self.check_end(partition, held, is_other) {
                    self.stop(partition, &error);
                }
                return Ok(());
            }
            Err(error) => error,
        };
        let is_final = is_final(&error);
        let error = Error::kafka("asking for the offsets of stripped records")(error);
        if is_final {
            return Err(error);
        }
        self.show_wait(partition, &error);
        let again = Instant::now() + self.shared.config.retry;
        self.unanswered.insert(partition, again);
        Ok(())
    }

    /// Whether another record stands where the last one was that was landed, or none.
    fn is_other(&self, lane: &Lane, held: (i64, i64)) -> Result<bool, rdkafka::error::KafkaError> {
        let Some(last) = lane.last() else {
            return Ok(false);
        };
        // It was deleted since, or what is too short is refused for that.
        if !(held.0..held.1).contains(&last.offset) {
            return Ok(false);
        }
        let found = self
            .reader
            .record_at(lane.partition(), last.offset, PATIENCE, |record| {
                Last::of(last.offset, record)
            })?;
        Ok(found != Some(last))
    }

    /// Whether a partition may be read on from where its lane stands.
    fn check_end(&mut self, partition: i32, held: (i64, i64), is_other: bool) -> Result<(), Error> {
        let shared = self.shared;
        let position = |thread: &Thread<'_>| {
            let lane = thread.lanes.get(&partition);
            lane.map_or(held.0, Lane::position)
        };
        // Another process may have landed, sealed and deleted what this one was still reading: then
        // its entries stand in the log, and nothing is lost.
        if position(self) < held.0 {
            self.catch_up_with(partition)?;
        }
        let place = Place {
            topic: &shared.topic,
            partition,
            end: position(self),
            held,
            is_other,
        };
        let accepted = shared.config.accept.gaps.get(&partition).copied();
        let from = place.check(accepted)?;
        let since = shared.progress.last_sealed().map(kaiku_wire::Day::next);
        if let Some(lane) = self.lanes.get_mut(&partition)
            && let Some(from) = from
        {
            tracing::warn!(
                partition,
                stood = place.end,
                from,
                "landing goes on behind lost records, as was asked"
            );
            lane.skip_to(from, since);
        }
        Ok(())
    }
}
