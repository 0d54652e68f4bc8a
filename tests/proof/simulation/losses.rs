//! What the log itself may lose in an episode, until an operator has accepted it: records that were
//! deleted before they were counted, and the end of a partition, which is written again. Where history is
//! replayed, as here, it is the operator who says from where on.

use std::time::Instant;

use kaiku_broker::Admin;
use kaiku_rehearsal::Sender;
use rand::Rng;

use super::{Brokers, Episode, PARTITIONS, QUIET, Verb};
use crate::proof::STOP;
use crate::proof::cut::{bring_back, keep};
use crate::support::kafka::insist;
use crate::support::process::Stage;

impl Episode<'_> {
    pub(super) fn lose(&mut self) {
        self.count_all();
        let partition = self.rng.random_range(0..PARTITIONS);
        // Of three brokers, each has a log to cut.
        if self.kafka.copies() == 1 && self.rng.random_bool(0.5) {
            self.cut(partition);
        } else {
            self.gap(partition);
        }
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
    fn accept(&mut self, option: &str, said: &str, value: &str) {
        let name = self.next_name();
        let refusing = self.world.enrich(&name);
        let log = format!("enrich-{name}.log");
        self.world
            .await_log(&log, &format!("{option} {said}"), QUIET);
        assert!(refusing.terminate(STOP).success());
        self.strip(&[&format!("{option}={value}")]);
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
        let value = format!("{partition}:{low}");
        self.accept("--accept-gap", &value, &value);
        self.counts.gaps += 1;
    }

    /// The only broker comes back with a shorter log of a partition, behind whose end everything was
    /// counted, and others publish there.
    fn cut(&mut self, partition: i32) {
        let (low, cut) = self.watermarks(partition);
        let topic = self.world.kafka.topics().raw();
        let Brokers::One(apache) = &mut *self.kafka else {
            return;
        };
        let log = apache.log_of(&topic, partition);
        apache.kill();
        let (_folder, kept) = keep(&log);
        apache.launch().unwrap();
        self.counts.uploads += self.feeder.some(60) as u64;
        self.strip(&[]);
        let (_, reached) = self.watermarks(partition);
        if reached == cut {
            return;
        }
        // Where more of it is counted again than was written again, all of that is known.
        let is_early = self.rng.random_bool(0.3);
        let from = if is_early {
            self.rng.random_range(low..=cut)
        } else {
            cut
        };
        self.goes_on_from(partition, from);
        self.end_watch();
        let Brokers::One(apache) = &mut *self.kafka else {
            return;
        };
        apache.kill();
        bring_back(&kept, &log);
        apache.launch().unwrap();
        self.feeder.sender = Sender::onto(&self.world.kafka, PARTITIONS).unwrap();
        let again = self.rng.random_range(20..250);
        self.counts.uploads += self.feeder.some(again) as u64;
        let reached = format!("{partition}:{reached}");
        let (said, value) = (format!("{reached}:FROM"), format!("{reached}:{from}"));
        self.accept("--accept-cut", &said, &value);
        self.watch();
        self.counts.cuts += 1;
    }
}
