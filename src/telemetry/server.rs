//! The listener of `/metrics`, `/healthz` and `/readyz`.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use kaiku_stage::Readiness;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::Metrics;

/// The longest that a caller may take for the head of a request.
const HEAD: Duration = Duration::from_secs(5);
/// The longest that a connection lives; whoever asks regularly connects again.
const CONNECTION: Duration = Duration::from_secs(60);
/// How many callers are answered at once; the others wait.
const CONNECTIONS: usize = 32;

/// Whether the stages of this process are at work.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    running: AtomicBool,
    stages: Mutex<Vec<Readiness>>,
}

impl Health {
    /// Says whether the process runs: true once every stage was started, false from the moment
    /// in which it is to stop.
    pub(crate) fn set_running(&self, running: bool) {
        self.0.running.store(running, Ordering::Relaxed);
    }

    /// Adds a stage: the process is ready only where each of them says so.
    pub(crate) fn add(&self, readiness: Readiness) {
        self.stages().push(readiness);
    }

    fn is_ready(&self) -> bool {
        self.0.running.load(Ordering::Relaxed) && self.stages().iter().all(Readiness::is_ready)
    }

    fn stages(&self) -> MutexGuard<'_, Vec<Readiness>> {
        self.0.stages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A bound address that does not answer yet.
pub(crate) struct Listener {
    listener: TcpListener,
    router: Router,
    metrics: Metrics,
}

#[derive(Clone)]
struct Shared {
    metrics: Metrics,
    health: Health,
}

impl Listener {
    /// Takes the address.
    ///
    /// # Errors
    /// Where it is taken, or not this machine's.
    pub(crate) async fn bind(
        address: SocketAddr,
        metrics: Metrics,
        health: Health,
    ) -> Result<Listener> {
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "listening on {address} for metrics and health; where another stage has it, set \
                 telemetry.listen to another port"
            )
        })?;
        let router = Router::new()
            .route("/metrics", get(show_metrics))
            .route("/healthz", get(|| async { "alive\n" }))
            .route("/readyz", get(show_readiness))
            .with_state(Shared {
                metrics: metrics.clone(),
                health,
            });
        Ok(Listener {
            listener,
            router,
            metrics,
        })
    }

    /// The address, with the port that was given where port 0 was asked for.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr().ok()
    }

    /// Answers until it is dropped.
    pub(crate) async fn serve(self) {
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let accept = async {
            loop {
                let Ok(place) = places.clone().acquire_owned().await else {
                    return;
                };
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let router = self.router.clone();
                        tokio::spawn(async move {
                            answer(stream, router).await;
                            drop(place);
                        });
                    }
                    // No file descriptor left, most likely: wait for one.
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        tokio::join!(accept, self.metrics.upkeep());
    }
}

async fn answer(stream: TcpStream, router: Router) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection =
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A caller that breaks off is nobody's concern here.
    let _ = tokio::time::timeout(CONNECTION, connection).await;
}

async fn show_metrics(State(shared): State<Shared>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, shared.metrics.render())
}

async fn show_readiness(State(shared): State<Shared>) -> (StatusCode, &'static str) {
    if shared.health.is_ready() {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
