//! What changes while the gateway runs: Kafka that falls silent in part or in whole, keys, switches.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{Broker, Door, LINE, PATIENCE, Request};

#[test]
fn a_token_that_was_taken_away_stops_working_and_a_new_one_works() {
    let door = Door::open();
    let other = "another-token-of-the-tests";
    std::fs::write(door.dir.path().join("tokens"), other).unwrap();
    let ask = |token| {
        door.ask(&Request {
            token: Some(token),
            ..Request::batch(LINE.as_bytes())
        })
        .status
    };
    let start = Instant::now();
    while ask(other) != 202 || ask(super::TOKEN) != 401 {
        assert!(
            start.elapsed() < PATIENCE / 2,
            "the tokens were not read again"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn a_device_can_be_forgotten_by_post_as_well() {
    let door = Door::open();
    let body = br#"{"device_id":"6f1c0000111122223333444455556666","app":"maps"}"#;
    let answer = door.ask(&Request {
        path: "/v1/forget",
        ..Request::batch(body)
    });
    assert_eq!((answer.status, door.kit.taken()), (202, 1));
}

#[test]
fn clients_that_give_up_early_are_noticed_too() {
    let door = Door::with(|config| {
        config.tls = None;
        config.ack_time = Duration::from_secs(2);
    });
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    let leave = || {
        let mut stream = door.tcp();
        let request = Request::batch(LINE.as_bytes()).bytes();
        stream.write_all(&request).unwrap();
        let before = door.kit.calls.load(Ordering::SeqCst);
        let start = Instant::now();
        while door.kit.calls.load(Ordering::SeqCst) == before && start.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_millis(100));
        reset(stream);
    };
    for _ in 0..4 {
        leave();
    }
    std::thread::sleep(Duration::from_secs(3));
    let before = door.kit.calls.load(Ordering::SeqCst);
    std::thread::scope(|scope| {
        let ask = || door.ask_plain(&Request::batch(LINE.as_bytes())).status;
        let all: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        all.into_iter()
            .for_each(|one| assert_eq!(one.join().unwrap(), 503));
    });
    let tried = door.kit.calls.load(Ordering::SeqCst) - before;
    assert!(tried < 20, "{tried} of 20 waited for a broker that is away");
}

/// Ends a connection at once, with a reset where something was left unread.
fn reset(stream: TcpStream) {
    let _ = stream.shutdown(Shutdown::Both);
}

/// A line of another device; the first digit of its identifier decides on the partition.
fn line_of(partition: u8) -> String {
    LINE.replace("6f1c0000", &format!("0{partition}1c0000"))
}

#[test]
fn a_partition_that_is_silent_is_its_own_affair() {
    let door = Door::with(|config| {
        config.limits.requests = 8;
        config.ack_time = Duration::from_secs(4);
    });
    *door.kit.broker.lock().unwrap() = Broker::HalfSilent;
    let ask = |partition| {
        door.ask(&Request::batch(line_of(partition).as_bytes()))
            .status
    };
    std::thread::scope(|scope| {
        // Far more than there are places for whole bodies wait for the silent one.
        let silent: Vec<_> = (0..30).map(|_| scope.spawn(|| ask(1))).collect();
        while door.kit.calls.load(Ordering::SeqCst) < 20 {
            std::thread::sleep(Duration::from_millis(5));
        }
        for _ in 0..10 {
            assert_eq!(ask(0), 202);
        }
        silent
            .into_iter()
            .for_each(|one| assert_eq!(one.join().unwrap(), 503));
    });
    for _ in 0..10 {
        assert_eq!(ask(0), 202);
    }
    assert!(door.trouble.borrow().is_none(), "the other partition works");
}

#[test]
fn it_says_that_kafka_is_away_and_notices_by_itself_that_it_is_back() {
    let door = Door::with(|config| config.ack_time = Duration::from_millis(300));
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 503);
    let is_in_trouble = |wanted: bool| {
        let start = Instant::now();
        while door.trouble.borrow().is_some() != wanted {
            assert!(start.elapsed() < PATIENCE, "trouble is not {wanted}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    is_in_trouble(true);
    *door.kit.broker.lock().unwrap() = Broker::Confirms;
    // Nobody asks it for anything.
    is_in_trouble(false);
    assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 202);
}

#[test]
fn a_switch_drops_what_it_names_within_seconds_and_the_rest_of_the_batch_goes_on() {
    let mut switches = std::path::PathBuf::new();
    let door = Door::with(|config| {
        switches = config
            .tokens_file
            .clone()
            .unwrap()
            .with_file_name("switches");
        std::fs::write(&switches, "").unwrap();
        config.switches_file = Some(switches.clone());
    });
    let sent = |stream: &str| {
        let line = LINE.replace("\"events\"", &format!("{stream}\"events\""));
        let answer = door.ask(&Request::batch(line.as_bytes()));
        (answer.status, answer.json()["events"].clone())
    };
    let numbered = "\"stream\":\"91ab5c7d2e3f4a60\",\"first_sequence\":17,";
    assert_eq!(sent(numbered), (202, 2.into()));
    std::fs::write(&switches, "[[kill]]\napp = \"maps\"\nfeature = \"route\"\n").unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(sent(numbered), (202, 2.into()));
    std::fs::write(&switches, "[[kill]]\napp = \"maps\"\nrelease = \"4.2\"\n").unwrap();
    std::thread::sleep(Duration::from_secs(5));
    assert_eq!(sent(numbered), (202, 2.into()));
    // What it would refuse it refuses all the same.
    let answer = door.ask(&Request::batch(LINE.replace("started", "began").as_bytes()));
    assert_eq!(answer.status, 400);
    let taken = door.kit.taken.lock().unwrap();
    let decoder = kaiku_raw::Decoder::new(kaiku_raw::Limits::CONTRACT);
    let seen: Vec<_> = taken
        .iter()
        .map(|record| match decoder.decode(record).unwrap() {
            kaiku_raw::Record::Batch(batch) => (batch.first_sequence, batch.events.len()),
            _ => panic!("another record was sent"),
        })
        .collect();
    assert_eq!(seen, [(Some(17), 2), (Some(18), 1)]);
}

#[test]
fn the_samples_of_keys_and_switches_can_be_used() {
    let file = |name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docker/gateway");
        Some(std::path::Path::new(folder).join(name))
    };
    let config = crate::Config {
        keys_file: file("keys.toml"),
        switches_file: file("switches.toml"),
        ..crate::Config::default()
    };
    let wrong: Vec<String> = config
        .unusable_files()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}
