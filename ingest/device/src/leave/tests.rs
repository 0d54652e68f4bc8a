//! Simulated device-weeks against the truth of the fleet, which reads `docs/counting.md` with code
//! of its own: no event of an honest device is over a bound of the server.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use kaiku_catalogue::Catalogue;
use kaiku_fleet::{Route, Truth, Upload, What as Sent};
use kaiku_raw::{RawBatch, RawEvent};
use kaiku_wire::{Day, Mark};
use rand::seq::IndexedRandom;
use rand::{Rng, RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::contents::Identity;
use crate::encode;
use crate::tally::Length;
use crate::uploads::{deliver, hand_out, refuse};

const DAY: i64 = 86_400_000;
/// Names of the sample catalogue.
const FEATURES: [&str; 25] = [
    "search.place",
    "search.nearby",
    "search.voice",
    "route.car",
    "route.bicycle",
    "route.walk",
    "route.transit",
    "route.avoid_tolls",
    "navigate.start",
    "navigate.lane_assist",
    "navigate.speed_limit",
    "offline.download",
    "offline.update",
    "favourite.add",
    "favourite.share",
    "layer.satellite",
    "layer.terrain",
    "layer.traffic",
    "map.rotate",
    "map.3d",
    "report.error",
    "widget.home",
    "watch.companion",
    "parking.remember",
    "labs.street_view",
];
const CAUSES: [&str; 8] = [
    "network.timeout",
    "network.offline",
    "tiles.corrupt",
    "route.none",
    "gps.lost",
    "storage.full",
    "render.out_of_memory",
    "search.index",
];
const COMPONENTS: [&str; 6] = [
    "tiles",
    "routing",
    "search",
    "navigation",
    "storage",
    "render",
];
const RELEASES: [&str; 5] = ["4.0", "4.1", "4.2", "4.3", "4.4"];

fn catalogue() -> DeviceCatalogue {
    let named = |names: &[&str]| {
        let all: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"name":"{name}"}}"#))
            .collect();
        all.join(",")
    };
    let json = format!(
        r#"{{"format":1,"app":"maps","consent":{{"version":2}},
        "features":[{}],"causes":[{}],"components":[{}]}}"#,
        named(&FEATURES),
        named(&CAUSES),
        named(&COMPONENTS)
    );
    DeviceCatalogue::parse(&json).unwrap()
}

fn random(seed: u64) -> Random {
    let source = std::sync::Mutex::new(ChaCha8Rng::seed_from_u64(seed));
    Random::from_fn(move |bytes| {
        source.lock().unwrap().fill_bytes(bytes);
        true
    })
}

/// How a device lives.
#[derive(Clone, Copy)]
struct Habits {
    features: usize,
    failures: usize,
    releases: usize,
    /// Chances, in percent, that it is online at an hour, that an answer is lost, that an upload is
    /// refused, that its owner sends by hand.
    online: u32,
    lost: u32,
    refused: u32,
    asked: u32,
    /// How far the server's clock is ahead, in minutes.
    skew: i64,
}

/// A device, the way from it, and the truth about what came out of it.
struct Life<'a> {
    catalogue: &'a DeviceCatalogue,
    facts: DeviceFacts,
    random: Random,
    dice: ChaCha8Rng,
    contents: Contents,
    habits: Habits,
    recorded: u64,
    delivered: u64,
}

impl<'a> Life<'a> {
    fn new(catalogue: &'a DeviceCatalogue, seed: u64, habits: Habits) -> Life<'a> {
        let random = random(seed);
        let facts = DeviceFacts {
            brand: "Nokia".to_owned(),
            model: "TA-1053".to_owned(),
            ..DeviceFacts::default()
        };
        Life {
            catalogue,
            facts,
            contents: Contents::new(Identity::draw(&random, None).unwrap()),
            random,
            dice: ChaCha8Rng::seed_from_u64(seed ^ 0x5EED),
            habits,
            recorded: 0,
            delivered: 0,
        }
    }

    fn leaver(&self, now: i64, is_asked: bool) -> Leaver<'_> {
        Leaver {
            catalogue: self.catalogue,
            device: &self.facts,
            random: &self.random,
            now,
            consent: (2, 20_000),
            is_asked,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    /// What happens in an hour.
    fn record(&mut self, now: i64) {
        let habits = self.habits;
        let day = Day::from_millis(now);
        for _ in 0..self.dice.random_range(0..4) {
            let release = RELEASES[self.dice.random_range(0..habits.releases)];
            let what = match self.dice.random_range(0..6) {
                0 => What::Started,
                1 => What::Stopped(Length::Under1Hour),
                2..5 if habits.features > 0 => {
                    What::Used(FEATURES[self.dice.random_range(0..habits.features)].to_owned())
                }
                _ if habits.failures > 0 => What::Failed {
                    cause: CAUSES[self.dice.random_range(0..habits.failures)].to_owned(),
                    component: COMPONENTS
                        .choose(&mut self.dice)
                        .map(|name| (*name).to_owned()),
                    fatal: self.chance(30),
                },
                _ => What::Started,
            };
            let times = self.dice.random_range(1..4);
            self.contents.tally(day, release).add(what, times);
            self.recorded += u64::from(times);
        }
    }

    /// What leaves in an hour, counted by the server at its own time.
    fn send(&mut self, now: i64, truth: &mut Truth<'_>) {
        let is_asked = self.chance(self.habits.asked);
        let mut tries = 0;
        loop {
            let mut contents = self.contents.clone();
            if contents.outgoing.is_empty() {
                self.leaver(now, is_asked).make(&mut contents).unwrap();
            }
            let next = hand_out(&mut contents, now);
            self.contents = contents;
            let Some(outgoing) = next else {
                return;
            };
            let is_refused = self.chance(self.habits.refused);
            let is_lost = self.chance(self.habits.lost);
            let half_the_time = self.chance(50);
            if is_refused {
                let mut contents = self.contents.clone();
                refuse(&mut contents, outgoing.first, &self.leaver(now, false)).unwrap();
                self.contents = contents;
            } else {
                if !is_lost || half_the_time {
                    let at = Day::from_millis(now + self.habits.skew * MINUTE);
                    truth.sent(&self.upload(&outgoing), at);
                }
                if !is_lost {
                    self.delivered += outgoing.told();
                    deliver(&mut self.contents, outgoing.first, now);
                }
            }
            tries += 1;
            if is_lost || tries > 50 {
                return;
            }
        }
    }

    fn upload(&self, outgoing: &Outgoing) -> Upload {
        let identity = &self.contents.identity;
        let batch = encode::batch(identity, &self.facts, "maps", outgoing);
        Upload {
            device: 0,
            route: Route::Gateway,
            what: Sent::Batch(forever(&batch)),
        }
    }
}

/// The same batch with texts that live as long as the test: they are all of the catalogue.
fn forever(batch: &RawBatch<'_>) -> RawBatch<'static> {
    let known = |name: &str| -> &'static str {
        let all = FEATURES
            .iter()
            .chain(&CAUSES)
            .chain(&COMPONENTS)
            .chain(&RELEASES);
        all.copied().find(|one| *one == name).unwrap()
    };
    let event = |event: &RawEvent<'_>| RawEvent {
        kind: event.kind,
        feature: event.feature.map(known),
        cause: event.cause.map(known),
        component: event.component.map(known),
        fatal: event.fatal,
        duration_s: event.duration_s,
        length: event.length,
        times: event.times,
    };
    RawBatch {
        device: kaiku_raw::Device {
            id: batch.device.id,
            brand: "Nokia",
            model: "TA-1053",
            mcc: None,
            mnc: None,
            country: None,
        },
        app: "maps",
        release: known(batch.release),
        consent: batch.consent,
        stream: batch.stream,
        first_sequence: batch.first_sequence,
        events: batch.events.iter().map(event).collect(),
        losses: batch.losses.clone(),
    }
}

/// Monday, 2026-11-23, as the sample catalogue has all releases then.
fn monday() -> i64 {
    Day::parse("2026-11-23").unwrap().start_millis()
}

/// Lives of three weeks, until so many device-weeks are over. Returns how many events were recorded
/// and delivered.
fn live(weeks: u64, habits: impl Fn(&mut ChaCha8Rng) -> Habits) -> (u64, u64) {
    let (server, catalogue) = (Catalogue::sample(), catalogue());
    let mut truth = Truth::new(&server, 4);
    let (mut recorded, mut delivered) = (0, 0);
    for seed in 0..weeks.div_ceil(3) {
        let habits = habits(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut life = Life::new(&catalogue, seed, habits);
        // Somewhere within an hour, so that midnight is met from all sides.
        let offset = life.dice.random_range(0..60) * MINUTE;
        for hour in (0..21 * 24).step_by(2) {
            let now = monday() + i64::from(hour) * DAY / 24 + offset;
            if (7..24).contains(&(hour % 24)) || hour % 24 == 0 {
                life.record(now);
            }
            crate::limits::expire(&mut life.contents, Day::from_millis(now));
            if life.chance(habits.online) {
                life.send(now, &mut truth);
            }
        }
        recorded += life.recorded;
        delivered += life.delivered;
        let totals = truth.totals();
        assert_eq!(
            totals.bounded, 0,
            "device {seed}: an event was over a bound"
        );
        let marked = totals.marks.of(Mark::FirstBoundedDay);
        assert_eq!(marked, 0, "device {seed}: something found no place");
        truth.next_device();
    }
    (recorded, delivered)
}

#[test]
fn an_honest_device_is_never_over_a_bound_of_the_server() {
    let weeks = 10_000;
    let (recorded, delivered) = live(weeks, |dice| Habits {
        features: dice.random_range(0..=25),
        failures: dice.random_range(0..=8),
        releases: dice.random_range(1..=5),
        online: dice.random_range(5..=100),
        lost: dice.random_range(0..40),
        refused: [0, 0, 0, 10][dice.random_range(0..4)],
        asked: [0, 0, 5, 50][dice.random_range(0..4)],
        skew: dice.random_range(-14..=14),
    });
    assert!(
        delivered * 3 > recorded,
        "{delivered} of {recorded} say little"
    );
}

#[test]
fn of_a_device_within_the_bounds_nothing_is_left_out() {
    let (server, catalogue) = (Catalogue::sample(), catalogue());
    for seed in 0..200 {
        let habits = Habits {
            features: 10,
            failures: 2,
            releases: 1,
            online: 100,
            lost: 0,
            refused: 0,
            asked: 0,
            skew: 0,
        };
        let mut life = Life::new(&catalogue, seed, habits);
        let mut truth = Truth::new(&server, 4);
        for hour in 0..7 * 24 {
            let now = monday() + i64::from(hour) * DAY / 24;
            // Eight features and one cause, every day: the totals of the week have room for them.
            life.record_simply(now);
            life.send(now, &mut truth);
        }
        assert_eq!(life.contents.state.lost, BTreeMap::new(), "device {seed}");
    }
}

impl Life<'_> {
    fn record_simply(&mut self, now: i64) {
        let day = Day::from_millis(now);
        let feature = FEATURES[self.dice.random_range(0..8)];
        let cause = CAUSES[0];
        let tally = self.contents.tally(day, "4.2");
        tally.add(What::Used(feature.to_owned()), 1);
        let failed = What::Failed {
            cause: cause.to_owned(),
            component: Some("tiles".to_owned()),
            fatal: false,
        };
        tally.add(failed, 1);
    }
}

/// What is left out is drawn: the last of the list as rarely as the first.
#[test]
fn no_feature_suffers_more_than_another() {
    let catalogue = catalogue();
    let devices = 1_500_u64;
    let mut left: BTreeMap<String, f64> = BTreeMap::new();
    for seed in 0..devices {
        let random = random(seed);
        let mut contents = Contents::new(Identity::draw(&random, None).unwrap());
        for feature in FEATURES {
            let day = Day::parse("2026-11-23").unwrap();
            contents
                .tally(day, "4.2")
                .add(What::Used(feature.to_owned()), 1);
        }
        let leaver = Leaver {
            catalogue: &catalogue,
            device: &DeviceFacts::default().fitted(),
            random: &random,
            now: monday() + DAY + 1_424 * MINUTE,
            consent: (2, 20_000),
            is_asked: false,
        };
        leaver.make(&mut contents).unwrap();
        let events: Vec<_> = contents
            .outgoing
            .values()
            .flat_map(|out| &out.events)
            .collect();
        assert_eq!(events.len(), 10);
        assert_eq!(contents.state.lost.get(&Loss::Bounded), Some(&15));
        for (what, _) in events {
            if let What::Used(name) = what {
                *left.entry(name.clone()).or_default() += 1.0;
            }
        }
    }
    let each = devices as f64 * 10.0 / 25.0;
    let squares = left.values().map(|count| (count - each).powi(2) / each);
    // 24 degrees of freedom: above 56 once in 5,000 times, and the seeds are fixed.
    assert!(squares.sum::<f64>() < 56.0, "{left:?}");
    assert_eq!(left.len(), 25);
}

#[test]
fn two_orders_of_a_day_make_the_same_bytes() {
    let catalogue = catalogue();
    let day = Day::parse("2026-11-23").unwrap();
    let mut things: Vec<What> = FEATURES[..8]
        .iter()
        .map(|name| What::Used((*name).to_owned()))
        .collect();
    things.extend([
        What::Started,
        What::Started,
        What::Stopped(Length::Under1Hour),
    ]);
    things.extend(CAUSES[..2].iter().map(|cause| What::Failed {
        cause: (*cause).to_owned(),
        component: Some("tiles".to_owned()),
        fatal: false,
    }));
    let bodies: Vec<Vec<u8>> = (0..20)
        .map(|order| {
            let random = random(7);
            let mut contents = Contents::new(Identity::draw(&random, None).unwrap());
            let mut things = things.clone();
            Random::shuffle(&self::random(order), &mut things).unwrap();
            for what in things {
                contents.tally(day, "4.2").add(what, 1);
            }
            let leaver = Leaver {
                catalogue: &catalogue,
                device: &DeviceFacts::default().fitted(),
                random: &random,
                now: monday() + DAY + 1_424 * MINUTE,
                consent: (2, 20_000),
                is_asked: false,
            };
            leaver.make(&mut contents).unwrap();
            contents.outgoing.into_values().next().unwrap().body
        })
        .collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
}
