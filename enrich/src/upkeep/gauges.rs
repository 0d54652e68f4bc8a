//! The metrics that are looked at from time to time. What is no longer this process's is shown no
//! more.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, Hidden, Isolation};

use super::headroom::{self, Headroom, RECORD};
use super::months::Due;
use crate::lane_context::LaneContext;
use crate::metrics::{HEADROOM, HIDDEN, LAG, OVERDUE, QUIET, STATE_DEVICES};

/// How often the retention of the raw topic is asked for.
const RETENTION_EVERY: Duration = Duration::from_secs(600);

/// What is shown of the partitions.
#[derive(Default)]
pub(super) struct Gauges {
    shown: BTreeSet<i32>,
    /// Partitions of which the brokers did not say the last time how much there is.
    unanswered: BTreeSet<i32>,
    /// The retention of the raw topic in milliseconds, where it has one, and when it was asked for.
    retention: Option<(Instant, Option<i64>)>,
    headroom: Headroom,
    hidden: Option<Hidden>,
}

impl Gauges {
    #[allow(clippy::cast_precision_loss, reason = "shown to people")]
    pub(super) fn measure(&mut self, context: &LaneContext, admin: &Admin, stop: &AtomicBool) {
        let (lanes, quiet) = (context.progress.lanes(), context.progress.quiet_since());
        for partition in std::mem::take(&mut self.shown) {
            if !lanes.contains_key(&partition) {
                remove(partition);
            }
        }
        self.shown = lanes.keys().copied().collect();
        let devices = lanes.values().map(|lane| lane.devices).sum();
        STATE_DEVICES.with([]).set(coarse(devices) as f64);
        for (partition, since) in quiet {
            let label = partition.to_string().into();
            QUIET.with([label]).set(since.elapsed().as_secs_f64());
        }
        let retention = self.retention(context, admin);
        for (partition, lane) in lanes {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            match admin.watermarks(&context.raw, partition) {
                Ok(held) => {
                    self.unanswered.remove(&partition);
                    self.measure_one(context, partition, lane.next_offset, held, retention);
                }
                Err(_) if self.unanswered.insert(partition) => {}
                // What was true a while ago would be taken for what is.
                Err(_) => [LAG, HIDDEN, HEADROOM]
                    .iter()
                    .for_each(|gauge| gauge.remove([partition.to_string().into()])),
            }
        }
    }

    /// Shows how far a partition is behind, of which the topic has this much.
    #[allow(clippy::cast_precision_loss, reason = "shown to people")]
    fn measure_one(
        &mut self,
        context: &LaneContext,
        partition: i32,
        next: i64,
        (low, high): (i64, i64),
        retention: Option<i64>,
    ) {
        let label = || partition.to_string().into();
        let hides = self.look_behind(context, partition, high);
        // The mark of a transaction is no record, and what was aborted is nobody's: neither waits.
        let isolation = match hides {
            true => Isolation::Uncommitted,
            false => Isolation::Committed,
        };
        let (cluster, raw) = (&context.cluster, &context.raw);
        let first = match next < high {
            true => self
                .headroom
                .time_of(cluster, raw, isolation, partition, next.max(low)),
            false => Ok(None),
        };
        let lag = match first {
            Ok(None) => 0,
            Ok(Some(_)) | Err(_) => (high - next).max(0),
        };
        LAG.with([label()]).set(lag as f64);
        match (first, retention) {
            (Ok(first), Some(retention)) => {
                let left = headroom::left(retention, first, context.clock.millis());
                HEADROOM.with([label()]).set(left as f64 / 1000.0);
            }
            (_, None) => HEADROOM.remove([label()]),
            (Err(_), Some(_)) => {}
        }
    }

    /// Nothing is this process's any more.
    pub(super) fn remove_all(&mut self) {
        std::mem::take(&mut self.shown).into_iter().for_each(remove);
    }

    /// The retention of the raw topic; `None` where nothing is deleted by age, or nobody says.
    fn retention(&mut self, context: &LaneContext, admin: &Admin) -> Option<i64> {
        let known = self
            .retention
            .filter(|(asked, _)| asked.elapsed() < RETENTION_EVERY);
        if let Some((_, retention)) = known {
            return retention;
        }
        let retention = headroom::retention(admin, &context.raw).ok()?;
        self.retention = Some((Instant::now(), retention));
        retention
    }

    /// Shows for how long an open transaction has hidden what stands in front of a partition's end; gives
    /// whether one does.
    fn look_behind(&mut self, context: &LaneContext, partition: i32, end: i64) -> bool {
        if self.hidden.is_none() {
            self.hidden = Hidden::of(&context.cluster, &context.raw).ok();
        }
        let hidden = self.hidden.as_mut();
        let Some(Ok(since)) = hidden.map(|hidden| hidden.since(partition, end, RECORD)) else {
            return false;
        };
        let label = partition.to_string().into();
        HIDDEN.with([label]).set(since.as_secs_f64());
        !since.is_zero()
    }
}

/// What is left of months that are over, each kind that could be looked at.
#[allow(clippy::cast_precision_loss, reason = "shown to people")]
pub(super) fn show_overdue(left: &Due) {
    let kinds = [
        ("state_topic", Some(&left.topics)),
        ("key_record", left.records.as_ref()),
        ("key_file", left.files.as_ref()),
        ("key_memory", Some(&left.known)),
    ];
    for (what, months) in kinds {
        if let Some(months) = months {
            OVERDUE.with([what.into()]).set(months.len() as f64);
        }
    }
}

fn remove(partition: i32) {
    for gauge in [LAG, HIDDEN, QUIET, HEADROOM] {
        gauge.remove([partition.to_string().into()]);
    }
}

/// A number of devices as a metric may show it: rounded down to two digits, and 0 under 100, so that
/// whoever reads it can't tell whether one device is there.
fn coarse(devices: usize) -> usize {
    match devices.checked_ilog10() {
        None | Some(0 | 1) => 0,
        Some(digits) => {
            let unit = 10_usize.pow(digits - 1);
            devices / unit * unit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::coarse;

    #[test]
    fn a_number_of_devices_is_shown_by_its_first_two_digits_and_a_small_one_not_at_all() {
        let exact = [0, 9, 99, 100, 109, 110, 12_345, 1_299_999];
        let shown = [0, 0, 0, 100, 100, 110, 12_000, 1_200_000];
        assert_eq!(exact.map(coarse), shown);
    }
}
