//! Bodies that nobody means: golden ones with bytes changed, cut, doubled and joined, through
//! everything that reads a body. It runs a few thousand of them; `KAIKU_TEST_MINUTES` lets it run
//! for as long as it says, and `KAIKU_TEST_SEED` repeats one.

#![allow(clippy::print_stdout)]

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::Door;
use crate::body::Encoding;
use crate::golden::uploads;
use crate::process::{Environment, Form};

/// Cases of a short run.
const CASES: u32 = 20_000;

/// The most that one case may take, twice in a row: the machine may have much else to do, and a case
/// that costs more is one to look at.
const LONGEST: Duration = Duration::from_secs(2);

fn mutate(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut body = seeds.choose(random).unwrap().clone();
    for _ in 0..random.random_range(1..8) {
        if body.is_empty() {
            body.push(random.random());
        }
        let at = random.random_range(0..body.len());
        match random.random_range(0..7) {
            0 => body[at] ^= 1 << random.random_range(0..8),
            1 => body[at] = *[0, 1, 0x7f, 0x80, 0xff].choose(random).unwrap(),
            2 => body.truncate(at),
            3 => body.insert(at, random.random()),
            4 => {
                let end = random.random_range(at..body.len());
                let piece = body[at..end].to_vec();
                body.splice(at..at, piece);
            }
            5 => {
                let other = seeds.choose(random).unwrap();
                let from = random.random_range(0..other.len());
                body.splice(at.., other[from..].iter().copied());
            }
            _ => drop(body.remove(at)),
        }
        body.truncate(64 * 1024);
    }
    body
}

/// Bodies to begin with: the golden ones, as they are sent and as they are once unpacked.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, upload) in uploads().unwrap() {
        let body = upload.body();
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            if let Ok(plain) = encoding.open(&body, 64 * 1024) {
                seeds.push(plain.into_owned());
            }
        }
        seeds.push(body);
    }
    seeds.retain(|body| !body.is_empty() && body.len() <= 64 * 1024);
    seeds
}

#[test]
fn no_body_whatever_makes_a_reader_panic_or_take_long() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed: u64 = number("KAIKU_TEST_SEED").unwrap_or_else(|| rand::rng().random());
    let minutes: Option<u64> = number("KAIKU_TEST_MINUTES");
    let end = minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes));
    let mut random = StdRng::seed_from_u64(seed);
    let ((door, kit), seeds) = (Door::parts(), seeds());
    let grant = door.keys.get().grant(&super::bearer()).unwrap();
    let (mut cases, mut taken) = (0_u64, 0_u64);
    while end.map_or(cases < u64::from(CASES), |end| Instant::now() < end) {
        let body = mutate(&mut random, &seeds);
        let encoding = *[Encoding::Identity, Encoding::Gzip, Encoding::Zstd]
            .choose(&mut random)
            .unwrap();
        let form = *[Form::Json, Form::Avro, Form::Forget]
            .choose(&mut random)
            .unwrap();
        let took = || {
            let start = Instant::now();
            let plain = encoding.open(&body, 1 << 20);
            let done = plain.is_ok_and(|plain| {
                let done = door.process(form, Environment::Real, &grant, &plain);
                done.is_ok()
            });
            (start.elapsed(), done)
        };
        let (first, is_taken) = took();
        taken += u64::from(is_taken);
        assert!(
            first < LONGEST || took().0 < LONGEST,
            "seed {seed}, case {cases}: {form:?} {encoding:?}"
        );
        cases += 1;
        kit.taken.lock().unwrap().clear();
    }
    assert!(taken > 0, "seed {seed}: nothing was taken of {cases}");
    println!("KAIKU_TEST_SEED={seed}: {cases} bodies, {taken} of them taken");
}
