//! How far each partition is behind, and for how long an open transaction has hidden what stands
//! behind it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kaiku_broker::Hidden;
use rdkafka::error::KafkaError;

use super::consume::Shared;
use super::lane::Lane;
use super::reader::Reader;
use crate::error::Error;
use crate::metrics::{HIDDEN, LAG};

/// The longest that one question about one partition may take: the others wait for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// How often a partition is measured, and how much later where nobody answers.
const MEASURE: Duration = Duration::from_secs(5);
const MEASURE_LATER: Duration = Duration::from_secs(30);

/// What is measured of the partitions, and when next.
pub(super) struct Behind {
    due: HashMap<i32, Instant>,
    hidden: Hidden,
}

impl Behind {
    pub(super) fn new(shared: &Shared) -> Result<Behind, Error> {
        let hidden = Hidden::of(&shared.cluster, &shared.topic);
        Ok(Behind {
            due: HashMap::new(),
            hidden: hidden.map_err(Error::broker("making a consumer"))?,
        })
    }

    /// Shows how far each partition that is due is behind: as far as what is not committed yet, too,
    /// for a transaction that never ends hides all that stands behind it.
    pub(super) fn measure(&mut self, reader: &Reader, lanes: &HashMap<i32, Lane>) {
        let now = Instant::now();
        for (partition, lane) in lanes {
            if self.due.get(partition).is_some_and(|at| now < *at) {
                continue;
            }
            let measured = self.measure_one(reader, *partition, lane.position());
            let again = match measured {
                Ok(()) => MEASURE,
                Err(_) => MEASURE_LATER,
            };
            self.due.insert(*partition, Instant::now() + again);
        }
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
