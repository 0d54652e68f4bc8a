//! A random simulation: operations in the order of a seed, on a broker of its own, and the oracle
//! at every quiet point.
//!
//! An episode is a world, some dozens of operations, and a seed of its own. The test runs one; with
//! `KAIKU_TEST_MINUTES` it runs one after the other, seed by seed, until the time is over. A seed
//! that fails is printed; `KAIKU_TEST_SEED` begins with it.

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_fleet::{Route, Upload, What};
use kaiku_raw::Forget;
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::landing::STEPS as LAND_STEPS;
use super::{LANE, QUIET};
use crate::support::kafka::{Apache, own, unique_prefix};
use crate::support::oracle::{Oracle, seen};
use crate::support::process::Stage;
use crate::support::watch::OffsetWatch;
use crate::support::world::{Feeder, World, seed};

const PARTITIONS: i32 = 4;
/// Operations between two quiet points, and quiet points of an episode.
const OPERATIONS: u32 = 40;
const QUIETS: u32 = 3;
/// Uploads that may come again.
const REMEMBERED: usize = 400;

/// What was done.
#[derive(Debug, Default)]
struct Counts {
    operations: u64,
    uploads: u64,
    /// By SIGKILL, and at a step.
    kills: u64,
    freezes: u64,
    bounces: u64,
    joins: u64,
    days: u64,
    quiets: u64,
    events: u64,
}

/// A process, and since when it is frozen.
struct Running {
    stage: Stage,
    verb: Verb,
    frozen: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Enrich,
    Aggregate,
}

struct Episode<'a> {
    kafka: &'a mut Apache,
    world: World,
    feeder: Feeder,
    rng: StdRng,
    running: Vec<Running>,
    started: u32,
    /// Uploads that may come again.
    past: VecDeque<Upload>,
    counts: &'a mut Counts,
}

impl<'a> Episode<'a> {
    fn new(kafka: &'a mut Apache, seed: u64, counts: &'a mut Counts) -> Episode<'a> {
        let world = World::on(kafka.cluster(&unique_prefix("sim")), PARTITIONS, true);
        let enrich = "delete_raw = false\nmix_uploads = 30\nmix_time = \"20ms\"\n\
                      mix_longest = \"300ms\"\npoll_timeout = \"3s\"\ntransaction_timeout = \"5s\"\n";
        let sections = "[aggregate]\nroll_time = \"500ms\"\nroll_events = 800\nseal_every = \"200ms\"\n\
                        retry = \"200ms\"\ndelete_stripped = false\ndelete_landing = false\n";
        world.settings_with(&world.kafka, enrich, sections);
        let feeder = world.feeder(1_200, seed);
        let mut episode = Episode {
            kafka,
            world,
            feeder,
            rng: StdRng::seed_from_u64(seed),
            running: Vec::new(),
            started: 0,
            past: VecDeque::new(),
            counts,
        };
        for verb in [Verb::Enrich, Verb::Enrich, Verb::Aggregate] {
            episode.start(verb, true);
        }
        episode
    }

    /// Starts a process; a risky one dies or lingers at some of its steps.
    fn start(&mut self, verb: Verb, risky: bool) {
        let steps: &[&str] = if verb == Verb::Enrich {
            &LANE
        } else {
            &LAND_STEPS
        };
        let mut failpoints = Vec::new();
        for step in steps {
            // Each record passes the first step of a lane, each transaction the others.
            let percent = if *step == "lane.took" { 0.2 } else { 6.0 };
            match self.rng.random_range(0..10) {
                0..4 if risky => failpoints.push(format!("{step}={percent}%return")),
                4 if risky => failpoints.push(format!("{step}={percent}%sleep(400)")),
                _ => {}
            }
        }
        self.started += 1;
        let (name, failpoints) = (format!("{:03}", self.started), failpoints.join(";"));
        let stage = match verb {
            Verb::Enrich => self.world.enrich_failing(&name, &failpoints),
            Verb::Aggregate => self.world.aggregate(&name, &failpoints),
        };
        self.running.push(Running {
            stage,
            verb,
            frozen: false,
        });
    }

    /// Starts anew what has died at a step. None may end in any other way.
    fn bring_back(&mut self) {
        let mut dead = Vec::new();
        for at in (0..self.running.len()).rev() {
            if let Some(status) = self.running[at].stage.ended() {
                assert_eq!(
                    status.code(),
                    None,
                    "a process has ended by itself: {status}"
                );
                dead.push(self.running.swap_remove(at).verb);
            }
        }
        for verb in dead {
            self.counts.kills += 1;
            self.start(verb, true);
        }
    }

    fn operation(&mut self) {
        self.counts.operations += 1;
        match self.rng.random_range(0..100) {
            0..34 => self.publish(),
            34..43 => self.again(),
            43..63 => self.kill(),
            63..70 => self.freeze(),
            70..76 => self.thaw(),
            76..82 => self.join_or_leave(),
            82..88 => self.end_day(),
            88..92 => self.forget(),
            92..96 => self.slow_clock(),
            96..97 => self.bounce(),
            _ => {}
        }
        sleep(Duration::from_millis(self.rng.random_range(0..400)));
        self.bring_back();
    }

    fn remember(&mut self, uploads: Vec<Upload>, millis: i64) {
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

    fn publish(&mut self) {
        let most = self.rng.random_range(20..250);
        if self.rng.random_bool(0.5) {
            self.counts.uploads += self.feeder.some(most) as u64;
        } else {
            let batches = self.feeder.batches(most);
            self.remember(batches, self.feeder.day.start_millis() + 1);
        }
    }

    /// What came before comes again, in any order.
    fn again(&mut self) {
        let count = self.rng.random_range(1..80);
        for _ in 0..count.min(self.past.len()) {
            let at = self.rng.random_range(0..self.past.len());
            let millis = self.feeder.day.start_millis() + 2;
            self.feeder.sender.upload(&self.past[at], millis).unwrap();
        }
        self.feeder.sender.flush().unwrap();
    }

    fn kill(&mut self) {
        for _ in 0..self.rng.random_range(1..4) {
            let at = self.rng.random_range(0..self.running.len());
            let killed = self.running.swap_remove(at);
            killed.stage.kill();
            self.counts.kills += 1;
            self.start(killed.verb, true);
        }
    }

    fn freeze(&mut self) {
        let at = self.rng.random_range(0..self.running.len());
        let running = &mut self.running[at];
        if running.stage.ended().is_none() {
            running.stage.freeze();
            running.frozen = true;
            self.counts.freezes += 1;
        }
    }

    fn thaw(&mut self) {
        for running in self.running.iter_mut().filter(|running| running.frozen) {
            running.stage.thaw();
            running.frozen = false;
        }
    }

    fn join_or_leave(&mut self) {
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

    fn end_day(&mut self) {
        self.counts.days += 1;
        if self.rng.random_bool(0.3) {
            self.feeder.end_day();
        } else {
            self.feeder.next_day();
        }
    }

    /// A device that was seen is forgotten, for one app or for all.
    fn forget(&mut self) {
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
    fn slow_clock(&mut self) {
        let batches = self.feeder.batches(40);
        let back = self.rng.random_range(1..4) * 86_400_000;
        self.remember(batches, self.feeder.day.start_millis() - back);
    }

    fn bounce(&mut self) {
        self.counts.bounces += 1;
        self.kafka.kill();
        sleep(Duration::from_millis(self.rng.random_range(0..3_000)));
        self.kafka.launch().unwrap();
    }

    /// From the first day of which anything counts to the last that is closed on all partitions.
    fn days_to_seal(&self, oracle: &Oracle<'_>) -> u64 {
        let seen = seen(&self.world.kafka);
        let first = seen.values().filter_map(|one| one.days.keys().min()).min();
        let last = oracle
            .partitions
            .iter()
            .map(|one| one.closed.last())
            .min()
            .flatten();
        let number = |day: &Day| i64::from(day.days_since_epoch());
        first.zip(last).map_or(0, |(first, last)| {
            u64::try_from(number(last) - number(first) + 1).unwrap_or(0)
        })
    }

    /// Lets everything come to rest, and asks the oracle.
    fn quiet(&mut self) {
        self.counts.quiets += 1;
        self.thaw();
        for running in self.running.drain(..) {
            running.stage.kill();
            self.counts.kills += 1;
        }
        let steady = [Verb::Enrich, Verb::Aggregate];
        for verb in steady {
            self.start(verb, false);
        }
        self.world.await_quiet(QUIET);
        let oracle = self.world.assert_exact();
        self.counts.events += oracle
            .partitions
            .iter()
            .map(|p| p.truth.totals().events)
            .sum::<u64>();
        let days = self.days_to_seal(&oracle);
        let start = Instant::now();
        while !self.world.has_landed() || self.world.manifests() < days {
            assert!(
                start.elapsed() < QUIET,
                "{} of {days} days sealed",
                self.world.manifests()
            );
            sleep(Duration::from_millis(200));
        }
        sleep(Duration::from_millis(500));
        self.world.assert_landed();
        self.world.assert_published(days);
        for running in self.running.drain(..) {
            assert!(running.stage.terminate(super::STOP).success());
        }
        for verb in steady {
            self.start(verb, true);
        }
    }
}

fn episode(kafka: &mut Apache, seed: u64, counts: &mut Counts) {
    println!("KAIKU_TEST_SEED={seed}");
    let mut episode = Episode::new(kafka, seed, counts);
    let watch = OffsetWatch::over(&episode.world.kafka, &episode.world.group, PARTITIONS);
    for _ in 0..QUIETS {
        for _ in 0..OPERATIONS {
            episode.operation();
        }
        episode.quiet();
    }
    watch.assert_never_back();
}

#[test]
fn a_random_simulation_agrees_with_the_oracle_at_every_quiet_point() {
    let minutes = std::env::var("KAIKU_TEST_MINUTES").ok();
    let minutes: u64 = minutes.map_or(0, |text| {
        text.parse().expect("KAIKU_TEST_MINUTES is a number")
    });
    let (first, start) = (seed(1), Instant::now());
    let mut counts = Counts::default();
    let mut seed = first;
    let mut kafka = own();
    loop {
        episode(&mut kafka, seed, &mut counts);
        println!(
            "{} min, seeds {first} to {seed}: {counts:?}",
            start.elapsed().as_secs() / 60
        );
        if start.elapsed() >= Duration::from_secs(minutes * 60) {
            return;
        }
        seed += 1;
        if seed % 10 == 0 {
            // A broker that has not gathered the topics of hours.
            kafka = own();
        }
    }
}
