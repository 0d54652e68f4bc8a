//! What has to be done now and then: committed raw records are deleted, months turn, and the
//! metrics are brought up to date.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::{Admin, failpoint};
use kaiku_wire::Month;

use crate::Error;
use crate::stage::Stage;

const METRICS_EVERY: Duration = Duration::from_secs(10);

/// Does what has to be done now and then.
pub(crate) struct Upkeep {
    stage: Arc<Stage>,
    deleted: HashMap<i32, i64>,
    cleaned: Instant,
    measured: Instant,
    destroyed: Option<Month>,
}

impl Upkeep {
    pub(crate) fn new(stage: Arc<Stage>) -> Upkeep {
        let now = Instant::now();
        Upkeep {
            stage,
            deleted: HashMap::new(),
            cleaned: now,
            measured: now,
            destroyed: None,
        }
    }

    /// Does what is due. What fails is logged and tried again the next time.
    pub(crate) fn turn(&mut self) {
        if self.cleaned.elapsed() >= self.stage.config.delete_every {
            self.cleaned = Instant::now();
            if let Err(error) = self.clean() {
                tracing::warn!(%error, "upkeep failed; trying again later");
            }
        }
        if self.measured.elapsed() >= METRICS_EVERY {
            self.measured = Instant::now();
            self.measure();
        }
    }

    fn clean(&mut self) -> Result<(), Error> {
        let stage = Arc::clone(&self.stage);
        let admin = Admin::connect(&stage.kafka).map_err(Error::broker("connecting for upkeep"))?;
        if stage.config.delete_raw {
            for (partition, lane) in stage.progress.lanes() {
                let before = lane.next_offset - stage.config.delete_margin;
                if before > self.deleted.get(&partition).copied().unwrap_or(0) {
                    admin
                        .delete_records(&stage.raw, partition, before)
                        .map_err(Error::broker("deleting committed raw records"))?;
                    failpoint("raw.deleted");
                    self.deleted.insert(partition, before);
                }
            }
        }
        if stage.config.replay {
            return Ok(());
        }
        // A key is made a day ahead, so that no lane waits for it at midnight.
        let today = stage.clock.day();
        stage.keys.month(today.next().month())?;
        let old = today.month().prev().prev();
        if self.destroyed != Some(old) {
            let names = admin.names().map_err(Error::broker("listing topics"))?;
            if names.contains(&stage.kafka.topics().state(old)) {
                if !self.all_have_turned(&admin, today.month())? {
                    return Ok(());
                }
                stage.keys.destroy(&admin, old)?;
            }
            self.destroyed = Some(old);
        }
        Ok(())
    }

    /// Whether every partition has come to a month: one that lags behind still needs the state of
    /// the one before it.
    fn all_have_turned(&self, admin: &Admin, month: Month) -> Result<bool, Error> {
        let topic = self.stage.kafka.topics().state(month);
        for partition in 0..self.stage.partitions {
            let (_, high) = admin
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
        let stage = &self.stage;
        let Ok(admin) = Admin::connect(&stage.kafka) else {
            return;
        };
        let mut devices = 0;
        for (partition, lane) in stage.progress.lanes() {
            devices += lane.devices;
            if let Ok((_, high)) = admin.watermarks(&stage.raw, partition) {
                let lag = (high - lane.next_offset).max(0);
                metrics::gauge!("kaiku_enrich_lag_records", "partition" => partition.to_string())
                    .set(lag as f64);
            }
        }
        metrics::gauge!("kaiku_state_devices").set(devices as f64);
    }
}
