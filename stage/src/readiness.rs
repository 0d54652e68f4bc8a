//! Whether a stage is at work: told by the stage, in one shape for all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kaiku_metric::{Described, Gauge};

use crate::Standstill;

const LANE_STOPPED: Gauge<2> = Gauge::new(
    "kaiku_lane_stopped",
    ["partition", "reason"],
    "1 while a partition stands still in enrich or in aggregate, with the reason of the runbook.",
);

/// The metrics that every stage has.
pub const METRICS: &[Described] = &[LANE_STOPPED.described()];

/// The partitions that a stage has, which of them stand still and why, and what else keeps it from
/// its work. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    partitions: BTreeMap<i32, Option<Stopped>>,
    trouble: Option<String>,
}

#[derive(Clone, Debug)]
struct Stopped {
    why: Standstill,
    /// What exactly, in a sentence.
    text: String,
}

impl Readiness {
    /// Whether the stage has a partition, and nothing keeps it from its work.
    pub fn is_ready(&self) -> bool {
        let inner = self.inner();
        !inner.partitions.is_empty()
            && inner.partitions.values().all(Option::is_none)
            && inner.trouble.is_none()
    }

    /// Why each partition that stands still does.
    pub fn standstills(&self) -> BTreeMap<i32, Standstill> {
        let inner = self.inner();
        let stopped = inner.partitions.iter();
        stopped
            .filter_map(|(partition, stopped)| Some((*partition, stopped.as_ref()?.why)))
            .collect()
    }

    /// Everything that keeps the stage from its work at this moment, a sentence each.
    pub fn complaints(&self) -> Vec<String> {
        let inner = self.inner();
        let stopped = inner.partitions.iter().filter_map(|(partition, stopped)| {
            let stopped = stopped.as_ref()?;
            let label = stopped.why.as_str();
            Some(format!(
                "partition {partition} stands still ({label}): {}",
                stopped.text
            ))
        });
        stopped.chain(inner.trouble.clone()).collect()
    }

    /// A partition is this process's, and at work.
    pub fn works(&self, partition: i32) {
        self.set(partition, None);
    }

    /// A partition stands still.
    pub fn stands_still(&self, partition: i32, why: Standstill, text: impl Into<String>) {
        let text = text.into();
        self.set(partition, Some(Stopped { why, text }));
    }

    /// A partition is not this process's any more.
    pub fn gone(&self, partition: i32) {
        if let Some(Some(before)) = self.inner().partitions.remove(&partition) {
            gauge(partition, before.why).set(0.0);
        }
    }

    /// Something keeps the whole stage from its work, or nothing does any more.
    pub fn set_trouble(&self, trouble: Option<String>) {
        self.inner().trouble = trouble;
    }

    fn set(&self, partition: i32, now: Option<Stopped>) {
        let why = now.as_ref().map(|stopped| stopped.why);
        let before = self.inner().partitions.insert(partition, now).flatten();
        if let Some(before) = before.filter(|before| Some(before.why) != why) {
            gauge(partition, before.why).set(0.0);
        }
        if let Some(why) = why {
            gauge(partition, why).set(1.0);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauge(partition: i32, why: Standstill) -> kaiku_metric::GaugeHandle {
    LANE_STOPPED.with([partition.to_string().into(), why.as_str().into()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_ready_once_it_has_a_partition_and_none_stands_still() {
        let readiness = Readiness::default();
        assert!(!readiness.is_ready(), "it has no partition");
        readiness.works(0);
        readiness.works(1);
        assert!(readiness.is_ready());
        readiness.stands_still(1, Standstill::RegistryAway, "no answer");
        assert!(!readiness.is_ready());
        assert_eq!(
            readiness.complaints(),
            ["partition 1 stands still (registry_away): no answer"]
        );
        readiness.gone(1);
        assert!(readiness.is_ready());
        readiness.set_trouble(Some("the seal fails".to_owned()));
        assert!(!readiness.is_ready());
    }
}
