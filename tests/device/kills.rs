//! A device that is killed at any moment, against a gateway that is killed too: what it had written
//! down is counted once behind Kafka.
//!
//! In full, 1,000 kills of the device, with `KAIKU_TEST_FULL=1`; else 60.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_broker::TopicsConfig;
use kaiku_catalogue::Catalogue;
use kaiku_enrich::Totals;
use kaiku_raw::{Decoder, Limits, Record};
use kaiku_rehearsal::Pipeline;
use kaiku_stage::Context;
use kaiku_wire::Clock;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::door::Door;
use super::host::{run, succeed};
use crate::support::kafka::{Isolation, read};

/// How often one device is killed; its clock runs some 20 days meanwhile.
const LIVES: u32 = 60;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The device's program, which `cargo test --workspace` has built beside this test.
fn victim() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_kaiku")).parent().unwrap();
    let program = folder.join("examples/victim");
    if !program.exists() {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
        cargo
            .args(["build", "--quiet", "--locked", "-p", "kaiku-device"])
            .args(["--example", "victim"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        let built = run(&mut cargo);
        assert!(built.is_success, "{}", built.complained);
    }
    program
}

/// What one device says of itself, in files that outlive it: a byte for each thing.
struct Device {
    folder: tempfile::TempDir,
    now: i64,
}

impl Device {
    fn new(now: i64) -> Device {
        let folder = tempfile::tempdir().unwrap();
        Device { folder, now }
    }

    fn program(&self, door: &Door, seed: u32) -> Command {
        let mut command = Command::new(victim());
        command
            .arg(self.folder.path())
            .arg(door.url())
            .arg(self.now.to_string())
            .arg(seed.to_string())
            .env("VICTIM_CA", door.ca())
            .stdin(Stdio::null());
        command
    }

    /// Runs until it is killed; the gateway may be killed before.
    fn live(&mut self, door: &mut Door, dice: &mut StdRng) {
        let mut child = self.program(door, dice.random());
        let mut child = child.stderr(Stdio::null()).spawn().unwrap();
        let begin = Instant::now();
        std::thread::sleep(Duration::from_millis(dice.random_range(20..400)));
        if dice.random_range(0..3) == 0 {
            door.kill_and_start_again();
            std::thread::sleep(Duration::from_millis(dice.random_range(0..800)));
        }
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        child.kill().unwrap();
        child.wait().unwrap();
        // A millisecond is a minute of its clock.
        self.now += begin.elapsed().as_millis() as i64 * 60_000 + HOUR;
    }

    fn length(&self, name: &str) -> u64 {
        fs::metadata(self.folder.path().join(name)).map_or(0, |meta| meta.len())
    }

    /// Sends what is left; how many things were told as lost.
    fn drain(&self, door: &Door) -> u64 {
        let mut command = self.program(door, 0);
        succeed(command.arg("drain"));
        let lost = fs::read_to_string(self.folder.path().join("lost")).unwrap();
        lost.parse().unwrap()
    }
}

/// What stands on events.raw, each number of each stream once; and how many events stand there twice.
fn told(door: &Door) -> (u64, u64) {
    let decoder = Decoder::new(Limits::CONTRACT);
    let (mut once, mut again) = (BTreeMap::new(), 0);
    for record in read(
        door.kafka(),
        &door.kafka().topics().raw(),
        Isolation::Committed,
    ) {
        let value = record.value.unwrap();
        let Record::Batch(batch) = decoder.decode(&value).unwrap() else {
            continue;
        };
        let stream = *batch.stream.unwrap().as_bytes();
        for (number, event) in (batch.first_sequence.unwrap()..).zip(&batch.events) {
            let said = (event.feature.unwrap().to_owned(), event.times);
            if let Some(before) = once.insert((stream, number), said.clone()) {
                assert_eq!(before, said, "one number was given twice");
                again += 1;
            }
        }
    }
    (once.values().map(|(_, times)| *times as u64).sum(), again)
}

/// What the stage behind the gateway makes of it.
fn enriched(door: &Door) -> Totals {
    let folder = tempfile::tempdir().unwrap();
    let config = kaiku_enrich::Config {
        group: format!("{}enrich", door.kafka().prefix()),
        keys_dir: folder.path().join("keys"),
        delete_raw: false,
        mix_longest: Duration::from_millis(500),
        ..kaiku_enrich::Config::default()
    };
    let topics = TopicsConfig {
        partitions: 2,
        ..TopicsConfig::default()
    };
    let catalogue = Arc::new(Catalogue::sample());
    let context = Context::new(door.kafka().clone(), topics, catalogue);
    let mut pipeline = Pipeline::new(context).enrich(config).unwrap();
    pipeline.await_committed().unwrap();
    let progress = pipeline.enriched.clone();
    pipeline.stop().unwrap();
    progress.totals()
}

#[test]
fn what_a_device_had_written_down_counts_once_whenever_it_or_the_gateway_is_killed() {
    let full = std::env::var_os("KAIKU_TEST_FULL").is_some();
    let mut door = Door::open("killed");
    let mut dice = StdRng::seed_from_u64(41);
    let (mut recorded, mut written, mut lost) = (0, 0, 0);
    for _ in 0..if full { 17 } else { 1 } {
        let mut device = Device::new(Clock::system().millis() - 30 * DAY);
        for _ in 0..LIVES {
            device.live(&mut door, &mut dice);
        }
        door.await_open();
        lost += device.drain(&door);
        recorded += device.length("recorded");
        written += device.length("written");
    }
    let (once, again) = told(&door);
    let totals = enriched(&door);
    let range = format!(
        "{written} written, {} counted, {lost} lost, {recorded} recorded; {again} events stand twice on Kafka",
        totals.times
    );
    // What there is to be seen with `--nocapture`.
    eprintln!("{range}");
    assert!(totals.rejected.is_empty(), "{:?}", totals.rejected);
    assert_eq!((totals.times, totals.bounded), (once, 0), "{range}");
    assert_eq!(totals.duplicates, again, "{range}");
    // What arrived and was never acknowledged may be told as lost, too, when it is too old.
    assert!(written <= once + lost && once <= recorded, "{range}");
    assert!(written > 20 && once > 20, "{range} say little");
}
