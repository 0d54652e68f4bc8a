//! What honest devices feel while somebody attacks: a gateway in a process of its own, fifty
//! uploads a second, and slow bodies, idle connections or half handshakes beside them.
//!
//! `cargo run --release -p kaiku-gateway --example attack`, on a machine that lets a process have
//! 16,000 open files.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::io::{BufRead, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kaiku_gateway::{Config, Gateway, Pending, Sink, Tls};
use kaiku_ingest::{Day, Error, Framer};
use kaiku_raw::{Forget, RawBatch};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

const TOKEN: &str = "a-token-of-the-attack";
const LINE: &str = r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053"},"app":"maps","release":"4.2","consent":{"version":2,"since":"2024-11-01"},"events":[{"type":"started"}]}"#;

/// How long each scene lasts.
const SCENE: Duration = Duration::from_secs(12);

/// Time between two honest uploads.
const PACE: Duration = Duration::from_millis(20);

/// Confirms as a broker does that is near.
struct Near(Framer);

impl Sink for Near {
    fn today(&self) -> Day {
        Day::parse("2026-11-30").unwrap()
    }

    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error> {
        let record = self.0.batch(batch, self.today());
        drop(record.map_err(Error::Refused)?);
        Ok(Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok(())
        }))
    }

    fn forget(&self, _: &Forget<'_>) -> Result<Pending, Error> {
        Ok(Box::pin(async { Ok(()) }))
    }
}

fn main() {
    match std::env::args().nth(1) {
        Some(folder) => serve(&folder),
        None => attack(),
    }
}

/// The gateway, until its standard input is closed.
fn serve(folder: &str) {
    let folder = std::path::Path::new(folder);
    let config = Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: Some(Tls {
            cert_file: folder.join("cert.pem"),
            key_file: folder.join("key.pem"),
        }),
        tokens_file: Some(folder.join("tokens")),
        ..Config::default()
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sink = Arc::new(Near(Framer::single_object()));
    let gateway = runtime.block_on(Gateway::bind(&config, sink)).unwrap();
    println!("{}", gateway.local_addr());
    runtime.spawn(gateway.serve(tokio_util::sync::CancellationToken::new()));
    let _ = std::io::stdin().lock().read_line(&mut String::new());
}

fn attack() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let keep = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    keep("cert.pem", &made.cert.pem());
    keep("key.pem", &made.signing_key.serialize_pem());
    keep("tokens", TOKEN);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = std::io::BufReader::new(child.stdout.take().unwrap());
    said.read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();
    let connector = connector(&made.cert.pem());
    let runtime = tokio::runtime::Runtime::new().unwrap();
    println!(
        "{:<34} {:>6} {:>9} {:>9} {:>9} {:>9} {:>10}",
        "", "202", "others", "p50 ms", "p99 ms", "max ms", "RSS MB"
    );
    runtime.block_on(async {
        scene("alone", &child, address, &connector, 0, Attack::None).await;
        scene(
            "1,000 slow bodies with a key",
            &child,
            address,
            &connector,
            1_000,
            Attack::SlowBody,
        )
        .await;
        scene(
            "10,000 idle connections",
            &child,
            address,
            &connector,
            10_000,
            Attack::Idle,
        )
        .await;
        scene(
            "10,000 half handshakes",
            &child,
            address,
            &connector,
            10_000,
            Attack::Handshake,
        )
        .await;
        scene(
            "2,000 bodies in pieces of a byte",
            &child,
            address,
            &connector,
            2_000,
            Attack::Pieces,
        )
        .await;
        scene(
            "alone, behind it",
            &child,
            address,
            &connector,
            0,
            Attack::None,
        )
        .await;
    });
    drop(child.stdin.take());
    let _ = child.wait();
    let _ = std::io::stdout().flush();
}

#[derive(Clone, Copy, PartialEq)]
enum Attack {
    None,
    SlowBody,
    Idle,
    Handshake,
    Pieces,
}

async fn scene(
    name: &str,
    child: &Child,
    address: SocketAddr,
    connector: &TlsConnector,
    attackers: usize,
    attack: Attack,
) {
    let (over, open) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..attackers {
        let (over, open, connector) = (over.clone(), open.clone(), connector.clone());
        tasks.spawn(async move {
            while !over.load(Ordering::Relaxed) {
                open.fetch_add(1, Ordering::Relaxed);
                let _ = one(number, address, &connector, attack).await;
                open.fetch_sub(1, Ordering::Relaxed);
                // Whoever was closed comes again, as fast as the machine lets it.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
    }
    // Until they are there.
    tokio::time::sleep(Duration::from_secs(if attackers > 0 { 6 } else { 1 })).await;
    let (mut times, mut others, mut most) = (Vec::new(), 0, 0);
    let start = Instant::now();
    let mut honest = tokio::task::JoinSet::new();
    let mut pace = tokio::time::interval(PACE);
    while start.elapsed() < SCENE {
        pace.tick().await;
        let connector = connector.clone();
        honest.spawn(async move {
            let start = Instant::now();
            let status = tokio::time::timeout(Duration::from_secs(10), upload(address, &connector));
            (status.await.ok().flatten(), start.elapsed())
        });
        most = most.max(resident(child));
    }
    while let Some(done) = honest.join_next().await {
        match done.unwrap() {
            (Some(202), time) => times.push(time),
            _ => others += 1,
        }
    }
    over.store(true, Ordering::Relaxed);
    tasks.shutdown().await;
    times.sort();
    let at = |part: usize| {
        let index = (times.len() * part / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
    };
    println!(
        "{name:<34} {:>6} {others:>9} {:>9.1} {:>9.1} {:>9.1} {most:>10}",
        times.len(),
        at(50),
        at(99),
        at(100),
    );
    // What is still open on the other side goes.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

/// One connection of an attacker, from one of 200 addresses, until it is closed.
async fn one(
    number: usize,
    to: SocketAddr,
    connector: &TlsConnector,
    attack: Attack,
) -> Option<()> {
    let socket = TcpSocket::new_v4().ok()?;
    let host = u8::try_from(2 + number % 200).ok()?;
    socket.bind(SocketAddr::from(([127, 0, 1, host], 0))).ok()?;
    let mut stream = socket.connect(to).await.ok()?;
    if attack == Attack::Handshake {
        stream.write_all(&[0x16, 3, 1, 2, 0, 1]).await.ok()?;
        until_closed(&mut stream).await;
        return None;
    }
    let name = ServerName::try_from("localhost").ok()?;
    let mut stream = connector.connect(name, stream).await.ok()?;
    if attack == Attack::Idle {
        until_closed(&mut stream).await;
        return None;
    }
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\
         content-type: application/json\r\ncontent-length: 60000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    let gap = if attack == Attack::Pieces { 20 } else { 500 };
    for _ in 0..60_000 {
        stream.write_all(b" ").await.ok()?;
        tokio::time::sleep(Duration::from_millis(gap)).await;
    }
    None
}

async fn until_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) {
    let mut room = [0; 512];
    while stream.read(&mut room).await.is_ok_and(|read| read > 0) {}
}

/// An honest upload on a connection of its own; its status.
async fn upload(to: SocketAddr, connector: &TlsConnector) -> Option<u16> {
    let stream = TcpStream::connect(to).await.ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    let mut stream = connector.connect(name, stream).await.ok()?;
    let request = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{LINE}",
        LINE.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
}

fn connector(pem: &str) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// Resident megabytes of the gateway.
fn resident(child: &Child) -> u64 {
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().split(' ').next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1024
}
