//! What a client can do on purpose: small pieces, slow bodies, many connections, bodies that nobody reads.

use std::io::Write;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::HeaderMap;
use bytes::Bytes;

use super::{Answer, Door, LINE, PATIENCE, Request};
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

/// Writes a body as a phone's network brings it, a packet every few milliseconds, before it reads the answer.
fn write_slowly_then_read(door: &Door, bytes: usize, token: &str) -> u16 {
    const PACKET: usize = 1_400;
    let mut stream = door.connect();
    stream.write_all(&head(bytes, token)).unwrap();
    let mut left = bytes;
    while left > 0 {
        let piece = left.min(PACKET);
        let written = stream
            .write_all(&vec![b' '; piece])
            .and_then(|()| stream.flush());
        if written.is_err() {
            return 0;
        }
        left -= piece;
        std::thread::sleep(Duration::from_millis(4));
    }
    Answer::read(&mut stream).status
}

#[test]
fn an_answer_arrives_though_the_body_that_was_not_read_comes_a_packet_at_a_time() {
    let door = Door::open();
    for (bytes, token, status) in [
        (200_000, super::TOKEN, 413),
        (60_000, "not-a-token-of-ours", 401),
    ] {
        for turn in 0..3 {
            let seen = write_slowly_then_read(&door, bytes, token);
            assert_eq!(seen, status, "{bytes} bytes, turn {turn}");
        }
    }
    let door = Door::with(|config| config.limits.requests_per_address = 1);
    assert_eq!(door.ask(&Request::batch(LINE.as_bytes())).status, 202);
    for turn in 0..3 {
        let seen = write_slowly_then_read(&door, 60_000, super::TOKEN);
        assert_eq!(seen, 429, "turn {turn}");
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
fn a_head_that_a_proxy_may_read_in_another_way_is_refused() {
    let door = Door::with(|config| config.tls = None);
    for hosts in [
        "",
        "host: a\r\nhost: b\r\n",
        "host: a\r\ntransfer-encoding: gzip, chunked\r\n",
        "host: a\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n",
    ] {
        let mut stream = door.tcp();
        let text = format!("GET /healthz HTTP/1.1\r\n{hosts}connection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).unwrap();
        assert_eq!(Answer::read(&mut stream).status, 400, "{hosts:?}");
    }
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
