//! Clients that upload as fast as they are answered, on a thread of their own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kaiku_ingest::{Batch, Consent, Day, Device, DeviceId, Event, Framer};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::servers::{Cpu, TOKEN};

/// How connections are used, and how many there are at once.
#[derive(Clone, Copy)]
pub enum Load {
    KeptAlive(usize),
    SessionEach(usize),
}

/// What was uploaded, and what it took.
pub struct Figures {
    uploads: u64,
    time: Duration,
    cpu: Duration,
}

impl Figures {
    pub fn per_second(&self) -> f64 {
        self.uploads as f64 / self.time.as_secs_f64()
    }

    pub fn per_cpu(&self) -> f64 {
        self.uploads as f64 / self.cpu.as_secs_f64().max(0.01)
    }
}

/// Uploads for a while.
pub fn run(
    load: Load,
    port: u16,
    root: CertificateDer<'static>,
    time: Duration,
    cpu: &Cpu,
) -> Figures {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let request: Arc<[u8]> = request().into();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let before = cpu();
    let start = Instant::now();
    let end = start + time;
    let (count, is_kept) = match load {
        Load::KeptAlive(count) => (count, true),
        Load::SessionEach(count) => (count, false),
    };
    let uploads = runtime.block_on(async {
        let clients: Vec<_> = (0..count)
            .map(|_| {
                let (connector, request) = (connector.clone(), request.clone());
                tokio::spawn(client(connector, port, request, is_kept, end))
            })
            .collect();
        let mut uploads = 0;
        for client in clients {
            uploads += client.await.unwrap();
        }
        uploads
    });
    Figures {
        uploads,
        time: start.elapsed(),
        cpu: cpu() - before,
    }
}

async fn client(
    connector: TlsConnector,
    port: u16,
    request: Arc<[u8]>,
    is_kept: bool,
    end: Instant,
) -> u64 {
    let mut uploads = 0;
    while Instant::now() < end {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        loop {
            upload(&mut stream, &request).await;
            uploads += 1;
            if !is_kept || Instant::now() >= end {
                break;
            }
        }
        let _ = stream.shutdown().await;
    }
    uploads
}

async fn upload(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &[u8]) {
    stream.write_all(request).await.unwrap();
    let (mut answer, mut read) = ([0; 512], 0);
    while !answer[..read]
        .windows(4)
        .any(|window| window == b"\r\n\r\n")
    {
        let more = stream.read(&mut answer[read..]).await.unwrap();
        assert!(more > 0, "the server went away");
        read += more;
    }
    assert!(answer.starts_with(b"HTTP/1.1 202 "));
}

/// What a device of four events sends: Avro in a frame of zstd.
fn request() -> Vec<u8> {
    let device = Device::new(DeviceId::new([7; 16]), "Nokia", "TA-1053").network("244", "05");
    let consent = Consent::new(2, Day::parse("2026-11-01").unwrap());
    let batch = Batch::new(device, "maps", "4.2", consent)
        .event(Event::started())
        .event(Event::feature_used("route.bicycle").times(2))
        .event(Event::failed("network.timeout").component("tiles"))
        .event(Event::stopped());
    let record = Framer::single_object()
        .batch(&batch.as_raw(), Day::parse("2026-11-30").unwrap())
        .unwrap();
    let body = zstd::encode_all(record.payload(), 3).unwrap();
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-type: {}\r\ncontent-encoding: zstd\r\n\
         authorization: Bearer {TOKEN}\r\ncontent-length: {}\r\n\r\n",
        kaiku_gateway::AVRO,
        body.len()
    );
    [head.as_bytes(), &body].concat()
}
