//! What nobody means: a spool with bytes changed, cut and joined, and the text of a catalogue, through
//! everything that reads them. It runs a few hundred of each; `KAIKU_TEST_MINUTES` lets it run for as
//! long as it says, and `KAIKU_TEST_SEED` repeats one.

#![allow(clippy::print_stdout)]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use kaiku_device::{Answer, Connection, DeviceCatalogue, Fatal, State};
use kaiku_wire::Day;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::*;

/// Cases of a short run.
const CASES: u64 = 200;

/// The most that one case may take: the machine may have much else to do, and a case that costs
/// more is one to look at.
const LONGEST: Duration = Duration::from_secs(20);

struct Run {
    seed: u64,
    random: StdRng,
    end: Option<Instant>,
    cases: u64,
}

impl Run {
    fn new() -> Run {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let seed: u64 = number("KAIKU_TEST_SEED").unwrap_or_else(|| rand::rng().random());
        let minutes: Option<u64> = number("KAIKU_TEST_MINUTES");
        Run {
            seed,
            random: StdRng::seed_from_u64(seed),
            end: minutes.map(|minutes| Instant::now() + Duration::from_secs(60 * minutes)),
            cases: 0,
        }
    }

    fn goes_on(&mut self) -> bool {
        self.cases += 1;
        self.end
            .map_or(self.cases <= CASES, |end| Instant::now() < end)
    }

    fn mutate(&mut self, seed: &[u8]) -> Vec<u8> {
        let (random, mut bytes) = (&mut self.random, seed.to_vec());
        for _ in 0..random.random_range(1..12) {
            if bytes.is_empty() {
                bytes.push(random.random());
            }
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..7) {
                0 | 1 => bytes[at] ^= 1 << random.random_range(0..8),
                2 => bytes[at] = *[0, 1, 0x7f, 0x80, 0xff].choose(random).unwrap(),
                3 => {
                    let end = (at + random.random_range(1..200)).min(bytes.len());
                    bytes[at..end].fill(random.random());
                }
                4 => {
                    let from = random.random_range(0..seed.len());
                    let length = random.random_range(0..200).min(seed.len() - from);
                    let length = length.min(bytes.len() - at);
                    bytes[at..at + length].copy_from_slice(&seed[from..from + length]);
                }
                5 if random.random_range(0..4) == 0 => bytes.truncate(at),
                _ => drop(bytes.remove(at)),
            }
        }
        bytes
    }
}

/// A device with days that wait, one that is on its way, receipts and losses, and its spool in bytes.
fn written(folder: &Path) -> (Bench, Vec<u8>) {
    let bench = Bench::new(folder);
    let program = bench.open_on();
    for day in 0..6 {
        program.started();
        for feature in 0..12 {
            program.used(&format!("feature.{feature:03}"));
        }
        program.failed("network.timeout", Some("tiles"), Fatal::No);
        program.stopped();
        program.work();
        bench.hand.evening_after(1);
        program.work();
        if let Some(upload) = program.next_upload(Connection::Unmetered) {
            let status = if day % 2 == 0 { 202 } else { 503 };
            program.uploaded(upload.id, Answer::status(status));
        }
    }
    drop(program);
    let spool = fs::read(bench.folder.join("spool.db")).unwrap();
    (bench, spool)
}

/// What became of a spool.
struct Met {
    /// Nothing of it was left.
    is_anew: bool,
    sent: u64,
}

/// A program that finds this as its spool: whatever becomes of what waits there, what is new is sent.
fn meets(bench: &Bench, spool: Vec<u8>, which: &str) -> Met {
    let start = Instant::now();
    for entry in fs::read_dir(&bench.folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("spool") {
            fs::remove_file(path).unwrap();
        }
    }
    fs::write(bench.folder.join("spool.db"), spool).unwrap();
    let program = bench.open();
    program.work();
    let mut met = Met {
        is_anew: program.status().waiting == 0,
        sent: 0,
    };
    program.used("feature.020");
    let mut server = Server::default();
    for _ in 0..8 {
        program.work();
        bench.hand.evening_after(1);
        program.work();
        while let Some(upload) = program.next_upload(Connection::Unmetered) {
            server.take(&upload, Day::from_millis(bench.hand.now()));
            program.uploaded(upload.id, Answer::status(202));
            met.sent += 1;
        }
    }
    let status = program.status();
    let told = format!("{which}: {status:?}");
    assert_eq!(status.problems.internal, 0, "{told}");
    assert!(matches!(status.state, State::On { .. }), "{told}");
    assert!(server.times("feature.020") >= 1, "{told}");
    assert!(start.elapsed() < LONGEST, "{told}");
    drop(program);
    bench.hand.set(NOON + 6 * DAY);
    met
}

#[test]
fn no_spool_whatever_makes_the_library_panic_or_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, spool) = written(folder.path());
    let mut run = Run::new();
    let (mut begun_anew, mut sent) = (0_u64, 0_u64);
    while run.goes_on() {
        let mutated = run.mutate(&spool);
        let which = format!("seed {}, case {}", run.seed, run.cases);
        let met = meets(&bench, mutated, &which);
        begun_anew += u64::from(met.is_anew);
        sent += met.sent;
    }
    let (seed, cases) = (run.seed, run.cases - 1);
    println!(
        "KAIKU_TEST_SEED={seed}: {cases} spools, {begun_anew} with nothing in them, {sent} uploads"
    );
}

#[test]
fn no_byte_of_a_spools_head_keeps_what_is_new_from_being_sent() {
    let folder = tempfile::tempdir().unwrap();
    let (bench, spool) = written(folder.path());
    for at in 0..100 {
        for byte in [0, 1, 2, 3, 0x7f, 0x80, 0xff] {
            let mut spoilt = spool.clone();
            spoilt[at] = byte;
            meets(&bench, spoilt, &format!("byte {at} is {byte}"));
        }
    }
}

#[test]
fn no_catalogue_whatever_makes_the_library_panic() {
    let json = catalogue_json(4, 2, 1);
    let mut run = Run::new();
    let mut taken = 0_u64;
    while run.goes_on() {
        for _ in 0..50 {
            let text = String::from_utf8_lossy(&run.mutate(json.as_bytes())).into_owned();
            if let Ok(catalogue) = DeviceCatalogue::parse(&text) {
                let _ = catalogue.title("en");
                taken += 1;
            }
        }
    }
    assert!(taken > 0, "seed {}", run.seed);
    println!(
        "KAIKU_TEST_SEED={}: {} catalogues, {taken} taken",
        run.seed,
        (run.cases - 1) * 50
    );
}
