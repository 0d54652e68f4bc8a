//! What has to be done now and then: committed raw records are deleted, months turn, and the
//! metrics are brought up to date.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_stage::{Causes, failpoint};
use kaiku_wire::Month;

use crate::error::Error;
use crate::lane_context::LaneContext;
use crate::metrics::{LAG, STATE_DEVICES};

const METRICS_EVERY: Duration = Duration::from_secs(10);

/// Does what has to be done now and then.
pub(crate) struct Upkeep {
    context: Arc<LaneContext>,
    deleted: HashMap<i32, i64>,
    cleaned: Instant,
    measured: Instant,
    destroyed: Option<Month>,
}

impl Upkeep {
    pub(crate) fn new(context: Arc<LaneContext>) -> Upkeep {
        let now = Instant::now();
        Upkeep {
            context,
            deleted: HashMap::new(),
            cleaned: now,
            measured: now,
            destroyed: None,
        }
    }

    /// Does what is due. What fails is logged and tried again the next time.
    pub(crate) fn turn(&mut self) {
        if self.cleaned.elapsed() >= self.context.config.delete_every {
            self.cleaned = Instant::now();
            if let Err(error) = self.clean() {
                tracing::warn!(error = %Causes(&error), "upkeep failed; trying again later");
            }
        }
        if self.measured.elapsed() >= METRICS_EVERY {
            self.measured = Instant::now();
            self.measure();
        }
    }

    fn clean(&mut self) -> Result<(), Error> {
        let context = Arc::clone(&self.context);
        let admin = &context.admin;
        if context.config.delete_raw {
            for (partition, lane) in context.progress.lanes() {
                let before = lane.next_offset - context.config.delete_margin;
                if before > self.deleted.get(&partition).copied().unwrap_or(0) {
                    admin
                        .delete_records(&context.raw, partition, before)
                        .map_err(Error::broker("deleting committed raw records"))?;
                    failpoint("raw.deleted");
                    self.deleted.insert(partition, before);
                }
            }
        }
        if context.replay {
            return Ok(());
        }
        // A key is made a day ahead, so that no lane waits for it at midnight.
        let today = context.clock.today();
        context.keys.month(admin, today.next().month())?;
        let old = today.month().prev().prev();
        if self.destroyed != Some(old) {
            let names = admin.names().map_err(Error::broker("listing topics"))?;
            if names.contains(&context.cluster.topics().state(old)) {
                if !self.all_have_turned(today.month())? {
                    return Ok(());
                }
                context.keys.destroy(admin, old)?;
            }
            self.destroyed = Some(old);
        }
        Ok(())
    }

    /// Whether every partition has come to a month: one that lags behind still needs the state of
    /// the one before it.
    fn all_have_turned(&self, month: Month) -> Result<bool, Error> {
        let topic = self.context.cluster.topics().state(month);
        for partition in 0..self.context.partitions {
            let (_, high) = self
                .context
                .admin
                .watermarks(&topic, partition)
                .map_err(Error::broker("looking whether a month has turned"))?;
            if high == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[allow(clippy::cast_precision_loss)]
    fn measure(&self) {
        let context = &self.context;
        let mut devices = 0_usize;
        for (partition, lane) in context.progress.lanes() {
            devices += lane.devices;
            if let Ok((_, high)) = context.admin.watermarks(&context.raw, partition) {
                let lag = (high - lane.next_offset).max(0);
                LAG.with([partition.to_string().into()]).set(lag as f64);
            }
        }
        STATE_DEVICES.with([]).set(coarse(devices) as f64);
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
