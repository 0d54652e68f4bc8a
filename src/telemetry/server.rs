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
    stages: Mutex<Vec<(&'static str, Readiness)>>,
}

impl Health {
    /// Says whether the process runs: true once every stage was started, false from the moment
    /// in which it is to stop.
    pub(crate) fn set_running(&self, running: bool) {
        self.0.running.store(running, Ordering::Relaxed);
    }

    /// Adds a stage: the process is ready only where each of them says so.
    pub(crate) fn add(&self, name: &'static str, readiness: Readiness) {
        self.stages().push((name, readiness));
    }

    /// What keeps the process from being ready, a line each; empty where it is.
    fn complaints(&self) -> Vec<String> {
        let is_running = self.0.running.load(Ordering::Relaxed);
        let mut lines = Vec::new();
        if !is_running {
            lines.push("it is starting, or stopping".to_owned());
        }
        for (name, stage) in self.stages().iter().filter(|(_, stage)| !stage.is_ready()) {
            let complaints = stage.complaints();
            if complaints.is_empty() && is_running {
                lines.push(format!("{name}: it has no partition yet"));
            }
            lines.extend(complaints.iter().map(|line| format!("{name}: {line}")));
        }
        lines
    }

    fn stages(&self) -> MutexGuard<'_, Vec<(&'static str, Readiness)>> {
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

async fn show_readiness(State(shared): State<Shared>) -> (StatusCode, String) {
    let complaints = shared.health.complaints();
    if complaints.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let mut body = "not ready\n".to_owned();
    for line in complaints {
        body.push_str(&line);
        body.push('\n');
    }
    (StatusCode::SERVICE_UNAVAILABLE, body)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn every_reason_for_not_being_ready_is_said_with_its_stage() {
        let health = Health::default();
        assert_eq!(health.complaints(), ["it is starting, or stopping"]);
        health.set_running(true);
        assert_eq!(health.complaints(), Vec::<String>::new());
        let (idle, stopped, works) = Default::default();
        health.add("enrich", Readiness::clone(&stopped));
        health.add("aggregate", Readiness::clone(&idle));
        health.add("gateway", Readiness::clone(&works));
        works.works(0);
        stopped.works(0);
        stopped.stands_still(1, kaiku_stage::Standstill::RegistryAway, "no answer");
        let said = [
            "enrich: partition 1 stands still (registry_away): no answer",
            "aggregate: it has no partition yet",
        ];
        assert_eq!(health.complaints(), said);
    }

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
