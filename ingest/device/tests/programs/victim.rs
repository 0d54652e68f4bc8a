//! A program that records, uploads and turns itself off without an end, until it is killed. It notes
//! what it is about to record in files that outlive it.
//!
//! Arguments: the folder, the server, the time to begin with, a seed, and `off` where it may turn
//! itself off, or `drain` where it sends what is left, and says how many things were lost. The server is the port of a model of one, or the address of a gateway, whose
//! authority stands in the file that `VICTIM_CA` names.

#![allow(clippy::unwrap_used)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, Forget, GivenPlace, Level, Program, Roots,
    Sender, SenderSettings, Settings, Transport, Upload, Variables, Worked,
};
use kaiku_wire::Clock;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A millisecond of the test is so many of the device, before a model of a server.
const FASTER: i64 = 600_000;
/// The same before a gateway, which takes its time.
const FASTER_WITH_TLS: i64 = 60_000;
/// With features of the sample catalogue, for the stage behind a gateway knows no others.
const CATALOGUE: &str = include_str!("maps.json");

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let server = arguments.next().unwrap();
    let begin: i64 = arguments.next().unwrap().parse().unwrap();
    let seed: u64 = arguments.next().unwrap().parse().unwrap();
    let mode = arguments.next().unwrap_or_default();
    if mode == "drain" {
        return drain(&folder, server, begin);
    }
    let may_turn_off = mode == "off";
    let started = Instant::now();
    let port: Option<u16> = server.parse().ok();
    let faster = port.map_or(FASTER_WITH_TLS, |_| FASTER);
    let clock = Clock::from_fn(move || begin + started.elapsed().as_millis() as i64 * faster);
    let program = open(&folder, clock.clone());
    let way: Box<dyn Fn(&Upload) -> Answer> = match port {
        Some(port) => Box::new(move |upload| to_model(upload, port, &clock)),
        None => to_gateway(&program, server),
    };
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (mut recorded, mut written) = (append(&folder, "recorded"), append(&folder, "written"));
    let mut of_life = 0_usize;
    program.turn_on(Level::Both, 2, "en").unwrap();
    let features: Vec<&str> = CATALOGUE
        .split('"')
        .filter(|part| part.contains('.'))
        .collect();
    loop {
        match dice.random_range(0..12) {
            0..6 => {
                recorded.write_all(b".").unwrap();
                of_life += 1;
                program.used(features[dice.random_range(0..features.len())]);
            }
            6..8 => {
                if program.work() == Worked::Done {
                    written
                        .write_all(&vec![b'.'; std::mem::take(&mut of_life)])
                        .unwrap();
                }
            }
            8 => program.send_now(),
            9 if may_turn_off && dice.random_range(0..4) == 0 => {
                program.turn_off(Forget::No).unwrap();
                program.turn_on(Level::Both, 2, "en").unwrap();
            }
            _ => upload(&program, &*way),
        }
    }
}

/// Sends what is left, evening by evening, to a gateway that lives.
fn drain(folder: &std::path::Path, server: String, begin: i64) {
    const DAY: i64 = 86_400_000;
    let hand = Arc::new(AtomicI64::new(begin));
    let of_clock = Arc::clone(&hand);
    let clock = Clock::from_fn(move || of_clock.load(Ordering::SeqCst));
    let program = open(folder, clock);
    let way = to_gateway(&program, server);
    let mut now = begin;
    for _ in 0..60 {
        now = (now.div_euclid(DAY) + 1) * DAY + 23 * 3_600_000 + 44 * 60_000;
        hand.store(now, Ordering::SeqCst);
        program.work();
        while let Some(upload) = program.next_upload(Connection::Unmetered) {
            program.uploaded(upload.id, way(&upload));
        }
    }
    let status = program.status();
    assert_eq!(status.waiting, 0);
    let lost: u64 = status.lost.iter().map(|(_, events)| events).sum();
    append(folder, "lost")
        .write_all(lost.to_string().as_bytes())
        .unwrap();
}

fn open(folder: &std::path::Path, clock: Clock) -> Program {
    let catalogue = DeviceCatalogue::parse(CATALOGUE).unwrap();
    let facts = DeviceFacts {
        brand: "Nokia".to_owned(),
        model: "TA-1053".to_owned(),
        ..DeviceFacts::default()
    };
    let key = "the-key-of-the-app";
    let mut settings = Settings::new(folder.join("kaiku"), catalogue, "4.2", facts, key);
    settings.clock = clock;
    settings.place = Box::new(GivenPlace([1; 32]));
    settings.variables = Variables::default();
    settings.policy_files = Vec::new();
    settings.failures = None;
    Program::open(settings)
}

fn append(folder: &std::path::Path, name: &str) -> File {
    let path = folder.join(name);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}

fn upload(program: &Program, way: &dyn Fn(&Upload) -> Answer) {
    if let Some(upload) = program.next_upload(Connection::Unmetered) {
        program.uploaded(upload.id, way(&upload));
    }
}

/// The day, the length and the bytes go over; the status comes back, if the server lives.
fn to_model(upload: &Upload, port: u16, clock: &Clock) -> Answer {
    let exchange = || -> std::io::Result<u16> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&clock.millis().to_le_bytes())?;
        stream.write_all(&(upload.body.len() as u64).to_le_bytes())?;
        stream.write_all(&upload.body)?;
        let mut status = [0; 2];
        stream.read_exact(&mut status)?;
        Ok(u16::from_le_bytes(status))
    };
    exchange().map_or(Answer::none(), Answer::status)
}

/// The library's own requests; its thread never sees a connection, so that all of them are made here.
fn to_gateway(program: &Program, url: String) -> Box<dyn Fn(&Upload) -> Answer> {
    let settings = SenderSettings {
        url,
        roots: Roots::File(std::env::var_os("VICTIM_CA").unwrap().into()),
        connection: Box::new(|| Connection::None),
    };
    let sender = Sender::start(program, settings).unwrap();
    Box::new(move |upload| sender.send(upload, Duration::from_secs(10)))
}
