//! A random simulation: operations in the order of a seed, on a broker of its own, and the oracle
//! at every quiet point.
//!
//! An episode is a world, some dozens of operations, and a seed of its own. Each test runs one, on one
//! broker or on three; with `KAIKU_TEST_MINUTES` it runs one after the other, seed by seed, until the
//! time is over. A seed that fails is printed; `KAIKU_TEST_SEED` begins with it.
//!
//! It replays history, in which no month is ever over: what should be destroyed is asked in `live_world`.

mod losses;
mod operations;

use std::collections::VecDeque;
use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_broker::Cluster;
use kaiku_fleet::Upload;
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::landing::STEPS as LAND_STEPS;
use super::three::Away;
use super::{LANE, QUIET, await_that};
use crate::support::kafka::{Apache, Three, own, unique_prefix};
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
    /// The only broker killed, or one of three lost in whatever way.
    bounces: u64,
    joins: u64,
    days: u64,
    weeks: u64,
    months: u64,
    /// The host's keys lost and brought back.
    lost_keys: u64,
    /// Raw records deleted before they were counted.
    gaps: u64,
    /// Raw partitions that lost their end and were written again.
    cuts: u64,
    /// Processes of an older version, which can't read the state.
    old_versions: u64,
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

/// A Monday, long enough ago for some months to turn.
fn first_day() -> Day {
    Day::from_ymd(2026, 3, 16).unwrap()
}

/// The brokers of an episode.
enum Brokers {
    One(Box<Apache>),
    Three(Box<Three>),
}

impl Brokers {
    fn cluster(&self, prefix: &str) -> Cluster {
        match self {
            Brokers::One(apache) => apache.cluster(prefix),
            Brokers::Three(three) => three.proxied(prefix),
        }
    }

    /// How many have each record.
    fn copies(&self) -> i32 {
        match self {
            Brokers::One(_) => 1,
            Brokers::Three(_) => 3,
        }
    }

    /// The only one dies, or one of three goes away in any way; after a while it is back.
    fn bounce(&mut self, rng: &mut StdRng, topic: &str) {
        let while_away = Duration::from_millis(rng.random_range(0..3_000));
        match self {
            Brokers::One(apache) => {
                apache.kill();
                sleep(while_away);
                apache.launch().unwrap();
            }
            Brokers::Three(three) => {
                let away = *Away::ALL.choose(rng).unwrap();
                let id = rng.random_range(1..=3);
                away.go(three, id);
                sleep(2 * while_away);
                away.come_back(three, id);
                three.await_in_step(topic);
            }
        }
    }
}

struct Episode<'a> {
    kafka: &'a mut Brokers,
    world: World,
    feeder: Feeder,
    rng: StdRng,
    running: Vec<Running>,
    started: u32,
    /// Uploads that may come again.
    past: VecDeque<Upload>,
    /// None while a loss is accepted, by which an offset may go back.
    watch: Option<OffsetWatch>,
    counts: &'a mut Counts,
}

impl<'a> Episode<'a> {
    fn new(kafka: &'a mut Brokers, seed: u64, counts: &'a mut Counts) -> Episode<'a> {
        let cluster = kafka.cluster(&unique_prefix("sim"));
        let world = World::copied(cluster, PARTITIONS, true, kafka.copies());
        let enrich = "delete_raw = false\nmix_uploads = 30\nmix_time = \"20ms\"\n\
                      mix_longest = \"300ms\"\npoll_timeout = \"3s\"\ntransaction_timeout = \"5s\"\n";
        let sections = "[aggregate]\nroll_time = \"500ms\"\nroll_events = 800\nseal_every = \"200ms\"\n\
                        retry = \"200ms\"\ndelete_stripped = false\ndelete_landing = false\n";
        world.settings_with(&world.kafka, enrich, sections);
        let feeder = world.feeder_from(first_day(), 1_200, seed);
        let mut episode = Episode {
            kafka,
            world,
            feeder,
            rng: StdRng::seed_from_u64(seed),
            running: Vec::new(),
            started: 0,
            past: VecDeque::new(),
            watch: None,
            counts,
        };
        episode.watch();
        for verb in [Verb::Enrich, Verb::Enrich, Verb::Aggregate] {
            episode.start(verb, true);
        }
        episode
    }

    fn next_name(&mut self) -> String {
        self.started += 1;
        format!("{:03}", self.started)
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
        let (name, failpoints) = (self.next_name(), failpoints.join(";"));
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
                let is_killed = status.code().is_none();
                assert!(is_killed, "a process has ended by itself: {status}");
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
        // A thing that happens to one of three is no rare one.
        let bounces = if self.kafka.copies() == 1 { 1 } else { 5 };
        match self.rng.random_range(0..104 + bounces) {
            0..34 => self.publish(),
            34..43 => self.again(),
            43..63 => self.kill(),
            63..70 => self.freeze(),
            70..76 => self.thaw(),
            76..82 => self.join_or_leave(),
            82..88 => self.end_day(),
            88..92 => self.forget(),
            92..95 => self.slow_clock(),
            95..97 => self.turn(),
            97..100 => self.lose_keys(),
            100..102 => self.lose(),
            102..104 => self.old_version(),
            104.. => self.bounce(),
            _ => {}
        }
        sleep(Duration::from_millis(self.rng.random_range(0..400)));
        self.bring_back();
    }

    /// So far no offset has gone back.
    fn end_watch(&mut self) {
        self.watch.take().unwrap().assert_never_back();
    }

    fn watch(&mut self) {
        let (kafka, group) = (&self.world.kafka, &self.world.group);
        self.watch = Some(OffsetWatch::over(kafka, group, PARTITIONS));
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
        await_that("all has landed and is sealed", || {
            self.world.has_landed() && self.world.manifests() >= days
        });
        sleep(Duration::from_millis(500));
        self.world.assert_landed();
        self.world.assert_published(days);
        for running in self.running.drain(..) {
            running.stage.await_ready(QUIET);
            let stands_still = running.stage.metrics("kaiku_lane_stopped");
            assert_eq!(stands_still, Vec::<String>::new());
            assert!(running.stage.terminate(super::STOP).success());
        }
        for verb in steady {
            self.start(verb, true);
        }
    }
}

fn episode(kafka: &mut Brokers, seed: u64, counts: &mut Counts) {
    println!("KAIKU_TEST_SEED={seed}");
    let mut episode = Episode::new(kafka, seed, counts);
    for _ in 0..QUIETS {
        for _ in 0..OPERATIONS {
            episode.operation();
        }
        episode.quiet();
    }
    episode.end_watch();
}

/// One episode, or as many as the minutes that are asked for have room for.
fn simulate(first: u64, make: impl Fn() -> Brokers) {
    let minutes = std::env::var("KAIKU_TEST_MINUTES").ok();
    let minutes: u64 = minutes.map_or(0, |text| {
        text.parse().expect("KAIKU_TEST_MINUTES is a number")
    });
    let (first, start) = (seed(first), Instant::now());
    let mut counts = Counts::default();
    let mut seed = first;
    let mut kafka = make();
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
            // Brokers that have not gathered the topics of hours.
            kafka = make();
        }
    }
}

#[test]
fn a_random_simulation_agrees_with_the_oracle_at_every_quiet_point() {
    simulate(1, || Brokers::One(Box::new(own())));
}

#[test]
fn a_random_simulation_on_three_brokers_agrees_with_the_oracle_at_every_quiet_point() {
    simulate(1_000, || Brokers::Three(Box::new(Three::start())));
}
