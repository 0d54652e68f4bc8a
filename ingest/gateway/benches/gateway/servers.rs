//! The two servers that are compared: the gateway, and rustls and hyper with nothing behind them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kaiku_gateway::{Config, Gateway, Limits, Pending, Sink, Tls};
use kaiku_ingest::{Day, Error, Framer};
use kaiku_raw::{Forget, RawBatch};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

/// The token that uploads show.
pub const TOKEN: &str = "a-token-of-the-benchmark";

/// One of the two.
#[derive(Clone, Copy)]
pub enum Server {
    Gateway,
    HyperAlone,
}

impl Server {
    pub fn name(self) -> &'static str {
        match self {
            Server::Gateway => "the gateway",
            Server::HyperAlone => "rustls and hyper alone",
        }
    }
}

/// Encodes and validates as the producer does, and has what it is given at once.
struct AtOnce(Framer);

impl Sink for AtOnce {
    fn today(&self) -> Day {
        Day::parse("2026-11-30").unwrap()
    }

    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error> {
        let record = self.0.batch(batch, self.today());
        drop(record.map_err(Error::Refused)?);
        Ok(Box::pin(async { Ok(()) }))
    }

    fn forget(&self, _: &Forget<'_>) -> Result<Pending, Error> {
        Ok(Box::pin(async { Ok(()) }))
    }
}

/// Processor time of this process's threads of the servers, told apart from the clients' by name.
pub type Cpu = dyn Fn() -> Duration;

/// Runs a server on threads of its own, and what uploads to it.
pub fn with<T>(server: Server, test: impl FnOnce(u16, CertificateDer<'static>, &Cpu) -> T) -> T {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let root = CertificateDer::from(made.cert.der().to_vec());
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("server")
        .enable_all()
        .build()
        .unwrap();
    let shutdown = CancellationToken::new();
    let address = match server {
        Server::Gateway => {
            let config = Config {
                listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                tls: Some(Tls {
                    cert_file: file("cert.pem", &made.cert.pem()),
                    key_file: file("key.pem", &made.signing_key.serialize_pem()),
                }),
                tokens_file: Some(file("tokens", TOKEN)),
                limits: Limits {
                    requests_per_address: 0,
                    ..Limits::default()
                },
                ..Config::default()
            };
            let sink = Arc::new(AtOnce(Framer::single_object()));
            let gateway = runtime.block_on(Gateway::bind(&config, sink)).unwrap();
            let address = gateway.local_addr();
            runtime.spawn(gateway.serve(shutdown.clone()));
            address
        }
        Server::HyperAlone => {
            let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
            let listener = runtime
                .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
                .unwrap();
            let address = listener.local_addr().unwrap();
            runtime.spawn(hyper_alone(listener, root.clone(), key));
            address
        }
    };
    let done = test(address.port(), root, &|| cpu_of("server"));
    shutdown.cancel();
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// Reads each body to its end, and says 202.
async fn hyper_alone(
    listener: tokio::net::TcpListener,
    root: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![root], key)
        .unwrap();
    // As the gateway does it: what is compared is everything else.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let _ = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| async {
                request.into_body().collect().await?;
                let mut response = hyper::Response::new(Empty::<bytes::Bytes>::new());
                *response.status_mut() = hyper::StatusCode::ACCEPTED;
                Ok::<_, hyper::Error>(response)
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Processor time of the threads of this name, as Linux counts it.
fn cpu_of(name: &str) -> Duration {
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else {
            continue;
        };
        let (head, rest) = stat.rsplit_once(") ").unwrap();
        if !head.ends_with(&format!("({name}")) {
            continue;
        }
        let fields: Vec<&str> = rest.split(' ').collect();
        // utime and stime, the 14th and 15th of all.
        ticks += fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    }
    Duration::from_millis(ticks * 10)
}
