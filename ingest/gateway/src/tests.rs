//! The gateway over real sockets and real TLS, with a sink that does as the test says.

#![allow(clippy::unwrap_used)]

mod attacks;
mod changes;
mod connections;
mod contract;
mod doors;
mod fuzz;
mod golden;
mod requests;
mod suggestions;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kaiku_ingest::{DeliveryError, DeviceId, Error, Framer};
use kaiku_raw::{Forget, RawBatch};
use kaiku_wire::{Clock, Day};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio_util::sync::CancellationToken;

use crate::{Config, Gateway, Limits, Pending, Sink, Tls};

const TOKEN: &str = "a-token-of-the-tests";

const LINE: &str = r#"{"device":{"id":"6f1c0000111122223333444455556666","brand":"Nokia","model":"TA-1053","mcc":"244","mnc":"05"},"app":"maps","release":"4.2","consent":{"version":2,"since":"2024-11-01"},"events":[{"type":"started"},{"type":"feature_used","feature":"route","times":2}]}"#;

/// How long a test waits for what is to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a test of slowness sets one limit to.
const SHORT: Duration = Duration::from_millis(400);

/// What the broker behind the sink does.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Broker {
    #[default]
    Confirms,
    Silent,
    Loses,
    Full,
    /// Takes its time to take anything.
    Slow,
    /// One of its two partitions is silent.
    HalfSilent,
}

/// A sink that validates as the real one does, and keeps what it took.
#[derive(Default)]
struct Kit {
    broker: Mutex<Broker>,
    taken: Mutex<Vec<Vec<u8>>>,
    calls: AtomicUsize,
}

impl Kit {
    fn take(&self, record: kaiku_ingest::Encoded) -> Result<Pending, Error> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let broker = match *self.broker.lock().unwrap() {
            Broker::HalfSilent if record.key().is_some_and(|key| key[0] % 2 == 1) => Broker::Silent,
            Broker::HalfSilent => Broker::Confirms,
            other => other,
        };
        match broker {
            Broker::Full => return Err(Error::Full),
            Broker::Slow => std::thread::sleep(Duration::from_secs(3)),
            _ => {}
        }
        self.taken.lock().unwrap().push(record.payload().to_vec());
        Ok(Box::pin(async move {
            match broker {
                Broker::Loses => Err(DeliveryError::TimedOut),
                Broker::Silent => std::future::pending().await,
                _ => Ok(()),
            }
        }))
    }

    fn taken(&self) -> usize {
        self.taken.lock().unwrap().len()
    }
}

impl Sink for Kit {
    fn today(&self) -> Day {
        Clock::system().today()
    }

    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error> {
        let record = Framer::single_object()
            .batch(batch, self.today())
            .map_err(Error::Refused)?;
        self.take(record)
    }

    fn forget(&self, forget: &Forget<'_>) -> Result<Pending, Error> {
        let record = Framer::single_object()
            .forget(forget)
            .map_err(Error::Refused)?;
        self.take(record)
    }

    fn partitions(&self) -> usize {
        2
    }

    fn partition_of(&self, device: &DeviceId) -> usize {
        usize::from(device.as_bytes()[0] % 2)
    }

    fn probe(&self, _partition: usize) -> Option<Pending> {
        let tick = Framer::single_object().tick(0).ok()?;
        self.take(tick).ok()
    }
}

/// A gateway with TLS on a free port, and what is needed to speak to it.
struct Door {
    address: SocketAddr,
    kit: Arc<Kit>,
    certificate: CertificateDer<'static>,
    dir: tempfile::TempDir,
    shutdown: CancellationToken,
    thread: Option<JoinHandle<()>>,
    trouble: tokio::sync::watch::Receiver<crate::Trouble>,
}

impl Door {
    fn open() -> Door {
        Door::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Door {
        let kit = Arc::new(Kit::default());
        Door::onto(kit.clone(), kit, change)
    }

    fn onto(kit: Arc<Kit>, sink: Arc<dyn Sink>, change: impl FnOnce(&mut Config)) -> Door {
        let dir = tempfile::tempdir().unwrap();
        let certificate = write_certificate(dir.path());
        std::fs::write(dir.path().join("tokens"), format!("# ours\n\n{TOKEN}\n")).unwrap();
        let mut config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: Some(Tls {
                cert_file: dir.path().join("cert.pem"),
                key_file: dir.path().join("key.pem"),
            }),
            tokens_file: Some(dir.path().join("tokens")),
            ack_time: PATIENCE,
            grace: Duration::from_secs(10),
            // Long enough for a machine that has much else to do; tests of slowness shorten one.
            limits: Limits {
                header_time: PATIENCE,
                idle_time: PATIENCE,
                // A test may send slowly what another counts.
                body_rate: 0,
                handshake_time: PATIENCE,
                body_time: PATIENCE,
                ..Limits::default()
            },
            ..Config::default()
        };
        change(&mut config);
        let shutdown = CancellationToken::new();
        let (tell, told) = std::sync::mpsc::channel();
        let token = shutdown.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let gateway = Gateway::bind(&config, sink).await.unwrap();
                tell.send((gateway.local_addr(), gateway.trouble()))
                    .unwrap();
                gateway.serve(token).await;
            });
        });
        let (address, trouble) = told.recv().unwrap();
        Door {
            address,
            kit,
            certificate,
            dir,
            shutdown,
            thread: Some(thread),
            trouble,
        }
    }

    /// What reads bodies, without a socket.
    fn parts() -> (Arc<crate::api::Api>, Arc<Kit>) {
        let dir = tempfile::tempdir().unwrap();
        let tokens = dir.path().join("tokens");
        std::fs::write(&tokens, TOKEN).unwrap();
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tokens_file: Some(tokens),
            ..Config::default()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let kit = Arc::new(Kit::default());
        let bound = runtime.block_on(Gateway::bind(&config, kit.clone()));
        (bound.unwrap().api(), kit)
    }

    /// Ends the gateway and waits for it.
    fn close(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    /// A TLS connection to it, or plain text where `plain`.
    fn connect(&self) -> rustls::StreamOwned<rustls::ClientConnection, TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        rustls::StreamOwned::new(session, self.tcp())
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// One request over plain HTTP, for a gateway without TLS.
    fn ask_plain(&self, request: &Request<'_>) -> Answer {
        let mut stream = self.tcp();
        stream.write_all(&request.bytes()).unwrap();
        Answer::read(&mut stream)
    }

    /// One request on a connection of its own, the answer checked against the description.
    fn ask(&self, request: &Request<'_>) -> Answer {
        let mut stream = self.connect();
        stream.write_all(&request.bytes()).unwrap();
        let answer = Answer::read(&mut stream);
        contract::assert_described(request.method, request.path, &answer);
        answer
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The whole of a body, as the gateway receives it.
async fn receive_all(
    headers: &axum::http::HeaderMap,
    body: axum::body::Body,
    limits: &Limits,
) -> Result<Vec<u8>, crate::answer::Refusal> {
    let budget = crate::body::Budget::new(limits.bodies_bytes);
    let received = crate::body::receive(headers, body, limits, &budget).await?;
    Ok(received.bytes().to_vec())
}

/// The headers that show the token.
fn bearer() -> axum::http::HeaderMap {
    let mut headers = axum::http::HeaderMap::new();
    let value = format!("Bearer {TOKEN}").parse().unwrap();
    headers.insert("authorization", value);
    headers
}

/// A connection from another of this machine's loopback addresses.
fn connect_from(from: [u8; 4], to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn write_certificate(dir: &std::path::Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(dir.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(dir.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    CertificateDer::from(made.cert.der().to_vec())
}

/// A request, in parts that a test can change.
#[derive(Clone)]
struct Request<'a> {
    method: &'a str,
    path: &'a str,
    token: Option<&'a str>,
    content_type: Option<&'a str>,
    encoding: Option<&'a str>,
    /// More of the head, each line with its end.
    more: &'a str,
    body: &'a [u8],
}

impl Request<'_> {
    fn batch(body: &[u8]) -> Request<'_> {
        Request {
            method: "POST",
            path: "/v1/batch",
            token: Some(TOKEN),
            content_type: Some("application/json"),
            encoding: None,
            more: "",
            body,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: localhost\r\n",
            self.method, self.path
        );
        head += "connection: close\r\n";
        if let Some(token) = self.token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        if let Some(name) = self.content_type {
            head += &format!("content-type: {name}\r\n");
        }
        if let Some(name) = self.encoding {
            head += &format!("content-encoding: {name}\r\n");
        }
        head += self.more;
        head += &format!("content-length: {}\r\n\r\n", self.body.len());
        [head.as_bytes(), self.body].concat()
    }
}

/// An answer as it came.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// Reads until the other side closes; `status` is 0 where it closed without a word.
    fn read(stream: &mut impl Read) -> Answer {
        let mut bytes = Vec::new();
        // A connection that is closed without notice is an end too.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .map_or(0, |code| code.parse().unwrap());
        Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: body.to_owned(),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn reason(&self) -> String {
        self.json()["reason"].as_str().unwrap().to_owned()
    }
}
