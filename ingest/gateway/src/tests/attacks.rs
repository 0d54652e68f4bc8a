//! What a client can do on purpose: small pieces, slow bodies, many connections, bodies that nobody reads.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;

use super::{Answer, Broker, Door, LINE, PATIENCE, Request};
use crate::Limits;

/// A piece of a body that owns 8 KiB, as hyper's pieces do, and says when it is gone.
struct Piece(Arc<AtomicUsize>);

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        b" "
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_body_in_small_pieces_costs_its_bytes_and_not_its_pieces() {
    const PIECES: usize = 30_000;
    let (live, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (made, seen) = (live.clone(), most.clone());
    let pieces = (0..PIECES).map(move |_| {
        let now = made.fetch_add(1, Ordering::SeqCst) + 1;
        seen.fetch_max(now, Ordering::SeqCst);
        Ok::<_, std::io::Error>(Bytes::from_owner(Piece(made.clone())))
    });
    let body = Body::from_stream(futures_of(pieces));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bytes = runtime
        .block_on(super::receive_all(
            &HeaderMap::new(),
            body,
            &Limits::default(),
        ))
        .unwrap();
    assert_eq!(bytes.len(), PIECES);
    let most = most.load(Ordering::SeqCst);
    assert!(most < 10, "{most} pieces were held at once");
}

/// A stream of what an iterator has.
fn futures_of<T>(
    items: impl Iterator<Item = T> + Send + 'static,
) -> impl futures::Stream<Item = T> + Send + 'static {
    futures::stream::iter(items)
}

/// A head that announces a body of `bytes`, and nothing of it.
fn head(bytes: usize, token: &str) -> Vec<u8> {
    format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {bytes}\r\n\r\n"
    )
    .into_bytes()
}

#[test]
fn slow_bodies_take_no_place_from_those_that_are_whole() {
    let door = Door::with(|config| config.limits.requests = 4);
    let held: Vec<_> = (0..12)
        .map(|_| {
            let mut stream = door.connect();
            stream.write_all(&head(1_000, super::TOKEN)).unwrap();
            stream.write_all(b"{").unwrap();
            stream.flush().unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..5 {
        assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 202);
    }
    drop(held);
}

/// Writes all of a body before it reads the answer, as ordinary clients do.
fn write_then_read(door: &Door, bytes: usize, token: &str) -> u16 {
    let mut stream = door.connect();
    let written = stream
        .write_all(&head(bytes, token))
        .and_then(|()| stream.write_all(&vec![b' '; bytes]))
        .and_then(|()| stream.flush());
    if written.is_err() {
        return 0;
    }
    Answer::read(&mut stream).status
}

#[test]
fn an_answer_arrives_though_the_body_was_not_read() {
    let door = Door::open();
    for (bytes, token, status) in [
        (20_000_000, super::TOKEN, 413),
        (70_000, super::TOKEN, 413),
        (60_000, "not-a-token-of-ours", 401),
    ] {
        for turn in 0..5 {
            let seen = write_then_read(&door, bytes, token);
            assert_eq!(seen, status, "{bytes} bytes, turn {turn}");
        }
    }
}

#[test]
fn a_client_that_closes_its_half_gets_its_answer() {
    let door = Door::with(|config| config.tls = None);
    let mut stream = door.tcp();
    stream
        .write_all(&Request::batch(LINE.as_bytes()).bytes())
        .unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(Answer::read(&mut stream).status, 202);
}

#[test]
fn a_request_without_a_host_or_with_two_is_refused() {
    let door = Door::with(|config| config.tls = None);
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let mut stream = door.tcp();
        let text = format!("GET /healthz HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).status, 400, "{hosts:?}");
    }
}

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

/// A kilobyte that costs milliseconds: more events than a batch may have, well compressed.
#[test]
fn too_many_events_are_refused_before_the_rest_is_read() {
    let events = vec![r#"{"type":"started"}"#; 5_000].join(",");
    let broken = format!("{}{events},###", &LINE[..LINE.find("[").unwrap() + 1]);
    let door = Door::open();
    let squeezed = zstd::encode_all(broken.as_bytes(), 3).unwrap();
    let answer = door.ask(&Request {
        encoding: Some("zstd"),
        ..Request::batch(&squeezed)
    });
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (400, "too_many_events")
    );
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
fn no_session_is_resumed_so_that_no_connection_can_be_linked_to_another() {
    let door = Door::open();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(door.certificate.clone()).unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let config = Arc::new(config);
        for _ in 0..3 {
            let name = rustls::pki_types::ServerName::try_from("localhost").unwrap();
            let session = rustls::ClientConnection::new(config.clone(), name).unwrap();
            let mut stream = rustls::StreamOwned::new(session, door.tcp());
            stream
                .write_all(&Request::batch(LINE.as_bytes()).bytes())
                .unwrap();
            assert_eq!(Answer::read(&mut stream).status, 202);
            assert_eq!(
                stream.conn.handshake_kind(),
                Some(rustls::HandshakeKind::Full)
            );
        }
    }
}

#[test]
fn a_body_slower_than_the_least_rate_gets_408() {
    let door = Door::with(|config| config.limits.body_rate = 1024);
    let mut stream = door.connect();
    stream.write_all(&head(10_000, super::TOKEN)).unwrap();
    let start = Instant::now();
    let reader = stream.sock.try_clone().unwrap();
    reader
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    while start.elapsed() < PATIENCE / 2 {
        // It is still sending when the answer comes.
        if stream
            .write_all(b" ")
            .and_then(|()| stream.flush())
            .is_err()
        {
            break;
        }
        if reader.peek(&mut [0]).is_ok() {
            break;
        }
    }
    let answer = Answer::read(&mut stream);
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (408, "body_too_slow")
    );
    assert!(start.elapsed() < Duration::from_secs(8));
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
