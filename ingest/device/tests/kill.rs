//! A process that is killed at any moment, against a server that fails at any moment.
//!
//! In full, 1,000 kills, with `KAIKU_TEST_FULL=1`; else 150.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, GivenPlace, KeyFile, Program, Upload, Worked,
};
use kaiku_wire::Day;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::*;

fn victim() -> PathBuf {
    programs("tests/programs", &["victim"]).join("victim")
}

/// A server that fails one time in three: before it counts, or before it answers.
fn serve(listener: &TcpListener, server: &Mutex<Server>) {
    let mut dice = ChaCha8Rng::seed_from_u64(77);
    let mut latest = i64::MIN;
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        let fate = dice.random_range(0..6);
        if exchange(stream, server, &mut latest, fate).is_none() {
            continue;
        }
    }
}

/// Takes what one connection brings, at the latest moment that any device has named: a life of the program may begin
/// earlier than the one before has ended, and no server's clock goes back with it.
fn exchange(
    mut stream: TcpStream,
    server: &Mutex<Server>,
    latest: &mut i64,
    fate: u32,
) -> Option<()> {
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .ok()?;
    let (mut now, mut length) = ([0; 8], [0; 8]);
    stream.read_exact(&mut now).ok()?;
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; usize::try_from(u64::from_le_bytes(length)).ok()?];
    stream.read_exact(&mut body).ok()?;
    if fate == 0 {
        return None;
    }
    let upload = Upload {
        id: 0,
        method: "POST",
        path: "/v1/batch",
        headers: Vec::new(),
        body,
    };
    *latest = i64::from_le_bytes(now).max(*latest);
    let today = Day::from_millis(*latest);
    server.lock().unwrap().take(&upload, today);
    if fate == 1 {
        return None;
    }
    let status: u16 = if fate == 2 { 503 } else { 202 };
    stream.write_all(&status.to_le_bytes()).ok()
}

fn settings(folder: &Path, now: i64) -> kaiku_device::Settings {
    let mut bench = Bench::new(folder);
    bench.hand.set(now);
    bench.catalogue = DeviceCatalogue::parse(include_str!("programs/maps.json")).unwrap();
    bench.seed = now as u64;
    let mut settings = bench.settings();
    settings.key = Box::new(KeyFile::new(bench.folder.join("key")));
    settings.place = Box::new(GivenPlace([1; 32]));
    settings.failures = None;
    settings
}

struct Killed {
    server: Arc<Mutex<Server>>,
    recorded: u64,
    written: u64,
    now: i64,
    folder: tempfile::TempDir,
}

fn kill(may_turn_off: bool) -> Killed {
    let full = std::env::var_os("KAIKU_TEST_FULL").is_some();
    let kills = if full { 500 } else { 75 };
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Arc::new(Mutex::new(Server::default()));
    let of_thread = Arc::clone(&server);
    std::thread::spawn(move || serve(&listener, &of_thread));
    let mut dice = ChaCha8Rng::seed_from_u64(u64::from(may_turn_off));
    let mut now = NOON;
    for seed in 0..kills {
        let mut command = Command::new(victim());
        command
            .arg(folder.path())
            .arg(port.to_string())
            .arg(now.to_string());
        command
            .arg(seed.to_string())
            .args(may_turn_off.then_some("off"));
        let mut child = command
            .stderr(Stdio::null())
            .spawn()
            .expect("the example is built");
        std::thread::sleep(Duration::from_millis(dice.random_range(1..200)));
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none(),
            "the program ended by itself, at seed {seed}: {ended:?}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        now += 12 * HOUR;
        if may_turn_off {
            is_on_or_off(folder.path(), now);
        }
    }
    let length = |name: &str| fs::metadata(folder.path().join(name)).map_or(0, |meta| meta.len());
    Killed {
        server,
        recorded: length("recorded"),
        written: length("written"),
        now,
        folder,
    }
}

#[test]
fn eight_processes_are_one_device_and_one_that_is_killed_loses_what_it_had_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Arc::new(Mutex::new(Server::default()));
    let of_thread = Arc::clone(&server);
    std::thread::spawn(move || serve(&listener, &of_thread));
    let mut children: Vec<_> = (0..8)
        .map(|seed: u32| {
            let mut command = Command::new(victim());
            command
                .arg(folder.path())
                .arg(port.to_string())
                .arg(NOON.to_string());
            command
                .arg((1_000 + seed).to_string())
                .stderr(Stdio::null());
            command.spawn().expect("the example is built")
        })
        .collect();
    std::thread::sleep(Duration::from_secs(3));
    for child in &mut children {
        assert!(
            child.try_wait().unwrap().is_none(),
            "a process ended by itself"
        );
        child.kill().unwrap();
        child.wait().unwrap();
        // The next one goes on without it for a while.
        std::thread::sleep(Duration::from_millis(300));
    }
    let length = |name: &str| fs::metadata(folder.path().join(name)).map_or(0, |meta| meta.len());
    let killed = Killed {
        server,
        recorded: length("recorded"),
        written: length("written"),
        now: NOON + 30 * DAY,
        folder,
    };
    adds_up(&killed);
}

/// Wherever it was killed, it is on as a whole, or off and nothing is there.
fn is_on_or_off(folder: &Path, now: i64) {
    let program = Program::open(settings(folder, now));
    if program.work() == Worked::Off {
        let left = files(&folder.join("kaiku"));
        let names: Vec<_> = left
            .iter()
            .filter_map(|(path, _)| path.file_name()?.to_str())
            .collect();
        // A consent that was being written when it was killed says nothing of the device.
        let may = |name: &&str| {
            ["consent.json", "lock", "switch"].contains(name) || name.ends_with(".next")
        };
        assert!(names.iter().all(may), "{names:?}");
    }
}

#[test]
fn a_device_that_is_killed_again_and_again_counts_each_thing_once() {
    adds_up(&kill(false));
}

/// What is left is sent; then what was written down was counted once or told as lost, and nothing
/// was counted that was not recorded.
fn adds_up(killed: &Killed) {
    let mut now = killed.now;
    let mut server = killed.server.lock().unwrap();
    let (mut waiting, mut lost) = (1, 0);
    for _ in 0..60 {
        now = (now.div_euclid(DAY) + 1) * DAY + 23 * HOUR + 44 * MINUTE;
        let program = Program::open(settings(killed.folder.path(), now));
        program.work();
        while let Some(upload) = program.next_upload(Connection::Unmetered) {
            server.take(&upload, Day::from_millis(now));
            program.uploaded(upload.id, Answer::status(202));
        }
        let status = program.status();
        waiting = status.waiting;
        lost = status.lost.iter().map(|(_, events)| events).sum();
    }
    assert_eq!(waiting, 0);
    let counted: u64 = server.all().values().sum();
    assert_eq!(server.counted.len(), 1, "one device all the time");
    let (written, recorded) = (killed.written, killed.recorded);
    let range = format!("{written} written, {counted} counted, {lost} lost, {recorded} recorded");
    assert!(written > 20 && counted > 20, "{range} say little");
    // What was counted and never acknowledged may be told as lost, too, when it is too old.
    assert!(written <= counted + lost && counted <= recorded, "{range}");
}

#[test]
fn a_device_that_is_killed_while_it_turns_off_is_on_or_off_and_nothing_between() {
    let killed = kill(true);
    let server = killed.server.lock().unwrap();
    let counted: u64 = server.all().values().sum();
    assert!(counted > 0 && counted <= killed.recorded);
    assert!(
        server.counted.len() > 1,
        "it was turned off, and on as another device"
    );
}
