//! What may happen in an episode of the simulation.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use kaiku_fleet::{Route, Upload, What};
use kaiku_raw::Forget;
use kaiku_wire::{Clock, Day};
use rand::Rng;
use rand::seq::{IndexedRandom, SliceRandom};

use super::{Episode, REMEMBERED, Verb};

impl Episode<'_> {
    pub(super) fn remember(&mut self, uploads: Vec<Upload>, millis: i64) {
        self.counts.uploads += uploads.len() as u64;
        for upload in uploads {
            let (day, sender) = (self.feeder.day, &mut self.feeder.sender);
            sender.upload_on(&upload, day, millis).unwrap();
            if self.past.len() == REMEMBERED {
                self.past.pop_front();
            }
            self.past.push_back(upload);
        }
        self.feeder.sender.flush().unwrap();
    }

    pub(super) fn publish(&mut self) {
        let most = self.rng.random_range(20..250);
        if self.rng.random_bool(0.5) {
            self.counts.uploads += self.feeder.some(most) as u64;
        } else {
            let mut batches = self.feeder.batches(most);
            // Uploads of a stream side by side come in any order.
            if self.rng.random_bool(0.5) {
                batches.shuffle(&mut self.rng);
            }
            self.remember(batches, self.feeder.day.start_millis() + 1);
        }
    }

    /// What came before comes again, in any order.
    pub(super) fn again(&mut self) {
        let count = self.rng.random_range(1..80);
        for _ in 0..count.min(self.past.len()) {
            let at = self.rng.random_range(0..self.past.len());
            let millis = self.feeder.day.start_millis() + 2;
            self.feeder.sender.upload(&self.past[at], millis).unwrap();
        }
        self.feeder.sender.flush().unwrap();
    }

    pub(super) fn kill(&mut self) {
        for _ in 0..self.rng.random_range(1..4) {
            let at = self.rng.random_range(0..self.running.len());
            let killed = self.running.swap_remove(at);
            killed.stage.kill();
            self.counts.kills += 1;
            self.start(killed.verb, true);
        }
    }

    pub(super) fn freeze(&mut self) {
        let at = self.rng.random_range(0..self.running.len());
        let running = &mut self.running[at];
        if running.stage.ended().is_none() {
            running.stage.freeze();
            running.frozen = true;
            self.counts.freezes += 1;
        }
    }

    pub(super) fn thaw(&mut self) {
        for running in self.running.iter_mut().filter(|running| running.frozen) {
            running.stage.thaw();
            running.frozen = false;
        }
    }

    pub(super) fn join_or_leave(&mut self) {
        self.counts.joins += 1;
        let verb = *[Verb::Enrich, Verb::Enrich, Verb::Aggregate]
            .choose(&mut self.rng)
            .unwrap();
        let of_it = self
            .running
            .iter()
            .filter(|running| running.verb == verb)
            .count();
        if of_it < 3 && self.rng.random_bool(0.5) || of_it == 1 {
            self.start(verb, true);
            return;
        }
        let at = self
            .running
            .iter()
            .position(|running| running.verb == verb && !running.frozen);
        if let Some(at) = at {
            // It may die at a step instead while it stops.
            let leaving = self.running.swap_remove(at).stage.ask_to_stop();
            self.counts.kills += u64::from(leaving.code().is_none());
        }
    }

    pub(super) fn end_day(&mut self) {
        self.counts.days += 1;
        if self.rng.random_bool(0.3) {
            self.feeder.end_day();
        } else {
            self.feeder.next_day();
        }
    }

    /// The next week begins, or the next month.
    pub(super) fn turn(&mut self) {
        let today = self.feeder.day;
        let to_month = self.rng.random_bool(0.3);
        let turns = |day: &Day| {
            if to_month {
                day.month() != today.month()
            } else {
                day.week() != today.week()
            }
        };
        let day = (1..).map(|number| today.plus(number)).find(turns).unwrap();
        // The days that an episode still has must not run past today's: the broker takes no record of
        // the future.
        if day.plus(30) > Clock::system().today() {
            return;
        }
        self.feeder.skip_to(day);
        self.counts.weeks += u64::from(!to_month);
        self.counts.months += u64::from(to_month);
    }

    /// A device that was seen is forgotten, for one app or for all.
    pub(super) fn forget(&mut self) {
        let batches: Vec<_> = self.past.iter().collect();
        let Some(What::Batch(batch)) = batches.choose(&mut self.rng).map(|upload| &upload.what)
        else {
            return;
        };
        let app = self.rng.random_bool(0.5).then_some(batch.app);
        let forget = Upload {
            device: 0,
            route: Route::Raw,
            what: What::Forget(Forget {
                device_id: batch.device.id,
                app,
            }),
        };
        let millis = self.feeder.day.start_millis() + 3;
        self.feeder.sender.upload(&forget, millis).unwrap();
        self.feeder.sender.flush().unwrap();
    }

    /// Uploads that are stamped with a day before.
    pub(super) fn slow_clock(&mut self) {
        let batches = self.feeder.batches(40);
        let back = self.rng.random_range(1..4) * 86_400_000;
        self.remember(batches, self.feeder.day.start_millis() - back);
    }

    /// Somebody starts an older version: it refuses what it is given, and goes.
    pub(super) fn old_version(&mut self) {
        self.counts.old_versions += 1;
        let name = self.next_name();
        let old = self
            .world
            .enrich_failing(&name, "state.newest_format=return(4)");
        sleep(Duration::from_millis(self.rng.random_range(500..3_000)));
        old.kill();
    }

    pub(super) fn bounce(&mut self) {
        self.counts.bounces += 1;
        let topic = self.world.kafka.topics().raw();
        self.kafka.bounce(&mut self.rng, &topic);
    }

    /// The keys of the host are gone for a while, in which a process starts and a month may turn. Who has
    /// a key in memory goes on; who has not refuses until it is started again.
    pub(super) fn lose_keys(&mut self) {
        self.counts.lost_keys += 1;
        let keys = self.world.keys_dir();
        let away = keys.with_extension("away");
        if fs::rename(&keys, &away).is_err() {
            // None was made yet.
            return;
        }
        self.kill();
        sleep(Duration::from_millis(self.rng.random_range(0..1_500)));
        fs::create_dir_all(&keys).unwrap();
        for file in fs::read_dir(&away).unwrap() {
            let file = file.unwrap();
            // What was made meanwhile stands: where that were wrong, the oracle could not open the state.
            let _ = fs::hard_link(file.path(), keys.join(file.file_name()));
        }
        fs::remove_dir_all(&away).unwrap();
    }
}
