//! The listener of `/metrics`, `/healthz` and `/readyz`.

use std::collections::VecDeque;
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
use tokio::task::JoinHandle;

use super::Metrics;

/// The longest that a caller may take for the head of a request.
const HEAD: Duration = Duration::from_secs(5);
/// The longest that a connection lives; whoever asks regularly connects again.
const CONNECTION: Duration = Duration::from_secs(60);
/// How many callers are connected at once. For one more, the oldest is let go: whoever holds
/// connections and says nothing keeps nobody from asking whether this process lives.
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
        tokio::join!(accept(self.listener, self.router), self.metrics.upkeep());
    }
}

/// Takes callers for as long as it is polled.
async fn accept(listener: TcpListener, router: Router) {
    let mut callers: VecDeque<JoinHandle<()>> = VecDeque::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                callers.retain(|caller| !caller.is_finished());
                if callers.len() >= CONNECTIONS
                    && let Some(oldest) = callers.pop_front()
                {
                    oldest.abort();
                }
                callers.push_back(tokio::spawn(answer(stream, router.clone())));
            }
            // No file descriptor left, most likely: wait for one.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn connections_that_say_nothing_keep_nobody_from_asking_whether_the_process_lives() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let router = Router::new().route("/healthz", get(|| async { "alive\n" }));
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a port");
        let address = listener.local_addr().expect("its address");
        runtime.spawn(accept(listener, router));
        let idle: Vec<_> = (0..3 * CONNECTIONS)
            .map(|_| std::net::TcpStream::connect(address).expect("a connection"))
            .collect();
        let mut stream = std::net::TcpStream::connect(address).expect("a connection");
        let patience = Some(HEAD / 2);
        stream.set_read_timeout(patience).expect("a bound");
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .expect("a request");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("an answer");
        assert!(said.ends_with("alive\n"), "{said}");
        drop(idle);
    }
}
