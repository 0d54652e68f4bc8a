//! What the log itself may lose in an episode, until an operator has accepted it: records that were
//! deleted before they were counted. A partition that loses its end has proofs of its own, in `cut`: where
//! history is replayed, as here, nobody can say from where on it was written again.

use std::time::Instant;

use kaiku_broker::Admin;
use rand::Rng;

use super::{Episode, PARTITIONS, QUIET, Verb};
use crate::proof::STOP;
use crate::support::kafka::insist;
use crate::support::process::Stage;

impl Episode<'_> {
    pub(super) fn lose(&mut self) {
        self.count_all();
        let partition = self.rng.random_range(0..PARTITIONS);
        self.gap(partition);
        for _ in 0..2 {
            self.start(Verb::Enrich, true);
        }
    }

    /// Ends every process that strips, when one of them has counted what there is.
    fn count_all(&mut self) {
        self.thaw();
        let (strip, others) = self
            .running
            .drain(..)
            .partition(|running| running.verb == Verb::Enrich);
        self.running = others;
        for running in strip {
            running.stage.kill();
            self.counts.kills += 1;
        }
        self.strip(&[]);
    }

    /// Has one process count what there is.
    fn strip(&mut self, options: &[&str]) {
        let name = self.next_name();
        let stage = Stage::start_as(self.world.folder.path(), "enrich", &name, &[], options);
        self.world.await_quiet(QUIET);
        assert!(stage.terminate(STOP).success());
    }

    fn watermarks(&self, partition: i32) -> (i64, i64) {
        let admin = Admin::connect(&self.world.kafka).unwrap();
        let topic = self.world.kafka.topics().raw();
        insist(Instant::now(), || admin.watermarks(&topic, partition))
    }

    /// From here on the partition's log counts from an offset; before it, what was counted so far.
    fn goes_on_from(&mut self, partition: i32, from: i64) {
        let mut counted = self.world.counted();
        counted.retain(|record| record.partition == partition);
        self.world.past.insert(partition, (counted, from));
    }

    /// Nobody counts this partition before somebody says that its loss is accepted.
    fn accept(&mut self, partition: i32, offset: i64) {
        let name = self.next_name();
        let refusing = self.world.enrich(&name);
        let said = format!("--accept-gap {partition}:{offset}");
        let log = format!("enrich-{name}.log");
        self.world.await_log(&log, &said, QUIET);
        assert!(refusing.terminate(STOP).success());
        self.strip(&[&format!("--accept-gap={partition}:{offset}")]);
    }

    fn gap(&mut self, partition: i32) {
        let (_, end) = self.watermarks(partition);
        self.counts.uploads += self.feeder.some(100) as u64;
        let (_, grown) = self.watermarks(partition);
        if grown == end {
            return;
        }
        let low = self.rng.random_range(end + 1..=grown);
        self.goes_on_from(partition, low);
        let kept = self.world.past.get_mut(&partition).unwrap();
        kept.0.retain(|record| record.offset < end);
        let admin = Admin::connect(&self.world.kafka).unwrap();
        let topic = self.world.kafka.topics().raw();
        insist(Instant::now(), || {
            admin.delete_records(&topic, partition, low)
        });
        self.accept(partition, low);
        self.counts.gaps += 1;
    }
}
