//! How far each partition is behind, and for how long an open transaction has hidden what stands
//! behind it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kaiku_broker::Hidden;
use kaiku_stage::{Causes, Readiness, Standstill};
use rdkafka::error::KafkaError;

use super::consume::Shared;
use super::lane::Lane;
use super::reader::Reader;
use crate::error::Error;
use crate::metrics::{HIDDEN, LAG};

/// The longest that one question about one partition may take: the others wait for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How often a partition is measured, and how much later where nobody has answered twice.
const MEASURE: Duration = Duration::from_secs(5);
const MEASURE_LATER: Duration = Duration::from_secs(15);

/// What is measured of the partitions, and when next.
pub(super) struct Behind {
    due: HashMap<i32, Instant>,
    hidden: Hidden,
    readiness: Readiness,
    silent: Silent,
}

impl Behind {
    pub(super) fn new(shared: &Shared) -> Result<Behind, Error> {
        let hidden = Hidden::of(&shared.cluster, &shared.topic);
        Ok(Behind {
            due: HashMap::new(),
            hidden: hidden.map_err(Error::broker("making a consumer"))?,
            readiness: shared.progress.readiness().clone(),
            silent: Silent::default(),
        })
    }

    /// Shows how far each partition that is due is behind: as far as what is not committed yet, too,
    /// for a transaction that never ends hides all that stands behind it. Where nobody answers for a
    /// partition, it waits. Those that are `unanswered` are asked for elsewhere.
    pub(super) fn measure(
        &mut self,
        reader: &Reader,
        lanes: &HashMap<i32, Lane>,
        unanswered: &HashMap<i32, Instant>,
    ) {
        self.silent.keep(|partition| {
            lanes.contains_key(&partition) && !unanswered.contains_key(&partition)
        });
        let now = Instant::now();
        for (&partition, lane) in lanes {
            if unanswered.contains_key(&partition)
                || self.due.get(&partition).is_some_and(|at| now < *at)
            {
                continue;
            }
            match self.measure_one(reader, partition, lane.position()) {
                Ok(()) => self.answered(partition),
                Err(error) => {
                    self.unheard(partition, error);
                    // An answer that does not come takes its time: the others have the next look.
                    return;
                }
            }
        }
    }

    fn answered(&mut self, partition: i32) {
        self.due.insert(partition, Instant::now() + MEASURE);
        if self.silent.answered(partition) {
            self.readiness.works(partition);
            // Whoever is back is so for other partitions, too.
            self.silent.each(|other| {
                self.due.remove(&other);
            });
        }
    }

    fn unheard(&mut self, partition: i32, error: KafkaError) {
        let silent = self.silent.unheard(partition);
        let again = if silent.is_some() {
            MEASURE_LATER
        } else {
            MEASURE
        };
        self.due.insert(partition, Instant::now() + again);
        let Some(since) = silent else { return };
        // What was true a while ago would be taken for what is.
        remove(partition);
        let error = Error::kafka("asking how far a partition goes")(error);
        let causes = Causes(&error).to_string();
        if since == Since::Now {
            tracing::warn!(partition, error = causes, "landing waits; trying again");
        }
        // Each time: what was landed meanwhile of records that were there already says that it works.
        self.readiness
            .stands_still(partition, Standstill::LandingWaits, causes);
    }

    fn measure_one(
        &mut self,
        reader: &Reader,
        partition: i32,
        position: i64,
    ) -> Result<(), KafkaError> {
        let label = || [partition.to_string().into()];
        let (lag, end) = reader.lag(partition, position, PATIENCE)?;
        LAG.with(label()).set(lag as f64);
        let since = self.hidden.since(partition, end, PATIENCE)?;
        HIDDEN.with(label()).set(since.as_secs_f64());
        Ok(())
    }
}

/// A partition is not this process's any more.
pub(super) fn remove(partition: i32) {
    for gauge in [LAG, HIDDEN] {
        gauge.remove([partition.to_string().into()]);
    }
}

/// Whether a partition that does not answer has just become silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Now,
    Before,
}

/// The partitions for which nobody has answered, and how often in a row. Once may be a leader that
/// changes; from the second time on a partition is silent.
#[derive(Default)]
struct Silent(HashMap<i32, u32>);

impl Silent {
    fn unheard(&mut self, partition: i32) -> Option<Since> {
        let times = self.0.entry(partition).or_default();
        *times = times.saturating_add(1);
        match *times {
            0 | 1 => None,
            2 => Some(Since::Now),
            _ => Some(Since::Before),
        }
    }

    /// An answer came; true where the partition was silent.
    fn answered(&mut self, partition: i32) -> bool {
        self.0.remove(&partition).is_some_and(|times| times > 1)
    }

    fn keep(&mut self, is_kept: impl Fn(i32) -> bool) {
        self.0.retain(|partition, _| is_kept(*partition));
    }

    fn each(&self, each: impl FnMut(i32)) {
        self.0.keys().copied().for_each(each);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_is_silent_from_the_second_answer_in_a_row_that_does_not_come() {
        let mut silent = Silent::default();
        assert_eq!(silent.unheard(3), None);
        assert!(!silent.answered(3), "it was never silent");
        assert_eq!(silent.unheard(3), None);
        assert_eq!(silent.unheard(4), None);
        assert_eq!(silent.unheard(3), Some(Since::Now));
        assert_eq!(silent.unheard(3), Some(Since::Before));
        assert!(silent.answered(3));
        assert!(!silent.answered(3));
        silent.keep(|partition| partition == 3);
        assert_eq!(
            silent.unheard(4),
            None,
            "what is not ours any more is forgotten"
        );
    }
}
