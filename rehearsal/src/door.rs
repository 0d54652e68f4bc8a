//! A gateway in this process, and the devices that upload to it over TLS.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use kaiku_gateway::{AVRO, Gateway, Pending, Sink};
use kaiku_ingest::{Encoded, Error, Producer};
use kaiku_raw::{Forget, RawBatch};
use kaiku_wire::Day;
use rand::Rng;
use tokio_util::sync::CancellationToken;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Connections to the gateway.
const CLIENTS: usize = 8;
/// Uploads that wait for each.
const WAITING: usize = 64;
const NAME: &str = "localhost";

/// A time that is set by whoever replays history, in milliseconds since 1970-01-01 UTC.
pub type Time = Arc<AtomicI64>;

/// Gives the gateway's records the time of the simulation.
struct Replay {
    producer: Producer,
    time: Time,
}

impl Sink for Replay {
    fn today(&self) -> Day {
        Day::from_millis(self.time.load(Ordering::Relaxed))
    }

    fn batch(&self, batch: &RawBatch<'_>) -> Result<Pending, Error> {
        let record = self
            .producer
            .encode_at(batch, self.time.load(Ordering::Relaxed));
        Ok(Box::pin(
            self.producer
                .try_send_encoded(record.map_err(Error::Refused)?)?,
        ))
    }

    fn forget(&self, forget: &Forget<'_>) -> Result<Pending, Error> {
        let record = self
            .producer
            .framer()
            .forget(forget)
            .map_err(Error::Refused)?;
        let record = record.at(self.time.load(Ordering::Relaxed));
        Ok(Box::pin(self.producer.try_send_encoded(record)?))
    }
}

/// What a device sends to the gateway.
enum Request {
    Batch(Vec<u8>),
    Forget(String),
    /// A request as the device's own library makes it, and who waits for the answer.
    Whole(Whole, std::sync::mpsc::Sender<u16>),
    /// Answered when everything before it was.
    Flush(std::sync::mpsc::Sender<()>),
}

/// A request of the device's own library, but for what names the app.
pub struct Whole {
    /// Path at the gateway.
    pub path: &'static str,
    /// Headers.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// The gateway, and a few connections to it.
pub struct Door {
    clients: Vec<(SyncSender<Request>, JoinHandle<Result<()>>)>,
}

impl Door {
    /// Starts the gateway with a certificate made for it, and connects to it. Certificate, key and
    /// tokens go into the folder.
    ///
    /// # Errors
    /// Where the certificate can't be made, or no port be had.
    pub fn open(
        runtime: &tokio::runtime::Runtime,
        folder: &Path,
        producer: Producer,
        time: Time,
        shutdown: &CancellationToken,
    ) -> Result<Door> {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()])
            .context("making a certificate for the gateway")?;
        let keep = |name: &str, text: &str| -> Result<std::path::PathBuf> {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
            Ok(path)
        };
        let token = hex::encode(rand::rng().random::<[u8; 16]>());
        let config = kaiku_gateway::Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: Some(kaiku_gateway::Tls {
                cert_file: keep("gateway.pem", &made.cert.pem())?,
                key_file: keep("gateway.key", &made.signing_key.serialize_pem())?,
            }),
            tokens_file: Some(keep("gateway.tokens", &token)?),
            // All the devices of the simulation have one address.
            limits: kaiku_gateway::Limits {
                requests_per_address: 0,
                ..kaiku_gateway::Limits::default()
            },
            ..kaiku_gateway::Config::default()
        };
        let sink = Arc::new(Replay { producer, time });
        let gateway = runtime
            .block_on(Gateway::bind(&config, sink))
            .context("starting the gateway")?;
        let address = gateway.local_addr();
        runtime.spawn(gateway.serve(shutdown.clone()));
        let authority = Certificate::from_der(made.cert.der()).to_owned();
        let clients = (0..CLIENTS).map(|_| client(address, &authority, &token));
        Ok(Door {
            clients: clients.collect::<Result<_>>()?,
        })
    }

    /// Has a device upload a batch, behind what it has sent before.
    ///
    /// # Errors
    /// Where an upload before it was refused.
    pub fn batch(&self, device: u32, batch: &Encoded) -> Result<()> {
        self.send(device, Request::Batch(batch.payload().to_vec()))
    }

    /// Has a device ask to be forgotten.
    ///
    /// # Errors
    /// Where an upload before it was refused.
    pub fn forget(&self, device: u32, forget: &Forget<'_>) -> Result<()> {
        let body = serde_json::json!({
            "device_id": hex::encode(forget.device_id.as_bytes()),
            "app": forget.app,
        });
        self.send(device, Request::Forget(body.to_string()))
    }

    /// Makes a request of a device's own library, and waits for its status, which may be any.
    ///
    /// # Errors
    /// Where there was no answer, or an upload before it was refused.
    pub fn exchange(&self, device: u32, request: Whole) -> Result<u16> {
        let (answer, wait) = std::sync::mpsc::channel();
        self.send(device, Request::Whole(request, answer))?;
        wait.recv().context("waiting for the gateway's answer")
    }

    /// Waits until everything was answered.
    ///
    /// # Errors
    /// Where an upload was refused.
    pub fn flush(&mut self) -> Result<()> {
        let mut waits = Vec::new();
        for index in 0..self.clients.len() {
            let (done, wait) = std::sync::mpsc::channel();
            self.send(u32::try_from(index).unwrap_or(0), Request::Flush(done))?;
            waits.push((index, wait));
        }
        for (index, wait) in waits {
            if wait.recv().is_err() {
                return Err(self.failure(index));
            }
        }
        Ok(())
    }

    fn send(&self, device: u32, request: Request) -> Result<()> {
        let (client, _) = &self.clients[device as usize % self.clients.len()];
        client
            .send(request)
            .map_err(|_| anyhow!("an upload to the gateway was refused"))
    }

    fn failure(&mut self, index: usize) -> anyhow::Error {
        let (_, thread) = self.clients.swap_remove(index);
        match thread.join() {
            Ok(Err(error)) => error,
            _ => anyhow!("a connection to the gateway ended early"),
        }
    }
}

fn client(
    address: SocketAddr,
    authority: &Certificate<'static>,
    token: &str,
) -> Result<(SyncSender<Request>, JoinHandle<Result<()>>)> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(std::slice::from_ref(authority)))
        .unversioned_rustls_crypto_provider(provider)
        .build();
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(30)))
        .http_status_as_error(false)
        .build()
        .into();
    let base = format!("https://{NAME}:{}", address.port());
    let bearer = format!("Bearer {token}");
    let (sender, requests) = sync_channel(WAITING);
    let thread = std::thread::Builder::new()
        .name("kaiku-device".into())
        .spawn(move || upload(&agent, &base, &bearer, &requests))
        .context("starting a thread of devices")?;
    Ok((sender, thread))
}

fn upload(
    agent: &ureq::Agent,
    base: &str,
    bearer: &str,
    requests: &Receiver<Request>,
) -> Result<()> {
    for request in requests {
        let answer = match request {
            Request::Flush(done) => {
                // Where nobody waits any more something else has failed.
                let _ = done.send(());
                continue;
            }
            Request::Whole(request, answer) => {
                // Where nobody waits any more something else has failed.
                let _ = answer.send(exchange(agent, base, bearer, &request)?);
                continue;
            }
            Request::Batch(body) => agent
                .post(format!("{base}/v1/batch"))
                .header("authorization", bearer)
                .header("content-type", AVRO)
                .send(&body[..]),
            Request::Forget(body) => agent
                .delete(format!("{base}/v1/device"))
                .header("authorization", bearer)
                .header("content-type", "application/json")
                .force_send_body()
                .send(&body),
        };
        let mut answer = answer.context("uploading to the gateway")?;
        let status = answer.status();
        // The connection is used again only once the answer was read.
        let said = answer
            .body_mut()
            .read_to_string()
            .context("reading the gateway's answer")?;
        if !status.is_success() {
            bail!("the gateway answered {status}: {said}");
        }
    }
    Ok(())
}

fn exchange(agent: &ureq::Agent, base: &str, bearer: &str, request: &Whole) -> Result<u16> {
    let mut post = agent
        .post(format!("{base}{}", request.path))
        .header("authorization", bearer);
    for (name, value) in &request.headers {
        post = post.header(*name, value);
    }
    let mut answer = post
        .send(&request.body[..])
        .context("uploading to the gateway")?;
    let status = answer.status().as_u16();
    answer
        .body_mut()
        .read_to_string()
        .context("reading the gateway's answer")?;
    Ok(status)
}
