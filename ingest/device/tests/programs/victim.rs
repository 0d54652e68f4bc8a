//! A program that records, uploads and turns itself off without an end, until it is killed. It notes
//! what it is about to record in files that outlive it.
//!
//! Arguments: the folder, the port of the server, the time to begin with, a seed, and `off` where
//! it may turn itself off.

#![allow(clippy::unwrap_used)]

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Instant;

use kaiku_device::{
    Answer, Connection, DeviceCatalogue, DeviceFacts, Forget, GivenPlace, Level, Program, Settings,
    Variables, Worked,
};
use kaiku_wire::Clock;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A millisecond of the test is so many of the device.
const FASTER: i64 = 600_000;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let port: u16 = arguments.next().unwrap().parse().unwrap();
    let begin: i64 = arguments.next().unwrap().parse().unwrap();
    let seed: u64 = arguments.next().unwrap().parse().unwrap();
    let may_turn_off = arguments.next().is_some();
    let started = Instant::now();
    let clock = Clock::from_fn(move || begin + started.elapsed().as_millis() as i64 * FASTER);
    let program = open(&folder, clock.clone());
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let (mut recorded, mut written) = (append(&folder, "recorded"), append(&folder, "written"));
    let mut of_life = 0_usize;
    program.turn_on(Level::Both, 2, "en").unwrap();
    loop {
        match dice.random_range(0..12) {
            0..6 => {
                recorded.write_all(b".").unwrap();
                of_life += 1;
                program.used(&format!("feature.{}", dice.random_range(0..8)));
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
            _ => upload(&program, port, &clock),
        }
    }
}

fn open(folder: &std::path::Path, clock: Clock) -> Program {
    let features: Vec<String> = (0..8)
        .map(|n| format!(r#"{{"name":"feature.{n}"}}"#))
        .collect();
    let json = format!(
        r#"{{"format":1,"app":"maps","consent":{{"version":2}},"features":[{}]}}"#,
        features.join(",")
    );
    let catalogue = DeviceCatalogue::parse(&json).unwrap();
    let facts = DeviceFacts {
        brand: "Nokia".to_owned(),
        model: "TA-1053".to_owned(),
        ..DeviceFacts::default()
    };
    let mut settings = Settings::new(folder.join("kaiku"), catalogue, "4.2", facts, "key");
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

/// The day, the length and the bytes go over; the status comes back, if the server lives.
fn upload(program: &Program, port: u16, clock: &Clock) {
    let Some(upload) = program.next_upload(Connection::Unmetered) else {
        return;
    };
    let exchange = || -> std::io::Result<u16> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.write_all(&clock.millis().to_le_bytes())?;
        stream.write_all(&(upload.body.len() as u64).to_le_bytes())?;
        stream.write_all(&upload.body)?;
        let mut status = [0; 2];
        stream.read_exact(&mut status)?;
        Ok(u16::from_le_bytes(status))
    };
    let answer = exchange().map_or(Answer::none(), Answer::status);
    program.uploaded(upload.id, answer);
}
