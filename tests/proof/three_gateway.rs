//! A gateway in front of three brokers, of which one stops to answer: uploads for the others'
//! partitions are taken all the same, and what was answered with 202 is there.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use kaiku_raw::{Decoder, Limits, Record};

use super::publisher::missing;
use super::{STOP, await_that};
use crate::support::kafka::{Isolation, Three, read, unique_prefix};
use crate::support::process::{Stage, free_address, settings};
use crate::support::world::World;

const PARTITIONS: i32 = 6;
const CLIENTS: usize = 8;
/// An upload that is answered within this waits for nobody.
const SOON: Duration = Duration::from_secs(1);

/// What became of the uploads.
#[derive(Default)]
struct Answers {
    taken: Mutex<HashSet<u64>>,
    /// Answers of 202 that came soon, and all others, while a broker was frozen.
    soon: AtomicU64,
    otherwise: AtomicU64,
    frozen: AtomicBool,
    over: AtomicBool,
}

/// The upload of a device that sends once.
fn upload(number: u64) -> String {
    format!(
        "{{\"device\":{{\"id\":\"1{number:031x}\",\"brand\":\"Nokia\",\"model\":\"TA-1053\"}},\"app\":\"maps\",\
         \"release\":\"4.2\",\"consent\":{{\"version\":1,\"since\":\"2026-01-01\"}},\"stream\":\"{number:016x}\",\
         \"first_sequence\":0,\"events\":[{{\"type\":\"started\"}}]}}"
    )
}

/// The status of the answer; 0 where there was none.
fn post(address: SocketAddr, body: &str) -> u16 {
    let mut answer = String::new();
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "POST /v1/batch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )?;
        stream.read_to_string(&mut answer)
    });
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    status.filter(|_| asked.is_ok()).unwrap_or(0)
}

/// Sends the uploads of one device after the other, each until it is taken.
fn send(address: SocketAddr, answers: &Answers, first: u64) {
    let mut number = first;
    while !answers.over.load(Ordering::Relaxed) {
        let body = upload(number);
        loop {
            let (start, frozen) = (Instant::now(), answers.frozen.load(Ordering::Relaxed));
            let status = post(address, &body);
            let soon = status == 202 && start.elapsed() < SOON;
            if frozen {
                let count = if soon {
                    &answers.soon
                } else {
                    &answers.otherwise
                };
                count.fetch_add(1, Ordering::Relaxed);
            }
            match status {
                202 => break,
                // As it asks devices to do, only sooner.
                503 | 429 => sleep(Duration::from_millis(100)),
                other => panic!("answered with {other}"),
            }
        }
        answers.taken.lock().unwrap().insert(number);
        number += CLIENTS as u64;
        sleep(Duration::from_millis(5));
    }
}

/// The devices of which something stands on events.raw.
fn standing(world: &World) -> HashSet<u64> {
    let decoder = Decoder::new(Limits::CONTRACT);
    let topic = world.kafka.topics().raw();
    let records = read(&world.kafka, &topic, Isolation::Uncommitted);
    let device = |value: &[u8]| match decoder.decode(value) {
        Ok(Record::Batch(batch)) => {
            let id = batch.device.id.as_bytes()[8..].try_into().unwrap();
            Some(u64::from_be_bytes(id))
        }
        _ => None,
    };
    let values = records.iter().filter_map(|record| record.value.as_ref());
    values.filter_map(|value| device(value)).collect()
}

#[test]
fn a_gateway_before_three_brokers_takes_what_is_not_for_the_frozen_one_and_loses_nothing() {
    let mut three = Three::start();
    let kafka = three.cluster(&unique_prefix("gateway"));
    let world = World::copied(kafka, PARTITIONS, false, 3);
    let address = free_address();
    let more = format!(
        "[topics]\nreplication = 3\n\n[gateway]\nlisten = \"{address}\"\nanonymous = true\n\
         ack_time = \"3s\"\nlimits.requests_per_address = 0\n\n[telemetry]\nserve = false\n"
    );
    settings(world.folder.path(), &world.kafka, &more);
    let gateway = Stage::start(world.folder.path(), "gateway", "three");
    await_that("the gateway listens", || {
        TcpStream::connect(address).is_ok()
    });
    let answers: Arc<Answers> = Arc::default();
    let clients: Vec<_> = (0..CLIENTS as u64)
        .map(|first| {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || send(address, &answers, first))
        })
        .collect();
    sleep(Duration::from_secs(4));
    let before = answers.taken.lock().unwrap().len();
    // Until the others have found out, a second or three, its partitions are nobody's.
    three.broker(2).node.freeze();
    answers.frozen.store(true, Ordering::Relaxed);
    sleep(Duration::from_secs(8));
    // As many as wait for the frozen one may be answered from before it froze; who is not for it, later too.
    await_that("what is not for the frozen one is soon taken", || {
        answers.soon.load(Ordering::Relaxed) > CLIENTS as u64
    });
    answers.frozen.store(false, Ordering::Relaxed);
    let during = answers.taken.lock().unwrap().len() - before;
    three.broker(2).node.thaw();
    sleep(Duration::from_secs(4));
    answers.over.store(true, Ordering::Relaxed);
    for client in clients {
        client.join().unwrap();
    }
    let taken = answers.taken.lock().unwrap();
    let (soon, otherwise) = (
        answers.soon.load(Ordering::Relaxed),
        answers.otherwise.load(Ordering::Relaxed),
    );
    println!(
        "{before} taken before, {during} while it was frozen: {soon} soon, {otherwise} not; {} in all",
        taken.len()
    );
    let lost = missing(&taken, || standing(&world));
    assert_eq!(lost, [0; 0], "taken, and not there");
    assert!(gateway.terminate(STOP).success());
}
