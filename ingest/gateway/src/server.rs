//! Connections: accepted within limits, each part within its time, and ended with grace.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use kaiku_metric::GaugeHandle;
use kaiku_raw::Decoder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::answer::Refusal;
use crate::api::{Api, router};
use crate::away::Away;
use crate::metrics::{CONNECTIONS, REQUESTS};
use crate::tls::Certificate;
use crate::tokens::Tokens;
use crate::{Config, Error, Sink};

/// Connections beyond the limit that are told so; more are closed.
const TOLD: usize = 64;

/// How often the files of the certificate are looked at.
const REFRESH: Duration = Duration::from_secs(30);

/// Bytes of a request's head, and its number of fields.
const HEAD_BYTES: usize = 16 * 1024;
const HEAD_FIELDS: usize = 64;

/// A gateway that listens, and does not answer yet.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<Certificate>,
    api: Arc<Api>,
}

/// Listens and serves until `shutdown` is cancelled, then ends within the grace period.
///
/// # Errors
/// Where the gateway can't start.
pub async fn run(
    config: &Config,
    sink: Arc<dyn Sink>,
    shutdown: CancellationToken,
) -> Result<(), Error> {
    Gateway::bind(config, sink).await?.serve(shutdown).await;
    Ok(())
}

impl Gateway {
    /// Checks the settings, reads their files, and listens.
    ///
    /// # Errors
    /// Where the settings can't be used, a file can't be read, or the address is taken.
    pub async fn bind(config: &Config, sink: Arc<dyn Sink>) -> Result<Gateway, Error> {
        let problems = config.problems();
        if !problems.is_empty() {
            return Err(Error::Settings(problems));
        }
        let certificate = config.tls.as_ref().map(Certificate::load).transpose()?;
        let api = Arc::new(Api {
            tokens: Tokens::load(config)?,
            sink,
            decoder: Decoder::new(kaiku_raw::Limits::CONTRACT),
            room: Semaphore::new(config.limits.requests),
            away: Away::default(),
            config: config.clone(),
        });
        let failed = |source| Error::Bind {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Gateway {
            listener,
            address,
            certificate,
            api,
        })
    }

    /// Where it listens: the address of the settings, with the port that was taken.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is cancelled. Then it takes no more connections, gives the requests
    /// that are under way the grace period, and closes what is left.
    pub async fn serve(self, shutdown: CancellationToken) {
        let Gateway {
            listener,
            address,
            mut certificate,
            api,
        } = self;
        let grace = api.config.grace;
        let slots = Slots::new(api.config.limits.connections);
        let routes = router(api.clone());
        let mut connections = JoinSet::new();
        let mut refresh = interval(REFRESH);
        tracing::info!(%address, tls = certificate.is_some(), "the gateway listens");
        loop {
            let stream = tokio::select! {
                () = shutdown.cancelled() => break,
                _ = refresh.tick() => {
                    certificate.iter_mut().for_each(Certificate::refresh);
                    continue;
                }
                Some(_) = connections.join_next() => continue,
                accepted = listener.accept() => match accepted {
                    // The client's address ends here.
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of file descriptors, mostly: it passes.
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Some(slot) = slots.take() else { continue };
            let connection = Connection {
                acceptor: certificate.as_ref().map(Certificate::acceptor),
                api: api.clone(),
                routes: routes.clone(),
                shutdown: shutdown.clone(),
                slot,
            };
            connections.spawn(connection.serve(stream));
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if timeout(grace, all).await.is_err() {
            tracing::warn!(left = connections.len(), "the grace period is over");
        }
        connections.shutdown().await;
        tracing::info!("the gateway has stopped");
    }
}

/// Room for connections: some that are served, and some that are told that there is no room.
struct Slots {
    served: Arc<Semaphore>,
    told: Arc<Semaphore>,
}

/// Room for one connection.
struct Slot {
    is_served: bool,
    _permit: OwnedSemaphorePermit,
    _open: OpenGauge,
}

impl Slots {
    fn new(connections: usize) -> Slots {
        Slots {
            served: Arc::new(Semaphore::new(connections)),
            told: Arc::new(Semaphore::new(TOLD)),
        }
    }

    fn take(&self) -> Option<Slot> {
        let (is_served, permit) = match self.served.clone().try_acquire_owned() {
            Ok(permit) => (true, permit),
            Err(_) => (false, self.told.clone().try_acquire_owned().ok()?),
        };
        Some(Slot {
            is_served,
            _permit: permit,
            _open: OpenGauge::new(),
        })
    }
}

/// Counts an open connection as long as it lives.
struct OpenGauge(GaugeHandle);

impl OpenGauge {
    fn new() -> OpenGauge {
        let gauge = CONNECTIONS.with([]);
        gauge.increment(1.0);
        OpenGauge(gauge)
    }
}

impl Drop for OpenGauge {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// One connection, from the handshake to its end.
struct Connection {
    acceptor: Option<TlsAcceptor>,
    api: Arc<Api>,
    routes: Router,
    shutdown: CancellationToken,
    slot: Slot,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Answers are small and written at once.
        let _ = stream.set_nodelay(true);
        let Some(acceptor) = self.acceptor.clone() else {
            return self.speak(stream).await;
        };
        let within = self.api.config.limits.handshake_time;
        let handshake = tokio::select! {
            () = self.shutdown.cancelled() => return,
            handshake = timeout(within, acceptor.accept(stream)) => handshake,
        };
        // A handshake that failed or took too long is the client's affair.
        if let Ok(Ok(stream)) = handshake {
            self.speak(stream).await;
        }
    }

    async fn speak(self, stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
        let Connection {
            api,
            routes,
            shutdown,
            slot,
            ..
        } = self;
        let has_begun = AtomicBool::new(false);
        let service = service_fn(|request: Request<Incoming>| {
            has_begun.store(true, Ordering::Relaxed);
            let (api, routes) = (api.clone(), routes.clone());
            let is_served = slot.is_served;
            async move {
                let response = match is_served {
                    true => handle(routes, request).await,
                    false => busy(&api),
                };
                count(&response);
                Ok::<_, Infallible>(response)
            }
        });
        let limits = &api.config.limits;
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEAD_FIELDS)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        tokio::select! {
            // What went wrong with it is the client's affair.
            _ = connection.as_mut() => return,
            () = shutdown.cancelled() => {}
            () = sleep(limits.connection_time) => {}
        }
        // hyper would wait for the first request of a connection that has had none.
        if !has_begun.load(Ordering::Relaxed) {
            return;
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(api.config.grace, connection).await;
    }
}

async fn handle(routes: Router, request: Request<Incoming>) -> Response<Body> {
    match routes.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn busy(api: &Api) -> Response<Body> {
    let mut response = Refusal::Busy.respond(api.config.retry_after);
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn count(response: &Response<Body>) {
    let code = response.status().as_str().to_owned();
    REQUESTS.with([code.into()]).increment(1);
}
