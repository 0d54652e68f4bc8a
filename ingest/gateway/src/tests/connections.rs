//! Clients that are slow, many, or gone; and the gateway's own end.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Answer, Broker, Door, Kit, LINE, PATIENCE, Request, SHORT, write_certificate};
use crate::{Config, Error, Gateway, Tls};

/// How long until the other side closes.
fn until_closed(stream: &mut impl Read) -> Duration {
    let start = Instant::now();
    let _ = stream.read_to_end(&mut Vec::new());
    start.elapsed()
}

#[test]
fn a_client_that_sends_its_head_drop_by_drop_is_closed() {
    let door = Door::with(|config| config.limits.header_time = SHORT);
    let mut stream = door.connect();
    let start = Instant::now();
    let mut closed = false;
    for byte in "POST /v1/batch HTTP/1.1\r\nx-filler: "
        .bytes()
        .chain(std::iter::repeat(b'a'))
    {
        std::thread::sleep(Duration::from_millis(40));
        closed = stream
            .write_all(&[byte])
            .and_then(|()| stream.flush())
            .is_err();
        if closed || start.elapsed() > PATIENCE / 2 {
            break;
        }
    }
    assert!(closed, "still open after {:?}", start.elapsed());
}

#[test]
fn a_client_that_says_nothing_is_closed_at_each_stage() {
    let door = Door::with(|config| config.limits.handshake_time = SHORT);
    assert!(
        until_closed(&mut door.tcp()) < PATIENCE / 2,
        "before the handshake"
    );

    let door = Door::with(|config| config.limits.idle_time = SHORT);
    let mut stream = door.connect();
    stream.conn.complete_io(&mut stream.sock).unwrap();
    assert!(
        until_closed(&mut stream) < PATIENCE / 2,
        "after the handshake"
    );

    let door = Door::with(|config| config.limits.idle_time = Duration::from_secs(2));
    let mut stream = door.connect();
    let request = Request {
        method: "GET",
        path: "/healthz",
        ..Request::batch(b"")
    };
    let text = String::from_utf8(request.bytes()).unwrap();
    stream
        .write_all(text.replace("connection: close\r\n", "").as_bytes())
        .unwrap();
    assert!(
        until_closed(&mut stream) < PATIENCE / 2,
        "behind a first request"
    );

    let door = Door::with(|config| config.limits.connection_time = SHORT);
    let mut stream = door.connect();
    stream.conn.complete_io(&mut stream.sock).unwrap();
    assert!(
        until_closed(&mut stream) < PATIENCE / 2,
        "at the end of its life"
    );
}

#[test]
fn a_body_that_never_ends_gets_408() {
    let door = Door::with(|config| config.limits.body_time = SHORT);
    let mut stream = door.connect();
    let request = Request::batch(LINE.as_bytes()).bytes();
    stream.write_all(&request[..request.len() - 10]).unwrap();
    let answer = Answer::read(&mut stream);
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (408, "body_too_slow")
    );
    super::contract::assert_described("POST", "/v1/batch", &answer);
    assert_eq!(door.kit.taken(), 0);
}

#[test]
fn a_body_without_an_announced_length_is_bounded_all_the_same() {
    let door = Door::with(|config| config.limits.body_bytes = 10_000);
    let mut stream = door.connect();
    let head = String::from_utf8(Request::batch(b"").bytes()).unwrap();
    let head = head.replace("content-length: 0", "transfer-encoding: chunked");
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("{:x}\r\n{}\r\n", 4096, "x".repeat(4096));
    for _ in 0..3 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    let answer = Answer::read(&mut stream);
    assert_eq!(
        (answer.status, answer.reason().as_str()),
        (413, "too_large")
    );
}

#[test]
fn a_head_that_is_too_large_is_refused() {
    let door = Door::open();
    for head in [
        "x: y\r\n".repeat(100),
        format!("x: {}\r\n", "y".repeat(20_000)),
    ] {
        let mut stream = door.connect();
        let request = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{head}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).status, 431);
    }
}

#[test]
fn connections_beyond_the_limit_get_429_where_none_is_idle_and_room_comes_back() {
    let door = Door::with(|config| {
        config.limits.connections = 2;
        config.ack_time = Duration::from_secs(3);
    });
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = door.connect();
            stream
                .write_all(&Request::batch(LINE.as_bytes()).bytes())
                .unwrap();
            stream
        })
        .collect();
    while door.kit.taken() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let request = Request {
        method: "GET",
        path: "/healthz",
        ..Request::batch(b"")
    };
    let answer = door.ask(&request);
    assert_eq!((answer.status, answer.reason().as_str()), (429, "busy"));
    for mut stream in held {
        assert_eq!(Answer::read(&mut stream).status, 503);
    }
    let start = Instant::now();
    while door.ask(&request).status != 200 {
        assert!(start.elapsed() < PATIENCE / 2, "no room came back");
    }
}

#[test]
fn an_idle_connection_makes_room_for_a_newcomer() {
    let door = Door::with(|config| config.limits.connections = 4);
    let mut idle: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = door.connect();
            stream.conn.complete_io(&mut stream.sock).unwrap();
            stream
        })
        .collect();
    for _ in 0..5 {
        assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 202);
    }
    for stream in &mut idle[..30] {
        assert!(until_closed(stream) < PATIENCE / 2, "it still has its seat");
    }
}

#[test]
fn an_address_has_its_share_of_connections_and_others_theirs() {
    let door = Door::with(|config| {
        config.tls = None;
        config.limits.connections_per_address = 3;
    });
    let held: Vec<_> = (0..3).map(|_| door.tcp()).collect();
    std::thread::sleep(Duration::from_millis(200));
    let request = Request::batch(LINE.as_bytes());
    let answer = door.ask_plain(&request);
    assert_eq!((answer.status, answer.reason().as_str()), (429, "busy"));
    let mut other = super::connect_from([127, 0, 0, 2], door.address);
    other.write_all(&request.bytes()).unwrap();
    assert_eq!(Answer::read(&mut other).status, 202);
    drop(held);
}

#[test]
fn plain_text_gets_no_answer_from_a_tls_gateway() {
    let door = Door::open();
    let mut stream = door.tcp();
    stream
        .write_all(&Request::batch(LINE.as_bytes()).bytes())
        .unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP"));
    assert_eq!(door.kit.taken(), 0);
}

#[test]
fn a_request_under_way_is_finished_when_the_gateway_stops() {
    let mut door = Door::with(|config| config.ack_time = Duration::from_secs(2));
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    let mut stream = door.connect();
    stream
        .write_all(&Request::batch(LINE.as_bytes()).bytes())
        .unwrap();
    let mut idle = door.connect();
    idle.conn.complete_io(&mut idle.sock).unwrap();
    while door.kit.taken() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    let reader = std::thread::spawn(move || Answer::read(&mut stream).status);
    door.close();
    assert!(
        start.elapsed() < Duration::from_secs(8),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(reader.join().unwrap(), 503);
    assert!(std::net::TcpStream::connect(door.address).is_err());
}

#[test]
fn a_request_that_outlives_the_grace_period_is_cut() {
    let mut door = Door::with(|config| {
        config.ack_time = 10 * PATIENCE;
        config.grace = Duration::from_millis(300);
    });
    *door.kit.broker.lock().unwrap() = Broker::Silent;
    let mut stream = door.connect();
    stream
        .write_all(&Request::batch(LINE.as_bytes()).bytes())
        .unwrap();
    while door.kit.taken() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let start = Instant::now();
    door.close();
    assert!(start.elapsed() < PATIENCE / 2, "{:?}", start.elapsed());
}

#[test]
fn a_certificate_that_was_changed_is_read_again_and_a_broken_one_is_not() {
    let door = Door::open();
    let files = Tls {
        cert_file: door.dir.path().join("cert.pem"),
        key_file: door.dir.path().join("key.pem"),
    };
    let mut certificate = crate::tls::watched(&files).unwrap();
    let current = certificate.current();
    let acceptor = || Arc::as_ptr(current.get().config());
    let first = acceptor();
    certificate.refresh();
    assert_eq!(acceptor(), first);
    std::fs::write(&files.cert_file, "no certificate").unwrap();
    certificate.refresh();
    assert_eq!(acceptor(), first);
    write_certificate(door.dir.path());
    certificate.refresh();
    assert_ne!(acceptor(), first);
}

fn start_error(change: impl FnOnce(&mut Config)) -> Error {
    let listen = "127.0.0.1:0".parse().unwrap();
    let mut config = Config {
        listen,
        anonymous: true,
        ..Config::default()
    };
    change(&mut config);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let sink = Arc::new(Kit::default());
    runtime.block_on(async { Gateway::bind(&config, sink).await.err().unwrap() })
}

#[test]
fn it_does_not_start_with_settings_that_are_not_safe() {
    let dir = tempfile::tempdir().unwrap();
    let sentences = |error| match error {
        Error::Settings(list) => list,
        other => panic!("{other:?}"),
    };
    let all = sentences(start_error(|config| {
        config.listen = "0.0.0.0:0".parse().unwrap();
        config.anonymous = false;
        config.limits.connections = 0;
        config.ack_time = Duration::ZERO;
    }));
    assert_eq!(all.len(), 4, "{all:#?}");
    let tokens = |text: &str| {
        let path = dir.path().join("tokens");
        std::fs::write(&path, text).unwrap();
        start_error(|config| {
            config.anonymous = false;
            config.tokens_file = Some(path);
        })
    };
    assert!(matches!(tokens("# none\n"), Error::NoToken));
    let error = tokens("a-token-long-enough\nSHORT\n");
    assert!(matches!(error, Error::Token { line: 2 }));
    assert!(!format!("{error} {error:?}").contains("SHORT"));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = start_error(|config| config.listen = taken.local_addr().unwrap());
    assert!(matches!(error, Error::Bind { .. }));
    write_certificate(dir.path());
    let error = start_error(|config| {
        let cert_file = dir.path().join("cert.pem");
        config.tls = Some(Tls {
            key_file: cert_file.clone(),
            cert_file,
        });
    });
    assert!(
        matches!(
            error,
            Error::Pem {
                what: "tls.key_file",
                ..
            }
        ),
        "{error:?}"
    );
}
