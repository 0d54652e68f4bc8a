//! The ends of all partitions of a topic, of as many as answer in time.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Admin;
use crate::error::Error;

/// By partition, the first offset that it still has and the one behind its last; or why it was not told.
pub type Ends = BTreeMap<i32, Result<(i64, i64), Error>>;

impl Admin {
    /// The [watermarks](Admin::watermarks) of the first so many partitions. One that fails keeps none of
    /// the others from being asked for, until `within` is over: those that are missing were not asked for.
    pub fn ends(&self, topic: &str, partitions: i32, within: Duration) -> Ends {
        let begun = Instant::now();
        let in_time = (0..partitions).take_while(|_| begun.elapsed() < within);
        in_time
            .map(|partition| (partition, self.watermarks(topic, partition)))
            .collect()
    }
}
